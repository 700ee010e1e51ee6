"""The update rule of the current optimizer, with the numbers of the coming step put in."""

from __future__ import annotations

import math
import time
from itertools import accumulate
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp

from ..charts.typeset import figure
from ..key_names import with_keys
from ..run_view import RunView
from ..widgets.text_rows import Row, TextRows
from .looking import Looking
from .set_lines import SetLines, set_lines
from .view import View

SMALLEST = 20, 5
"""Columns and rows below which no line has room."""

REFUSED = "the coming step is refused: its loss or its gradient is not a finite number"


class EquationView(View):
    """What the next step does to one parameter, line by line, in symbols and in numbers."""

    HELP = """The lines of the update rule as it is set now, for the step that comes next: pause, look, and press `s` to
see it made. `←` gives a new value to what was there before, as `m ← β₁·m + (1 − β₁)·g`.

`enter` goes through the lines one by one and `b` back; `home` begins anew, `end` shows all numbers.
`up`, `down` choose the tensor, `left`, `right` the parameter in it, `page up`, `page down` one ten further;
`g` goes back to the parameter with the largest gradient. `j`, `k` move what has no room."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "walk(1)", "Line by line", id="equation.next"),
        Binding("b", "walk(-1)", "Line before", show=False, id="equation.before"),
        Binding("home", "begin", "First line", show=False, id="equation.begin"),
        Binding("end,escape", "leave_walk", "All numbers", show=False, id="equation.all"),
        Binding("down", "tensor(1)", "Next tensor", show=False, id="equation.tensor"),
        Binding("up", "tensor(-1)", "Tensor before", show=False, id="equation.tensor-before"),
        Binding("right", "parameter(1)", "Next parameter", show=False, id="equation.parameter"),
        Binding("left", "parameter(-1)", "Parameter before", show=False, id="equation.parameter-before"),
        Binding("pagedown", "parameter(10)", "Ten further", show=False, id="equation.further"),
        Binding("pageup", "parameter(-10)", "Ten back", show=False, id="equation.back"),
        Binding("g", "largest", "Largest gradient", id="equation.largest"),
        Binding("j", "move(2)", "Down", show=False, id="equation.down"),
        Binding("k", "move(-2)", "Up", show=False, id="equation.up"),
    ]
    DEFAULT_CSS = """
    EquationView #equation-head { height: 2; padding: 0 1; background: $surface; }
    EquationView #equation-lines { height: 1fr; padding: 0 1; }
    EquationView #equation-words { height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._looking = Looking(run, "equation")
        self._head, self._words = TextRows(id="equation-head"), TextRows(id="equation-words")
        self._lines = TextRows(id="equation-lines")
        sizes = [math.prod(tensor.shape) for tensor in run.welcome.tensors]
        self._stops = list(accumulate(sizes))
        self._chosen: int | None = None
        """The parameter's place in the vector; None for the one with the largest gradient."""
        self._place: int | None = None
        """The line at hand."""
        self._top = 0
        self._follows = True
        self._set = SetLines(rows=(), tops=(0,))
        self._drawn: tuple[Any, ...] = ()

    def compose(self) -> ComposeResult:
        """Put the lines between what they are about and what the line at hand means."""
        yield self._head
        yield self._lines
        yield self._words

    def show(self, now: float) -> None:
        """Draw what has changed."""
        self._looking.want({"index": self._chosen}, now)
        seen, size = self._looking.seen, self._lines.size
        # What has been drawn already costs nothing.
        wanted = seen, size, self._place, self._top, self._looking.refusal
        if wanted == self._drawn:
            return
        self._drawn = wanted
        if seen is None:
            self._say(self._looking.refusal or "looking…")
            return
        facts = seen.facts
        width, height = size
        if width < SMALLEST[0] or height < SMALLEST[1] - 3:
            self._say(with_keys("no room: <view.maximise> shows it on the whole screen"))
            return
        self._head.show(_head_rows(facts, chosen=self._chosen is not None))
        lines = facts["lines"]
        if not lines:
            self._set = SetLines(rows=(), tops=(0,))
            self._lines.show(
                [(("the coming step is refused: its loss or its gradient is not a finite number", "error"),)]
            )
            self._words.show([])
            return
        if self._place is not None:
            self._place = min(self._place, len(lines) - 1)
        self._set = found = set_lines(lines, width, height, self._place)
        if self._follows and self._place is not None:
            first, stop = found.tops[self._place : self._place + 2]
            self._top = min(max(self._top, stop - height), first)
        self._top = max(0, min(self._top, len(found.rows) - height))
        self._drawn = seen, size, self._place, self._top, self._looking.refusal
        self._lines.show(found.rows[self._top : self._top + height])
        self._words.show([self._words_row(lines, hidden=len(found.rows) - height)])

    def export(self) -> list[tuple[str, ...]]:
        """Return every line with its value."""
        seen = self._looking.seen
        if seen is None:
            return []
        lines = [(line["symbol"], line["words"], repr(line["value"])) for line in seen.facts["lines"]]
        return [("symbol", "what", "value"), *lines]

    # ---- what people do

    def action_walk(self, steps: int) -> None:
        """Go on to the next line, or back; after the last one all numbers are shown."""
        count = len(self._set.tops) - 1
        place = (-1 if steps > 0 else count) if self._place is None else self._place
        place += steps
        self._place = place if 0 <= place < count else None
        self._follows = True
        self.show(time.monotonic())

    def action_begin(self) -> None:
        """Begin with the first line."""
        self._place, self._follows = 0, True
        self.show(time.monotonic())

    def action_leave_walk(self) -> None:
        """Show all numbers."""
        self._place = None
        self.show(time.monotonic())

    def action_tensor(self, step: int) -> None:
        """Choose the next tensor, or the one before."""
        tensors = len(self._stops)
        number = (self._tensor_of(self._index) + step) % tensors
        self._choose(self._stops[number - 1] if number else 0)

    def action_parameter(self, step: int) -> None:
        """Choose another parameter of the same tensor; after its last one comes its first."""
        number = self._tensor_of(self._index)
        start = self._stops[number - 1] if number else 0
        self._choose(start + (self._index - start + step) % (self._stops[number] - start))

    def action_largest(self) -> None:
        """Choose the parameter with the largest gradient, at every step anew."""
        self._choose(None)

    def action_move(self, rows: int) -> None:
        """Move what can be seen of the lines."""
        self._top, self._follows = self._top + rows, False
        self.show(time.monotonic())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there: escape steps out only where someone walks."""
        if action == "leave_walk":
            return self._place is not None
        return super().check_action(action, parameters)

    def on_click(self, event: Click) -> None:
        """Explain the line under the mouse."""
        if event.widget is not self._lines:
            return
        row = event.y + self._top
        for place, stop in enumerate(self._set.tops[1:]):
            if row < stop:
                self._place = place
                self.show(time.monotonic())
                return

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move down."""
        self.action_move(2)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move up."""
        self.action_move(-2)

    # ---- what is where

    @property
    def _index(self) -> int:
        seen = self._looking.seen
        if self._chosen is not None:
            return self._chosen
        return 0 if seen is None else int(seen.facts["index"])

    def _tensor_of(self, index: int) -> int:
        return next(number for number, stop in enumerate(self._stops) if index < stop)

    def _choose(self, index: int | None) -> None:
        self._chosen = index
        self.show(time.monotonic())

    def _say(self, words: str) -> None:
        self._head.show([((words, "dim foreground"),)])
        self._lines.show([])
        self._words.show([])

    def _words_row(self, lines: list[dict[str, Any]], *, hidden: int) -> Row:
        more = f"   j k: {hidden} more rows" if hidden > 0 else ""
        if self._place is None:
            return (("enter goes through the lines one by one", "dim foreground"), (more, "dim foreground"))
        line = lines[self._place]
        number = f"{self._place + 1} of {len(lines)}  "
        return (
            (number, "dim foreground"),
            (f"{line['symbol']}: {line['words']}", "bold accent"),
            (more, "dim foreground"),
        )


def _head_rows(facts: dict[str, Any], *, chosen: bool) -> list[Row]:
    """Return what the lines are about: rule, step, parameter, and what becomes of it."""
    place = ", ".join(str(number) for number in facts["place"])
    name = f"{facts['tensor']}[{place}]" if place else str(facts["tensor"])
    moved = facts["before"] - facts["after"]
    return [
        (
            (facts["rule"], "bold primary"),
            (f"  step {facts['step']:,}, which comes next   ", "foreground"),
            (name, "bold foreground"),
            ("" if chosen else "  largest gradient", "dim foreground"),
        ),
        (
            ("θ ", "dim foreground"),
            (f"{figure(facts['before'])} → {figure(facts['after'])}", "foreground"),
            ("   Δ ", "dim foreground"),
            (figure(moved), "foreground"),
            ("   effective α ", "dim foreground"),
            ("–" if facts["no_rate"] else figure(facts["effective_lr"]), "bold accent"),
            *(((f"  {facts['no_rate']}", "dim foreground"),) if facts["no_rate"] else ()),
        ),
    ]
