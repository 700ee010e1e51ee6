"""The tour for who is here for the first time: a few cards over the dashboard, and the run waits behind them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from .. import remembered
from ..key_names import with_keys
from ..views import VIEWS
from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly

CARDS = (
    (
        "A model is learning",
        "Behind this card a real model is trained, in a process of its own; at a first start it waits until the cards "
        "are closed. The top row says what runs and how; the curves show the loss falling, or not.\n\n"
        f"The keys <view.1> to <view.{len(VIEWS)}> show other views, <view.tiles> puts several beside each other, "
        "<view.maximise> gives them the whole screen.",
    ),
    (
        "You steer it",
        "<run.pause> pauses and goes on, <run.step> makes one step, <run.epoch> one epoch.\n"
        "<lr.down> and <lr.up> turn the learning rate, <run.optimizer> changes the optimizer, <run.settings> opens "
        "every setting with a slider and a number.\n\n"
        "What you change is a mark on every curve.",
    ),
    (
        "Nothing breaks",
        "<run.undo> takes your last change back, <run.redo> makes it again.\n"
        "<run.reset> starts again from the same weights, <run.new-seed> from others.\n\n"
        "When the loss explodes, the run pauses itself and says what to try.",
    ),
    (
        "Find your way",
        "<view.lesson> shows the lesson: what to see, what to try, and whether its goal is reached.\n"
        "<help> explains what you look at, ctrl+p finds every command by its name, esc always leads one step back.\n\n"
        "<quit> leaves; the run may go on without you.",
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

    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (17, "-low")]  # noqa: RUF012  Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Skip"),
        Binding("enter,right,space", "turn(1)", "Next"),
        Binding("left,backspace", "turn(-1)", "Back"),
        Binding("up", "read(-1)", "Read up", show=False),
        Binding("down", "read(1)", "Read down", show=False),
    ]

    def __init__(self) -> None:
        """Begin with the first card."""
        super().__init__()
        self.card = 0
        # Held here: a key may come before they are in their places, or when they have gone.
        self._title = Static(classes="dialog-title")
        self._text = Static(id="tour-text")
        self._card = VerticalScroll(self._text, id="tour-card", can_focus=False)
        self._next = Button(id="next", variant="primary", compact=True)
        self._skip = Button("Skip (esc)", id="skip", compact=True)
        for button in (self._next, self._skip):
            button.can_focus = False  # the keys are the screen's
        self._show()

    def compose(self) -> ComposeResult:
        """Put the card over its buttons."""
        with Vertical(classes="dialog tour"):
            yield self._title
            yield self._card
            with Horizontal(classes="buttons"):
                yield self._next
                yield self._skip

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

    def action_read(self, by: int) -> None:
        """Move the card's text, where the terminal has no room for all of it."""
        self._card.scroll_relative(y=by, animate=False)

    def _show(self) -> None:
        title, text = CARDS[self.card]
        self._title.update(Content(f"{title}   {self.card + 1}/{len(CARDS)}"))
        self._text.update(Content(with_keys(text)))
        self._card.scroll_home(animate=False)
        self._next.label = "Begin (enter)" if self.card == len(CARDS) - 1 else "Next (enter)"
