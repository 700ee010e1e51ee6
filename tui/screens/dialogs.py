"""The small dialogs: they ask one thing and hand back the answer."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from engine.method.optimizers import RULES, Rule, successor
from engine.method.schedules import SCHEDULES, Schedule, following
from engine.text import counted

from ..charts.glyphs import spelled
from ..key_names import with_keys
from ..widgets.option_list import SteadyOptionList
from ..wording import in_words
from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly

Leaving = Literal["stop", "leave"]


class QuitDialog(ClosesOnlyItself, NewestSizeOnly, ModalScreen[Leaving | None]):
    """Asks whether the run is to end with the dashboard."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('stop')", "Stop the run"),
        Binding("l", "answer('leave')", "Leave it running"),
        Binding("escape,q,c", "dismiss(None)", "Cancel"),
    ]

    def __init__(self, run: str, unrecorded: int = 0) -> None:
        """Ask about the run with this name, whose record lacks so many steps."""
        super().__init__()
        self._run, self._unrecorded = run, unrecorded

    def compose(self) -> ComposeResult:
        """Put the question over the three answers."""
        with Vertical(classes="dialog"):
            yield Static(Content(f"Leave {self._run}?"), classes="dialog-title")
            if self._unrecorded:
                lacking = f"Its record could not be written and lacks {counted(self._unrecorded, 'step')} by now"
                yield Static(
                    Content(f"{lacking}: the end of the run loses what is not written by then."),
                    classes="dialog-warning",
                )
            yield SteadyOptionList(
                Option(Content("Leave it running        l   come back with: gdtui attach"), id="leave"),
                Option(Content("Stop the run            s   what it recorded stays"), id="stop"),
                Option(Content("Stay here             esc"), id="stay"),
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by Enter or by a click."""
        self.action_answer(event.option_id or "stay")

    def action_answer(self, answer: str) -> None:
        """Hand back the answer."""
        self.dismiss("stop" if answer == "stop" else "leave" if answer == "leave" else None)


class OptimizerDialog(ClosesOnlyItself, NewestSizeOnly, ModalScreen[tuple[str, bool] | None]):
    """Asks for another optimizer, and whether it takes over what the old one has learnt."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "carry(True)", "Carry its state over"),
        Binding("n", "carry(False)", "Start anew"),
        Binding("escape,o", "dismiss(None)", "Cancel"),
    ]

    def __init__(self, current: Rule, scope: str = "") -> None:
        """Ask with the optimizer `current` in force, and say how far the switch reaches, if beyond one lane."""
        super().__init__()
        self._current, self._scope = current, scope

    def compose(self) -> ComposeResult:
        """List every other rule with the learning rate that it would come with; for all lanes, the present one too."""
        names = [name for name in RULES if self._scope or name != self._current.name]
        successors = [successor(self._current, name) for name in names]
        with Vertical(classes="dialog"):
            yield Static(Content(f"Switch from {self._current.title} to{self._scope}"), classes="dialog-title")
            yield SteadyOptionList(
                *(Option(Content(f"{rule.title:<12}α {in_words(rule.lr)}"), id=rule.name) for rule in successors)
            )
            with Horizontal(classes="buttons"):
                yield Button("Carry over (enter)", id="carry", variant="primary", compact=True)
                yield Button("Start anew (n)", id="anew", compact=True)
            yield Static(
                Content("What was learnt about the gradient is carried over, or nothing is remembered. esc stays."),
                classes="dialog-hint",
            )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by a click on one of the two ways."""
        self.action_carry(event.button.id == "carry")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by Enter or by a click."""
        self.dismiss((event.option_id or "", True))

    def action_carry(self, carry: bool) -> None:
        """Answer with the highlighted rule and this choice."""
        choices = self.query_one(OptionList)
        option = choices.get_option_at_index(choices.highlighted or 0)
        self.dismiss((option.id or "", carry))


DIALOG_COLUMNS, AROUND_OPTION = 72, 8
"""How wide a dialog is at most, as its style says, and what of it is border, padding and scroll bar."""
NAME_COLUMNS = 17
"""How far the words about a schedule stand to the right."""


class ScheduleDialog(ClosesOnlyItself, NewestSizeOnly, ModalScreen[str | None]):
    """Asks for another schedule of the learning rate."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,S", "dismiss(None)", "Cancel")]

    def __init__(self, current: Schedule) -> None:
        """Ask with the schedule `current` in force."""
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        """List every other schedule with what it does, so set up as it would come."""
        with Vertical(classes="dialog"):
            yield Static(Content(spelled(f"From the schedule {self._current.title} to")), classes="dialog-title")
            yield SteadyOptionList(*(Option(line, id=name) for name, line in self._lines().items()))
            yield Static(
                Content(with_keys("It moves the rate that is set as α. <run.settings> sets its numbers. esc stays.")),
                classes="dialog-hint",
            )

    def _lines(self) -> dict[str, Content]:
        """Return what stands in the list; what continues a line begins behind the column of the names."""
        room = min(DIALOG_COLUMNS, self.app.size.width * 95 // 100) - AROUND_OPTION
        column = NAME_COLUMNS if room >= 3 * NAME_COLUMNS else 2
        found: dict[str, Content] = {}
        for name in SCHEDULES:
            if name != self._current.name:
                each = following(self._current, name)
                text = spelled(f"{name:<{NAME_COLUMNS - 1}} {each.title} {each.words}")
                found[name] = Content("\n".join(wrap(text, max(8, room), subsequent_indent=" " * column)))
        return found

    def on_resize(self, event: Resize) -> None:
        """Break the lines for the new size."""
        choices = self.query_one(OptionList)
        for name, line in self._lines().items():
            choices.replace_option_prompt(name, line)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer by Enter or by a click."""
        self.dismiss(event.option_id)
