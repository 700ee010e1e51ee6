"""Help for what has the focus: what there is to see, the keys in force there, and those of the whole screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Markdown, Static

from .sizes import NewestSizeOnly

LEAST_KEY = 9
"""Cells that a key takes at least, so that the words stand below each other."""


class HelpScreen(NewestSizeOnly, ModalScreen[None]):
    """Says what there is to see where the keys go, and what each of them does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss(None)", "Close")]

    def __init__(self, about: Screen[Any]) -> None:
        """Explain what has the focus on this screen."""
        super().__init__()
        # Now: the focus and the keys of the screen change when another one lies over it.
        self._explained = _explanations(about)
        self._keys = keys_of(about)

    def compose(self) -> ComposeResult:
        """Put the explanation over the keys."""
        with VerticalScroll(classes="dialog help"):
            for text in self._explained:
                yield Markdown(text)
            for heading, rows in self._keys:
                width = max(LEAST_KEY, *(cell_len(key) for key, _ in rows)) + 2
                yield Static(Content(heading), classes="help-heading")
                for key, words in rows:
                    # One widget a row, so that a long sentence is wrapped beside its key and not below it.
                    yield Static(
                        Content.assemble((f"{key}{' ' * (width - cell_len(key))}", "bold $primary"), words),
                        classes="help-key",
                    )
            yield Static(Content("esc closes this"), classes="dialog-hint")


Keys = list[tuple[str, list[tuple[str, str]]]]
"""Headings, and under each the keys with what they do."""


def keys_of(screen: Screen[Any]) -> Keys:
    """Return the keys in force on a screen: those of the widget in focus first, as they are bound now."""
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for node, binding, words in _bindings(screen):
        display = screen.app.get_key_display(binding)
        rows = shared if node is screen or node is screen.app else own
        same = next((row for row in rows if row[1] == words), None)
        if same is not None:
            rows[rows.index(same)] = (f"{same[0]} {display}", words)
        else:
            rows.append((display, words))
    return [(heading, rows) for heading, rows in (("Keys here", own), ("Keys everywhere", shared)) if rows]


def _bindings(screen: Screen[Any]) -> Iterator[tuple[DOMNode, Binding, str]]:
    """Yield every binding of ours with its words; Textual's own, which have no id, go without saying."""
    for active in screen.active_bindings.values():
        if active.binding.id and (words := active.binding.tooltip or active.binding.description):
            yield active.node, active.binding, words if active.enabled else f"{words} (locked by the lesson)"


def _explanations(screen: Screen[Any]) -> list[str]:
    """Return what the widget in focus says about itself, and what its surroundings say, from the inside out."""
    inside = screen.focused if screen.focused is not None else screen
    found = [str(node.HELP) for node in inside.ancestors_with_self if getattr(node, "HELP", None)]
    return list(dict.fromkeys(found))
