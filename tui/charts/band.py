"""The space between two curves over the same steps."""

from __future__ import annotations

from numpy.typing import ArrayLike

from .history import Envelope, Series


class Band(Series):
    """A curve's lower edge, and its upper one beside it; drawn as an envelope it is filled."""

    __slots__ = ("_upper",)

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._upper = Series()

    def append_both(self, x: ArrayLike, low: ArrayLike, high: ArrayLike) -> None:
        """Take in a block of samples of both edges, all (samples,)."""
        self.append(x, low)
        self._upper.append(x, high)

    def window(self, x0: float, x1: float, columns: int) -> Envelope:
        """Return the band between `x0` and `x1`: of a bucket the least lower edge and the greatest upper one."""
        # Both have the same steps, and so the same buckets.
        lower, upper = super().window(x0, x1, columns), self._upper.window(x0, x1, columns)
        return Envelope(
            x=lower.x,
            low=lower.low,
            high=upper.high,
            positive=lower.positive,
            mean=lower.mean,
            broken=lower.broken | upper.broken,
        )
