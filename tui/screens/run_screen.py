"""What every screen of a run has: its sizes and its keys."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from .sizes import NewestSizeOnly

_LR = Binding.Group("α −10 % +10 %", compact=True)
_LR_TEN = Binding.Group("α ÷10 ×10", compact=True)
_PACE = Binding.Group("Pace", compact=True)


def key(name_of_key: str, action: str, name: str, words: str, **others: Any) -> Binding:
    """Return a binding with a name for the footer, and words for the help."""
    return Binding(name_of_key, action, name, tooltip=words, **others)


def unseen_key(name_of_key: str, action: str, name: str, words: str, **others: Any) -> Binding:
    """Return such a binding that the footer has no room for."""
    return key(name_of_key, action, name, words, show=False, **others)


class RunScreen(NewestSizeOnly, Screen[None]):
    """A screen about one run; the keys stand in its footer from the first paint on."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (104, "-wide"), (118, "-roomy")]  # noqa: RUF012  Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (10, "-flat"), (17, "-low"), (30, "-tall")]  # noqa: RUF012
    # In the footer's order: a terminal that is too narrow for all of it still says how to learn more and how to leave.
    BINDINGS: ClassVar[list[BindingType]] = [
        key("question_mark", "help", "Help", "what there is to see, and every key", id="help", key_display="?"),
        key(
            "q,ctrl+q",
            "leave",
            "Quit",
            "quit, and choose whether the run goes on",
            id="quit",
            key_display="q",
            priority=True,
        ),
        key("space", "toggle_pause", "Pause", "pause and go on; after the end, train on", id="run.pause"),
        key("s", "step", "Step", "make one step", id="run.step"),
        key(
            "left_square_bracket",
            "turn(0.9)",
            "α −10 %",
            "learning rate −10 % of what it is",
            id="lr.down",
            key_display="[",
            group=_LR,
        ),
        key(
            "right_square_bracket",
            "turn(1.1)",
            "α +10 %",
            "learning rate +10 % of what it is",
            id="lr.up",
            key_display="]",
            group=_LR,
        ),
        key(
            "left_curly_bracket",
            "turn(0.1)",
            "α ÷10",
            "learning rate ÷10",
            id="lr.tenth",
            key_display="{",
            group=_LR_TEN,
        ),
        key(
            "right_curly_bracket",
            "turn(10.0)",
            "α ×10",
            "learning rate ×10",
            id="lr.tenfold",
            key_display="}",
            group=_LR_TEN,
        ),
        key("o", "optimizer", "Optimizer", "switch the optimizer, its state carried over or anew", id="run.optimizer"),
        key("h", "settings", "Settings", "every setting, by slider and by number", id="run.settings"),
        key("r", "reset(False)", "Reset", "same weights, same batches, settings as at first", id="run.reset"),
        unseen_key("R", "reset(True)", "Reset, keep", "the same, with the settings of now", id="run.reset-keep"),
        key("comma", "pace(0.5)", "Slower", "halve the pace", id="pace.down", key_display=",", group=_PACE),
        key(
            "full_stop",
            "pace(2.0)",
            "Faster",
            "double the pace; the fastest is no limit",
            id="pace.up",
            key_display=".",
            group=_PACE,
        ),
        Binding("ctrl+c", "leave", show=False, priority=True),
    ]

    def action_leave(self) -> None:
        """Leave this run."""
        raise NotImplementedError
