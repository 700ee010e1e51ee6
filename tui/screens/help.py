"""Help for what has the focus: what there is to see, the keys in force there, and those of the whole screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Markdown, Static

from ..charts.glyphs import spelled
from ..key_names import rekeyed
from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly

LEAST_KEY = 9
"""Cells that a key takes at least, so that the words stand below each other."""
PALETTE = "every command by its name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedKey:
    """One thing to do, and the keys that do it."""

    keys: str
    words: str
    action: str
    node: DOMNode
    """Whose action it is."""


class HelpKey(Static):
    """One row: the keys and what they do; a click does it."""

    class Clicked(Message):
        """A person wants this to be done."""

        def __init__(self, explained: ExplainedKey) -> None:
            """Say which key."""
            super().__init__()
            self.explained = explained

    def __init__(self, explained: ExplainedKey, width: int) -> None:
        """Show the keys in a column of so many cells, and the words beside it."""
        # One widget a row, so that a long sentence never runs on under another key.
        keys = explained.keys + " " * (width - cell_len(explained.keys))
        super().__init__(Content.assemble((keys, "bold $primary"), explained.words), classes="help-key")
        self._explained = explained

    def on_click(self) -> None:
        """Do what the key does."""
        self.post_message(self.Clicked(self._explained))


class HelpScreen(ClosesOnlyItself, NewestSizeOnly, ModalScreen[None]):
    """Says what there is to see where the keys go, and what each of them does."""

    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (10, "-high")]  # noqa: RUF012  Textual declares it so
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
                yield Markdown(spelled(text))
            for heading, keys in self._keys:
                yield Static(Content(heading), classes="help-heading")
                width = max(LEAST_KEY, *(cell_len(each.keys) for each in keys)) + 2
                for each in keys:
                    yield HelpKey(each, width)
            yield Static(Content("A click on a row does what its key does. esc closes this."), classes="dialog-hint")

    async def on_help_key_clicked(self, message: HelpKey.Clicked) -> None:
        """Close, and do what was clicked."""
        app, explained = self.app, message.explained
        self.dismiss(None)
        app.call_later(app.run_action, explained.action, explained.node)


def keys_of(screen: Screen[Any]) -> list[tuple[str, list[ExplainedKey]]]:
    """Return headings and under each the keys in force: those of the widget in focus first, as they are bound now."""
    own: list[ExplainedKey] = []
    shared: list[ExplainedKey] = []
    for active in screen.active_bindings.values():
        binding, node = active.binding, active.node
        words = PALETTE if binding.action == "command_palette" else binding.tooltip or binding.description
        # Textual's own have no id, and go without saying.
        if not words or not (binding.id or words == PALETTE):
            continue
        if words == PALETTE and isinstance(screen, ModalScreen):
            continue  # a dialog has none
        display = screen.app.get_key_display(binding)
        rows = shared if node is screen or node is screen.app else own
        same = next((row for row in rows if row.action == binding.action), None)
        if same is not None:
            known = same.keys.split()
            rows[rows.index(same)] = replace(same, keys=" ".join(dict.fromkeys([*known, display])))
        else:
            locked = "" if active.enabled else " (locked by the lesson)"
            rows.append(ExplainedKey(keys=display, words=f"{words}{locked}", action=binding.action, node=node))
    return [(heading, rows) for heading, rows in (("Keys here", own), ("Keys everywhere", shared)) if rows]


def _explanations(screen: Screen[Any]) -> list[str]:
    """Return what the widget in focus says about itself, and what its surroundings say, from the inside out."""
    inside = screen.focused if screen.focused is not None else screen
    nodes = [node for node in inside.ancestors_with_self if getattr(node, "HELP", None)]
    found = [rekeyed(str(getattr(node, "HELP", "")), _usual_keys(node, screen)) for node in nodes]
    return list(dict.fromkeys(found))


def _usual_keys(*nodes: DOMNode) -> list[BindingType]:
    """Return the keys of nodes as they are where nobody has given them to other commands, the first node's first."""
    return [binding for node in nodes for kind in type(node).__mro__ for binding in vars(kind).get("BINDINGS", ())]
