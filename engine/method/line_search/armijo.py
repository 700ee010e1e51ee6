"""Backtracking."""

from __future__ import annotations

from .ray import Ray, Trial
from .spec import LineSearchSpec


def armijo(ray: Ray, spec: LineSearchSpec) -> Trial:
    """Return the first trial of α₀, α₀·ρ, α₀·ρ², … that falls enough.

    Every search begins at α₀ again, so a length depends on its own step alone.

    Source: L. Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives", Pacific J.
    Math. 16 (1966); J. Nocedal, S. Wright, Numerical Optimization, 2nd ed. 2006, algorithm 3.1.
    """
    trial = ray.at(spec.initial)
    while not ray.falls_enough(trial, spec.c1):
        trial = ray.at(trial.alpha * spec.shrink)
    return trial
