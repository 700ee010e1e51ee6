"""A function of one number as a curve, with what slides along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..charts.axes import Limits, linear_ticks, log_ticks, padded
from ..charts.cells import BLANK, Cells
from ..charts.glyphs import suitable_glyphs
from ..charts.raster import Stroke, raster
from ..charts.window import Place, Window, way_codes
from .framed_picture import FramedPicture, draw_dots

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A dashed straight line from a point to the right."""

    start: Place
    slope: float
    labels: tuple[str, ...]
    """What it is called, from long to short; none of them where there is room for none."""
    colour: str


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
    lines: Sequence[Line] = ()
    points: Sequence[Point] = ()
    cross: float | None = None
    title: str = ""
    """Stands in the top edge of the box."""
    message: str = ""
    """Stands in the middle where there is no curve."""


class HeightCurve(FramedPicture):
    """The curve."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        """Make an empty one."""
        super().__init__(id=id)
        self._scene: CurveScene | None = None

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
        if not self.size or not self.is_attached:
            return 0
        width, height = self.size
        heights = _on_axis(scene.heights, scene)
        finite = heights[np.isfinite(heights)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
        ylim = padded(low, high, 0.06, log=scene.is_log)
        ticks = (log_ticks if scene.is_log else linear_ticks)(*ylim, max(2, round((height - 3) / 2.5)))
        xticks = linear_ticks(*scene.limits, max(2, width // 10))
        cells = self.frame((scene.limits, ylim), (xticks, ticks), scene.title)
        inside = self.inside(cells)
        if inside.width > 0 and inside.height > 0:
            _draw(inside, scene, heights, Window(x=scene.limits, y=ylim))
        return self.paint(cells)

    def redraw(self) -> None:
        """Show the scene once more."""
        if self._scene is not None:
            self.show(self._scene)


def _draw(inside: Cells, scene: CurveScene, heights: NDArray[np.float64], window: Window) -> None:
    columns, rows = inside.width, inside.height
    if not scene.x.size:
        column = max(0, (columns - len(scene.message)) // 2)
        inside.write(rows // 2, column, scene.message, inside.ink("foreground", 0.35))
        return
    # A height that is no number is marked at the top edge, as a divergence is; one that is 0 has no logarithm.
    stroke = Stroke(x=scene.x, low=heights, high=heights, broken=~np.isfinite(scene.heights))
    canvas = raster([stroke], columns, rows, window.x, window.y)
    drawn = (canvas.codes != 0) | canvas.diverged & (np.arange(rows) == 0)[:, None]
    inside.characters[drawn] = canvas.characters(suitable_glyphs())[drawn]
    inside.front[drawn] = inside.ink("text-primary")
    for way, colour in scene.trails:
        chords = np.stack([way, np.interp(way, scene.x, heights)], axis=1)
        draw_dots(inside, way_codes(chords, window, columns, rows), inside.text_ink(colour))
    for line in scene.lines:
        _draw_line(inside, line, scene, window)
    for point in scene.points:
        _draw_tangent(inside, point, scene, window)
    for point in scene.points:
        x, height = point.place[0], float(_on_axis(np.array(point.place[1]), scene))
        # What is below or above the picture stands at its edge.
        place = x, float(np.clip(height, *window.y))
        if (cell := window.cell_of(place, columns, rows)) is not None:
            inside.write(cell[1], cell[0], point.sign, inside.text_ink(point.colour))
        elif (edge := window.edge_of(place, columns, rows)) is not None:
            inside.write(edge[1], edge[0], edge[2], inside.text_ink(point.colour))
    if scene.cross is not None:
        cell = window.cell_of((scene.cross, window.middle[1]), columns, rows)
        if cell is not None:
            inside.characters[:, cell[0]] = ord("┊")
            inside.front[:, cell[0]] = inside.ink("foreground", bold=True)


def _draw_line(inside: Cells, line: Line, scene: CurveScene, window: Window) -> None:
    """Draw a line where no curve is, and its name beside it."""
    left = max(line.start[0], window.x[0])
    x = np.linspace(left, window.x[1], 4 * inside.width)
    heights = _on_axis(line.start[1] + line.slope * (x - line.start[0]), scene)
    codes = way_codes(np.stack([x, heights], axis=1), window, inside.width, inside.height)
    codes[:, 2::3] = 0
    codes[inside.characters != BLANK] = 0
    ink = inside.text_ink(line.colour)
    draw_dots(inside, codes, ink)
    for label in line.labels:
        if (place := _room_beside(codes != 0, len(label), inside)) is not None:
            inside.write(*place, label, ink)
            return


def _room_beside(drawn: NDArray[np.bool_], length: int, inside: Cells) -> tuple[int, int] | None:
    """Return row and column for so many characters beside a line, as far to its right as may be; None for no room."""
    rows, columns = np.nonzero(drawn)
    for cell in np.argsort(-columns):
        row, column = int(rows[cell]), int(columns[cell])
        for beside, first in (
            (row - 1, column + 1 - length),
            (row + 1, column + 1 - length),
            (row, column + 2),
            (row - 1, column),
            (row + 1, column),
        ):
            has_place = 0 <= beside < inside.height and 0 <= first <= inside.width - length
            if has_place and (inside.characters[beside, first : first + length] == BLANK).all():
                return beside, first
    return None


def _draw_tangent(inside: Cells, point: Point, scene: CurveScene, window: Window) -> None:
    if point.slope is None or not np.isfinite(point.slope):
        return
    x = point.place[0] + np.linspace(-1.0, 1.0, 33) * TANGENT * (window.x[1] - window.x[0])
    heights = _on_axis(point.place[1] + point.slope * (x - point.place[0]), scene)
    codes = way_codes(np.stack([x, heights], axis=1), window, inside.width, inside.height)
    draw_dots(inside, codes, inside.ink("text-success"))


def _on_axis(heights: NDArray[np.float64], scene: CurveScene) -> NDArray[np.float64]:
    """Return heights as the axis has them; nan for what has no place on it."""
    if not scene.is_log:
        return np.where(np.isfinite(heights), heights, np.nan)
    with np.errstate(all="ignore"):
        over = heights - scene.floor
        return np.where((over > 0.0) & np.isfinite(over), np.log10(over), np.nan)
