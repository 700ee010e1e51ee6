"""The lanes of a race: what each trainer does differently, over the same data and from the same start.

A lane is the run's own spec with some fields of its own, as a table of a preset gives them:

    [[lanes]]
    title = "Adam"
    optimizer = { name = "adam", lr = 0.1 }

Lanes are numbered from 0, in messages as everywhere else: `lanes.2.optimizer.lr` is a field of the third one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ..errors import InputError
from ..subject.network import Network
from ..subject.objective import Objective
from ..text import clean
from .objectives import build_objective
from .optimizers import RULES, successor
from .spec import SECTIONS, RunSpec, blamed, complaint

MAXIMUM_LANES = 16
MAXIMUM_TITLE = 40
LANE_SECTIONS = (
    "optimizer",
    "schedule",
    "line_search",
    "batch",
    "clip",
    "regularisation",
    "averaging",
    "noise",
    "seed",
    "stop",
    "evaluation",
    "problem",
)
"""What a lane may have of its own; data, model and pace are the race's. Of the problem it is the start alone."""
SHARED_SECTIONS = ("pace", "compute")
"""What can change while a race is under way, and then for all lanes: they go in step, in one process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSpec:
    """One trainer of a race."""

    title: str
    """What people tell it by from the others."""
    own: dict[str, Any]
    """Its title and its own fields, in their sections; `checked_lanes` takes it back."""
    spec: RunSpec
    """All that it does."""


def checked_lanes(
    spec: RunSpec, tables: Any, source: str, sources: dict[str, str] | None = None
) -> tuple[LaneSpec, ...]:
    """Return the lanes that `tables` describe on top of `spec`; none where there are no tables.

    Raises:
        InputError: One line that names place, field, value and what is allowed, as those of `checked_spec`.
    """
    places = sources or {}
    if not isinstance(tables, Sequence) or isinstance(tables, str) or len(tables) > MAXIMUM_LANES:
        value = f"{len(tables)} lanes" if isinstance(tables, Sequence) else tables
        raise InputError(blamed("lanes", value, f"up to {MAXIMUM_LANES} tables [[lanes]]", source, places))
    for number, table in enumerate(tables):
        _check_table(number, table, source, places)
    specs = [_spec_of(spec, number, table, source, places) for number, table in enumerate(tables)]
    titles = _titles(tables, specs)
    for number, title in enumerate(titles):
        if title in titles[:number]:
            raise InputError(blamed(f"lanes.{number}.title", title, "a title that no other lane has", source, places))
    return tuple(
        LaneSpec(
            title=title, own={"title": title, **{key: part for key, part in table.items() if key != "title"}}, spec=own
        )
        for title, table, own in zip(titles, tables, specs, strict=True)
    )


def build_objectives(specs: Sequence[RunSpec]) -> list[Objective]:
    """Return the objective of every lane; samples that lie in memory are there once, whatever the number of lanes."""
    first: dict[int, Objective] = {}
    found: list[Objective] = []
    for spec in specs:
        known = first.get(spec.seed.data)
        objective = (
            known.twin(seed=spec.seed.init, dropout_seed=spec.seed.dropout)
            if isinstance(known, Network)
            else build_objective(spec)
        )
        first.setdefault(spec.seed.data, objective)
        found.append(objective)
    return found


def _check_table(number: int, table: Any, source: str, sources: dict[str, str]) -> None:
    if not isinstance(table, Mapping):
        raise InputError(blamed(f"lanes.{number}", table, "a table", source, sources))
    title = table.get("title", "x")
    if not isinstance(title, str) or not 0 < len(title) <= MAXIMUM_TITLE:
        allowed = f"text of 1 to {MAXIMUM_TITLE} characters"
        raise InputError(blamed(f"lanes.{number}.title", title, allowed, source, sources))
    for section, fields in table.items():
        key = f"lanes.{number}.{section}"
        if section not in ("title", *LANE_SECTIONS):
            raise InputError(blamed(key, fields, "only title, " + ", ".join(LANE_SECTIONS), source, sources))
        if section != "title" and not isinstance(fields, Mapping):
            raise InputError(blamed(key, fields, "a table", source, sources))
        for field in fields if section == "problem" else ():
            if field != "start":
                raise InputError(blamed(f"{key}.{field}", fields[field], "only start", source, sources))


def _spec_of(base: RunSpec, number: int, table: Mapping[str, Any], source: str, sources: dict[str, str]) -> RunSpec:
    """Return the run's spec with a lane's own fields; of another rule or schedule, what was set on purpose stays."""
    data = base.as_given()
    for section, fields in table.items():
        if section == "title":
            continue
        present, name = data.get(section, {}), fields.get("name")
        if section == "optimizer" and isinstance(name, str) and name in RULES:
            present = successor(base.optimizer, name).model_dump(mode="json", exclude_unset=True)
        elif name is not None and name != present.get("name"):
            present = {}
        data[section] = {**present, **fields}
    try:
        return RunSpec.model_validate(data)
    except ValidationError as error:
        raise InputError(complaint(error, source, sources, prefix=f"lanes.{number}.")) from None


def _titles(tables: Sequence[Mapping[str, Any]], specs: Sequence[RunSpec]) -> list[str]:
    """Return each lane's title: its own, or what it does differently."""
    named = len({spec.optimizer.name for spec in specs}) > 1
    short = [RULES[spec.optimizer.name].title if named else "" for spec in specs]
    often = Counter(short)
    titles: list[str] = []
    for number, (table, spec, name) in enumerate(zip(tables, specs, short, strict=True)):
        if "title" in table:
            titles.append(clean(table["title"], MAXIMUM_TITLE))
            continue
        words = [name] if name else []
        if often[name] > 1 or not name:
            words += [
                f"{_symbol(section, field, spec)} {_in_words(value)}"
                for section, fields in table.items()
                for field, value in fields.items()
                if (section, field) != ("optimizer", "name")
            ]
        title = clean(" ".join(words) or f"lane {number}", MAXIMUM_TITLE)
        titles.append(title if title not in titles else f"{title[: MAXIMUM_TITLE - 4]} ({number})")
    return titles


def _symbol(section: str, field: str, spec: RunSpec) -> str:
    """Return the sign that a field goes by, or a short name."""
    if section == "seed":
        return "seed"
    if field == "name" or (section, field) == ("batch", "size"):
        return section
    owner = RULES[spec.optimizer.name] if section == "optimizer" else SECTIONS.get(section)
    info = owner.model_fields.get(field) if owner is not None else None
    extra = info.json_schema_extra if info is not None else None
    return str(extra["symbol"]) if isinstance(extra, dict) and "symbol" in extra else field


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return f"({', '.join(_in_words(part) for part in value)})"
    return f"{value:g}" if isinstance(value, float) else str(value)
