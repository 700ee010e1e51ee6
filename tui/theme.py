"""Colours: themes after the palette of Okabe and Ito, which people tell apart whatever their eyes, and plainer ones.

Source: M. Okabe, K. Ito, "Color Universal Design: how to make figures that are colourblind barrier free", 2008.
"""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

ANSI_DARK = BUILTIN_THEMES["ansi-dark"]

DARK = Theme(
    name="gdtui-dark",
    dark=True,
    primary="#56B4E9",
    secondary="#0072B2",
    accent="#E69F00",
    success="#2FBF8F",
    warning="#F0E442",
    error="#FF7043",
    foreground="#DDE3EA",
    background="#10151B",
    surface="#161D25",
    panel="#1E2731",
    variables={"footer-key-foreground": "#56B4E9", "footer-background": "#161D25", "block-cursor-text-style": "bold"},
)
LIGHT = Theme(
    name="gdtui-light",
    dark=False,
    primary="#0072B2",
    secondary="#56B4E9",
    accent="#B35900",
    success="#00795A",
    warning="#8A6D00",
    error="#C33C00",
    foreground="#1B232C",
    background="#FBFBF8",
    surface="#F1F2EE",
    panel="#E4E7E2",
    variables={"footer-key-foreground": "#0072B2", "footer-background": "#E4E7E2", "block-cursor-text-style": "bold"},
)
BLUE_ORANGE = Theme(
    name="gdtui-blue-orange",
    dark=True,
    primary="#6CB8FF",
    secondary="#2F7FD0",
    accent="#FFA62B",
    success="#C9D6E4",
    warning="#FFD08A",
    error="#FF8C00",
    foreground="#E2E6EB",
    background="#0E1217",
    surface="#151B23",
    panel="#1E2630",
    variables={"footer-key-foreground": "#6CB8FF", "footer-background": "#151B23", "block-cursor-text-style": "bold"},
)
"""For people who see neither red nor green: blues, oranges and greys that differ in lightness as well."""
HIGH_CONTRAST = Theme(
    name="gdtui-high-contrast",
    dark=True,
    primary="#00FFFF",
    secondary="#80C0FF",
    accent="#FFFF00",
    success="#00FF66",
    warning="#FFFF00",
    error="#FF6060",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#1A1A1A",
    text_alpha=1.0,
    variables={
        "footer-key-foreground": "#00FFFF",
        "footer-background": "#000000",
        "footer-description-foreground": "#FFFFFF",
        "text-muted": "#FFFFFF",
        "block-cursor-text-style": "bold reverse",
    },
)
SIXTEEN = Theme(
    name="gdtui-16-colours",
    dark=True,
    primary="ansi_bright_cyan",
    secondary="ansi_cyan",
    accent="ansi_yellow",
    success="ansi_green",
    warning="ansi_bright_yellow",
    error="ansi_bright_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    ansi=True,
    variables={
        **ANSI_DARK.variables,
        "footer-key-foreground": "ansi_bright_cyan",
        "footer-background": "ansi_default",
        "block-cursor-text-style": "bold",
    },
)
"""The terminal's own sixteen colours, for one that has no more or whose owner has chosen them with care."""

THEMES = (DARK, LIGHT, BLUE_ORANGE, HIGH_CONTRAST, SIXTEEN)
"""gdtui's own, the usual one first; Textual's are there as well."""
