"""The curves of a run: up to six charts with one crosshair, over the table of the parameters."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from ..charts.milestones import MEASURES, Measure
from ..charts.viewport import Viewport
from ..key_names import with_keys
from ..recorded import EarlierRun, earlier_runs
from ..run_view import RunView
from ..screens.picking import Choice, PickScreen
from ..widgets.chart import LiveChart
from ..widgets.parameter_table import ParameterTable
from .chart_grid import MOST, ChartGrid
from .curve_choices import CurveChoices
from .lines import STRONGEST, Lines
from .live_changes import LiveChanges, neighbour
from .metrics import metrics_of, scales_in_words
from .reading import KEYS, Reading, at_pointer, at_rest
from .view import View

FIRST = ("loss", "gradient", "rate", "ratio")
"""What is shown until somebody chooses; the accuracy comes as the fifth where there is one."""
HISTORY_BUDGET_S = 0.01
"""How much of a frame may go into reading an earlier run."""
MOST_EARLIER = 5
NO_CHANGE = "nothing was changed live yet"
_ZOOM = Binding.Group("Zoom", compact=True)


class CurvesView(View):
    """What happens with the steps."""

    HELP = """
# Curves

Every chart shows the same part of the run, and the crosshair stands at the same place in all of them.
A dotted line is a live change; the row below says how fast the loss fell before it and falls after it.

