"""Rates that go up and down again, some with the momentum against them."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...fields import Momentum, Number, Switch, Whole
from .constant import ending
from .ramps import half_wave
from .schedule import Decay, Floor, Length, Schedule, Verdict, named

CycleMomentum = Annotated[
    Switch,
    Field(
        title="Cycle the momentum",
        description="Turns the momentum down while the rate goes up, and up again; rules without one take no notice.",
    ),
]
LowMomentum = Annotated[Momentum, Field(title="Lowest momentum", description="Momentum where the rate is highest.")]
HighMomentum = Annotated[Momentum, Field(title="Highest momentum", description="Momentum where the rate is lowest.")]


class CosineRestarts(Schedule):
    """The cosine again and again, each time `stretch` times as long.

    By hand, floor = 0, steps = 2, stretch = 2: 1, ½, then 1, 0.8536, ½, 0.1464, then 1.

    Source: I. Loshchilov, F. Hutter, arXiv:1608.03983, in the form of torch's `CosineAnnealingWarmRestarts`.
    """

    title: ClassVar[str] = "cosine with restarts"

    name: Literal["cosine_restarts"] = named("cosine_restarts")
    steps: Length = Field(title="First length", default=1000, description="Units until the first restart.")
    stretch: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        title="Stretch", default=1, description="How many times as long each cycle is as the one before."
    )
    floor: Floor = 0.0

    def factor(self, t: int) -> float:
        """Return the height of the cycle that `t` lies in."""
        length = self.steps
        if self.stretch == 1:
            t %= length
        while t >= length:
            t -= length
            length *= self.stretch
        return self.floor + (1.0 - self.floor) * half_wave(t / length)

    @property
    def words(self) -> str:
        """Length and stretch."""
        longer = f", then {self.stretch} times as long each time" if self.stretch > 1 else ""
        return f"every {self.steps:,} {self.units}{longer}"

    def verdict(self) -> Verdict:
        """Return that every cycle adds as much as the first."""
        return AGAIN_AND_AGAIN


class OneCycle(Schedule):
    """Up from 1/div to the whole base rate, then down to 1/(div·final_div) of it, and that from then on.

    The base rate is the highest, torch's `max_lr`. The momentum goes from its highest to its lowest and back.

    By hand, steps = 11, rise = 0.5 and straight lines: the top lies at t = 4.5, the end at t = 10.

    Source: L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
    Rates", arXiv:1708.07120, in the form of torch's `OneCycleLR` with two phases. Deviation: torch raises after the
    last step, this one stays.
    """

    title: ClassVar[str] = "one cycle"

    name: Literal["one_cycle"] = named("one_cycle")
    steps: Length = Field(title="Length", default=1000, description="Units of the whole cycle; higher is slower.")
    rise: Annotated[Number, Field(ge=0.0, le=1.0)] = Field(
        title="Share of the rise", default=0.3, description="Share of the cycle in which the rate goes up."
    )
    anneal: Literal["cos", "linear"] = Field(
        title="Shape", default="cos", description="Whether rise and fall are half a wave or a straight line."
    )
    div: Annotated[Number, Field(ge=1.0, le=1e12)] = Field(
        title="Divisor at the start", default=25.0, description="The first rate is the base rate by this."
    )
    final_div: Annotated[Number, Field(ge=1.0, le=1e12)] = Field(
        title="Divisor at the end", default=1e4, description="The last rate is the first one by this."
    )
    cycle_momentum: CycleMomentum = True
    base_momentum: LowMomentum = 0.85
    max_momentum: HighMomentum = 0.95

    def factor(self, t: int) -> float:
        """Return the height of the cycle."""
        first = 1.0 / self.div
        return self._between(t, first, 1.0, first / self.final_div)

    def momentum(self, t: int) -> float | None:
        """Return the momentum, which is low where the rate is high."""
        if not self.cycle_momentum:
            return None
        return self._between(t, self.max_momentum, self.base_momentum, self.max_momentum)

    def _between(self, t: int, start: float, top: float, end: float) -> float:
        """Return where `t` is on the way from `start` over `top` to `end`."""
        last = self.steps - 1
        turn = self.rise * self.steps - 1.0  # may lie before 0: then there is no rise
        t = min(t, last)
        if t <= turn:
            low, high, share = start, top, t / turn if turn > 0.0 else 1.0
        else:
            low, high, share = top, end, (t - turn) / (last - turn) if last > turn else 1.0
        if self.anneal == "cos":
            return high + (low - high) * half_wave(share)
        return low + (high - low) * share

    @property
    def words(self) -> str:
        """Length and the place of the top."""
        return f"over {self.steps:,} {self.units}, its top at {self.rise:.0%}"

    def verdict(self) -> Verdict:
        """Return what holds of the last rate."""
        return ending(self.factor(self.steps), "after its last unit")


class Cyclic(Schedule):
    """Up from the floor to the whole base rate and down again, for ever: a saw.

    The base rate is the highest, torch's `max_lr`, and floor·α₀ is torch's `base_lr`, which has no default there.

    By hand, floor = 0, up = 2: 0, ½, 1, ½, 0.

    Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, in the form of
    torch's `CyclicLR`; triangular2 halves each tooth, exp_range multiplies its height by γᵗ.
    """

    title: ClassVar[str] = "cyclic"

    name: Literal["cyclic"] = named("cyclic")
    up: Length = Field(title="Length of a rise", default=2000, description="Units in which the rate goes up.")
    down: Length | None = Field(
        title="Length of a fall", default=None, description="Units in which the rate goes down; empty: as the rise."
    )
    mode: Literal["triangular", "triangular2", "exp_range"] = Field(
        title="Mode", default="triangular", description="Whether the teeth keep their height, halve it, or fade by γᵗ."
    )
    gamma: Decay = Field(
        title="Fading", default=1.0, description="With exp_range, what each unit multiplies the height by."
    )
    floor: Floor = 0.1
    cycle_momentum: CycleMomentum = True
    base_momentum: LowMomentum = 0.8
    max_momentum: HighMomentum = 0.9

    def factor(self, t: int) -> float:
        """Return the height of the saw."""
        return self.floor + (1.0 - self.floor) * self._height(t)

    def momentum(self, t: int) -> float | None:
        """Return the momentum, which is low where the rate is high."""
        if not self.cycle_momentum:
            return None
        return self.max_momentum - (self.max_momentum - self.base_momentum) * self._height(t)

    def _height(self, t: int) -> float:
        """Return how far between lowest and highest `t` is."""
        down = self.down or self.up
        cycle, place = divmod(t, self.up + down)
        height = place / self.up if place <= self.up else 1.0 - (place - self.up) / down
        match self.mode:
            case "triangular":
                return height
            case "triangular2":
                return math.ldexp(height, -cycle)
            case "exp_range":
                return float(height * self.gamma**t)

    @property
    def words(self) -> str:
        """Floor and lengths."""
        return f"from {self.floor:g} of the rate up in {self.up:,} and down in {self.down or self.up:,} {self.units}"

    def verdict(self) -> Verdict:
        """Return that every tooth adds as much as the first, or what holds of the floor."""
        if self.mode == "triangular" or (self.mode == "exp_range" and self.gamma == 1.0):
            return AGAIN_AND_AGAIN
        return ending(self.floor, "when the teeth have faded")


AGAIN_AND_AGAIN = Verdict(
    reaches=True, settles=False, why="every cycle adds as much as the first, so the noise never dies out"
)
