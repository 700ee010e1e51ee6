"""No schedule at all."""

from __future__ import annotations

from typing import ClassVar, Literal

from .schedule import Schedule, Verdict, named


class Constant(Schedule):
    """The base rate for ever: factor(t) = 1.

    Source: `optax.constant_schedule`.
    """

    title: ClassVar[str] = "constant"

    name: Literal["constant"] = named("constant")

    def factor(self, t: int) -> float:
        """Return 1."""
        return 1.0

    @property
    def is_constant(self) -> bool:
        """Whether there is no warm-up either."""
        return self.warmup == 0

    @property
    def words(self) -> str:
        """Nothing: the title says it."""
        return ""

    def verdict(self) -> Verdict:
        """Return that the noise never dies out."""
        return CONSTANT


CONSTANT = Verdict(
    reaches=True, settles=False, why="a constant rate reaches any distance, but its noise never dies out"
)
"""What holds of every rate that ends as a positive constant."""


def ending(share: float, when: str) -> Verdict:
    """Return the verdict on rates that end as this share of the base rate, for ever; `when` says how."""
    if share > 0.0:
        return Verdict(reaches=True, settles=False, why=f"{when} the rate stays constant, so its noise never dies out")
    return Verdict(reaches=False, settles=True, why=f"{when} the rate is 0, so it can only go a finite way")
