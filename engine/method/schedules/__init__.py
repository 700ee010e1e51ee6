"""The schedules of the learning rate: read `schedule` first, then from plain to rich.

    constant → decays → ramps → cycles → plateau, and `at_work`, which turns a rule's dials by one

Each is a function from time to a share of the base rate `optimizer.lr`; the spec, the form and
`gdtui run --set schedule.name=` all read the table below, and the tests of the contract run over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from ...catalogue import Catalogue, ChosenBy
from .at_work import ScheduleAtWork
from .constant import Constant
from .plateau import PlateauState
from .schedule import Schedule, Verdict

SCHEDULES: Mapping[str, type[Schedule]] = Catalogue(
    __name__,
    {
        "constant": "constant:Constant",
        "step": "decays:Step",
        "multistep": "decays:Multistep",
        "exponential": "decays:Exponential",
        "inverse": "decays:Inverse",
        "inverse_sqrt": "decays:InverseSqrt",
        "inverse_time": "decays:InverseTime",
        "polynomial": "ramps:Polynomial",
        "linear": "ramps:Linear",
        "cosine": "ramps:Cosine",
        "cosine_restarts": "cycles:CosineRestarts",
        "one_cycle": "cycles:OneCycle",
        "cyclic": "cycles:Cyclic",
        "plateau": "plateau:Plateau",
    },
)
"""Every schedule by its name, from plain to rich."""

AnySchedule = Annotated[Schedule, ChosenBy(SCHEDULES, usual="constant")]
"""Any of the schedules, told apart by `name`; without one, nothing but warm-up and hold is meant."""


def following(schedule: Schedule, name: str) -> Schedule:
    """Return the schedule `name` with what was set on purpose on `schedule`, as far as it knows those fields."""
    known = SCHEDULES[name].model_fields
    kept = {key: getattr(schedule, key) for key in sorted(schedule.model_fields_set) if key in known and key != "name"}
    return SCHEDULES[name].model_validate({**kept, "name": name})


__all__ = ["SCHEDULES", "AnySchedule", "Constant", "PlateauState", "Schedule", "ScheduleAtWork", "Verdict", "following"]
