"""A list from which several things, or one, are picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ..widgets.option_list import SteadyOptionList
from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line of the list."""

    key: str
    text: str


class PickScreen(ClosesOnlyItself, NewestSizeOnly, ModalScreen[list[str] | None]):
    """Hands back the keys of what was picked, in the order of picking; None where nothing is to change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pick", "Pick", show=False),
        Binding("escape,c,e,k", "finish", "Done"),
    ]

    def __init__(
        self, title: str, choices: Sequence[Choice], picked: Sequence[str] = (), *, most: int = 1, hint: str = ""
    ) -> None:
        """Offer these choices, of which some are `picked` already; with `most` 1 the first answer closes the list."""
        super().__init__()
        self._title, self._choices, self._most, self._hint = title, tuple(choices), most, hint
        self._picked = [key for key in picked if any(key == choice.key for choice in choices)]

    def compose(self) -> ComposeResult:
        """Put the choices under their title."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._title), classes="dialog-title")
            yield SteadyOptionList(*(Option(self._line(choice), id=choice.key) for choice in self._choices))
            yield Static(Content(self._hint or self._usual_hint), classes="dialog-hint")

    @property
    def _usual_hint(self) -> str:
        return "enter picks, esc leaves" if self._most == 1 else "enter or space: on or off · esc: done"

    def _line(self, choice: Choice) -> Content:
        if self._most == 1:
            return Content(choice.text)
        sign = f"{self._picked.index(choice.key) + 1}" if choice.key in self._picked else " "
        return Content(f"[{sign}] {choice.text}")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Pick by Enter or by a click."""
        self._toggle(event.option_id or "")

    def action_pick(self) -> None:
        """Pick what is highlighted."""
        choices = self.query_one(OptionList)
        if choices.highlighted is not None:
            self._toggle(choices.get_option_at_index(choices.highlighted).id or "")

    def action_finish(self) -> None:
        """Hand back what is picked."""
        self.dismiss(None if self._most == 1 else self._picked)

    def _toggle(self, key: str) -> None:
        if self._most == 1:
            self.dismiss([key])
            return
        if key in self._picked:
            self._picked.remove(key)
        else:
            # One more than there may be takes the place of the one that was picked last.
            self._picked = [*self._picked[: self._most - 1], key]
        choices = self.query_one(OptionList)
        for number, choice in enumerate(self._choices):
            choices.replace_option_prompt_at_index(number, self._line(choice))
