"""A map of heights in half-block bands, with what moves over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_not

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.events import Click, MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp
from textual.message import Message

from ..charts.axes import linear_ticks
from ..charts.bands import ABOVE_ALL, NO_NUMBER, Heights, Levels
from ..charts.furniture import Furniture, furniture
from ..charts.raster import characters_of, suitable_glyphs
from ..charts.window import Place, Window, arrow_head, way_codes
from .cell_picture import PLAIN, CellPicture, Palette, Picture
from .text_rows import Row, Span

_BOX, _TEXT, _CROSS, _FAULT = range(4)
_FIRST_INK = 4
_TEXTURE = " .:-=+*oxX%#@"
"""What tells the bands apart where colours do not: one character a band, darker with the height."""
_ASCII = {"┌": "+", "┐": "+", "└": "+", "┘": "+", "│": "|", "─": "-", "┤": "+", "┬": "+", "┼": "+"} | {
    "●": "@", "◉": "O", "◆": "*", "◇": "o", "□": "s", "→": ">", "←": "<", "↑": "^", "↓": "v", "∞": "!",
    "↗": "/", "↙": "/", "↖": "\\", "↘": "\\",
}  # fmt: skip
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


class ContourMap(CellPicture):
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
        self._glyphs = suitable_glyphs()
        self._around: Furniture | None = None
        self._scene: Scene | None = None
        self._made_of: tuple[tuple[object, ...], tuple[object, ...]] = (), ()
        self._below: Picture | None = None
        """The map without what moves."""
        self._trails: dict[int, tuple[NDArray[np.float64], tuple[Window, int, int], NDArray[np.uint8]]] = {}
        """By their place in the scene: the points, how they were seen, and the codes that were made of them."""
        self._inks: dict[str, int] = {}
        self._styles: Palette | None = None
        self._grabbed: tuple[int, int] | None = None
        self._has_moved = False

    # ---- what is shown

    @property
    def canvas(self) -> tuple[int, int]:
        """Columns and rows of the map inside its box."""
        if self._around is None:
            return max(self.size.width, 1), max(self.size.height, 1)
        return max(self._around.width, 1), max(self._around.height, 1)

    def show(self, scene: Scene) -> int:
        """Bring the map up to date and return how many rows changed."""
        self._scene = scene
        width, height = self.size
        if width < 1 or height < 1 or not self.is_attached:
            return 0
        ticks_across, ticks_up = max(2, width // 10), max(2, round((height - 3) / 3))
        around = self._around = furniture(
            width,
            height,
            scene.window.x,
            scene.window.y,
            linear_ticks(*scene.window.x, ticks_across),
            linear_ticks(*scene.window.y, ticks_up),
        )
        bands = scene.levels.bands if scene.levels is not None else 1
        coloured: list[Trail | Arrow | Mark] = [*scene.trails, *scene.arrows, *scene.marks]
        palette = self._palette_for(bands, [item.colour for item in coloured])
        place = (around.left, around.top, around.width, around.height)
        # What is compared by what it is comes first, and what is only ever replaced is compared by being the same.
        made_of = (scene.window, self.size, around, scene.message), (scene.heights, scene.levels, palette)
        if self._below is None or made_of[0] != self._made_of[0] or any(map(is_not, made_of[1], self._made_of[1])):
            self._below, self._made_of = self._map(scene, around), made_of
        picture = self._below.copy()
        self._draw_over(picture.part(*place), scene)
        if self._glyphs == "ascii":
            for character, replacement in _ASCII.items():
                picture.characters[picture.characters == ord(character)] = ord(replacement)
        return self.paint(picture, palette)

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        super().notify_style_update()
        self._styles = None
        if self._scene is not None:
            self.show(self._scene)

    def on_resize(self) -> None:
        """Draw for the new size without waiting for the clock."""
        if self._scene is not None:
            self.show(self._scene)

    def _map(self, scene: Scene, around: Furniture) -> Picture:
        picture = Picture.blank(*self.size)
        text = "".join(row.ljust(self.size.width)[: self.size.width] for row in around.rows)
        characters = np.frombuffer(text.encode("utf-32-le"), "<u4").reshape(picture.characters.shape)
        picture.characters[:] = characters
        picture.inks[:] = np.where((characters >= 0x2500) & (characters < 0x2580), _BOX, _TEXT)
        inside = picture.part(around.left, around.top, around.width, around.height)
        if scene.heights is None or scene.levels is None:
            for offset, line in enumerate(scene.message):
                row = (inside.height - len(scene.message)) // 2 + offset
                inside.write(max(0, (inside.width - len(line)) // 2), row, line[: inside.width], _TEXT)
            return picture
        columns, rows = inside.width, inside.height
        window = scene.window
        across, down = (np.arange(columns) + 0.5) / columns, (np.arange(2 * rows) + 0.5) / (2 * rows)
        x = window.x[0] * (1.0 - across) + window.x[1] * across
        y = window.y[1] * (1.0 - down) + window.y[0] * down
        bands = scene.levels.of(scene.heights.at(x, y))
        known = scene.heights.covers(x, y)
        self._draw_bands(inside, bands, known)
        return picture

    def _draw_bands(self, inside: Picture, bands: NDArray[np.int16], known: NDArray[np.bool_]) -> None:
        """Draw two pixels a cell: the upper one is the ink of a half block, the lower one its ground."""
        strange = known & (bands < 0)
        grounds = np.where(known & ~strange, bands + 1, PLAIN)
        upper, lower = grounds[0::2], grounds[1::2]
        if self._is_plain:
            inside.characters[:] = np.array([ord(sign) for sign in " " + _TEXTURE], np.uint32)[lower]
            inside.inks[:] = _TEXT
        else:
            inside.grounds[:] = lower
            inside.characters[:] = np.where(upper == lower, ord(" "), ord("▀"))
            inside.inks[:] = np.where(upper == lower, _TEXT, _FIRST_INK + upper)
        odd = strange[0::2] | strange[1::2]
        kind = np.where(strange[0::2], bands[0::2], bands[1::2])
        inside.characters[odd] = np.where(kind == NO_NUMBER, ord("?"), np.where(kind == ABOVE_ALL, ord("∞"), ord("_")))[
            odd
        ]
        inside.inks[odd] = _FAULT
        inside.grounds[odd] = PLAIN

    # ---- what moves

    def _draw_over(self, inside: Picture, scene: Scene) -> None:
        columns, rows, window = inside.width, inside.height, scene.window
        if columns < 1 or rows < 1:
            return
        for number, trail in enumerate(scene.trails):
            self._draw_dots(inside, self._trail_codes(number, trail, window, columns, rows), trail.colour)
        # Heads and letters over all lines, and those of the first arrow on top.
        heads = [self._draw_arrow(inside, arrow, window) for arrow in scene.arrows]
        for written in reversed(heads):
            if written is not None:
                inside.write(*written)
        for mark in scene.marks:
            cell = window.cell_of(mark.place, columns, rows)
            if cell is not None:
                inside.write(*cell, mark.sign, self._inks[mark.colour])
            elif mark.shows_way and (edge := window.edge_of(mark.place, columns, rows)) is not None:
                column, row, head = edge
                inside.write(column, row, head, self._inks[mark.colour])
        if scene.cross is not None and (cell := window.cell_of(scene.cross, columns, rows)) is not None:
            column, row = cell
            inside.characters[row, :], inside.inks[row, :] = ord("─"), _CROSS
            inside.characters[:, column], inside.inks[:, column] = ord("│"), _CROSS
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

    def _draw_dots(self, inside: Picture, codes: NDArray[np.uint8], colour: str) -> None:
        drawn = codes != 0
        inside.characters[drawn] = characters_of(codes, self._glyphs)[drawn]
        inside.inks[drawn] = self._inks[colour]

    def _draw_arrow(self, inside: Picture, arrow: Arrow, window: Window) -> tuple[int, int, str, int] | None:
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
        self._draw_dots(inside, way_codes(points, window, inside.width, inside.height), arrow.colour)
        cell = window.cell_of((float(points[1, 0]), float(points[1, 1])), inside.width, inside.height)
        return None if cell is None else (*cell, arrow_head(across, down) + arrow.letter, self._inks[arrow.colour])

    # ---- colours

    @property
    def _is_plain(self) -> bool:
        """Whether bands are told apart by characters: there are no colours, or none that can be mixed."""
        return self._glyphs == "ascii" or self.app.no_color or self.background_colors[1].ansi is not None

    def _palette_for(self, bands: int, colours: Sequence[str]) -> Palette:
        missing = [colour for colour in colours if colour not in self._inks]
        if self._styles is not None and not missing and len(self._styles.grounds) == bands + 1:
            return self._styles
        # Bands are inks as well, of the upper half of a cell.
        ramp = self.ramp(bands)
        inks = [
            self.ink("foreground", softness=0.7),
            self.ink("foreground", softness=0.35),
            self.ink("foreground", bold=True),
            self.ink("error", bold=True),
            self.ground_as_ink,
            *(Style(color=style.bgcolor) for style in ramp),
        ]
        names = [*self._inks, *dict.fromkeys(missing)]
        self._inks = {name: len(inks) + place for place, name in enumerate(names)}
        inks += [self.ink(name, bold=True) for name in names]
        self._styles = Palette(tuple(inks), (self.ground, *ramp))
        return self._styles

    @property
    def ground_as_ink(self) -> Style:
        """The background as a foreground: the upper half of a cell that shows nothing there."""
        return Style(color=self.background_colors[1].rich_color)

    def ramp(self, bands: int) -> list[Style]:
        """Return the grounds of the bands, from the lowest to the highest."""
        background = self.background_colors[1]
        if self._is_plain:
            return [self.ground] * bands
        low, high = self.colour("secondary"), self.colour("foreground")
        shares = [0.10 + 0.55 * band / max(bands - 1, 1) for band in range(bands)]
        return [
            Style(bgcolor=(background + background.blend(low.blend(high, 0.8 * share), share)).rich_color)
            for share in shares
        ]

    def legend(self, levels: Levels, width: int) -> Row:
        """Return the bands and the levels between them in a row of this width."""
        signs = [(f"{sign}{sign}", "foreground") for sign in _TEXTURE]
        if not self._is_plain:
            signs = [("██", style.bgcolor.name if style.bgcolor else "") for style in self.ramp(levels.bands)]
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
