"""A widget's own style and those of its parts, worked out once."""

from __future__ import annotations

import contextlib

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.widget import Widget


class KnownStyle(Widget):
    """Put before a widget's other bases: its style is worked out once, and anew when a theme or its own rules change.

    Textual asks all ancestors for theirs every time, 0.3 ms or so for a line that takes 0.1 ms to draw.
    """

    _known_style: Style | None = None
    _known_looks: dict[str, Style] | None = None

    @property
    def rich_style(self) -> Style:
        """The style of what is drawn without one of its own."""
        if self._known_style is None:
            self._known_style = super().rich_style
        return self._known_style

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
        self._known_style = self._known_looks = None
        super().notify_style_update()