| key | |
|---|---|
| `c` | choose the charts, up to six, in the order of choosing |
| up, down | the chart that the keys mean; `enter` shows it alone, and all of them again |
| `y` `X` | logarithm up the chart, or along it |
| `x` | count steps, epochs, samples, gradient evaluations or seconds |
| `m` `M` | smooth more, or less; the raw values stay behind as a band |
| `+` `-` `0` | zoom in and out around the crosshair, and show all (wheel: at the mouse) |
| left, right, page up, page down | move (or drag); `home` the start, `end` or `w` the newest part, which it follows |
| `v` | the crosshair (or click): left and right move it, `j` and `J` go from change to change |
| `k` | all live changes with the slope of the loss before and after |
| `e` | lay earlier runs over this one |
| `d` | charts, scales, axis and smoothing as they come; until then they are as you left them, the next time as well |
"""
    DEFAULT_CSS = """
    CurvesView #parameters { padding: 0 1; height: 7; }
    CurvesView #reading { padding: 0 1; height: 1; }
    CurvesView.-flat #parameters, CurvesView.-flat #reading { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "choose", "Charts", show=False, id="curves.charts"),
        Binding("y", "scale", "Scale up", show=False, id="curves.y-scale"),
        Binding("X", "log_x", "Scale along", show=False, id="curves.x-scale"),
        Binding("x", "measure", "Axis", show=False, id="curves.measure"),
        Binding("m", "smooth(1)", "Smoother", show=False, id="curves.smoother"),
        Binding("M", "smooth(-1)", "Rougher", show=False, id="curves.rougher"),
        Binding("plus,equals_sign", "zoom(0.5)", "Zoom in", show=False, id="curves.zoom-in", group=_ZOOM),
        Binding("minus", "zoom(2.0)", "Zoom out", show=False, id="curves.zoom-out", group=_ZOOM),
        Binding("0", "whole", "Whole run", show=False, id="curves.whole"),
        Binding("left", "move(-1)", "Left", show=False, id="curves.left"),
        Binding("right", "move(1)", "Right", show=False, id="curves.right"),
        Binding("pageup", "move(-10)", "Far left", show=False, id="curves.far-left"),
        Binding("pagedown", "move(10)", "Far right", show=False, id="curves.far-right"),
        Binding("up", "select(-1)", "Chart before", show=False, id="curves.before"),
        Binding("down", "select(1)", "Next chart", show=False, id="curves.next"),
        Binding("enter", "alone", "One chart", show=False, id="curves.alone"),
        Binding("home", "home", "Start", show=False, id="curves.home"),
        Binding("w,end", "follow", "Follow", show=False, id="curves.follow"),
        Binding("v", "crosshair", "Crosshair", show=False, id="curves.crosshair"),
        Binding("j", "change(1)", "Next change", show=False, id="curves.next-change"),
        Binding("J", "change(-1)", "Change before", show=False, id="curves.change-before"),
        Binding("k", "changes", "Changes", show=False, id="curves.changes"),
        Binding("d", "usual", "As it comes", show=False, id="curves.usual"),
        Binding("e", "earlier", "Earlier runs", show=False, id="curves.earlier"),
        Binding("escape", "out", "Back", show=False, id="curves.out"),
    ]

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._shown = -1
        self._metrics = metrics_of(run.welcome.tensors, run.welcome.splits)
        self._viewport = Viewport()
        self._lines = Lines(run)
        self._choices = CurveChoices()
        # A function has no samples that could be gone through.
        self._measures = [each for each in MEASURES if not (run.is_deterministic and each in ("epoch", "samples"))]
        self._below_zero: set[str] = set()
        """Charts of which a logarithm would have nothing to show, unless somebody wants it all the same."""
        self._charts = {name: self._made(name) for name in FIRST}
        self._order = list(FIRST)
        self._awaits_accuracy = True
        self._selected = 0
        self._is_alone = False
        self._segment = run.lane.segment
        self._grid = ChartGrid(id="charts")
        self._reading = Reading()
        self._table = ParameterTable(run.welcome.tensors, id="parameters")
        self._changes = LiveChanges()
        self._count = 1

    def compose(self) -> ComposeResult:
        """Put the charts over the table."""
        with self._grid:
            yield from self._charts.values()
        yield self._reading
        yield self._table

    def _made(self, name: str) -> LiveChart:
        metric = self._metrics[name]
        return LiveChart(metric.title, short=metric.short, log_y=metric.log_y, viewport=self._viewport, id=name)

    def choices(self) -> dict[str, Any]:
        """Return what was chosen."""
        return self._choices.kept({name: metric.log_y for name, metric in self._metrics.items()})

    def take_up(self, choices: Any) -> None:
        """Show what was chosen the last time, as far as this run has it."""
        self._choices = CurveChoices.recalled(choices)
        self._lines.strength = self._choices.strength
        names = [name for name in self._choices.charts if name in self._metrics]
        if names:
            self._order, self._awaits_accuracy = names, False
            self._charts = {name: self._made(name) for name in names}

    # ---- the space

    def on_resize(self, event: Resize) -> None:
        """Give the table what its rows need, and never more than two fifths of the height."""
        self._arrange()

    def _arrange(self) -> None:
        width, height = self.size
        flat = height < 13
        self.set_class(flat, "-flat")
        rows = max(2, min(len(self.run.welcome.tensors) + 1, height * 2 // 5))
        self._table.styles.height = rows
        room = height if flat else height - rows - 1
        charts = [self._charts[name] for name in self._order]
        self._selected = min(self._selected, len(charts) - 1)
        only = self._selected if self._is_alone else 0 if flat else None
        for chart in self._charts.values():
            if chart not in charts:
                chart.display = False
        self._count = self._grid.lay_out(charts, width, room, only=only)
        if not self._is_alone:
            self._selected = min(self._selected, self._count - 1)
        self._shown = -1

    @property
    def _measure(self) -> Measure:
        return self._choices.measure_of(self._measures)

    @property
    def _visible(self) -> list[str]:
        return [name for name in self._order if self._charts[name].display]

    async def _show_charts(self, names: list[str]) -> None:
        for name in names:
            if name not in self._charts:
                chart = self._made(name)
                await self._grid.mount(chart)
                self._charts[name] = chart
        if not self._grid.is_attached or any(self._charts[name].parent is not self._grid for name in names):
            return  # the screen was left meanwhile
        self._order = names
        for before, after in pairwise(names):
            self._grid.move_child(self._charts[after], after=self._charts[before])
        self._arrange()
        self.call_after_refresh(self._draw)

    # ---- drawing

    def _draw(self) -> None:
        self.show(time.monotonic())

    def show(self, now: float) -> None:
        """Draw what has changed."""
        deque(self.pieces(now), maxlen=0)

    def pieces(self, now: float) -> Iterator[None]:
        """Draw what has changed, a chart after the other."""
        run, viewport = self.run, self._viewport
        if run.changes != self._shown:
            self._shown = run.changes
            self._table.show(run.lane.figures)
        if run.lane.segment != self._segment:
            self._segment = run.lane.segment
            viewport.begin_again()
        if self._awaits_accuracy and run.lane.accuracy.count:
            self._awaits_accuracy = False
            self.call_later(self._show_charts, [*FIRST, "accuracy"])
        for earlier in self._lines.earlier:
            earlier.read(HISTORY_BUDGET_S)
        measure = self._lines.measure = self._measure
        x_end = self._lines.end
        steps = run.lane.milestones.steps_at(measure, viewport.shown).tolist()
        self._lines.look_at(steps[0], steps[1], self.size.width)
        markers = list(run.lane.markers)
        for number, name in enumerate(self._visible):
            chart, metric = self._charts[name], self._metrics[name]
            if not chart.region:
                continue
            curves = self._lines.of(metric)
            goes_below = any(curve.series.count and curve.series.last < 0.0 for curve in curves)
            if goes_below:
                # A function may well go below zero, and stays on a linear scale when it comes back.
                self._below_zero.add(name)
            log_y = self._choices.log_y.get(name, metric.log_y and name not in self._below_zero)
            chart.log_y = log_y
            chart.abscissa = self._choices.abscissa(name, self._measures)
            selected = self._selected == (self._selected if self._is_alone else number) and self._count > 1
            suffix = scales_in_words(log_y=log_y, log_x=chart.abscissa.log)
            chart.name_it(metric.title + suffix, metric.short + suffix, selected=selected and self.has_focus)
            chart.show(curves, markers, x_end=x_end, now=now)
            yield
        self._tell(now)

    def _tell(self, now: float) -> None:
        self._changes.follow(self.run.lane, now)
        turns, measure, pointer = self._changes.turns, self._measure, self._viewport.pointer
        if pointer is not None:
            versions = at_pointer(self._lines.milestones_at(pointer), measure, pointer, turns)
        else:
            window = self._lines.window(self.run.lane)
            versions = at_rest(self._viewport, measure, window, self._lines.earlier, turns)
        self._reading.tell(versions, [(with_keys(text), look, action) for text, look, action in KEYS])

    # ---- what the keys do

    def on_reading_clicked(self, message: Reading.Clicked) -> None:
        """Do what was clicked."""
        message.stop()
        self.call_later(self.run_action, message.action)

    def on_live_chart_chosen(self, message: LiveChart.Chosen) -> None:
        """Mean the chart that was clicked."""
        message.stop()
        self.focus(scroll_visible=False)
        if not self._is_alone:
            self._selected = self._visible.index(message.chart.id or "") if message.chart.display else 0
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there: the way out only for who is inside something."""
        if action == "out":
            return self._viewport.pointer is not None or self._is_alone
        return True

    @property
    def _meant(self) -> str:
        return self._order[self._selected]

    def action_choose(self) -> None:
        """Choose the charts."""
        choices = [Choice(key=name, text=metric.title) for name, metric in self._metrics.items()]

        def chosen(names: list[str] | None) -> None:
            if names:
                self._awaits_accuracy, self._choices.charts = False, names
                self.post_message(self.Chosen(self))
                self.call_later(self._show_charts, names)

        self.app.push_screen(PickScreen(f"Up to {MOST} charts", choices, self._order, most=MOST), chosen)

    def action_scale(self) -> None:
        """Take the logarithm of the values, or not."""
        self._choices.log_y[self._meant] = not self._charts[self._meant].log_y
        self._choose()

    def action_log_x(self) -> None:
        """Take the logarithm of what the axis counts, or not."""
        self._choices.log_x[self._meant] = not self._choices.log_x.get(self._meant, False)
        self._choose()

    def action_measure(self) -> None:
        """Count something else along all charts."""
        self._count_in(self._measures[(self._measures.index(self._measure) + 1) % len(self._measures)])
        self._choose()

    def _count_in(self, measure: Measure) -> None:
        """Let the axes count this, all of the run in sight and the crosshair where it was."""
        old, self._choices.measure = self._measure, measure
        lane, pointer = self.run.lane, self._viewport.pointer
        self._viewport.begin_again()
        if pointer is not None:
            step = float(lane.milestones.steps_at(old, pointer))
            self._viewport.pointer = float(lane.milestones.at(measure, step))

    def action_smooth(self, by: int) -> None:
        """Smooth more, or less."""
        if by > 0 or self._lines.window(self.run.lane) > 1:
            self._choices.strength = self._lines.strength = min(STRONGEST, self._lines.strength + by)
        self._choose()

    def action_usual(self) -> None:
        """Forget what was chosen: the charts, their scales, what the axis counts, and the smoothing."""
        self._count_in("step")
        self._choices, self._lines.strength, self._awaits_accuracy = CurveChoices(), 0, True
        self.call_later(self._show_charts, list(FIRST))
        self._choose()

    def _choose(self) -> None:
        self.post_message(self.Chosen(self))
        self._draw()

    def action_zoom(self, factor: float) -> None:
        """Show less, or more."""
        self._viewport.zoom(factor)
        self._draw()

    def action_whole(self) -> None:
        """Show the whole run."""
        self._viewport.whole()
        self._draw()

    def action_move(self, by: int) -> None:
        """Move the crosshair, or what is seen."""
        viewport = self._viewport
        if viewport.pointer is None:
            viewport.pan(by / 10.0)
        else:
            viewport.point_at(self._charts[self._visible[0]].beside(viewport.pointer, by))
        self._draw()

    def action_home(self) -> None:
        """Go to the start."""
        self._viewport.home()
        self._draw()

    def action_follow(self) -> None:
        """Follow the newest part, or stay where it is now."""
        if self._viewport.manner == "newest":
            self._viewport.manner = "still"
        else:
            self._viewport.follow()
        self._draw()

    def action_select(self, by: int) -> None:
        """Mean another chart."""
        count = len(self._order) if self._is_alone else self._count
        self._selected = (self._selected + by) % max(count, 1)
        if self._is_alone:
            self._arrange()
            self.call_after_refresh(self._draw)
        else:
            self._draw()

    def action_alone(self) -> None:
        """Show one chart alone, or all again."""
        self._is_alone = not self._is_alone
        self._arrange()
        self.call_after_refresh(self._draw)

    def action_crosshair(self) -> None:
        """Put a crosshair over all charts, or take it away."""
        viewport = self._viewport
        if viewport.pointer is None:
            viewport.point_at(self._lines.end)
        else:
            viewport.pointer = None
        self._draw()

    def action_out(self) -> None:
        """Take the crosshair away, or show all charts again."""
        if self._viewport.pointer is not None:
            self._viewport.pointer = None
            self._draw()
        else:
            self.action_alone()

    def action_change(self, by: int) -> None:
        """Put the crosshair on the next live change, or on the one before."""
        lane, pointer = self.run.lane, self._viewport.pointer
        step = None if pointer is None else float(lane.milestones.steps_at(self._measure, pointer))
        found = neighbour(lane, step, by)
        if found is None:
            self.notify(NO_CHANGE, timeout=2)
        else:
            self._point_at(found)

    def _point_at(self, step: float) -> None:
        place = float(self.run.lane.milestones.at(self._measure, step))
        self._viewport.pointer = place
        self._viewport.go_to(place)
        self._draw()

    def action_changes(self) -> None:
        """List the live changes with what the loss did before and after."""
        found = self._changes.turns
        if not found:
            self.notify(NO_CHANGE, timeout=2)
            return
        choices = [Choice(key=str(number), text=turn.words) for number, turn in enumerate(found)]

        def chosen(keys: list[str] | None) -> None:
            if keys:
                self._point_at(found[int(keys[0])].marker.step)

        self.app.push_screen(PickScreen("Live changes and the slope of the loss", choices), chosen)

    def action_earlier(self) -> None:
        """Lay earlier runs over this one."""
        runs = {run.name: run for run in earlier_runs(self.run)}
        if not runs:
            self.notify("no earlier run is recorded", timeout=2)
            return
        choices = [Choice(key=name, text=name) for name in runs]
        shown = {earlier.name: earlier for earlier in self._lines.earlier}

        def chosen(names: list[str] | None) -> None:
            window, samples = self.run.lane.window, self.run.welcome.samples
            self._lines.earlier = [
                shown.get(name) or EarlierRun(runs[name], window=window, samples=samples) for name in names or ()
            ]
            self._draw()

        self.app.push_screen(
            PickScreen("Earlier runs beside this one", choices, list(shown), most=MOST_EARLIER), chosen
        )

    def export(self) -> list[tuple[str, ...]]:
        """Return the values in the window as a table; where a row stands for several steps, their mean."""
        metrics = [self._metrics[name] for name in self._visible]
        return self._lines.exported(metrics, self._viewport.shown)
