"""Where the parameters lie, and the way from there to where they lie next."""

from __future__ import annotations

from dataclasses import dataclass

from ..subject.objective import BoundObjective, Operations, Vector


@dataclass(slots=True, kw_only=True)
class Place:
    """One of the two vectors between which the parameters go to and fro."""

    theta: Vector
    bound: BoundObjective
    """The objective at these parameters."""
    way: tuple[tuple[Operations, Vector], ...] = ()
    """The step from here to the other place, stretch by stretch: what makes the update and goes there by it, and the
    vector that then holds the update."""
