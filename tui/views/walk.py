"""How far someone has gone through the two passes of a graph."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Walk:
    """Forward over the nodes in their order, then backward in the reverse one."""

    count: int
    """How many nodes there are."""
    place: int | None = None
    """Nodes passed, from 0 to 2·count − 1; None where all numbers are shown and nobody walks."""

    @property
    def is_forward(self) -> bool:
        """Whether the pass forward is not over."""
        return self.place is not None and self.place < self.count

    @property
    def number(self) -> int:
        """Which node of its pass is at hand, counted from 1."""
        return 0 if self.place is None else self.place % self.count + 1

    @property
    def node(self) -> int | None:
        """The node at hand."""
        if self.place is None:
            return None
        return self.place if self.place < self.count else 2 * self.count - 1 - self.place

    def has_value(self, node: int) -> bool:
        """Whether the pass forward has come to a node."""
        return self.place is None or node <= self.place

    def has_gradient(self, node: int) -> bool:
        """Whether the pass backward has come to a node."""
        return self.place is None or 2 * self.count - 1 - node <= self.place

    def move(self, steps: int) -> None:
        """Go on or back; before the first and after the last node all numbers are shown."""
        place = (-1 if steps > 0 else 2 * self.count) if self.place is None else self.place
        place += steps
        self.place = place if 0 <= place < 2 * self.count else None

    def explain(self, node: int) -> None:
        """Come to the gradient of this node."""
        self.place = 2 * self.count - 1 - node
