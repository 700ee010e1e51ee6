"""A function of one number as a curve, with what slides along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..charts.axes import Limits, linear_ticks, log_ticks, padded
from ..charts.furniture import Furniture, furniture
from ..charts.raster import Stroke, characters_of, raster, suitable_glyphs
from ..charts.window import Place, Window, way_codes
from .cell_picture import CellPicture, Palette, Picture

_BOX, _TEXT, _CROSS, _CURVE, _TANGENT = range(5)
_FIRST_INK = 5
_ASCII = {"┌": "+", "┐": "+", "└": "+", "┘": "+", "│": "|", "─": "-", "┤": "+", "┬": "+", "×": "x"} | {
    "●": "@", "◉": "O", "◆": "*", "◇": "o", "□": "s", "→": ">", "←": "<", "┊": ":", "○": "o",
}  # fmt: skip
TANGENT = 0.12
"""How far a tangent reaches to both sides, as a share of the axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A sign on the curve or beside it."""

    place: Place
    sign: str
    colour: str
    slope: float | None = None
    """Of the tangent that is drawn through it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CurveScene:
    """All that there is to see."""

    x: NDArray[np.float64]
    """Rising."""
    heights: NDArray[np.float64]
    limits: Limits
    """Of the horizontal axis."""
    is_log: bool = False
    floor: float = 0.0
    """What is subtracted before a logarithm is taken."""
    trails: Sequence[tuple[NDArray[np.float64], str]] = ()
    """Where points were, (points,), each way with its colour."""
    points: Sequence[Point] = ()
    cross: float | None = None
    title: str = ""
    """Stands in the top edge of the box."""
    message: str = ""
    """Stands in the middle where there is no curve."""


class HeightCurve(CellPicture):
    """The curve."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        """Make an empty one."""
        super().__init__(id=id)
        self._glyphs = suitable_glyphs()
        self._around: Furniture | None = None
        self._scene: CurveScene | None = None
        self._inks: dict[str, int] = {}
        self._styles: Palette | None = None

    @property
    def columns(self) -> int:
        """Columns inside the box."""
        return max(self.size.width if self._around is None else self._around.width, 1)

    def place_at(self, x: int) -> float | None:
        """Return what number a column of the widget stands for; None beside the box."""
        around, scene = self._around, self._scene
        if around is None or scene is None or not 0 <= x - around.left < around.width:
            return None
        share = (x - around.left + 0.5) / around.width
        return scene.limits[0] * (1.0 - share) + scene.limits[1] * share

    def show(self, scene: CurveScene) -> int:
        """Bring it up to date and return how many rows changed."""
        self._scene = scene
        width, height = self.size
        if width < 1 or height < 1 or not self.is_attached:
            return 0
        heights = _on_axis(scene.heights, scene)
        finite = heights[np.isfinite(heights)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
        ylim = padded(low, high, 0.06, log=scene.is_log)
        ticks = (log_ticks if scene.is_log else linear_ticks)(*ylim, max(2, round((height - 3) / 2.5)))
        xticks = linear_ticks(*scene.limits, max(2, width // 10))
        around = self._around = furniture(width, height, scene.limits, ylim, xticks, ticks)
        palette = self._palette_for([colour for _, colour in scene.trails] + [point.colour for point in scene.points])
        picture = Picture.blank(width, height)
        text = "".join(row.ljust(width)[:width] for row in around.rows)
        characters = np.frombuffer(text.encode("utf-32-le"), "<u4").reshape(picture.characters.shape)
        picture.characters[:] = characters
        picture.inks[:] = np.where((characters >= 0x2500) & (characters < 0x2580), _BOX, _TEXT)
        picture.write(around.left + 1, 0, scene.title[: around.width], _TEXT)
        inside = picture.part(around.left, around.top, around.width, around.height)
        if inside.width > 0 and inside.height > 0:
            self._draw(inside, scene, heights, Window(x=scene.limits, y=ylim))
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

    def _draw(self, inside: Picture, scene: CurveScene, heights: NDArray[np.float64], window: Window) -> None:
        columns, rows = inside.width, inside.height
        if not scene.x.size:
            inside.write(max(0, (columns - len(scene.message)) // 2), rows // 2, scene.message, _TEXT)
            return
        # A height that is no number is marked at the top edge, as a divergence is; one that is 0 has no logarithm.
        stroke = Stroke(x=scene.x, low=heights, high=heights, broken=~np.isfinite(scene.heights))
        canvas = raster([stroke], columns, rows, window.x, window.y)
        drawn = (canvas.codes != 0) | canvas.diverged & (np.arange(rows) == 0)[:, None]
        inside.characters[drawn] = canvas.characters(self._glyphs)[drawn]
        inside.inks[drawn] = _CURVE
        for way, colour in scene.trails:
            chords = np.stack([way, np.interp(way, scene.x, heights)], axis=1)
            self._draw_dots(inside, way_codes(chords, window, columns, rows), self._inks[colour])
        for point in scene.points:
            self._draw_tangent(inside, point, scene, window)
        for point in scene.points:
            x, height = point.place[0], float(_on_axis(np.array(point.place[1]), scene))
            # What is below or above the picture stands at its edge.
            place = x, float(np.clip(height, *window.y))
            if (cell := window.cell_of(place, columns, rows)) is not None:
                inside.write(*cell, point.sign, self._inks[point.colour])
            elif (edge := window.edge_of(place, columns, rows)) is not None:
                inside.write(*edge, self._inks[point.colour])
        if scene.cross is not None:
            cell = window.cell_of((scene.cross, window.middle[1]), columns, rows)
            if cell is not None:
                inside.characters[:, cell[0]], inside.inks[:, cell[0]] = ord("┊"), _CROSS

    def _draw_tangent(self, inside: Picture, point: Point, scene: CurveScene, window: Window) -> None:
        if point.slope is None or not np.isfinite(point.slope):
            return
        x = point.place[0] + np.linspace(-1.0, 1.0, 33) * TANGENT * (window.x[1] - window.x[0])
        heights = _on_axis(point.place[1] + point.slope * (x - point.place[0]), scene)
        codes = way_codes(np.stack([x, heights], axis=1), window, inside.width, inside.height)
        self._draw_dots(inside, codes, _TANGENT)

    def _draw_dots(self, inside: Picture, codes: NDArray[np.uint8], ink: int) -> None:
        drawn = codes != 0
        inside.characters[drawn] = characters_of(codes, self._glyphs)[drawn]
        inside.inks[drawn] = ink

    def _palette_for(self, colours: Sequence[str]) -> Palette:
        missing = [colour for colour in dict.fromkeys(colours) if colour not in self._inks]
        if self._styles is None or missing:
            names = [*self._inks, *missing]
            self._inks = {name: _FIRST_INK + place for place, name in enumerate(names)}
            inks = (
                self.ink("foreground", softness=0.7),
                self.ink("foreground", softness=0.35),
                self.ink("foreground", bold=True),
                self.ink("primary"),
                self.ink("success"),
                *(self.ink(name, bold=True) for name in names),
            )
            self._styles = Palette(inks, (self.ground,))
        return self._styles


def _on_axis(heights: NDArray[np.float64], scene: CurveScene) -> NDArray[np.float64]:
    """Return heights as the axis has them; nan for what has no place on it."""
    if not scene.is_log:
        return np.where(np.isfinite(heights), heights, np.nan)
    with np.errstate(all="ignore"):
        over = heights - scene.floor
        return np.where((over > 0.0) & np.isfinite(over), np.log10(over), np.nan)
