"""What a trainer makes ahead of its steps, so that a step itself makes nothing, from a spec, a rule and its state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..subject.objective import Tensor, Vector
from .line_search.search import LineSearch
from .noise import GradientNoise
from .optimizers import Dials, Rule, State, stretches
from .passes import execution
from .place import Place
from .projection import way
from .schedules import PlateauState, ScheduleAtWork
from .shaping import DecoupledDecay, Shaping
from .spec import RunSpec
from .walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Machinery:
    """What takes part in every step until something is changed; None for what has nothing to do."""

    dials: Dials
    schedule: ScheduleAtWork | None
    begin: Callable[[], None]
    """Called before the operations of an update, when the vector of the gradient holds what the rule is given."""
    walk: Walk | None
    noise: GradientNoise | None
    shaping: Shaping | None


def machinery_of(
    spec: RunSpec,
    rule: Rule,
    state: State,
    places: tuple[Place, Place],
    grad: Vector,
    *,
    tensors: Sequence[Tensor],
    bounds: tuple[float, float] | None,
    plateau: PlateauState,
    step: int,
    epoch: int,
) -> Machinery:
    """Return what the coming steps are made with, and lay the ways between both places.

    Args:
        spec: The spec as it stands.
        rule: The rule.
        state: What it remembers.
        places: The two vectors between which the parameters go to and fro.
        grad: The vector in which the objective leaves its gradient, and the rule its update.
        tensors: The parts of that vector.
        bounds: (lowest, highest) that every parameter may have; None without.
        plateau: What a schedule that looks at the loss has seen.
        step: The number of the coming step.
        epoch: That of its epoch.
    """
    dials = rule.dials()
    schedule = ScheduleAtWork(spec.schedule, dials, plateau)
    schedule.preview(step, epoch)
    bound = rule.bind(state, grad, dials, tensors)
    decay = DecoupledDecay(rule, dials, grad.dtype)
    carried_out = execution(spec.compute.update)
    updates = [update for (update,) in stretches(grad)]
    for start, goal in (places, places[::-1]):
        views = stretches(start.theta, goal.theta)
        start.way = tuple(
            (
                carried_out([*passes, *decay.passes(origin, update, target), *way(origin, update, target, bounds)]),
                update,
            )
            for passes, update, (origin, target) in zip(bound.parts, updates, views, strict=True)
        )
    begin, shaping, walk = decay.following(bound.begin), Shaping(spec), None
    noise = GradientNoise(spec.noise, grad, seed=spec.seed.batches) if spec.noise.gradient else None
    if spec.search_method != "none":
        begin = _with_direction(begin, dials)
        search = LineSearch(spec.search_method, spec.line_search, grad, shaping.decay)
        shaping = Shaping(spec, search.gradient)
        walk = Walk(search, grad, dials, bound.settle, noise=noise, shaping=shaping)
    return Machinery(
        dials=dials,
        schedule=schedule if schedule.is_active else None,
        begin=begin,
        walk=walk,
        noise=noise,
        shaping=shaping if shaping.is_active else None,
    )


def _with_direction(begin: Callable[[], None], dials: Dials) -> Callable[[], None]:
    """Return what begins an update of length 1, whose own length a search is to find."""

    def begin_with_direction() -> None:
        dials.lr = 1.0
        begin()

    return begin_with_direction
