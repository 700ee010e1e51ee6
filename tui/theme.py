"""Colours: two themes after the palette of Okabe and Ito, which people tell apart whatever their eyes.

Source: M. Okabe, K. Ito, "Color Universal Design: how to make figures that are colourblind barrier free", 2008.
"""

from __future__ import annotations

from textual.theme import Theme

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
