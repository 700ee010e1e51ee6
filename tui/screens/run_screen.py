"""What every screen of a run has: its sizes and its keys."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from .sizes import NewestSizeOnly

_LR = Binding.Group("α −10 % +10 %", compact=True)
_LR_TEN = Binding.Group("α ÷10 ×10", compact=True)
_PACE = Binding.Group("Pace", compact=True)


class RunScreen(NewestSizeOnly, Screen[None]):
    """A screen about one run; the keys stand in its footer from the first paint on."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (104, "-wide"), (118, "-roomy")]  # noqa: RUF012  Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (10, "-flat"), (17, "-low"), (30, "-tall")]  # noqa: RUF012
    # In the footer's order: a terminal that is too narrow for all of it still says how to learn more and how to leave.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="help"),
        Binding("q,ctrl+q", "leave", "Quit", key_display="q", id="quit", priority=True),
        Binding("space", "toggle_pause", "Pause", id="run.pause"),
        Binding("s", "step", "Step", id="run.step"),
        Binding("left_square_bracket", "turn(0.9)", "α −10 %", key_display="[", id="lr.down", group=_LR),
        Binding("right_square_bracket", "turn(1.1)", "α +10 %", key_display="]", id="lr.up", group=_LR),
        Binding("left_curly_bracket", "turn(0.1)", "α ÷10", key_display="{", id="lr.tenth", group=_LR_TEN),
        Binding("right_curly_bracket", "turn(10.0)", "α ×10", key_display="}", id="lr.tenfold", group=_LR_TEN),
        Binding("o", "optimizer", "Optimizer", id="run.optimizer"),
        Binding("h", "settings", "Settings", id="run.settings"),
        Binding("r", "reset(False)", "Reset", id="run.reset"),
        Binding("R", "reset(True)", "Reset, keep settings", show=False, id="run.reset-keep"),
        Binding("comma", "pace(0.5)", "Slower", key_display=",", id="pace.down", group=_PACE),
        Binding("full_stop", "pace(2.0)", "Faster", key_display=".", id="pace.up", group=_PACE),
        Binding("ctrl+c", "leave", show=False, priority=True),
    ]

    def action_leave(self) -> None:
        """Leave this run."""
        raise NotImplementedError
