"""Curves over the steps of a run, with a line for every live change."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.events import Resize
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from ..charts.axes import Limits, StickyEnd, StickyLimits, compact, linear_ticks, log_ticks, step_ticks
from ..charts.furniture import Furniture, furniture
from ..charts.history import Series
from ..charts.markers import LABEL_ROWS, Marker, marker_columns, marker_labels
from ..charts.raster import DOTS_ACROSS, NOBODY, Canvas, Glyphs, Shape, Stroke, raster, stroke, suitable_glyphs

__all__ = ["Curve", "LiveChart", "Marker"]

# What a cell can be drawn with; the curves' own inks follow, in their order.
_BOX, _TEXT, _GRID, _LINE, _LABEL, _ERROR = range(6)
_FIRST_CURVE = 6

_ASCII = {"┌": "+", "┐": "+", "└": "+", "┘": "+", "│": "|", "─": "-", "┤": "+", "┬": "+", "┊": ":", "·": "."}
_COLUMNS_A_TICK = 10
_ROWS_A_TICK = 2.5
_NO_DATA = "no steps yet"

Span = tuple[str, Style]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a chart."""

    label: str
    series: Series
    colour: str
    """The name of a theme variable, "primary", "accent" and so on, or a colour's digits: "#CC79A7"."""
    faint: bool = False
    """Whether this is the raw curve behind a smoothed one."""
    silent: bool = False
    """Whether its newest value stands elsewhere and not in the title row."""
    ghost: bool = False
    """Whether this is an earlier attempt, which may be seen but moves no axis and has no value of its own."""
    shape: Shape = "line"
    """"line" through the mean of the samples that share a column, or the "envelope" from the least to the greatest."""
    readout: Callable[[float], str] | None = None
    """How the newest value is written in the title row; None for four significant digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What `show` was last asked for."""

    curves: tuple[Curve, ...]
    counts: tuple[int, ...]
    markers: tuple[Marker, ...]
    x_end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What stands on the screen."""

    size: Size
    title: tuple[Span, ...]
    characters: NDArray[np.uint32]
    """(rows below the title, columns): code points."""
    inks: NDArray[np.int16]
    """The same shape: indices into `styles`."""
    styles: tuple[Style, ...]

    def spans(self, row: int) -> list[Span]:
        """Return one row, 0 being the title, cut where the style changes."""
        if row == 0:
            return list(self.title)
        inks = self.inks[row - 1]
        text = self.characters[row - 1].astype("<u4").tobytes().decode("utf-32-le")
        cuts = [0, *(np.flatnonzero(np.diff(inks)) + 1).tolist(), len(text)]
        return [(text[start:stop], self.styles[int(inks[start])]) for start, stop in pairwise(cuts) if stop > start]

    def changes(self, before: _Frame | None) -> dict[int, tuple[int, int]]:
        """Return the rows that look different from `before`, each with the columns from and up to which they do."""
        width = self.size.width
        if before is None or before.size != self.size or before.styles != self.styles:
            return dict.fromkeys(range(self.size.height), (0, width))
        changed = (self.characters != before.characters) | (self.inks != before.inks)
        rows = np.flatnonzero(changed.any(axis=1))
        first, last = changed[rows].argmax(axis=1), width - changed[rows, ::-1].argmax(axis=1)
        title = {0: (0, width)} if self.title != before.title else {}
        return title | dict(zip((rows + 1).tolist(), zip(first.tolist(), last.tolist(), strict=True), strict=True))


class LiveChart(Widget):
    """A chart that is told what to show by the screen's one clock, and redraws only the rows that changed."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LiveChart {
        width: 1fr;
        height: 1fr;
    }
    """

    def __init__(
        self,
        title: str,
        *,
        short: str | None = None,
        log_y: bool = False,
        glyphs: Glyphs | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name for it
        classes: str | None = None,
    ) -> None:
        """Make an empty chart.

        Args:
            title: Stands at the left of the first row.
            short: Stands there instead where the newest value would have no room beside the title.
            log_y: Whether the vertical axis is logarithmic.
            glyphs: What the curves are drawn with; None for what the terminal can print.
            id: Textual's id of the widget.
            classes: Textual's classes of the widget, separated by blanks.
        """
        super().__init__(id=id, classes=classes)
        self._title, self._short = title, short or title
        self._log_y = log_y
        self._glyphs: Glyphs = glyphs or suitable_glyphs()
        self._request: _Request | None = None
        self._now = 0.0
        self._y_limits = StickyLimits(log=log_y)
        self._x_end = StickyEnd()
        self._frame: _Frame | None = None
        self._strips: list[Strip] = []

    @property
    def log_y(self) -> bool:
        """Whether the vertical axis is logarithmic; setting it redraws the chart at once."""
        return self._log_y

    @log_y.setter
    def log_y(self, log_y: bool) -> None:
        if log_y != self._log_y:
            self._log_y = log_y
            self._y_limits = StickyLimits(log=log_y)
            self._redraw()

    def make_linear(self, title: str) -> None:
        """Give the chart a linear vertical axis for good, and a title that says so."""
        if self._log_y:
            self._title = title
            self.log_y = False

    def show(self, curves: Sequence[Curve], markers: Sequence[Marker], *, x_end: float, now: float) -> int:
        """Bring the chart up to date and return the number of rows that changed.

        Args:
            curves: Later ones on top, but all faint ones behind all others.
            markers: The live changes so far.
            x_end: The newest step, or the last one of a run whose length is known.
            now: Monotonic seconds.
        """
        request = _Request(
            curves=tuple(curves),
            counts=tuple(curve.series.count for curve in curves),
            markers=tuple(markers),
            x_end=x_end,
        )
        self._now = now
        waiting = self._y_limits.waiting or self._x_end.waiting
        if request == self._request and not waiting and self._frame is not None and self._frame.size == self.size:
            return 0
        self._request = request
        return self._redraw()

    def export(self) -> str:
        """Return the chart as it stands, as plain text without blanks at the ends of its rows."""
        if self._frame is None:
            return ""
        rows = ("".join(text for text, _ in self._frame.spans(row)) for row in range(self._frame.size.height))
        return "\n".join(row.rstrip() for row in rows)

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the content."""
        style = self.rich_style
        if y >= len(self._strips):
            return Strip.blank(self.size.width, style)
        return self._strips[y].adjust_cell_length(self.size.width, style)

    def on_resize(self, event: Resize) -> None:
        """Draw for the new size without waiting for the clock."""
        self._redraw()

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        super().notify_style_update()
        self._redraw()

    # --- drawing ------------------------------------------------------------------------------------------------

    def _redraw(self) -> int:
        """Draw what was last asked for and mark the rows that changed; return their number."""
        if self._request is None or not self.is_attached or not self.size:
            return 0
        frame = self._drawn(self._request)
        changes = frame.changes(self._frame)
        if len(self._strips) != frame.size.height:
            self._strips = [Strip([])] * frame.size.height
        for row in changes:
            segments = [Segment(text, style) for text, style in frame.spans(row)]
            self._strips[row] = Strip(segments, frame.size.width)
        self._frame = frame
        if changes:
            # Only the cells that changed go over the wire: of a growing curve that is its end.
            self.refresh(*(Region(start, row, stop - start, 1) for row, (start, stop) in changes.items()))
        return len(changes)

    def _drawn(self, request: _Request) -> _Frame:
        size = self.size
        curves = sorted(request.curves, key=lambda curve: not curve.faint)
        x_end = max(
            [request.x_end, *(curve.series.last_x for curve in curves if curve.series.count and not curve.ghost)]
        )
        xlim = (0.0, self._x_end.update(x_end, self._now))
        strokes = [
            stroke(curve.series.window(*xlim, size.width * DOTS_ACROSS), curve.shape, log_y=self._log_y)
            for curve in curves
        ]
        living = [stroke for stroke, curve in zip(strokes, curves, strict=True) if not curve.ghost]
        ylim = self._y_limits.update(*_extent(living), self._now)
        ylim = self._below_labels(ylim, request.markers, xlim)
        around = self._furniture(size, xlim, ylim)
        canvas = raster(strokes, around.width, around.height, xlim, ylim)
        characters = _code_points("".join(around.rows)).reshape(size.height - 1, size.width)
        box = (characters >= 0x2500) & (characters < 0x2580)
        inks = np.where(box, _BOX, _TEXT).astype(np.int16)
        keys = self._keys(curves)
        inside = slice(around.top, around.top + around.height), slice(around.left, around.left + around.width)
        self._draw_canvas(characters[inside], inks[inside], canvas, around, keys)
        if not any(request.counts) and around.height > 0 and around.width >= len(_NO_DATA):
            row, column = around.top + around.height // 2, around.left + (around.width - len(_NO_DATA)) // 2
            characters[row, column : column + len(_NO_DATA)] = _code_points(_NO_DATA)
            inks[row, column : column + len(_NO_DATA)] = _TEXT
        self._draw_markers(characters[inside], inks[inside], canvas, request.markers, xlim)
        if self._glyphs == "ascii":
            for character, replacement in _ASCII.items():
                characters[characters == ord(character)] = ord(replacement)
        styles = self._styles(curves)
        return _Frame(
            size=size, title=self._title_row(curves, keys, styles), characters=characters, inks=inks, styles=styles
        )

    def _below_labels(self, ylim: Limits, markers: Sequence[Marker], xlim: Limits) -> Limits:
        """Return the limits with room at the top for the rows of labels, so that none of them hides a curve."""
        rows = self.size.height - 4
        labels = marker_labels(markers, xlim, max(1, self.size.width - 8), _label_rows(rows))
        taken = max((label.row + 1 for label in labels), default=0)
        if taken == 0 or rows - taken < 2:
            return ylim
        low, high = ylim
        return low, high + (high - low) * taken / (rows - taken)

    def _furniture(self, size: Size, xlim: Limits, ylim: Limits) -> Furniture:
        ticks = log_ticks if self._log_y else linear_ticks
        return furniture(
            size.width,
            size.height - 1,
            xlim,
            ylim,
            step_ticks(*xlim, max(2, size.width // _COLUMNS_A_TICK)),
            ticks(*ylim, max(2, round((size.height - 4) / _ROWS_A_TICK))),
        )

    def _keys(self, curves: Sequence[Curve]) -> list[str]:
        """Return a letter for each curve that has to be told apart without colours, "" for the others."""
        if not self.app.no_color or sum(not curve.faint for curve in curves) < 2:
            return [""] * len(curves)
        letters = iter(string.ascii_uppercase)
        return ["" if curve.faint else next(letters, "") for curve in curves]

    def _draw_canvas(
        self,
        characters: NDArray[np.uint32],
        inks: NDArray[np.int16],
        canvas: Canvas,
        around: Furniture,
        keys: Sequence[str],
    ) -> None:
        """Draw the grid and the curves, in this order, into these views of the frame."""
        for row in around.grid_rows:
            characters[row, list(around.grid_columns)] = ord("·")
            inks[row] = _GRID
        drawn = canvas.owner != NOBODY
        characters[drawn] = canvas.characters(self._glyphs)[drawn]
        inks[drawn] = _FIRST_CURVE + canvas.owner[drawn]
        for index, key in enumerate(keys):
            columns = np.flatnonzero((canvas.owner == index).any(axis=0))
            if key and columns.size:
                row = int(np.argmax(canvas.owner[:, columns[-1]] == index))
                characters[row, columns[-1]] = ord(key)

    def _draw_markers(
        self,
        characters: NDArray[np.uint32],
        inks: NDArray[np.int16],
        canvas: Canvas,
        markers: Sequence[Marker],
        xlim: Limits,
    ) -> None:
        """Draw the lines and labels of the live changes, and the marks of divergence, into views of the frame."""
        rows, columns = characters.shape
        if not rows or not columns:
            return
        lines = marker_columns(markers, xlim, columns)
        characters[:, lines] = ord("┊")
        inks[:, lines] = _LINE
        # The marks of divergence have the top row to themselves: a label must not hide the one thing that matters.
        diverged = bool(canvas.diverged.any())
        if diverged:
            characters[0, canvas.diverged] = canvas.characters(self._glyphs)[0, canvas.diverged]
            inks[0, canvas.diverged] = _ERROR
        room = min(_label_rows(rows), rows - diverged)
        for label in marker_labels(markers, xlim, columns, room):
            row, stop = label.row + diverged, label.start + len(label.text)
            characters[row, label.start : stop] = _code_points(label.text)
            inks[row, label.start : stop] = _LABEL

    def _title_row(self, curves: Sequence[Curve], keys: Sequence[str], styles: Sequence[Style]) -> tuple[Span, ...]:
        """Return the first row: title, what is not drawn, and the newest values; the least of these when narrow."""
        plain, bold = styles[_TEXT], styles[_LABEL] + Style(bold=True)
        dropped = sum(curve.series.nonpositive for curve in curves) if self._log_y else 0
        note: list[Span] = [(f" ({dropped} ≤ 0 not drawn)", styles[_ERROR])] if dropped else []
        values: list[list[Span]] = []
        solid: list[list[Span]] = []
        for index, curve in enumerate(curves):
            if not curve.series.count or curve.silent:
                continue
            value = "" if curve.ghost else (curve.readout or compact)(curve.series.last)
            # Dimmed text is hard to read where dimmed dots are not.
            style = styles[_FIRST_CURVE + index] + Style(dim=False)
            name = f"{keys[index]} {curve.label}".lstrip()
            finite = curve.ghost or np.isfinite(curve.series.last)
            number = style + Style(bold=not curve.faint) if finite else styles[_ERROR]
            values.append([(f"{name} " if name else "", style), (value, number)])
            if not curve.faint:
                solid.append(values[-1])
        # What a person looks for is the newest value: everything else makes room for it, the least important first.
        title, short = [(self._title, bold), *note], [(self._short, bold)]
        bare = [spans[1:] for spans in solid[:1]]
        spans: list[Span] = []
        for head, kept in ((title, values), (title, solid), (short + note, solid), (short, solid), (short, solid[:1])):
            spans = _joined(head, kept, plain)
            if _width(spans) <= self.size.width:
                return _fitted(spans, self.size.width, plain)
        return _fitted(_joined(short, bare, plain), self.size.width, plain)

    # --- colours ------------------------------------------------------------------------------------------------

    def _styles(self, curves: Sequence[Curve]) -> tuple[Style, ...]:
        """Return the style of each ink, from the theme."""
        background = self.background_colors[1]
        inks = [
            self._style("foreground", background, 0.7),
            self._style("foreground", background, 0.35),
            self._style("foreground", background, 0.75),
            self._style("foreground", background, 0.45),
            self._style("foreground", background, 0.0),
            self._style("error", background, 0.0) + Style(bold=True),
        ]
        for curve in curves:
            soft = self._style(curve.colour, background, 0.3) + Style(dim=True)
            inks.append(soft if curve.faint else self._style(curve.colour, background, 0.0))
        return tuple(inks)

    def _style(self, name: str, background: Color, softness: float) -> Style:
        """Return the theme's colour `name`, in its variant for text if it has one, mixed with the background."""
        variables = self.app.theme_variables
        try:
            colour = Color.parse(variables.get(f"text-{name}") or variables.get(name, name))
        except ColorParseError:
            colour = self.colors[3]
        if colour.ansi is not None or background.ansi is not None:
            # The terminal's own colours cannot be mixed.
            dim = Style(dim=True) if softness >= 0.3 else Style()
            return Style(color=colour.rich_color, bgcolor=background.rich_color) + dim
        mixed = (background + colour).blend(background, softness)
        return Style(color=mixed.rich_color, bgcolor=background.rich_color)


def _label_rows(rows: int) -> int:
    """Return how many rows labels may take: on a low canvas a third at most, as the curves are what it is for."""
    return min(LABEL_ROWS, max(rows // 3, 1))


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.uint32)


def _extent(strokes: Sequence[Stroke]) -> tuple[float, float]:
    """Return the least and the greatest height of any of `strokes`; (nan, nan) for none."""
    low = min((float(np.fmin.reduce(curve.low, initial=np.inf)) for curve in strokes), default=np.inf)
    high = max((float(np.fmax.reduce(curve.high, initial=-np.inf)) for curve in strokes), default=-np.inf)
    return (low, high) if low <= high else (np.nan, np.nan)


def _joined(head: Sequence[Span], parts: Sequence[Sequence[Span]], plain: Style) -> list[Span]:
    spans = [*head]
    for number, part in enumerate(parts):
        spans += [("   " if number == 0 else " · ", plain), *part]
    return spans


def _width(spans: Sequence[Span]) -> int:
    return sum(cell_len(text) for text, _ in spans)


def _fitted(spans: Sequence[Span], width: int, blank: Style) -> tuple[Span, ...]:
    """Return `spans` in exactly `width` cells: cut off with an ellipsis, or filled with blanks."""
    total = _width(spans)
    if total <= width:
        return *spans, (" " * (width - total), blank)
    fitted: list[Span] = []
    room = width - 1
    for text, style in spans:
        cells = min(cell_len(text), room)
        fitted.append((text if cells == cell_len(text) else set_cell_size(text, cells), style))
        room -= cells
    return *fitted, ("…", blank)
