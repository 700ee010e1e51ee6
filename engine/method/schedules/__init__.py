"""The schedules of the learning rate: read `schedule` first, then from plain to rich.

    constant → decays → ramps → cycles → plateau, and `at_work`, which turns a rule's dials by one

Each is a function from time to a share of the base rate `optimizer.lr`; the spec, the form and
`gdtui run --set schedule.name=` all read the table below, and the tests of the contract run over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import ValidationError

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
    """Return the schedule `name` with what was set on purpose on `schedule`, as far as it takes those fields."""
    kind = SCHEDULES[name]
    kept = {key: getattr(schedule, key) for key in sorted(schedule.model_fields_set) if key in kind.model_fields}
    try:
        return kind.model_validate({**kept, "name": name})
    except ValidationError as error:
        # The same name with other bounds: γ = 1 holds an exponential decay still, and is no fall of a plateau.
        refused = {fault["loc"][0] for fault in error.errors(include_url=False)}
        taken = {key: value for key, value in kept.items() if key not in refused}
        return kind.model_validate({**taken, "name": name})


__all__ = ["SCHEDULES", "AnySchedule", "Constant", "PlateauState", "Schedule", "ScheduleAtWork", "Verdict", "following"]
