"""The learning rate: its past, its future under the schedule, and how the loss answers to rates from low to high."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Click, Resize

from engine.run import commands, events

from ..charts.axes import compact, compact_step
from ..charts.history import Series
from ..charts.rate_curve import Mark, is_wide, rate_curve
from ..run_view import RunView
from ..widgets.chart import Curve, LiveChart, Marker
from ..widgets.text_rows import Row, TextRows
from ..wording import in_words
from .looking import Looking
from .view import View

USUAL_AHEAD = 1000
"""Steps that are shown where a run has no end, or about twice as many as it has made."""
FURTHEST = 10**12
SOME_ROWS = 8
"""The rows below which the chart of a sweep shows nothing."""
WHY = {
    "plateau": "it depends on the loss when the rate falls: shown as it stands now",
    "search": "a line search finds how far every step goes: the schedule has no part in it",
}


class ScheduleView(View):
    """Where the learning rate comes from and where it goes, whether it may converge, and what it might be."""

    HELP = """The learning rate of the steps made and, lighter, of those to come if nothing is changed. `+`, `-` look
twice as far ahead or half as far, `0` to the end of the run; `y` changes between a logarithmic and a linear axis.

Σα and Σα² are what Robbins and Monro ask about: the first has to grow without end, so that any minimum can be
reached, and the second must not, so that the noise dies out.

