"""The tour for who is here for the first time: a few cards over the dashboard, while the run goes on behind them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from .. import remembered
from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly

CARDS = (
    (
        "A model is learning",
        "Behind this card a real model is trained, right now, in a process of its own. The top row says what runs and "
        "how; the curves show the loss falling, or not.\n\n"
        "The keys 1 to 9 show other views, t puts several beside each other, z gives them the whole screen.",
    ),
    (
        "You steer it",
        "space pauses and goes on, s makes one step, n one epoch.\n"
        "[ and ] turn the learning rate, o changes the optimizer, h opens every setting with a slider and a number.\n\n"
        "What you change is a mark on every curve.",
    ),
    (
        "Nothing breaks",
        "u takes your last change back, U makes it again.\n"
        "r starts again from the same weights, N from others.\n\n"
        "When the loss explodes, the run pauses itself and says what to try.",
    ),
    (
        "Find your way",
        "i shows the lesson: what to see, what to try, and whether its goal is reached.\n"
        "? explains what you look at, ctrl+p finds every command by its name, esc always leads one step back.\n\n"
        "q leaves; the run may go on without you.",
    ),
)


def is_first_visit() -> bool:
    """Return whether nobody has seen the tour here, and remember that now somebody has.

    Where nothing can be remembered the answer is no: a tour at every start would be worse than none.
    """
    if remembered.recall("tour") is not None:
        return False
    remembered.keep("tour", "seen")
    return remembered.recall("tour") is not None


class Tour(ClosesOnlyItself, NewestSizeOnly, ModalScreen[None]):
    """One card after the other; esc leaves at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Skip"),
        Binding("enter,right,space", "turn(1)", "Next"),
        Binding("left,backspace", "turn(-1)", "Back"),
    ]

    def __init__(self) -> None:
        """Begin with the first card."""
        super().__init__()
        self.card = 0

    def compose(self) -> ComposeResult:
        """Put the card over its buttons."""
        with Vertical(classes="dialog tour"):
            yield Static(classes="dialog-title", id="tour-title")
            yield Static(id="tour-text")
            with Horizontal(classes="buttons"):
                yield Button("Next (enter)", id="next", variant="primary", compact=True)
                yield Button("Skip (esc)", id="skip", compact=True)

    def on_mount(self) -> None:
        """Show the first card; the keys are the screen's, and no button takes them."""
        for button in self.query(Button):
            button.can_focus = False
        self._show()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Go on, or leave, by a click."""
        if event.button.id == "skip":
            self.dismiss(None)
        else:
            self.action_turn(1)

    def action_turn(self, by: int) -> None:
        """Show the next card, or the one before; after the last one there is nothing more to say."""
        if self.card + by >= len(CARDS):
            self.dismiss(None)
            return
        self.card = max(0, self.card + by)
        self._show()

    def _show(self) -> None:
        title, text = CARDS[self.card]
        self.query_one("#tour-title", Static).update(Content(f"{title}   {self.card + 1}/{len(CARDS)}"))
        self.query_one("#tour-text", Static).update(Content(text))
        last = self.card == len(CARDS) - 1
        self.query_one("#next", Button).label = "Begin (enter)" if last else "Next (enter)"
