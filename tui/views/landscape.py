"""The landscape: heights as a map or a curve, with everything that moves on it."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize

from engine.run import commands
from engine.subject.spec import DatasetProblem

from ..charts.axes import compact
from ..charts.bands import Levels, levels, spread_out
from ..charts.window import Place, Window
from ..run_view import RunView
from ..widgets.contour_map import ContourMap
from ..widgets.height_curve import HeightCurve
from ..widgets.text_rows import Row, TextRows
from . import landscape_scenes as scenes
from . import landscape_words as words
from .function_sight import FunctionSight
from .plane_sight import PlaneSight
from .view import View

ZOOM = 0.7
STEP = 0.15
"""Of the window, by which an arrow key moves it."""
CENTRAL = 0.3
"""A point that is followed may go so far from the middle, as a share of the window, before the window moves."""
NOWHERE = Window(x=(-1.0, 1.0), y=(-1.0, 1.0))
_PAN = Binding.Group("pan", compact=True)
_ZOOM = Binding.Group("zoom", compact=True)


class LandscapeView(View):
    """Where every lane is, and what it rolls over."""

    HELP = """
### Landscape

The height of the function that is minimised, in bands between round levels, `y` on a logarithmic or a linear scale.
`●` is the point, `□` its start, `◆` a global and `◇` a local minimum; of a race every lane is a letter. `→−∇` points
downhill, `→m` where momentum alone would carry the point. Of Nesterov's rule `●` is the ball and `◉` the look-ahead
point, where the gradient is taken. Arrows tell directions, not lengths. `?` on the map is no number, `∞` an overflow.

| key | |
|---|---|
| arrows, `+` `-` `0` | move, zoom, everything (mouse: drag, wheel) |
| `w` | follow the point |
| `e` | choose a new start: arrows move the cross-hair, `enter` starts there, `esc` leaves (mouse: click twice) |
| `v` | arrows on and off |

Of one variable the function is a curve, with its slope where the point is. Under a **line search** φ(α) is the loss
along the last step: `□` where it began, with its slope, the trials by their numbers, and `●` the accepted one. The
dashed line is Armijo's: a step counts for `armijo` and `wolfe` only if φ(α) lies on it or below.

