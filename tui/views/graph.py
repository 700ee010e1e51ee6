"""The graph of what is trained, with the numbers of backpropagation on it, one node at a time."""

from __future__ import annotations

import math
import time
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp

from ..charts.axes import compact
from ..charts.glyphs import suitable_glyphs
from ..key_names import with_keys
from ..run_view import RunView
from ..widgets.text_rows import Row, TextRows, wrapped_rows
from .drawn_graph import Drawn, drawn_expression, drawn_network
from .looking import Looking
from .view import View
from .walk import Walk

SMALLEST = 24, 5
"""Columns and rows below which there is nothing to be seen of a graph."""


class GraphView(View):
    """What backpropagation does: every node with its value and its gradient, at the parameters as they are now."""

    HELP = """Every box is a node: its operation, its value, and its gradient ∂f/∂node. On every edge stands the local
gradient, by which the gradient of a node is multiplied on its way back to what it was made of; what comes back
on several edges is added up.

`right`, `left` go through the passes node by node, first forward, then backward, with the local rule written
out; `home` begins anew, `end` shows all numbers again. `up`, `down`, `page up`, `page down` and `p`, `x` move a
graph that is larger than the screen; a click on a node explains it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,enter", "walk(1)", "Node by node", key_display="→", id="graph.next"),
        Binding("left", "walk(-1)", "Node before", show=False, id="graph.before"),
        Binding("home", "begin", "First node", show=False, id="graph.begin"),
        Binding("end", "leave_walk", "All numbers", show=False, id="graph.all"),
        Binding("escape", "leave_walk", "All numbers", show=False, id="graph.leave"),
        Binding("up", "move(0, -2)", "Up", show=False, id="graph.up"),
        Binding("down", "move(0, 2)", "Down", show=False, id="graph.down"),
        Binding("pageup", "move(0, -10)", "Page up", show=False, id="graph.page-up"),
        Binding("pagedown", "move(0, 10)", "Page down", show=False, id="graph.page-down"),
        Binding("p", "move(12, 0)", "To the right", show=False, id="graph.right"),
        Binding("x", "move(-12, 0)", "To the left", show=False, id="graph.left"),
    ]
    DEFAULT_CSS = """
    GraphView #graph-sheet { height: 1fr; }
    GraphView #graph-rule { height: 3; padding: 0 1; background: $surface; }
    GraphView.-low #graph-rule { height: 2; }
    """

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._looking = Looking(run, "graph")
        self._sheet, self._rule = TextRows(id="graph-sheet"), TextRows(id="graph-rule")
        self._walk: Walk | None = None
        self._drawn: Drawn | None = None
        self._left = self._top = 0
        self._shift = 0, 0
        self._wanted: tuple[Any, ...] = ()
        self._follows = False

    def compose(self) -> ComposeResult:
        """Put the graph over the rule of the node in question."""
        yield self._sheet
        yield self._rule

    def show(self, now: float) -> None:
        """Draw what has changed."""
        self._looking.want({}, now)
        self.set_class(self.size.height < 16, "-low")
        seen = self._looking.seen
        width, height = self._sheet.size
        place = None if self._walk is None else self._walk.place
        # What has been drawn already costs nothing.
        wanted = seen, width, height, place, self._left, self._top, self._looking.refusal
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if seen is None:
            self._drawn = None
            self._say(self._looking.refusal or "looking…")
            return
        if width < SMALLEST[0] or height < SMALLEST[1]:
            self._drawn = None
            self._say(with_keys("no room for a graph: <view.maximise> shows it on the whole screen"))
            return
        nodes: list[dict[str, Any]] = seen.facts["nodes"]
        if self._walk is None or self._walk.count != len(nodes):
            self._walk = Walk(count=len(nodes))
        if seen.facts["kind"] == "network":
            drawn = drawn_network(nodes, self._walk, width, height)
        else:
            drawn = drawn_expression(nodes, self._walk, width, height)
        self._drawn = drawn
        if self._follows:
            self._follow(drawn, width, height)
        self._left = max(0, min(self._left, drawn.sheet.width - width))
        self._top = max(0, min(self._top, drawn.sheet.height - height))
        # What is smaller than the screen stands in its middle.
        left = self._left - max(0, width - drawn.sheet.width) // 2
        top = self._top - max(0, height - drawn.sheet.height) // 2
        self._shift = left, top
        self._sheet.show(drawn.sheet.rows(left, top, width, height, suitable_glyphs()))
        self._rule.show(self._rule_rows(drawn, seen.facts, width))

    def export(self) -> list[tuple[str, ...]]:
        """Return every node with its value and its gradient."""
        seen = self._looking.seen
        if seen is None:
            return []
        keys: tuple[str, ...]
        if seen.facts["kind"] == "network":
            keys = ("name", "formula", "shape", "size", "gradient", "weight_norm", "weight_gradient")
        else:
            keys = ("name", "formula", "value", "gradient", "local_gradients")
        return [keys, *(tuple(str(node[key]) for key in keys) for node in seen.facts["nodes"])]

    # ---- what people do

    def action_walk(self, steps: int) -> None:
        """Go on to the next node of the passes, or back."""
        if self._walk is not None:
            self._walk.move(steps)
            self._follows = True
            self._redraw()

    def action_begin(self) -> None:
        """Begin with the first node, where nothing is known but the variables."""
        if self._walk is not None:
            self._walk.place = 0
            self._follows = True
            self._redraw()

    def action_leave_walk(self) -> None:
        """Show all numbers again."""
        if self._walk is not None:
            self._walk.place = None
            self._redraw()

    def action_move(self, columns: int, rows: int) -> None:
        """Move what can be seen of the graph."""
        self._left, self._top = self._left + columns, self._top + rows
        self._follows = False
        self._redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there: escape steps out only where someone walks."""
        if action == "leave_walk":
            return self._walk is not None and self._walk.place is not None
        return super().check_action(action, parameters)

    def on_click(self, event: Click) -> None:
        """Explain the node under the mouse."""
        if self._drawn is None or self._walk is None or event.widget is not self._sheet:
            return
        node = self._drawn.node_at(event.x + self._shift[0], event.y + self._shift[1])
        if node is not None:
            self._walk.explain(node)
            self._redraw()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move down, or with shift to the right."""
        self.action_move(*((6, 0) if event.shift else (0, 2)))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move up, or with shift to the left."""
        self.action_move(*((-6, 0) if event.shift else (0, -2)))

    # ---- drawing

    def _redraw(self) -> None:
        self.show(time.monotonic())

    def _say(self, text: str) -> None:
        width, height = self._sheet.size
        self._sheet.show(wrapped_rows(text, "dim foreground", width, 6 * height))
        self._rule.show([])

    def _follow(self, drawn: Drawn, width: int, height: int) -> None:
        """Move so that the node in question can be seen."""
        place = None if self._walk is None else self._walk.node
        if place is None:
            return
        x, y, wide, high = drawn.places[place]
        self._left = min(max(self._left, x + wide + 1 - width), max(0, x - 1))
        self._top = min(max(self._top, y + high + 1 - height), max(0, y - 1))

    def _rule_rows(self, drawn: Drawn, facts: dict[str, Any], width: int) -> list[Row]:
        walk = self._walk
        assert walk is not None
        if walk.place is None:
            kind, letter = ("a layer's", "L") if facts["kind"] == "network" else ("a node's", "f")
            whole = compact(_value(facts["nodes"][-1]))
            return [
                (
                    (f"forward: {letter} = {whole}", "bold primary"),
                    (f"   all values and gradients as they are now{_over(facts)}", "plain"),
                ),
                ((f"→ goes through them one by one; a click explains {kind} numbers", "dim foreground"),),
            ]
        title = f"{'forward' if walk.is_forward else 'backward'} {walk.number} of {walk.count}"
        rows: list[Row] = [((title, "bold accent" if walk.is_forward else "bold success"),)]
        return rows + [((line, "plain"),) for line in drawn.rule]


def _value(node: dict[str, Any]) -> float:
    value: float = node.get("value", node.get("size", math.nan))
    return value


def _over(facts: dict[str, Any]) -> str:
    """Return over which samples a network was looked at, in words."""
    if facts["kind"] != "network":
        return ""
    samples, of = facts["samples"], facts["of"]
    part = f"all {of:,}" if samples == of else f"the first {samples:,} of {of:,}"
    return f", over {part} training samples"
