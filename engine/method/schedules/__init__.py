"""The schedules of the learning rate: read `schedule` first, then from plain to rich.

    constant → decays → ramps → cycles → plateau, and `at_work`, which turns a rule's dials by one

Each is a function from time to a share of the base rate `optimizer.lr`; the spec, the form and
`gdtui run --set schedule.name=` all read the table below, and the tests of the contract run over it.
"""

from __future__ import annotations

from typing import Annotated

from ...fields import ChosenBy
from .at_work import ScheduleAtWork
from .constant import Constant
from .cycles import CosineRestarts, Cyclic, OneCycle
from .decays import Exponential, Inverse, InverseSqrt, InverseTime, Multistep, Step
from .plateau import Plateau, PlateauState
from .ramps import Cosine, Linear, Polynomial
from .schedule import Schedule, Verdict

SCHEDULES: dict[str, type[Schedule]] = {
    kind.model_fields["name"].default: kind
    for kind in (
        Constant,
        Step,
        Multistep,
        Exponential,
        Inverse,
        InverseSqrt,
        InverseTime,
        Polynomial,
        Linear,
        Cosine,
        CosineRestarts,
        OneCycle,
        Cyclic,
        Plateau,
    )
}
"""Every schedule by its name, from plain to rich."""

AnySchedule = Annotated[Schedule, ChosenBy(SCHEDULES, usual="constant")]
"""Any of the schedules, told apart by `name`; without one, nothing but warm-up and hold is meant."""


def following(schedule: Schedule, name: str) -> Schedule:
    """Return the schedule `name` with what was set on purpose on `schedule`, as far as it knows those fields."""
    known = SCHEDULES[name].model_fields
    kept = {key: getattr(schedule, key) for key in sorted(schedule.model_fields_set) if key in known and key != "name"}
    return SCHEDULES[name].model_validate({**kept, "name": name})


__all__ = ["SCHEDULES", "AnySchedule", "Constant", "PlateauState", "Schedule", "ScheduleAtWork", "Verdict", "following"]
