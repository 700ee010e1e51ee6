"""A map of heights in half-block bands, with what moves over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_not

import numpy as np
from numpy.typing import NDArray
from textual.color import Color
from textual.events import Click, MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp
from textual.message import Message

from ..charts.axes import linear_ticks
from ..charts.bands import ABOVE_ALL, NO_NUMBER, Heights, Levels
from ..charts.cells import NONE, Cells, code_points
from ..charts.window import Place, Window, arrow_head, way_codes
from .framed_picture import FramedPicture, draw_dots
from .text_rows import Row, Span

_TEXTURE = " .:-=+*oxX%#@"
"""What tells the bands apart where colours do not: one character a band, darker with the height."""
LONGEST_ARROW = 0.22
"""Of the map's height."""
ROW_IN_COLUMNS = 2.0
"""A cell is about twice as high as it is wide."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trail:
    """A way over the map."""

    points: NDArray[np.float64]
    """(points, 2), in the order in which they were visited; the same array as long as they are the same."""
    colour: str
    newest: Place | None = None
    """Where it has come to since the last of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A sign at a place; one that is outside is an arrow at the edge."""

    place: Place
    sign: str
    colour: str
    shows_way: bool = False
    """Whether the edge tells where it is, when it is outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A way to go from a place, as long as `share` of the longest arrow; its letter stands at its head."""

    place: Place
    way: Place
    share: float
    letter: str
    colour: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scene:
    """All that there is to see."""

    window: Window
    heights: Heights | None = None
    levels: Levels | None = None
    trails: Sequence[Trail] = ()
    arrows: Sequence[Arrow] = ()
    marks: Sequence[Mark] = ()
    cross: Place | None = None
    message: Sequence[str] = ()
    """Stands in the middle where there is no map."""


class ContourMap(FramedPicture):
    """The map; what is done to it with the mouse is told to its view."""

    class Pointed(Message):
        """A cell was clicked, or the map was dragged or zoomed there."""

        def __init__(self, place: Place, *, zoom: float = 1.0) -> None:
            """Say where, and by how much the window is to be zoomed."""
            super().__init__()
            self.place, self.zoom = place, zoom

    class Dragged(Message):
        """The map was dragged by these shares of the window, to the right and upwards."""

        def __init__(self, across: float, up: float) -> None:
            """Say how far."""
            super().__init__()
            self.across, self.up = across, up

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        """Make an empty map."""
        super().__init__(id=id)
        self._scene: Scene | None = None
        self._made_of: tuple[tuple[object, ...], tuple[object, ...]] = (), ()
        self._below = Cells(0, 0)
        """The map without what moves."""
        self._trails: dict[int, tuple[NDArray[np.float64], tuple[Window, int, int], NDArray[np.uint8]]] = {}
        """By their place in the scene: the points, how they were seen, and the codes that were made of them."""
        self._grabbed: tuple[int, int] | None = None
        self._has_moved = False

    # ---- what is shown

    def show(self, scene: Scene) -> int:
        """Bring the map up to date and return how many rows changed."""
        self._scene = scene
        if not self.size or not self.is_attached:
            return 0
        ramp = self.ramp(scene.levels.bands if scene.levels is not None else 1)
        # What is compared by what it is comes first, and what is only ever replaced is compared by being the same.
        made_of = (scene.window, self.size, scene.message, ramp), (scene.heights, scene.levels)
        if made_of[0] != self._made_of[0] or any(map(is_not, made_of[1], self._made_of[1])):
            self._below, self._made_of = self._map(scene, ramp), made_of
        cells = self._below.copy()
        self._draw_over(self.inside(cells), scene)
        return self.paint(cells)

    def redraw(self) -> None:
        """Show the scene once more."""
        if self._scene is not None:
            self.show(self._scene)

    def _map(self, scene: Scene, ramp: tuple[str, ...]) -> Cells:
        window, (width, height) = scene.window, self.size
        ticks = linear_ticks(*window.x, max(2, width // 10)), linear_ticks(*window.y, max(2, round((height - 3) / 3)))
        cells = self.frame((window.x, window.y), ticks)
        inside = self.inside(cells)
        columns, rows = inside.width, inside.height
        if scene.heights is None or scene.levels is None:
            for offset, line in enumerate(scene.message):
                row = (rows - len(scene.message)) // 2 + offset
                inside.write(row, max(0, (columns - len(line)) // 2), line[:columns], inside.ink("foreground", 0.35))
            return cells
        across, down = (np.arange(columns) + 0.5) / columns, (np.arange(2 * rows) + 0.5) / (2 * rows)
        x = window.x[0] * (1.0 - across) + window.x[1] * across
        y = window.y[1] * (1.0 - down) + window.y[0] * down
        bands = scene.levels.of(scene.heights.at(x, y))
        self._draw_bands(inside, bands, scene.heights.covers(x, y), ramp)
        return cells

    def _draw_bands(
        self, inside: Cells, bands: NDArray[np.int16], known: NDArray[np.bool_], ramp: tuple[str, ...]
    ) -> None:
        """Draw two pixels a cell, each of the colour of its band."""
        strange = known & (bands < 0)
        places = np.where(known & ~strange, bands, -1)
        if ramp:
            inside.pixels(0, 0, np.array([*map(inside.ink, ramp), NONE], np.int16)[places], None)
        else:
            text = np.full(places.shape, inside.ink("foreground", 0.35), np.int16)
            inside.pixels(0, 0, text, code_points(f"{_TEXTURE} ")[places[1::2]])
        odd = strange[0::2] | strange[1::2]
        kind = np.where(strange[0::2], bands[0::2], bands[1::2])[odd]
        inside.characters[odd] = np.where(kind == NO_NUMBER, ord("?"), np.where(kind == ABOVE_ALL, ord("∞"), ord("_")))
        inside.front[odd], inside.back[odd] = inside.text_ink("error"), NONE

    # ---- what moves

    def _draw_over(self, inside: Cells, scene: Scene) -> None:
        columns, rows, window = inside.width, inside.height, scene.window
        if columns < 1 or rows < 1:
            return
        for number, trail in enumerate(scene.trails):
            codes = self._trail_codes(number, trail, window, columns, rows)
            draw_dots(inside, codes, inside.text_ink(trail.colour))
        # Heads and letters over all lines, and those of the first arrow on top.
        heads = [_drawn_arrow(inside, arrow, window) for arrow in scene.arrows]
        for written in reversed(heads):
            if written is not None:
                inside.write(*written)
        for mark in scene.marks:
            cell = window.cell_of(mark.place, columns, rows)
            if cell is not None:
                inside.write(cell[1], cell[0], mark.sign, inside.text_ink(mark.colour))
            elif mark.shows_way and (edge := window.edge_of(mark.place, columns, rows)) is not None:
                column, row, head = edge
                inside.write(row, column, head, inside.text_ink(mark.colour))
        if scene.cross is not None and (cell := window.cell_of(scene.cross, columns, rows)) is not None:
            (column, row), ink = cell, inside.ink("foreground", bold=True)
            inside.characters[row, :], inside.front[row, :] = ord("─"), ink
            inside.characters[:, column], inside.front[:, column] = ord("│"), ink
            inside.characters[row, column] = ord("┼")

    def _trail_codes(self, number: int, trail: Trail, window: Window, columns: int, rows: int) -> NDArray[np.uint8]:
        """Return the codes of a trail; of what was drawn before only the newest stretch is made."""
        known = self._trails.get(number)
        if known is None or known[0] is not trail.points or known[1] != (window, columns, rows):
            codes = way_codes(trail.points, window, columns, rows)
            known = self._trails[number] = (trail.points, (window, columns, rows), codes)
        if trail.newest is None or not len(trail.points):
            return known[2]
        return known[2] | way_codes([trail.points[-1], trail.newest], window, columns, rows)

    # ---- colours

    def ramp(self, bands: int) -> tuple[str, ...]:
        """Return the colours of the bands from the lowest to the highest; none where characters stand for them."""
        if self.is_plain:
            return ()
        background = self.background_colors[1]
        low, high = (self.colour(f"text-{name}") for name in ("secondary", "foreground"))
        return tuple(_between(background, low, high, band / max(bands - 1, 1)).hex for band in range(bands))

    def legend(self, levels: Levels, width: int) -> Row:
        """Return the bands and the levels between them in a row of this width."""
        signs = [(f"{sign}{sign}", "foreground") for sign in _TEXTURE]
        if not self.is_plain:
            signs = [("██", colour) for colour in self.ramp(levels.bands)]
        labels = levels.labels()
        # Every second level is named where there is no room for all of them.
        every = next(
            (every for every in (1, 2, 3, 4) if 2 * levels.bands + sum(map(len, labels[::every])) + 4 <= width), 0
        )
        row: list[Span] = [("f ", "dim foreground")]
        for band, sign in enumerate(signs[: levels.bands]):
            row.append(sign)
            if every and band < len(labels) and band % every == 0:
                row.append((labels[band], "foreground"))
        return tuple(row)

    # ---- the mouse

    def _share_of(self, x: int, y: int) -> Place | None:
        around = self._around
        if around is None or self._scene is None or not around.width or not around.height:
            return None
        column, row = x - around.left, y - around.top
        if not (0 <= column < around.width and 0 <= row < around.height):
            return None
        return self._scene.window.place_of(column, row, around.width, around.height)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Begin to drag."""
        self._grabbed, self._has_moved = (event.x, event.y), False
        self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Drag the map."""
        if self._grabbed is None:
            return
        columns, rows = self.canvas
        across, down = event.x - self._grabbed[0], event.y - self._grabbed[1]
        if across or down:
            self._grabbed, self._has_moved = (event.x, event.y), True
            self.post_message(self.Dragged(across / columns, -down / rows))

    def on_mouse_up(self, event: MouseUp) -> None:
        """End dragging."""
        self._grabbed = None
        self.release_mouse()

    def on_click(self, event: Click) -> None:
        """Say which place was clicked, unless the map was dragged."""
        place = self._share_of(event.x, event.y)
        if place is not None and not self._has_moved:
            self.post_message(self.Pointed(place))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in where the mouse is."""
        self._zoom_at(event.x, event.y, 0.8)
        event.stop()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out where the mouse is."""
        self._zoom_at(event.x, event.y, 1.25)
        event.stop()

    def _zoom_at(self, x: int, y: int, factor: float) -> None:
        place = self._share_of(x, y)
        if place is not None:
            self.post_message(self.Pointed(place, zoom=factor))


def _between(background: Color, low: Color, high: Color, share: float) -> Color:
    """Return the colour of a band that is so far up."""
    share = 0.10 + 0.55 * share
    return background + background.blend(low.blend(high, 0.8 * share), share)


def _drawn_arrow(inside: Cells, arrow: Arrow, window: Window) -> tuple[int, int, str, int] | None:
    """Draw an arrow's line, and return its head as it is to be written."""
    start = window.shares(arrow.place)[0]
    x, y = arrow.place
    towards = window.shares((x + arrow.way[0], y + arrow.way[1]))[0] - start
    # In columns, as an eye sees it.
    across, down = towards[0] * inside.width, towards[1] * inside.height * ROW_IN_COLUMNS
    length = float(np.hypot(across, down))
    if not (0.0 < length < np.inf and np.isfinite(start).all()):
        return None
    longest = max(3.0, LONGEST_ARROW * inside.height * ROW_IN_COLUMNS)
    scale = max(3.0, arrow.share * longest) / length
    end = start + towards * scale
    places = np.stack([start, end])
    points = np.stack(
        [
            window.x[0] + places[:, 0] * (window.x[1] - window.x[0]),
            window.y[1] - places[:, 1] * (window.y[1] - window.y[0]),
        ],
        axis=1,
    )
    ink = inside.text_ink(arrow.colour)
    draw_dots(inside, way_codes(points, window, inside.width, inside.height), ink)
    cell = window.cell_of((float(points[1, 0]), float(points[1, 1])), inside.width, inside.height)
    return None if cell is None else (cell[1], cell[0], arrow_head(across, down) + arrow.letter, ink)