Of a **network** the loss is seen over a plane through its parameters: `g` computes it, `esc` stops that, and `d`
takes other directions: two random ones, filter-normalised, or the principal components of the path.
"""
    DEFAULT_CSS = """
    LandscapeView #scene { layout: vertical; height: 1fr; }
    LandscapeView.-wide #scene { layout: horizontal; }
    LandscapeView #search { display: none; height: 2fr; }
    LandscapeView #map, LandscapeView #curve { height: 3fr; }
    LandscapeView.-wide #search { width: 2fr; height: 1fr; }
    LandscapeView.-wide #map, LandscapeView.-wide #curve { width: 3fr; height: 1fr; }
    LandscapeView.-searching #search { display: block; }
    LandscapeView.-flat #search, LandscapeView.-flat #levels { display: none; }
    LandscapeView.-lowest #title { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "aim", "New start", id="landscape.aim"),
        Binding("g", "compute", "Compute", id="landscape.compute"),
        Binding("d", "directions", "Directions", id="landscape.directions", show=False),
        Binding("enter", "confirm", "Start here", id="landscape.confirm"),
        Binding("escape", "step_out", "Leave", id="landscape.step-out", show=False),
        *(
            Binding(key, f"move({across}, {up})", name, id=f"landscape.{key}", show=False, group=_PAN)
            for key, across, up, name in (
                ("left", -1, 0, "Left"),
                ("right", 1, 0, "Right"),
                ("up", 0, 1, "Up"),
                ("down", 0, -1, "Down"),
            )
        ),
        *(
            Binding(f"shift+{key}", f"move({across}, {up})", name, id=f"landscape.far-{key}", show=False)
            for key, across, up, name in (
                ("left", -5, 0, "Far left"),
                ("right", 5, 0, "Far right"),
                ("up", 0, 5, "Far up"),
                ("down", 0, -5, "Far down"),
            )
        ),
        Binding("plus,equals_sign", f"zoom({ZOOM})", "Zoom in", id="landscape.zoom-in", show=False, group=_ZOOM),
        Binding("minus", f"zoom({1 / ZOOM})", "Zoom out", id="landscape.zoom-out", show=False, group=_ZOOM),
        Binding("0", "home", "Everything", id="landscape.home", show=False),
        Binding("y", "scale", "Log or linear", id="landscape.scale", show=False),
        Binding("w", "follow", "Follow the point", id="landscape.follow", show=False),
        Binding("v", "arrows", "Arrows", id="landscape.arrows", show=False),
    ]

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._is_network = isinstance(run.spec.problem, DatasetProblem)
        self._function = FunctionSight(run)
        self._plane = PlaneSight(run)
        self._map, self._curve, self._search = ContourMap(id="map"), HeightCurve(id="curve"), HeightCurve(id="search")
        self._title, self._readout, self._legend = TextRows(id="title"), TextRows(id="readout"), TextRows(id="levels")
        self._window: Window | None = None
        """What a person has chosen to see; None for everything."""
        self._is_log: bool | None = None
        self._follows, self._has_arrows = False, True
        self._aim: Place | None = None
        self._drawn: tuple[object, ...] = ()
        self._levels: tuple[Any, Levels] | None = None

    def compose(self) -> ComposeResult:
        """Put the map between its title and what is read from it."""
        yield self._title
        with Container(id="scene"):
            yield self._map
            yield self._curve
            yield self._search
        yield self._legend
        yield self._readout

    def on_mount(self) -> None:
        """Show the map or the curve."""
        is_line = not self._is_network and self._function.is_line
        self._map.display, self._curve.display = not is_line, is_line
        self._legend.display = not is_line

    def on_resize(self, event: Resize) -> None:
        """Leave out what has no room."""
        width, height = event.size
        self.set_class(width >= 90 and not self._is_line, "-wide")
        self.set_class(height < 14, "-flat")
        self.set_class(height < 6, "-lowest")

    @property
    def _is_line(self) -> bool:
        return bool(self._curve.display)

    @property
    def window(self) -> Window:
        """The part that is seen."""
        home = self._plane.window if self._is_network else self._function.home
        return self._window or home or NOWHERE

    # ---- drawing

    def show(self, now: float) -> None:
        """Draw what has changed."""
        if self._is_network:
            self._show_plane()
            return
        sight = self._function
        columns, rows = (self._curve.canvas[0], 1) if self._is_line else self._map.canvas
        # A curve is drawn in braille, two dots a cell; a cell of a map has two pixels, one above the other.
        sight.want(now, columns=2 * columns if self._is_line else columns, rows=2 * rows, window=self._window)
        self.set_class(self.run.spec.search_method != "none", "-searching")
        if self._follows:
            self._follow()
        drawn = (self.run.changes, sight.count, self.size, self._window, self._aim, self._is_log, self._has_arrows)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        scale = None if sight.heights is None else self._scaled(sight.heights, sight.floor)
        if self._is_line:
            self._curve.show(scenes.curve(sight, self.window, scale, aim=self._aim, with_slope=self._has_arrows))
        else:
            self._map.show(scenes.contours(sight, self.window, scale, aim=self._aim, with_arrows=self._has_arrows))
            self._legend.show([self._legend_row(scale)])
        if self._search.display and self._search.size:
            self._search.show(scenes.line_search(sight.search()))
        self._title.show([words.function_title(sight, scale, follows=self._follows, width=self.size.width)])
        self._readout.show([words.function_readout(sight, self._aim)])

    def _scaled(self, heights: Any, floor: float | None) -> Levels:
        """Return the levels for these heights, made once."""
        key = (heights, self._is_log)
        if self._levels is None or self._levels[0][0] is not heights or self._levels[0][1] != self._is_log:
            # A curve shows what is low and what is high by itself.
            log = (not self._is_line and spread_out(heights.values)) if self._is_log is None else self._is_log
            self._levels = (key, levels(heights.values, log=log, floor=floor))
        return self._levels[1]

    def _show_plane(self) -> None:
        sight = self._plane
        sight.keep_path()
        scale = None if sight.heights is None else self._scaled(sight.heights, None)
        self._map.show(scenes.plane(sight, self.window, scale))
        self._legend.show([self._legend_row(scale)])
        self._title.show([words.plane_title(sight)])
        self._readout.show([words.plane_readout(sight)])

    def _legend_row(self, scale: Levels | None) -> Row:
        return () if scale is None else self._map.legend(scale, self.size.width)

    # ---- keys and mouse

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there now."""
        if action in ("compute", "directions"):
            return self._is_network
        if action == "aim" and self.run.welcome.locks.holds("reset"):
            return None  # a new start is a reset
        if action in ("aim", "follow", "arrows"):
            return not self._is_network
        if action == "confirm":
            return self._aim is not None
        if action == "step_out":
            return self._aim is not None or self._plane.is_waiting
        return super().check_action(action, parameters)

    def action_move(self, across: int, up: int) -> None:
        """Move the cross-hair by cells, or else the window."""
        if self._aim is not None:
            columns, rows = (2 * self._curve.canvas[0], 1) if self._is_line else self._map.canvas
            window = self.window
            x = self._aim[0] + across * (window.x[1] - window.x[0]) / columns
            y = self._aim[1] + up * (window.y[1] - window.y[0]) / rows
            self._take_aim((x, y))
        else:
            self._see(self.window.moved(across * STEP, 0.0 if self._is_line else up * STEP))

    def action_zoom(self, factor: float) -> None:
        """Show more or less."""
        self._see(self.window.zoomed(factor, self._aim))

    def action_home(self) -> None:
        """Show everything again."""
        self._follows, self._drawn = False, ()
        self._see(None)

    def action_scale(self) -> None:
        """Change between a logarithmic and a linear scale."""
        self._is_log = not (self._levels is not None and self._levels[1].is_log)

    def action_follow(self) -> None:
        """Keep the point in the window, or no longer."""
        self._follows = not self._follows
        self._drawn = ()

    def action_arrows(self) -> None:
        """Show the arrows, or no longer."""
        self._has_arrows = not self._has_arrows

    def action_compute(self) -> None:
        """Let the engine compute the plane, over the window that is seen."""
        same = self._plane.seen is not None and self._plane.seen.facts["directions"] == self._plane.directions
        self._plane.ask(self._window if same else None)
        self.refresh_bindings()

    def action_directions(self) -> None:
        """Take other directions, and compute over them where something was computed already."""
        self._plane.choose_directions()
        if self._plane.seen is not None or self._plane.is_waiting:
            self._see(None)
            self._plane.ask(None)
        self.refresh_bindings()

    def action_aim(self) -> None:
        """Begin to choose a new start, where the point is, or in the middle where that is not seen."""
        motion = self._function.motion()
        seen = motion is not None and self.window.cell_of((motion.point[0], self.window.middle[1]), 1, 1) is not None
        if self._is_line:
            self._take_aim((motion.point[0] if motion is not None and seen else self.window.middle[0], 0.0))
            return
        place = motion.point if motion is not None else self.window.middle
        self._take_aim(place if self.window.cell_of(place, 1, 1) is not None else self.window.middle)

    def action_step_out(self) -> None:
        """Choose no start after all; or else let the plane be."""
        if self._aim is not None:
            self._aim = None
        else:
            self._plane.cancel()
        self.refresh_bindings()

    def action_confirm(self) -> None:
        """Ask the engine to begin at the cross-hair, with the settings of now."""
        if self._aim is None:
            return
        start = self._function.start_at(self._aim)
        asked = f"start at ({', '.join(compact(number) for number in start)})"
        self.run.send(commands.Reset(seq=self.run.next_sequence(), keep=True, start=start), asked)
        self._aim = None
        self.refresh_bindings()

    def _take_aim(self, place: Place) -> None:
        """Put the cross-hair there, or as far as the function reaches, at numbers that can be read."""
        bounds = self._function.facts.get("bounds")
        window = self.window
        limits = (window.x, window.y) if bounds is None else ((bounds[0], bounds[1]),) * 2
        columns, rows = (2 * self._curve.canvas[0], 1) if self._is_line else self._map.canvas
        counts = (columns, rows)
        numbers = [
            _readable(min(max(number, low), high), (span[1] - span[0]) / count)
            for number, (low, high), span, count in zip(place, limits, (window.x, window.y), counts, strict=True)
        ]
        self._aim = numbers[0], 0.0 if self._is_line else numbers[1]
        self.refresh_bindings()

    def _see(self, window: Window | None) -> None:
        self._window = window

    def _follow(self) -> None:
        motion = self._function.motion()
        if motion is None or self._function.home is None:
            return
        across, down = self.window.shares(motion.point)[0].tolist()
        away = abs(across - 0.5) > CENTRAL or (not self._is_line and abs(down - 0.5) > CENTRAL)
        if away:
            moved = self.window.around(motion.point)
            self._see(Window(x=moved.x, y=self.window.y if self._is_line else moved.y))

    def on_contour_map_pointed(self, message: ContourMap.Pointed) -> None:
        """Zoom there; or put the cross-hair there, and on a second click begin there."""
        message.stop()
        if message.zoom != 1.0:
            self._see(self.window.zoomed(message.zoom, message.place))
        elif not self._is_network:
            self._click(message.place)

    def on_contour_map_dragged(self, message: ContourMap.Dragged) -> None:
        """Move the window against the mouse."""
        message.stop()
        self._see(self.window.moved(-message.across, -message.up))

    def on_click(self, event: Click) -> None:
        """Put the cross-hair on the curve."""
        if event.widget is self._curve and (x := self._curve.place_at(event.x)) is not None:
            self._click((x, 0.0))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom into the curve."""
        self._zoom_curve(event, 0.8)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out of the curve."""
        self._zoom_curve(event, 1.25)

    def _zoom_curve(self, event: MouseScrollUp | MouseScrollDown, factor: float) -> None:
        if event.widget is self._curve and (x := self._curve.place_at(event.x)) is not None:
            event.stop()
            self._see(self.window.zoomed(factor, (x, self.window.middle[1])))

    def _click(self, place: Place) -> None:
        canvas = (2 * self._curve.canvas[0], 1) if self._is_line else self._map.canvas
        before = None if self._aim is None else self.window.cell_of(self._aim, *canvas)
        if before is not None and before == self.window.cell_of(place, *canvas):
            self.action_confirm()
        else:
            self._take_aim(place)

    def export(self) -> list[tuple[str, ...]]:
        """Return the heights that are seen, with their coordinates."""
        return (
            words.table(self._plane.heights, "uv")
            if self._is_network
            else words.table(self._function.heights, self._function.facts.get("names", [])[:2])
        )


def _readable(number: float, mesh: float) -> float:
    """Return a number with no more digits than tell neighbouring cells apart."""
    digits = max(0, 1 - math.floor(math.log10(mesh))) if mesh > 0.0 else 0
    return round(number, min(digits, 300)) + 0.0
