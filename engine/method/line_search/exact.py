"""The search for the minimum along a direction."""

from __future__ import annotations

import math

from .ray import Ray, Trial
from .spec import LineSearchSpec

FLAT = 2.0 / 3.0
"""A slope counts as zero where its share of the first one is below the resolution to this power: 4e-11 in float64 and
2e-5 in float32, a hundred roundings and more."""
NARROW = 4.0
"""A bracket that is no wider than so many roundings of its end is a point."""


def exact(ray: Ray, spec: LineSearchSpec) -> Trial:
    """Return the trial where the loss no longer falls: φ′(α) = 0 as far as can be told, the first valley in sight.

    The slope along a line through a quadratic is a straight line, so the secant through φ′(0) and φ′(α₀) meets zero
    at the minimum: α = −gᵀd / dᵀAd, as φ′(α₀) − φ′(0) = α₀·dᵀAd. Two trials are all that takes. Elsewhere the trials
    grow until they bracket a valley; then parabolas through the last three slopes find it, or bisections.

    Source: A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", C. R. Acad. Sci. 25
    (1847); T. Chandrupatla, "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function
    without using derivatives", Adv. Eng. Softw. 28 (1997).
    """
    low, trial = ray.start, ray.at(spec.initial)
    while not (_is_flat(ray, trial) or _is_beyond(ray, trial)):
        rise = trial.slope - low.slope
        zero = trial.alpha - trial.slope * (trial.alpha - low.alpha) / rise if rise > 0.0 else math.inf
        least, most = trial.alpha + 0.01 * (trial.alpha - low.alpha), 10.0 * trial.alpha
        low, trial = trial, ray.at(min(max(zero, least), most))
    return _zeroed(ray, trial, low)


def _zeroed(ray: Ray, new: Trial, far: Trial) -> Trial:
    """Return a trial between these two, one of which is beyond the valley, where the slope is zero."""
    share = 0.5 if math.isinf(new.slope) or new.slope < 0.0 else new.slope / (new.slope - far.slope)
    while not _is_flat(ray, new):
        if abs(new.alpha - far.alpha) <= NARROW * ray.resolution * new.alpha:
            return ray.lowest
        trial = ray.at(new.alpha + share * (far.alpha - new.alpha))
        if _is_beyond(ray, trial) == _is_beyond(ray, new):
            old, new = new, trial
        else:
            old, far, new = far, new, trial
        share = _share(new, far, old)
    return new


def _share(new: Trial, far: Trial, old: Trial) -> float:
    """Return which share of the way from `new` to `far` leads to the zero of the slope.

    That of the parabola α(φ′) through three trials where it can be trusted, or else one half.
    """
    if math.isinf(new.slope) or math.isinf(far.slope) or math.isinf(old.slope):
        return 0.5
    place = (new.alpha - far.alpha) / (old.alpha - far.alpha)
    height = (new.slope - far.slope) / (old.slope - far.slope) if old.slope != far.slope else math.inf
    if not (height * height < place and (1.0 - height) * (1.0 - height) < 1.0 - place):
        return 0.5
    to_far, to_old = far.slope - new.slope, old.slope - new.slope
    beside = (old.alpha - new.alpha) / (far.alpha - new.alpha) * far.slope / to_old
    return new.slope / (old.slope - far.slope) * (beside - old.slope / to_far)


def _is_flat(ray: Ray, trial: Trial) -> bool:
    return abs(trial.slope) <= -(ray.resolution**FLAT) * ray.start.slope and trial.value <= ray.start.value


def _is_beyond(ray: Ray, trial: Trial) -> bool:
    """Return whether there is a valley before this trial: it rises there, or there is a hill between."""
    return trial.slope >= 0.0 or trial.value > ray.start.value
