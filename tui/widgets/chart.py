"""Curves over the steps of a run, with a line for every live change."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.events import MouseDown, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..charts.abscissa import Abscissa
from ..charts.axes import Limits, StickyLimits, cell, linear_ticks, log_ticks
from ..charts.glyphs import Glyphs, suitable_glyphs
from ..charts.markers import Marker, marker_labels
from ..charts.milestones import Milestones
from ..charts.picture import ERROR, FIRST_CURVE, LABEL, TEXT, Line, Picture, drawn, extent, label_rows
from ..charts.raster import DOTS_ACROSS, stroke
from ..charts.viewport import Viewport
from .changed_cells import regions_of
from .chart_frame import Frame
from .chart_inks import Inks
from .chart_title import Span, Told, title_row
from .curve import STEPS, Curve
from .known_style import KnownStyle

__all__ = ["Curve", "LiveChart", "Marker"]

_COLUMNS_A_TICK = 10
_ROWS_A_TICK = 2.5
_BOLD, _LIGHT, _CLEAR = Style(bold=True), Style(bold=False), Style(dim=False)
_SELECTED = Style(bold=True, underline=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What `show` was last asked for."""

    curves: tuple[Curve, ...]
    counts: tuple[int, ...]
    markers: tuple[Marker, ...]
    shown: Limits
    abscissa: Abscissa
    milestones: Milestones