`g` sweeps the learning rate from 1e-7 to 10 and leaves the run as it was. `up`, `down` choose one of the rates that it
suggests, `enter` takes it for the run. `v` changes between both charts where there is no room for the two."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "screen.find_rate", "Range test", id="schedule.sweep"),
        Binding("enter", "apply", "Take this rate", id="schedule.apply"),
        Binding("down", "suggestion(1)", "Next rate", show=False, id="schedule.next"),
        Binding("up", "suggestion(-1)", "Rate before", show=False, id="schedule.before"),
        Binding("plus", "horizon(2)", "Further ahead", show=False, id="schedule.further"),
        Binding("minus", "horizon(0.5)", "Less far ahead", show=False, id="schedule.nearer"),
        Binding("0", "end", "To the end", show=False, id="schedule.end"),
        Binding("y", "log", "Log axis", show=False, id="schedule.log"),
        Binding("v", "turn_over", "Other chart", show=False, id="schedule.turn-over"),
    ]
    DEFAULT_CSS = """
    ScheduleView #schedule-head { height: 3; padding: 0 1; background: $surface; }
    ScheduleView #schedule-charts { height: 1fr; layout: horizontal; }
    ScheduleView #course { width: 3fr; height: 1fr; }
    ScheduleView #sweep { width: 2fr; height: 1fr; margin-left: 1; }
    ScheduleView #sweep-chart { height: 1fr; }
    ScheduleView #sweep-rates { height: 4; }
    ScheduleView.-upright #schedule-charts { layout: vertical; }
    ScheduleView.-upright #course, ScheduleView.-upright #sweep { width: 1fr; margin-left: 0; }
    ScheduleView.-single.-front #course, ScheduleView.-single.-back #sweep { display: none; }
    ScheduleView.-low #schedule-head { height: 1; }
    """

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._looking = Looking(run, "course", every_s=0.5)
        self._head = TextRows(id="schedule-head")
        self._course = LiveChart("learning rate α, made and to come", short="α", log_y=True, id="course")
        self._sweep, self._rates = TextRows(id="sweep-chart"), TextRows(id="sweep-rates")
        self._panel = Vertical(self._sweep, self._rates, id="sweep")
        self._ahead: int | None = None
        """Steps that are shown ahead; None for those to the end of the run."""
        self._chosen = 0
        self._future = Series()
        self._drawn: tuple[Any, ...] = ()
        self._swept: events.RatesSwept | None = None
        self.add_class("-back")

    def compose(self) -> ComposeResult:
        """Put both charts below what is said about the schedule."""
        yield self._head
        with Container(id="schedule-charts"):
            yield self._course
            yield self._panel

    def on_resize(self, event: Resize) -> None:
        """Put the charts beside each other, below each other, or show one of them."""
        width, height = event.size
        self.set_class(width < 90, "-upright")
        self.set_class(height < 12, "-low")
        self.set_class(width < 90 and height < 30, "-single")
        self._drawn = ()

    def show(self, now: float) -> None:
        """Draw what has changed."""
        run = self.run
        if run.swept is not self._swept:
            self._swept, self._chosen = run.swept, 0
            self._turn(front=True)
        self._looking.want(self._settings(), now, then=self._take)
        seen = self._looking.seen
        facts = None if seen is None else seen.facts
        # Before the engine has said how far it goes, the axis would end at the present and then grow beyond the end.
        if self._course.region and (facts is not None or self._looking.refusal):
            lane = run.lane
            curves = [Curve(label="made", series=lane.lr, colour="accent", shape="envelope", readout=in_words)]
            x_end = float(lane.step)
            markers = [Marker(step=marker.step, label="") for marker in lane.markers]
            if facts is not None:
                curves.insert(0, Curve(label="to come", series=self._future, colour="primary", silent=True))
                x_end = float(facts["last"])
                markers.append(Marker(step=float(lane.step), label="now"))
                if facts["warm_at"] > 1:
                    markers.append(Marker(step=facts["warm_at"] - 1.0, label="warm-up over"))
            markers.sort(key=lambda each: each.step)
            self._course.show(curves, markers, x_end=x_end, now=now, about=lane.spec.schedule.name)
        wanted = run.changes, seen, self._swept, self._chosen, self._sweep.size, bool(run.asked)
        if wanted != self._drawn:
            self._drawn = wanted
            self._head.show(self._head_rows(facts))
            self._show_sweep()

    def export(self) -> list[tuple[str, ...]]:
        """Return the sweep where it is what can be seen, else the rates to come."""
        swept, seen = self._swept, self._looking.seen
        if swept is not None and self.has_class("-front"):
            rows = zip(swept.lr, swept.loss, swept.smoothed, strict=True)
            return [("lr", "loss", "smoothed"), *((repr(a), repr(b), repr(c)) for a, b, c in rows)]
        if seen is None:
            return []
        pairs = zip(seen.arrays["steps"].tolist(), seen.arrays["lr"].tolist(), strict=True)
        return [("step", "lr"), *((f"{step:.0f}", repr(lr)) for step, lr in pairs)]

    # ---- what people do

    def action_horizon(self, factor: float) -> None:
        """Look further ahead, or less far."""
        seen = self._looking.seen
        ahead = self._ahead or (USUAL_AHEAD if seen is None else seen.facts["last"] - seen.facts["first"] + 1)
        self._ahead = max(1, min(FURTHEST, round(ahead * factor)))
        self.show(time.monotonic())

    def action_end(self) -> None:
        """Look to the end of the run."""
        self._ahead = None
        self.show(time.monotonic())

    def action_log(self) -> None:
        """Change between a logarithmic and a linear axis."""
        self._course.log_y = not self._course.log_y

    def action_turn_over(self) -> None:
        """Show the other chart, where there is room for one."""
        self._turn(front=not self.has_class("-front"))

    def action_suggestion(self, step: int) -> None:
        """Choose another one of the suggested rates."""
        if self._swept is not None and self._swept.suggestions:
            self._chosen = (self._chosen + step) % len(self._swept.suggestions)
            self.show(time.monotonic())

    def action_apply(self) -> None:
        """Take the chosen rate for the run."""
        swept, run = self._swept, self.run
        if swept is None or not swept.suggestions:
            self.notify("g makes the range test, which suggests rates", timeout=3)
            return
        lr = swept.suggestions[self._chosen].lr
        values: dict[str, Any] = {"optimizer.lr": lr}
        command = commands.SetFields(seq=run.next_sequence(), lane=run.meant, values=values)
        run.send(command, f"{run.whom}α {in_words(lr)}")

    def on_click(self, event: Click) -> None:
        """Choose the suggestion under the mouse, and take it by a second click."""
        if event.widget is self._sweep and self._swept is None:
            self.call_later(self.run_action, "screen.find_rate")
        if event.widget is not self._rates or self._swept is None or not event.y < len(self._swept.suggestions):
            return
        if event.y == self._chosen:
            self.action_apply()
        else:
            self._chosen = event.y
            self.show(time.monotonic())

    # ---- drawing

    def _settings(self) -> dict[str, Any]:
        """Return what is asked about the course: as far as chosen, or to the end of the run where it has one."""
        run = self.run
        if self._ahead is not None:
            # The axis ends at a round number and not with the digits of the step at which it was asked for.
            return {"until": _round_up(run.step + self._ahead, of=self._ahead), "ahead": self._ahead}
        stop, progress = run.spec.stop, run.lane.progress
        ends = [stop.steps] if stop.steps is not None else []
        if stop.epochs is not None and progress is not None:
            ends.append(stop.epochs * progress.batches_per_epoch)
        if ends and min(ends) > run.step:
            return {"until": min(ends)}
        # Without an end, as far again; in large leaps, so that the question does not change at every step.
        usual = max(USUAL_AHEAD, 2 * run.step)
        return {"until": _round_up(usual, of=10 * usual)}

    def _take(self) -> None:
        seen = self._looking.seen
        self._future = Series()
        if seen is not None:
            self._future.append(seen.arrays["steps"], seen.arrays["lr"])

    def _turn(self, *, front: bool) -> None:
        self.set_class(front, "-front")
        self.set_class(not front, "-back")

    def _head_rows(self, facts: dict[str, Any] | None) -> list[Row]:
        schedule = self.run.spec.schedule
        first: Row = (("α ", "dim foreground"), (schedule.sentence(), "bold primary"))
        if schedule.hold is not None:
            first += ((f"   held at {in_words(schedule.hold)}, whatever the schedule says", "bold warning"),)
        if facts is None:
            return [first, ((self._looking.refusal, "error"),)]
        if facts["momentum"]:
            first += (("   and turns the momentum against it", "foreground"),)
        about = "" if facts["exact"] else "about "
        ahead = f"to step {compact_step(facts['last'])}"
        sums: Row = (
            ("Σα ", "dim foreground"),
            (compact(facts["sum"]), "bold foreground"),
            (f" + {about}{compact(facts['sum_ahead'])} {ahead}", "foreground"),
            ("   Σα² ", "dim foreground"),
            (compact(facts["squares"]), "bold foreground"),
            (f" + {about}{compact(facts['squares_ahead'])}", "foreground"),
        )
        why = WHY.get(facts["known"])
        if why is not None:
            first += ((f"   {why}", "warning"),)
        if facts["known"] == "search":
            sums = sums[:2] + sums[3:5]
        verdict: Row = (("for ever: ", "dim foreground"), (schedule.verdict().words, "foreground"))
        if schedule.hold is not None:
            verdict = (
                ("held: ", "dim foreground"),
                ("Σα = ∞, and Σα² as well: the noise never dies out", "foreground"),
            )
        return [first, sums, verdict]

    def _show_sweep(self) -> None:
        swept = self._swept
        width, height = self._sweep.size
        if swept is None:
            words = "sweeping the learning rate…" if self.run.asked else "g: range test, the loss against α"
            self._sweep.show([((words, "dim foreground"),)])
            self._rates.show([])
            return
        if not swept.lr:
            self._sweep.show([(("the loss is not finite at the very first step", "error"),)])
            self._rates.show([])
            return
        title = f"loss{' (log)' if is_wide(swept.smoothed) else ''} against α   "
        end = f"exploded at {in_words(swept.lr[-1])}" if swept.has_exploded else "did not explode"
        head: Row = ((title, "bold foreground"), ("smoothed", "bold primary"), (f"   {end}", "dim foreground"))
        if width >= 24 and height >= SOME_ROWS:
            marks = [
                Mark(lr=each.lr, letter=each.name[0], look="bold accent" if place == self._chosen else "foreground")
                for place, each in enumerate(swept.suggestions)
            ]
            chart = rate_curve(swept.lr, swept.smoothed, marks, width, height - 1, loss=swept.loss)
            self._sweep.show([head, *chart])
        else:
            self._sweep.show([head])
        if not swept.suggestions:
            self._rates.show([(("no rate stands out: the loss does not fall within the sweep", "warning"),)])
            return
        rows: list[Row] = []
        for place, each in enumerate(swept.suggestions):
            chosen = place == self._chosen
            look = "bold accent" if chosen else "foreground"
            text = f"{'▸' if chosen else ' '} {each.name:<11}{in_words(each.lr):>10}  "
            rows.append(((text, look), (each.why, "dim foreground")))
        self._rates.show([*rows, (("up and down choose, enter takes it", "dim foreground"),)])


def _round_up(step: int, *, of: int) -> int:
    """Return the next step whose number is a multiple of 1, 2 or 5 times a power of ten, about a tenth `of` that."""
    power: int = 10 ** max(0, len(str(of)) - 2)
    unit = max(each for each in (power, 2 * power, 5 * power) if each <= max(1, of // 10))
    return -(-step // unit) * unit
