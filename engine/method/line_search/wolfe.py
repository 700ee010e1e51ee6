"""The search for the strong Wolfe conditions."""

from __future__ import annotations

import math

from .ray import Ray, Trial
from .spec import LineSearchSpec

NARROW = 16.0
"""A bracket that is no wider than so many roundings of its end is a point."""


def wolfe(ray: Ray, spec: LineSearchSpec) -> Trial:
    """Return a trial that falls enough and whose slope is flat: |φ′(α)| ≤ c₂·|φ′(0)|.

    First the trials grow until two of them bracket such a point, then the bracket shrinks, each time to the minimum
    of the cubic through its ends. Where rounding leaves no such point, the lower end of the last bracket counts.

    Source: J. Nocedal, S. Wright, Numerical Optimization, 2nd ed. 2006, algorithms 3.5 and 3.6, with the safeguards
    of M. Schmidt's minFunc (2005) as in `torch.optim.LBFGS(line_search_fn="strong_wolfe")`. Deviations: the bracket's
    width is measured against its end and not as a distance, and a trial that is not finite halves the bracket.
    """
    before, trial, first = ray.start, ray.at(spec.initial), True
    while ray.falls_enough(trial, spec.c1) and (first or trial.value < before.value):
        if _is_flat(ray, trial, spec.c2):
            return trial
        if trial.slope >= 0.0:
            break
        alpha = cubic_minimum(before, trial, trial.alpha + 0.01 * (trial.alpha - before.alpha), 10.0 * trial.alpha)
        before, trial, first = trial, ray.at(alpha), False
    low, high = (before, trial) if before.value <= trial.value else (trial, before)
    return _zoomed(ray, spec, low, high)


def _zoomed(ray: Ray, spec: LineSearchSpec, low: Trial, high: Trial) -> Trial:
    """Return a trial between `low`, which falls enough, and `high`, where that or the slope's sign is otherwise."""
    was_close = False
    while True:
        left, right = min(low.alpha, high.alpha), max(low.alpha, high.alpha)
        if right - left <= NARROW * ray.resolution * right:
            return low
        alpha = cubic_minimum(low, high, left, right)
        margin = 0.1 * (right - left)
        is_close = min(right - alpha, alpha - left) < margin
        if is_close and (was_close or not left < alpha < right):
            # Twice at the same end in a row: a step away from it keeps the bracket shrinking.
            alpha = right - margin if right - alpha < alpha - left else left + margin
            is_close = False
        was_close = is_close
        trial = ray.at(alpha)
        if not ray.falls_enough(trial, spec.c1) or trial.value >= low.value:
            high = trial
            if high.value < low.value:
                low, high = high, low
            continue
        if _is_flat(ray, trial, spec.c2):
            return trial
        if trial.slope * (high.alpha - low.alpha) >= 0.0:
            high = low
        low = trial


def _is_flat(ray: Ray, trial: Trial, c2: float) -> bool:
    return abs(trial.slope) <= -c2 * ray.start.slope


def cubic_minimum(one: Trial, other: Trial, least: float, most: float) -> float:
    """Return where the cubic with these two values and slopes has its minimum, kept between two bounds.

    Source: J. Nocedal, S. Wright, Numerical Optimization, 2nd ed. 2006, eq. 3.59.
    """
    left, right = (one, other) if one.alpha <= other.alpha else (other, one)
    if math.isinf(left.value) or math.isinf(right.value):
        return 0.5 * (least + most)
    bend = left.slope + right.slope - 3.0 * (left.value - right.value) / (left.alpha - right.alpha)
    under_root = bend * bend - left.slope * right.slope
    if not under_root >= 0.0:
        return 0.5 * (least + most)
    root = math.sqrt(under_root)
    divisor = right.slope - left.slope + 2.0 * root
    if divisor == 0.0 or not math.isfinite(divisor):
        return 0.5 * (least + most)
    minimum = right.alpha - (right.alpha - left.alpha) * ((right.slope + root - bend) / divisor)
    return min(max(minimum, least), most)