class LiveChart(KnownStyle, Widget):
    """A chart that is told what to show by the screen's one clock, and redraws only the rows that changed.

    The wheel zooms where the mouse is, a drag moves what is seen, and the crosshair follows the mouse: what is seen
    and where the crosshair stands belongs to the `Viewport`, which charts beside each other share.
    """

    class Chosen(Message):
        """Somebody has clicked on a chart."""

        def __init__(self, chart: LiveChart) -> None:
            """Say which."""
            super().__init__()
            self.chart = chart

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
        viewport: Viewport | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name for it
        classes: str | None = None,
    ) -> None:
        """Make an empty chart.

        Args:
            title: Stands at the left of the first row.
            short: Stands there instead where the newest value would have no room beside the title.
            log_y: Whether the vertical axis is logarithmic.
            glyphs: What the curves are drawn with; None for what the terminal can print.
            viewport: What is seen of the horizontal axis; None for one of its own.
            id: Textual's id of the widget.
            classes: Textual's classes of the widget, separated by blanks.
        """
        super().__init__(id=id, classes=classes)
        self._title, self._short = title, short or title
        self._log_y = log_y
        self._abscissa = Abscissa()
        self._is_selected = False
        self._glyphs: Glyphs = glyphs or suitable_glyphs()
        self._viewport = viewport or Viewport()
        self._request: _Request | None = None
        self._now = 0.0
        self._y_limits = StickyLimits(log=log_y)
        self._sight: object = None
        """Of which curves, and how much of them, the limits are."""
        self._xlim: Limits = (0.0, 1.0)
        self._picture: Picture | None = None
        self._pointer: float | None = None
        self._frame: Frame | None = None
        self._strips: list[Strip] = []
        self._inks = Inks(self)
        self._dragged_from: int | None = None
        self._has_dragged = False

    @property
    def log_y(self) -> bool:
        """Whether the vertical axis is logarithmic; setting it redraws the chart at once."""
        return self._log_y

    @log_y.setter
    def log_y(self, log_y: bool) -> None:
        if log_y != self._log_y:
            self._log_y = log_y
            self._y_limits = StickyLimits(log=log_y)
            self._redraw(self.size)

    @property
    def abscissa(self) -> Abscissa:
        """What the horizontal axis counts, and how."""
        return self._abscissa

    @abscissa.setter
    def abscissa(self, abscissa: Abscissa) -> None:
        # The next `show` draws it: what is seen has to be known in the new measure first.
        self._abscissa = abscissa

    def name_it(self, title: str, short: str, *, selected: bool = False) -> None:
        """Give the chart another title, underlined where the keys mean this chart."""
        if (title, short, selected) != (self._title, self._short, self._is_selected):
            self._title, self._short, self._is_selected = title, short, selected
            self._retitle(self.size)

    def show(
        self, curves: Sequence[Curve], markers: Sequence[Marker], *, x_end: float, now: float, about: object = None
    ) -> int:
        """Bring the chart up to date and return the number of rows that changed.

        Args:
            curves: Later ones on top, but all faint ones behind all others.
            markers: The live changes so far.
            x_end: How far the axis reaches, in its measure: the newest step, or the last of a run of known length.
            now: Monotonic seconds.
            about: What the curves are of: where it is something else than before, nothing is left of the old axis.
        """
        curves = sorted(curves, key=lambda curve: not curve.faint)
        measure = self._abscissa.measure
        x_end = max([x_end, *(curve.end(measure) for curve in curves if curve.series.count and not curve.ghost)])
        shown = self._viewport.limits(x_end, now)
        # What nobody has to see any more, or has chosen not to see, must not press the rest flat until limits shrink.
        ghosts = frozenset(curve.label for curve in curves if curve.ghost)
        sight = about, ghosts, self._abscissa, self._viewport.sight
        if sight != self._sight:
            self._sight, self._y_limits = sight, StickyLimits(log=self._log_y)
        waiting = self._y_limits.waiting or self._viewport.waiting
        request = _Request(
            curves=tuple(curves),
            counts=tuple(curve.series.count for curve in curves),
            markers=tuple(markers),
            shown=shown,
            abscissa=self._abscissa,
            milestones=next((curve.milestones for curve in curves if not curve.ghost), STEPS),
        )
        self._now = now
        size = self.size
        if request == self._request and not waiting and self._frame is not None and self._frame.size == size:
            return self._retitle(size) if self._pointer != self._viewport.pointer else 0
        self._request = request
        return self._redraw(size)

    def export(self) -> str:
        """Return the chart as it stands, as plain text without blanks at the ends of its rows."""
        if self._frame is None:
            return ""
        rows = ("".join(text for text, _ in self._frame.spans(row)) for row in range(self._frame.size.height))
        return "\n".join(row.rstrip() for row in rows)

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the content."""
        if y < len(self._strips) and self._strips[y].cell_length == self.size.width:
            return self._strips[y]
        style = self.rich_style
        if y >= len(self._strips):
            return Strip.blank(self.size.width, style)
        return self._strips[y].adjust_cell_length(self.size.width, style)

    def on_resize(self, event: Resize) -> None:
        """Draw for the new size without waiting for the clock, with an axis that fits what is seen now."""
        # Everything moves anyway; and how the chart looks must not depend on the sizes that it has had on the way.
        self._y_limits = StickyLimits(log=self._log_y)
        self._redraw(self.size)

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        super().notify_style_update()
        self._inks.forget()
        self._redraw(self.size)

    def beside(self, place: float, columns: int) -> float:
        """Return what the axis counts so many columns to the right of a place, within what is seen."""
        low, high = self._xlim
        width = self._picture.width if self._picture is not None else 2
        coordinate = max(self._abscissa.coordinate(place), low) + columns * (high - low) / max(width - 1, 1)
        return self._abscissa.value(min(max(coordinate, low), high))

    # --- the mouse ----------------------------------------------------------------------------------------------

    def on_mouse_down(self, event: MouseDown) -> None:
        """Take hold of the curves."""
        self._dragged_from, self._has_dragged = event.screen_x, False
        self.capture_mouse()
        self.post_message(self.Chosen(self))

    def on_mouse_up(self, event: MouseUp) -> None:
        """Let go; a click without a drag puts the crosshair there, or takes it away."""
        if self._dragged_from is not None and not self._has_dragged:
            if self._viewport.pointer is None:
                self._viewport.point_at(self._place_of(event))
            else:
                self._viewport.pointer = None
        self._dragged_from = None
        self.release_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Move what is seen with a drag, or the crosshair, until the next frame."""
        if self._dragged_from is not None and self._picture is not None:
            moved = event.screen_x - self._dragged_from
            if moved and self._picture.width:
                self._dragged_from, self._has_dragged = event.screen_x, True
                self._viewport.pan(-moved / self._picture.width)
        elif self._viewport.pointer is not None:
            self._viewport.point_at(self._place_of(event))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Show less, around the mouse."""
        self._zoom(0.8, event)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Show more, around the mouse."""
        self._zoom(1.25, event)

    def _zoom(self, factor: float, event: MouseEvent) -> None:
        event.stop()
        low, high = self._viewport.shown
        self._viewport.zoom(factor, (self._place_of(event) - low) / (high - low))

    def _place_of(self, event: MouseEvent) -> float:
        """Return what the horizontal axis counts under the mouse, within what is seen."""
        low, high = self._viewport.shown
        if self._picture is None or self._picture.width < 2:
            return low
        share = (event.get_content_offset_capture(self).x - self._picture.left) / (self._picture.width - 1)
        coordinate = self._xlim[0] + share * (self._xlim[1] - self._xlim[0])
        return min(max(self._abscissa.value(coordinate), low), high)

    # --- drawing ------------------------------------------------------------------------------------------------

    def _redraw(self, size: Size) -> int:
        """Draw what was last asked for and mark the rows that changed; return their number."""
        if self._request is None or not self.is_attached or not size:
            return 0
        self._picture = self._pictured(self._request, size)
        return self._retitle(size)

    def _retitle(self, size: Size) -> int:
        """Put title and crosshair to the curves as they were drawn last; return the number of rows that changed."""
        picture, request = self._picture, self._request
        if picture is None or request is None or not self.is_attached or not size:
            return 0
        self._pointer = self._viewport.pointer
        styles = self._inks.of(request.curves)
        column = self._pointer_column(picture)
        if column is not None:
            picture = picture.with_pointer(column, self._glyphs)
        title = self._title_row(request, styles, size.width)
        frame = Frame(
            size=Size(picture.characters.shape[1], picture.characters.shape[0] + 1),
            title=title,
            picture=picture,
            styles=styles,
        )
        changes = frame.changes(self._frame)
        if len(self._strips) != frame.size.height:
            self._strips = [Strip([])] * frame.size.height
        for row in changes:
            segments = [Segment(text, style) for text, style in frame.spans(row)]
            self._strips[row] = Strip(segments, frame.size.width)
        self._frame = frame
        if changes:
            # Only the cells that changed go over the wire: of a growing curve that is its end.
            self.refresh(*regions_of(changes))
        return len(changes)

    def _pictured(self, request: _Request, size: Size) -> Picture:
        curves, abscissa = request.curves, request.abscissa
        first = float(request.milestones.at(abscissa.measure, 1.0))
        xlim = self._xlim = abscissa.limits(request.shown, first)
        strokes = [
            stroke(
                abscissa.envelope(curve.series, curve.milestones, xlim, size.width * DOTS_ACROSS),
                curve.shape,
                log_y=self._log_y,
            )
            for curve in curves
        ]
        living = [stroke for stroke, curve in zip(strokes, curves, strict=True) if not curve.ghost]
        markers = [
            Marker(step=abscissa.coordinate(place), label=marker.label)
            for marker, place in zip(
                request.markers,
                request.milestones.at(abscissa.measure, [marker.step for marker in request.markers]).tolist(),
                strict=True,
            )
        ]
        ylim = self._y_limits.update(*extent(living, xlim), self._now)
        ylim = _below_labels(ylim, markers, xlim, size)
        ticks = log_ticks if self._log_y else linear_ticks
        keys = self._keys(curves)
        several = sum(bool(curve.label) and not curve.faint for curve in curves) > 1
        return drawn(
            [
                Line(stroke=stroke, key=key, name=curve.label if several and not curve.faint else "")
                for stroke, key, curve in zip(strokes, keys, curves, strict=True)
            ],
            (size.width, size.height - 1),
            (xlim, ylim),
            (
                abscissa.ticks(xlim, max(2, size.width // _COLUMNS_A_TICK)),
                ticks(*ylim, max(2, round((size.height - 4) / _ROWS_A_TICK))),
            ),
            markers,
            glyphs=self._glyphs,
            is_empty=not any(request.counts),
        )

    def _pointer_column(self, picture: Picture) -> int | None:
        """Return the canvas column of the crosshair; None where it cannot be seen."""
        if self._viewport.pointer is None or picture.width < 1 or picture.height < 1:
            return None
        place = self._abscissa.coordinate(self._viewport.pointer)
        if not self._xlim[0] <= place <= self._xlim[1]:
            return None
        return cell(place, self._xlim, picture.width, DOTS_ACROSS)

    def _keys(self, curves: Sequence[Curve]) -> list[str]:
        """Return a letter for each curve that has to be told apart without colours, "" for the others."""
        if not self.app.no_color or sum(not curve.faint for curve in curves) < 2:
            return [""] * len(curves)
        taken = {curve.letter for curve in curves}
        letters = iter([letter for letter in string.ascii_uppercase if letter not in taken])
        return ["" if curve.faint else curve.letter or next(letters, "") for curve in curves]

    def _title_row(self, request: _Request, styles: Sequence[Style], width: int) -> tuple[Span, ...]:
        """Return the first row."""
        plain, bold = styles[TEXT], styles[LABEL] + (_SELECTED if self._is_selected else _BOLD)
        dropped = sum(curve.series.nonpositive for curve in request.curves) if self._log_y else 0
        note = [(f" ({dropped} ≤ 0 not drawn)", styles[ERROR])] if dropped else []
        told: list[Told] = []
        pointed = self._pointer is not None
        keyed = enumerate(zip(request.curves, self._keys(request.curves), strict=True))
        # Where there is room for few, those that are always told come first, and then the one that the keys steer.
        for index, (curve, key) in sorted(keyed, key=lambda found: (found[1][0].silent, not found[1][0].leads)):
            if not curve.series.count or (curve.silent and not pointed):
                continue
            # Dimmed text is hard to read where dimmed dots are not.
            style = styles[FIRST_CURVE + index] + _CLEAR
            value = curve.value(self._pointer, request.abscissa.measure)
            if pointed and value is None:
                continue
            tells_raw = pointed and curve.raw is not None
            name = f"{key} {curve.label}".strip()
            # Of the curves of one run the first is what the title says, and a letter stands on its curve as well.
            brief = name if curve.silent else key or ("" if not any(each.is_solid for each in told) else name)
            number = styles[ERROR]
            if value is None or math.isfinite(value):
                number = style + (_LIGHT if curve.faint else _BOLD)
            told.append(
                Told(
                    name=f"{name} smoothed".strip() if tells_raw else name,
                    brief=brief,
                    value=curve.read(value),
                    look=style,
                    number=number,
                    is_solid=not curve.faint,
                )
            )
            if tells_raw:
                text = curve.read(curve.value(self._pointer, request.abscissa.measure, raw=True))
                told.append(Told(name="raw", brief="raw", value=text, look=style, number=style, is_solid=False))
        short = (self._short, bold)
        return title_row((self._title, bold), short, note, told, width, plain, counts=pointed)


def _below_labels(ylim: Limits, markers: Sequence[Marker], xlim: Limits, size: Size) -> Limits:
    """Return the limits with room at the top for the rows of labels, so that none of them hides a curve."""
    if not markers:
        return ylim
    rows = size.height - 4
    labels = marker_labels(markers, xlim, max(1, size.width - 8), label_rows(rows))
    taken = max((label.row + 1 for label in labels), default=0)
    if taken == 0 or rows - taken < 2:
        return ylim
    low, high = ylim
    return low, high + (high - low) * taken / (rows - taken)
