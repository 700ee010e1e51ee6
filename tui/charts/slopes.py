"""What a live change did to the loss: how fast it fell before, and how fast it falls after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.method.trend import FEWEST, trend

from .history import Series
from .labels import net_label
from .markers import Marker

ENTRIES = 64
"""Into so many entries a stretch is cut; the steps within one are averaged before a line goes through them."""
LONGER = 4.0
"""By so much a stretch grows as long as it has no slope that can be told."""
MOST = 64
"""Of more changes than this the newest are told."""
UNKNOWN, LEVEL_WORD = "–", "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A live change, or several within a few steps, with the slope of the loss on both sides."""

    marker: Marker
    """The last of them, with what all of them came to."""
    before: str
    """In words: "halves in 120 steps", "level", "–" where there are too few steps."""
    after: str

    @property
    def words(self) -> str:
        """The whole story: "α 0.01 at step 1,200: loss halves in 500 → 120 steps"."""
        return f"{self.marker.label} at step {self.marker.step:,.0f}: loss {self.effect}"

    @property
    def brief(self) -> str:
        """The story of a change whose place can be seen."""
        return f"{self.marker.label}: {self.effect}"

    @property
    def effect(self) -> str:
        """What the loss did before and does after: "halves in 500 → 120 steps"."""
        before, after = self.before, "…" if self.after == UNKNOWN else self.after
        if before == UNKNOWN:
            return f"now {after}"
        verb, _, steps = after.partition(" in ")
        if steps and before.startswith(f"{verb} in ") and before.endswith(" steps"):
            return f"{before.removesuffix(' steps')} → {steps}"
        return f"{before} → {after}"


Group = tuple[Marker, ...]


def turns(markers: Sequence[Marker], loss: Series, longest: float, settled: dict[Group, Turn]) -> list[Turn]:
    """Return the newest changes with the slopes around them; those with less than a slope's steps between are one.

    A slope is that over `longest` steps, up to the change before or after; over more of them where it is level so far.
    What can change no more goes into `settled` and is taken from there: of old steps only long means are remembered.
    """
    groups = _grouped(markers)
    starts = [0.0, *(group[-1].step for group in groups)]
    stops = [*(group[0].step for group in groups[1:]), math.inf]
    found = []
    for group, start, stop in list(zip(groups, starts, stops, strict=False))[-MOST:]:
        turn = settled.get(group)
        if turn is None:
            first, last = group[0].step, group[-1].step
            before, _ = _slope(loss, first, start, longest)
            # The loss of a step is that before its update: the first that a change can move is one step later.
            after, end = _slope(loss, last + 1.0, min(stop, max(loss.last_x, last + 1.0)), longest)
            label = net_label([each.label for each in group])
            turn = Turn(marker=Marker(step=last, label=label), before=before, after=after)
            if loss.last_x >= stop or (loss.last_x > end and after != LEVEL_WORD):
                settled[group] = turn
        found.append(turn)
    return found


def _grouped(markers: Sequence[Marker]) -> list[Group]:
    """Return the changes in groups: between two of one group there are too few steps for a slope."""
    groups: list[list[Marker]] = []
    for marker in markers:
        if groups and marker.step - groups[-1][-1].step < FEWEST:
            groups[-1].append(marker)
        else:
            groups.append([marker])
    return [tuple(group) for group in groups]


def _slope(series: Series, near: float, far: float, longest: float) -> tuple[str, float]:
    """Return how a series goes from `near` towards `far`, in words, and where the stretch ends that tells so."""
    reach, length = abs(far - near), longest
    while True:
        end = near + math.copysign(min(length, reach), far - near)
        words = slope_in_words(series, min(near, end), max(near, end))
        if length >= reach or words not in (UNKNOWN, LEVEL_WORD):
            return words, end
        length *= LONGER


def slope_in_words(series: Series, x0: float, x1: float) -> str:
    """Return how a series goes between two steps, "–" where there are too few."""
    found = series.window(x0, x1, ENTRIES // 4)
    inside = (found.x >= x0) & (found.x <= x1)
    line = trend(found.x[inside], found.mean[inside])
    if line is None:
        return UNKNOWN
    if line.is_level:
        return LEVEL_WORD
    if line.is_relative:
        return f"{'halves' if line.slope < 0.0 else 'doubles'} in {_count(line.factor_two_steps)}"
    return f"{'falls' if line.slope < 0.0 else 'rises'} {abs(line.slope):.2g} a step"


def _count(steps: float) -> str:
    if steps < 10.0:
        return f"{steps:.1f} steps"
    # More than three digits of a fitted slope are chance.
    return f"{float(f'{steps:.3g}'):,.0f} steps" if steps < 1e7 else f"{steps:.1e} steps"
