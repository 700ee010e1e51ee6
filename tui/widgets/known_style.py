"""A widget's own style, worked out once."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class KnownStyle(Widget):
    """Put before a widget's other bases: its style is worked out once, and anew when a theme or its own rules change.

    Textual asks all ancestors for theirs every time, 0.3 ms or so for a line that takes 0.1 ms to draw. For a widget
    that is nothing but its rows, without border or padding, nor does it look up the rules of each of them again.
    """

    _known_style: Style | None = None
    _known_ground: tuple[Color | None] | None = None
    """What lies beneath the rows; None in it where there is more than rows."""
    _known_looks: dict[Style | None, Style | None] | None = None
    """What becomes of a style on this terminal; None where it stays what it is."""

    @property
    def rich_style(self) -> Style:
        """The style of what is drawn without one of its own."""
        if self._known_style is None:
            self._known_style = super().rich_style
        return self._known_style

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows within `crop`, each as `render_line` has it."""
        if self._known_ground is None:
            self._known_ground = (self._ground(),)
        (ground,) = self._known_ground
        if ground is None:
            return super().render_lines(crop)
        strips = [self._suited(self.render_line(y), ground) for y in crop.line_range]
        if crop.x or any(strip.cell_length != crop.width for strip in strips):
            style = self.rich_style
            return [strip.adjust_cell_length(crop.right, style).crop(crop.x, crop.right) for strip in strips]
        return strips

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        self._known_style = self._known_ground = self._known_looks = None
        super().notify_style_update()

    def _ground(self) -> Color | None:
        styles = self.styles
        over_rows = (
            *styles.gutter,
            *styles.outline.spacing,
            styles.tint.a,
            styles.has_rule("hatch"),
            self.opacity != 1.0,
            styles.text_opacity != 1.0,
        )
        return None if any(over_rows) else self.background_colors[1]

    def _suited(self, strip: Strip, ground: Color) -> Strip:
        """Return a row in the colours that this terminal has, which are mostly those that it is in."""
        if self._known_looks is None:
            self._known_looks = {}
        looks = self._known_looks
        try:
            others = [looks[style] for _, style, _ in strip]
        except KeyError:
            looks.update({style: self._suited_look(style, ground) for _, style, _ in strip})
            others = [looks[style] for _, style, _ in strip]
        if not any(others):
            return strip
        segments = [
            Segment(text, other or style, control) for (text, style, control), other in zip(strip, others, strict=True)
        ]
        return Strip(segments, strip.cell_length)

    def _suited_look(self, style: Style | None, ground: Color) -> Style | None:
        """Return what becomes of a style on this terminal; None where it stays what it is."""
        segments = [Segment(" ", style)]
        for each in self.get_line_filters():
            segments = each.apply(segments, ground)
        return None if segments[0].style == style else segments[0].style
