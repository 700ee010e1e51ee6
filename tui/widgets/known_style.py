"""A widget's own style and those of its parts, worked out once."""

from __future__ import annotations

import contextlib

from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
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
    _suited_looks: dict[Style | None, Style | None] | None = None
    """What becomes of a style on this terminal; None where it stays what it is."""
    _known_looks: dict[str, Style] | None = None

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

    def look(self, name: str) -> Style:
        """Return a style of this theme by its name: manners and a colour, such as "bold primary".

        After "on" stands a ground, and how much of it is mixed with that of the widget: "foreground on primary 20%".
        """
        if self._known_looks is None:
            self._known_looks = {}
        style = self._known_looks.get(name)
        if style is None:
            front, _, ground = name.partition(" on ")
            words = front.split()
            style = Style(bold="bold" in words, dim="dim" in words, reverse="reverse" in words)
            # "plain" has the widget's own colour, as has a name that a theme lacks.
            for colour in words:
                with contextlib.suppress(ColorParseError):
                    style += Style(color=self._colour(colour).rich_color)
            if ground:
                colour, _, share = ground.partition(" ")
                own, other = self.background_colors[1], self._colour(colour)
                # A terminal's own colours cannot be mixed.
                is_own = share and other.ansi is not None
                mixed = own if is_own else own.blend(other, int(share.rstrip("%") or 100) / 100)
                style += Style(bgcolor=mixed.rich_color)
            self._known_looks[name] = style
        return style

    def _colour(self, name: str) -> Color:
        return Color.parse(self.app.theme_variables.get(name, name))

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        self._known_style = self._known_looks = self._known_ground = self._suited_looks = None
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
        if self._suited_looks is None:
            self._suited_looks = {}
        looks = self._suited_looks
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
