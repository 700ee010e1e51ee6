"""Reads a preset, puts a person's own settings on top, and checks the whole."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from engine.errors import InputError
from engine.fields import SafeText, Section, allowed_values
from engine.method.file_spec import examined
from engine.method.goal import GoalSpec, checked_goal
from engine.method.lock_table import checked_locks
from engine.method.locks import BY_LESSON, NONE, Locks
from engine.method.optimizers import RULES, understood
from engine.method.race import LaneSpec, checked_lanes
from engine.method.schedules import SCHEDULES
from engine.method.spec import RunSpec, checked_spec
from engine.subject.datasets import PARAMETERS
from engine.subject.downloads import DOWNLOADS
from engine.subject.landscapes import LANDSCAPES
from engine.subject.spec import LandscapeProblem
from engine.text import clean

MAXIMUM_BYTES = 64 * 1024
MAXIMUM_DOTS = 32
"""Of dots in a line: one key of 20,000 dots takes the TOML reader nine seconds and more than a gigabyte."""
BARE_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|[\w.~+-]*/[\w./~+-]*")
"""A word or a path."""


class Introduction(Section):
    """What a preset says about itself."""

    title: SafeText
    topic: SafeText = ""
    see: SafeText = ""
    try_: SafeText = Field(default="", alias="try")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A lesson: what it says about itself, and the run it describes."""

    name: str
    title: str
    topic: str
    see: str
    """What a person will see."""
    try_: str
    """What a person may turn."""
    spec: RunSpec
    lanes: tuple[LaneSpec, ...] = ()
    """The trainers of a race, each with fields of its own on top of `spec`; none where there is only one."""
    goal: GoalSpec | None = None
    """What the run is to reach, where the program can tell."""
    locks: Locks = NONE
    """What nobody may steer, neither in the dashboard nor from the command line."""

    @property
    def specs(self) -> tuple[RunSpec, ...]:
        """What each trainer does."""
        return tuple(lane.spec for lane in self.lanes) or (self.spec,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of the spec that a person sets on top of a preset."""

    key: str
    value: Any
    source: str
    """Where it was said, for messages: "--set optimizer.lr=-1"."""


def names() -> list[str]:
    """Return the names of the shipped presets, in the order of the gallery."""
    files = [entry.name for entry in resources.files(__name__.rpartition(".")[0]).iterdir()]
    found = {name.removesuffix(".toml") for name in files if name.endswith(".toml")}
    return [name for name in ORDER if name in found] + sorted(found.difference(ORDER))


ORDER = (
    *("digits", "spiral"),
    *("backprop-circuit", "circuit", "two-layer-net"),
    *("lr-1d", "ravine", "feature-scale", "rosenbrock", "lr-sweep-net"),
    *("exact-line-search", "armijo"),
    *("line", "sgd-gd-minibatch", "epoch-vs-iteration", "moons", "noise-ball", "robbins-monro"),
    *("decay-too-fast", "lr-decay-net"),
    *("ravine-momentum", "ravine-nesterov"),
    *("adagrad-sparse", "adagrad-stalls", "rmsprop", "adadelta"),
    *("adam-bias", "surface-race", "adamax-nadam", "amsgrad"),
    *("saddle", "basins", "rastrigin", "convex-net", "xor", "deep-sigmoid", "spiral-switch"),
)
"""The gallery's order: first what shows most, then the course of a lecture, a subject a line; presets that are
not named here follow by name."""


def load(name: str, settings: Sequence[Setting] = ()) -> Preset:
    """Return a shipped preset by its name, or one from a file by its path, with a person's settings on top.

    Raises:
        InputError: One line that names file, field, value and what is allowed.
    """
    if name.endswith(".toml") or "/" in name:
        return read(Path(name), settings)
    if name not in names():
        import difflib  # only for the hint

        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(
            f"preset {clean(repr(name), 80)}: {hint}allowed: a name that gdtui presets lists, or the path of a .toml "
            "file"
        )
    text = resources.files(__name__.rpartition(".")[0]).joinpath(f"{name}.toml").read_bytes()
    return _checked(name, f"{name}.toml", text, settings, Path())


def chosen_preset(
    name: str,
    *,
    settings: Sequence[str] = (),
    steps: int | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
) -> Preset:
    """Return a preset with the options of a command line on top; raises `InputError` as `load` does.

    Args:
        name: As for `load`.
        settings: Each as in `--set KEY=VALUE`.
        steps: Updates after which the run ends.
        epochs: Passes through the training set after which it ends; one of the two is allowed.
        seed: Of the data, the initial weights, the batch order and the dropout.
        precision: "float32" or "float64".
    """
    chosen = [parsed_setting(text) for text in settings]
    if steps is not None and epochs is not None:
        raise InputError("--steps and --epochs: allowed is one of the two")
    if steps is not None or epochs is not None:
        # The preset's own count of the other kind would end the run before or after what was asked for.
        chosen.append(Setting(key="stop.steps", value=steps, source=f"--steps {steps}"))
        chosen.append(Setting(key="stop.epochs", value=epochs, source=f"--epochs {epochs}"))
    if seed is not None:
        keys = ("seed.data", "seed.init", "seed.batches", "seed.dropout")
        chosen = [Setting(key=key, value=seed, source=f"--seed {seed}") for key in keys] + chosen
    if precision is not None:
        chosen.append(Setting(key="precision", value=precision, source=f"--precision {precision}"))
    return load(name, chosen)


def read(path: Path, settings: Sequence[Setting] = ()) -> Preset:
    """Return the preset in a file; raises `InputError` as `load` does."""
    shown = clean(str(path))
    try:
        if not path.is_file():
            problem = "a regular file, this is something else" if path.exists() else "no such file"
            raise InputError(f"{shown}: {problem}")
        with path.open("rb") as file:
            text = file.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{shown}: cannot be read: {clean(str(reason))}") from None
    return _checked(clean(path.stem, 64), shown, text, settings, path.parent)


def parsed_setting(text: str, option: str = "--set") -> Setting:
    """Return KEY=VALUE as a setting; VALUE is TOML, a bare word is a string, and `empty` empties a field."""
    source = clean(f"{option} {text}", 120)
    key, separator, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not separator or not key:
        raise InputError(f"{source}: KEY=VALUE is wanted, such as optimizer.lr=0.01")
    if value == "empty":
        # TOML has no word for it: what a field is that nobody has filled in, such as clip.norm.
        return Setting(key=key, value=None, source=source)
    if BARE_WORD.fullmatch(value) and value not in ("true", "false", "inf", "nan"):
        return Setting(key=key, value=value, source=source)
    try:
        parsed = tomllib.loads(f"value = {value}") if text.count(".") <= MAXIMUM_DOTS else {}
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        parsed = {}
    if list(parsed) != ["value"]:
        raise InputError(
            f'{source}: {clean(key, 80)} = {clean(repr(value), 80)}; allowed: a TOML value, such as 0.01 or "adam"; '
            "a text with other signs than letters stands in quotes"
        )
    return Setting(key=key, value=parsed["value"], source=source)


def _checked(name: str, shown: str, text: bytes, settings: Sequence[Setting], folder: Path) -> Preset:
    data = _parsed(shown, text)
    about = {key: data.pop(key) for key in ("title", "topic", "see", "try") if key in data}
    try:
        introduction = Introduction.model_validate(about)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = str(fault["loc"][0])
        value = "missing" if fault["type"] == "missing" else clean(repr(fault["input"]), 80)
        allowed = allowed_values(Introduction, field)
        raise InputError(f"{shown}: {field} = {value}; allowed: {allowed} of at most 2000 characters") from None
    sources = {setting.key: setting.source for setting in settings}
    locks = checked_locks(data.pop("locks", {}), shown)
    check_locked(locks, settings)
    _put(data, settings)
    _check_effect(_lane_tables(data), settings)
    _find_data_file(data, Path() if sources.keys() & {"data", "data.file"} else folder)
    tables, goal = data.pop("lanes", ()), data.pop("goal", None)
    spec = examined(checked_spec(data, shown, sources), shown, sources)
    lanes = checked_lanes(spec, tables, shown, sources)
    return Preset(
        name=name,
        title=introduction.title,
        topic=introduction.topic,
        see=introduction.see,
        try_=introduction.try_,
        spec=spec,
        lanes=lanes,
        goal=None if goal is None else checked_goal(goal, spec, shown, sources, titles=[lane.title for lane in lanes]),
        locks=locks,
    )


def check_locked(locks: Locks, settings: Sequence[Setting]) -> None:
    """Refuse a setting of what the lesson has locked, of the run as of a lane.

    A lock that an option of the command line opened would be none. Who wants another run writes a preset of his own.
    """
    for setting in settings:
        key = re.sub(r"^lanes\.[^.]*\.", "", setting.key)
        section = key.partition(".")[0]
        if "seed" in locks.controls if section == "seed" else locks.holds(key):
            raise InputError(
                f"{setting.source}: {clean(setting.key, 80)}: {BY_LESSON}; allowed: a preset of your own without the "
                "lock, made from what gdtui presets show prints"
            )


def _parsed(shown: str, text: bytes) -> dict[str, Any]:
    if len(text) > MAXIMUM_BYTES:
        raise InputError(f"{shown}: the file has more than {MAXIMUM_BYTES // 1024} kB: a preset has less")
    try:
        content = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown}: byte {error.start} is not UTF-8: a preset is a text file") from None
    for number, line in enumerate(content.splitlines(), start=1):
        if line.count(".") > MAXIMUM_DOTS and not line.lstrip().startswith("#"):
            raise InputError(f"{shown}: line {number}: more than {MAXIMUM_DOTS} dots in one line")
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{shown}: not TOML: {clean(str(error))}") from None
    except (RecursionError, ValueError) as error:
        raise InputError(f"{shown}: not TOML that can be read: {clean(str(error))}") from None


def _find_data_file(data: dict[str, Any], folder: Path) -> None:
    """Make the path of a data file absolute, as an engine works in a folder of its own."""
    table = data.get("data")
    file = table.get("file") if isinstance(table, dict) else None
    if isinstance(table, dict) and isinstance(file, str) and file:
        table["file"] = str((folder / file).absolute())


def _put(data: dict[str, Any], settings: Sequence[Setting]) -> None:
    """Write settings into the tables of a preset."""
    chosen = {setting.key: setting.value for setting in settings}
    kinds: tuple[tuple[str, Mapping[str, type[Section]]], ...] = (("optimizer", RULES), ("schedule", SCHEDULES))
    for section, named in kinds:
        name, table = chosen.get(f"{section}.name"), data.get(section)
        if isinstance(name, str) and name in named and isinstance(table, dict) and table.get("name") != name:
            # What the preset said of its own rule means nothing to another one; what both know stays.
            known = {key: value for key, value in table.items() if key in named[name].model_fields}
            data[section] = understood(name, table) if section == "optimizer" else known
    _forget_function(data, chosen.get("problem.function"))
    table = data.get("data")
    for key, other in (("data.file", "name"), ("data.name", "file")):
        if chosen.get(key) is not None and isinstance(table, dict) and other in table:
            # The samples come from elsewhere: how many to hold out is all that still means something.
            data["data"] = {field: value for field, value in table.items() if field == "held_out"}
    other_set = chosen.get("data.name")
    table = data.get("data")
    if isinstance(other_set, str) and isinstance(table, dict) and table.get("name") not in (None, other_set):
        # How the preset's own set is wound or altered means nothing to another one.
        unknown = (*PARAMETERS, *(("noise", "samples") if other_set in DOWNLOADS else ()))
        data["data"] = {field: value for field, value in table.items() if field not in unknown}
    for setting in settings:
        target: Any = data
        *path, last = setting.key.split(".")
        if len(path) > 3:
            raise InputError(f"{setting.source}: {clean(setting.key, 80)}: a field has at most two parts")
        for part in path:
            if isinstance(target, list):
                target = target[int(part)] if part.isdecimal() and int(part) < len(target) else None
            else:
                target = target.setdefault(part, {}) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            lanes = len(_lane_tables(data))
            hint = f"; allowed: lanes.0 to lanes.{lanes - 1}" if path[0] == "lanes" and lanes else ""
            raise InputError(f"{setting.source}: {clean(setting.key, 80)}: there is no such field in a spec{hint}")
        target[last] = setting.value
    for lane in _lane_tables(data):
        stop = lane.get("stop")
        if isinstance(stop, dict) and "stop.steps" in chosen and "stop.epochs" in chosen:
            # Of --steps and --epochs: the run is to end there, whatever a lane says.
            lane["stop"] = {key: value for key, value in stop.items() if key not in ("steps", "epochs")}


def _forget_function(data: dict[str, Any], chosen: Any) -> None:
    """Drop what a preset says of its own landscape where another one is chosen."""
    table, stop = data.get("problem"), data.get("stop")
    kind = LANDSCAPES.get(chosen) if isinstance(chosen, str) else None
    usual = LandscapeProblem.model_fields["function"].default
    if kind is None or not isinstance(table, dict) or table.get("function", usual) == chosen:
        return
    data["problem"] = {key: value for key, value in table.items() if key == "kind"}
    if isinstance(stop, dict) and all(minimum.value != 0.0 for minimum in kind.minima):
        # A loss just above 0 says that the minimum is reached, or else nothing.
        stop.pop("loss", None)


def _check_effect(tables: Sequence[dict[str, Any]], settings: Sequence[Setting]) -> None:
    """Refuse what is set for a whole race and changes nothing, as each of its lanes has a value of its own."""
    for setting in settings:
        section, _, field = setting.key.partition(".")
        own = [lane[section] for lane in tables if isinstance(lane.get(section), dict) and field in lane[section]]
        if tables and len(own) == len(tables) and setting.source.startswith("--set"):
            last = f" to lanes.{len(own) - 1}.{setting.key}" if len(own) > 1 else ""
            raise InputError(
                f"{setting.source}: every lane has a value of its own; allowed: lanes.0.{setting.key}{last}"
            )


def _lane_tables(data: dict[str, Any]) -> list[dict[str, Any]]:
    tables = data.get("lanes")
    return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []
