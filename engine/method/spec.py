"""A whole run as people type it, checked field by field and then as a whole."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field, ValidationError, model_validator

from .. import fields
from ..errors import InputError, MisfitError
from ..fields import Section, allowed_values
from ..subject.datasets import DATASETS, PARAMETERS, parameters_of
from ..subject.downloads import DOWNLOADS
from ..subject.landscapes import LANDSCAPES
from ..subject.losses import LOSSES, Huber
from ..subject.regularisation import Regularisation
from ..subject.spec import (
    OF_A_FILE,
    DatasetProblem,
    DataShape,
    DataSpec,
    ExpressionProblem,
    LandscapeProblem,
    ModelSpec,
)
from ..text import clean
from . import passes
from .averaging import AveragingSpec
from .line_search.spec import LineSearchSpec, MethodName
from .noise import NoiseSpec
from .optimizers import RULES, AnyRule
from .optimizers.sgd import Sgd
from .schedules import SCHEDULES, AnySchedule, Constant
from .stopping import StopSpec

PROBLEMS: tuple[type[Section], ...] = (LandscapeProblem, ExpressionProblem, DatasetProblem)
MAXIMUM_PARAMETERS = 100_000_000
MAXIMUM_MADE = 1 << 21
"""Samples of a data set that a formula makes: they are held in memory."""
MAXIMUM_BATCH_BYTES = 256 << 20
"""Of a batch whose samples come from disk."""


class BatchSpec(Section):
    """Which samples make up a step."""

    size: fields.BatchSize = 32
    shuffle: fields.Shuffle = True


class ClipSpec(Section):
    """What happens to a gradient that is too long."""

    norm: fields.ClipNorm = None
    value: fields.ClipValue = None


class SeedSpec(Section):
    """Four separate sources of chance, so that one can be changed while the others stay."""

    data: fields.Seed = Field(title="Seed of the data", default=0)
    init: fields.Seed = Field(title="Seed of the initial weights", default=0)
    batches: fields.Seed = Field(title="Seed of the batch order", default=0)
    dropout: fields.Seed = Field(title="Seed of the dropout", default=0)


class EvaluationSpec(Section):
    """How often the model is tried on the samples that were held out."""

    every: Annotated[fields.Whole, Field(ge=1)] = Field(
        title="Evaluate every", default=1, description="Epochs between two evaluations on the held-out samples."
    )


class PaceSpec(Section):
    """How fast a run goes while people watch; a run without a screen always goes at full speed."""

    steps_per_second: Annotated[fields.Number, Field(gt=0.0, le=1e9)] | None = Field(
        title="Steps a second",
        default=None,
        description="Upper limit of the speed; empty means none.",
        json_schema_extra={"scale": "log"},
    )


class ComputeSpec(Section):
    """What the processor is asked for."""

    threads: Literal["auto"] | Annotated[fields.Whole, Field(ge=1, le=256)] = Field(
        title="Threads",
        default="auto",
        description="Threads of a matrix product; auto: all cores where it pays and no dashboard draws, else one.",
    )
    update: Literal["auto", "numpy", "compiled"] = Field(
        title="Update",
        default="auto",
        description="How a rule's arithmetic is carried out; auto: compiled where numba is installed. Same results.",
    )


class RunSpec(Section):
    """Everything that decides what a run does: the same spec gives the same run, bit for bit."""

    problem: LandscapeProblem | ExpressionProblem | DatasetProblem = Field(discriminator="kind")
    data: DataSpec | None = None
    model: ModelSpec = ModelSpec()
    optimizer: AnyRule = Sgd()
    schedule: AnySchedule = Constant()
    batch: BatchSpec = BatchSpec()
    clip: ClipSpec = ClipSpec()
    regularisation: Regularisation = Regularisation()
    line_search: LineSearchSpec = LineSearchSpec()
    averaging: AveragingSpec = AveragingSpec()
    noise: NoiseSpec = NoiseSpec()
    seed: SeedSpec = SeedSpec()
    stop: StopSpec = StopSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    pace: PaceSpec = PaceSpec()
    compute: ComputeSpec = ComputeSpec()
    precision: Literal["float32", "float64"] = "float32"

    @property
    def loss_name(self) -> str:
        """The loss of a network: as given, or what fits the data set."""
        shape = self.data.shape if self.data is not None else None
        if self.model.loss is not None or shape is None:
            return self.model.loss or "mean_squared_error"
        return "cross_entropy" if shape.classes else "mean_squared_error"

    @property
    def search_method(self) -> MethodName:
        """The line search: as given, or what fits the rule."""
        if self.line_search.name == "auto":
            return "wolfe" if self.optimizer.name == "lbfgs" else "none"
        return self.line_search.name

    def as_given(self) -> dict[str, Any]:
        """Return the tables that a person gave, so that defaults stay defaults; `checked_spec` takes them back."""
        data = self.model_dump(mode="json", exclude_unset=True)
        data.setdefault("optimizer", {})["name"] = self.optimizer.name
        if "schedule" in data:
            data["schedule"]["name"] = self.schedule.name
        return data

    @property
    def has_batches(self) -> bool:
        """Whether a step sees a part of the training set: of a data set, or of the lines of a landscape."""
        match self.problem:
            case DatasetProblem():
                return True
            case LandscapeProblem(function=function):
                return LANDSCAPES[function].slopes is not None
            case ExpressionProblem():
                return False
            case _ as never:
                assert_never(never)

    @model_validator(mode="after")
    def _fits_together(self) -> RunSpec:
        if isinstance(self.problem, DatasetProblem):
            self._check_dataset()
        else:
            self._check_function()
        if self.compute.update == "compiled" and not passes.is_compiler_installed():
            raise MisfitError(
                "compute.update", "compiled", '"auto" or "numpy"; "compiled" needs numba: pip install "gdtui[fast]"'
            )
        return self

    def _check_function(self) -> None:
        """Refuse what only a model that is fitted to samples has."""
        for name in ("data", "model", "batch", "regularisation"):
            if name in self.model_fields_set and not (name == "batch" and self.has_batches):
                raise MisfitError(
                    name,
                    getattr(self, name).model_dump(exclude_unset=True),
                    f'nothing: a problem of kind "{self.problem.kind}" has no {name}',
                )
        if isinstance(self.problem, LandscapeProblem) and self.search_method != "none":
            function = self.problem.function
            if LANDSCAPES[function].bounds is not None:
                allowed = f'"none" on {function}: a search knows nothing of its bounds'
                raise MisfitError("line_search.name", self.line_search.name, allowed)
        if self.has_batches:
            # One line a step, in their order, is the lesson. What nobody gave stays so: it is not for `as_given`.
            given = self.batch.model_dump(exclude_unset=True)
            batch = BatchSpec.model_construct(_fields_set=set(given), **{"size": 1, "shuffle": False, **given})
            object.__setattr__(self, "batch", batch)

    def _check_dataset(self) -> None:
        if self.data is None or (self.data.name is None and self.data.file is None):
            raise MisfitError(
                "data.name",
                MISSING,
                "one of " + ", ".join(f'"{name}"' for name in (*DATASETS, *DOWNLOADS)) + ", or data.file",
            )
        _check_source(self.data)
        shape = self.data.shape
        if shape is None:
            return
        task = "regression" if not shape.classes else "two classes" if shape.classes == 2 else "classes"
        fitting = [name for name, loss in LOSSES.items() if task in loss.tasks]
        if self.loss_name not in fitting:
            title = self.data.name or shape.title
            raise MisfitError("model.loss", self.loss_name, f"for data set {title} one of {', '.join(fitting)}")
        self._check_model()
        widths = (shape.features, *self.model.hidden, shape.most_outputs)
        parameters = sum((inputs + self.model.bias) * units for inputs, units in pairwise(widths))
        if parameters > MAXIMUM_PARAMETERS:
            raise MisfitError(
                "model.hidden",
                list(self.model.hidden),
                f"at most {MAXIMUM_PARAMETERS:,} parameters in all, these have {parameters:,}",
            )
        if self.data.file is not None:
            self._check_batch(shape)

    def _check_model(self) -> None:
        """Refuse what would have no effect."""
        model, dropout = self.model, self.regularisation.dropout
        if model.huber_delta is not None and self.loss_name != Huber.name:
            raise MisfitError("model.huber_delta", model.huber_delta, f'nothing without model.loss = "{Huber.name}"')
        if dropout and not model.hidden:
            raise MisfitError("regularisation.dropout", dropout, "0 without hidden layers: only their units drop out")

    def _check_batch(self, shape: DataShape) -> None:
        """Refuse a batch of samples on disk that is too large for memory: the others lie there anyway."""
        sample = (shape.features + 1 + shape.most_outputs) * (4 if self.precision == "float32" else 8)
        most = max(1, MAXIMUM_BATCH_BYTES // sample)
        if most < (shape.samples if self.batch.size == "full" else min(self.batch.size, shape.samples)):
            raise MisfitError(
                "batch.size",
                self.batch.size,
                f"at most {most:,} for {shape.title}: a batch is held in memory, and may take "
                f"{MAXIMUM_BATCH_BYTES >> 20} MB of it",
            )


def _check_source(data: DataSpec) -> None:
    """See that the samples come from one place, and that no field speaks of the other."""
    if data.file is not None and data.name is not None:
        raise MisfitError("data.file", data.file, "nothing beside data.name: the samples come from one of the two")
    for field in ("noise", *PARAMETERS) if data.file is not None else OF_A_FILE:
        value = getattr(data, field)
        if value is not None:
            raise MisfitError(
                f"data.{field}", value, f"nothing without data.{'file' if field in OF_A_FILE else 'name'}"
            )
    if data.classes is not None and data.task == "regression":
        raise MisfitError("data.classes", data.classes, 'nothing where data.task is "regression"')
    if data.name is not None:
        served = DOWNLOADS.get(data.name)
        most = served.samples if served is not None else DATASETS[data.name].samples_limit or MAXIMUM_MADE
        if (data.samples or 0) > most:
            raise MisfitError("data.samples", data.samples, f"at most {most} for {data.name}")
        if served is None:
            _check_made(data, data.name)
        for field in ("noise", *PARAMETERS) if served is not None else ():
            if getattr(data, field) is not None:
                raise MisfitError(f"data.{field}", getattr(data, field), f"nothing for {data.name}: it is as it is")


def _check_made(data: DataSpec, name: str) -> None:
    """Refuse a parameter that the set of this name does not have, or not so."""
    if data.scale == "unit":
        raise MisfitError("data.scale", data.scale, f'"none" or "standardise" for {name}; "unit" is for uint8')
    able = parameters_of(DATASETS[name])
    for field in PARAMETERS:
        value = getattr(data, field)
        if value is None:
            continue
        if field not in able:
            others = ", ".join(other for other, kind in DATASETS.items() if field in parameters_of(kind))
            raise MisfitError(f"data.{field}", value, f"nothing for {name}; of the sets {others} it can be set")
        least, most = able[field].least, able[field].most
        if not least <= value <= most:
            raise MisfitError(f"data.{field}", value, f"a number ≥ {least:g} and ≤ {most:g} for {name}")


SECTIONS: dict[str, type[Section]] = {
    "data": DataSpec,
    "model": ModelSpec,
    "batch": BatchSpec,
    "clip": ClipSpec,
    "regularisation": Regularisation,
    "line_search": LineSearchSpec,
    "averaging": AveragingSpec,
    "noise": NoiseSpec,
    "seed": SeedSpec,
    "stop": StopSpec,
    "evaluation": EvaluationSpec,
    "pace": PaceSpec,
    "compute": ComputeSpec,
}
"""The sections that are always of one class; a problem, an optimizer and a schedule are told apart by their name."""


def checked_spec(data: dict[str, Any], source: str, sources: dict[str, str] | None = None) -> RunSpec:
    """Return the spec that `data` describes.

    Args:
        data: Nested tables as read from TOML.
        source: The file's name, for the message.
        sources: Dotted keys that came from somewhere else, such as an option of the command line, and from where.

    Raises:
        InputError: One line that names place, field, value and what is allowed.
    """
    try:
        return RunSpec.model_validate(data)
    except ValidationError as error:
        raise InputError(complaint(error, source, sources or {})) from None


def complaint(error: ValidationError, source: str, sources: dict[str, str], *, prefix: str = "") -> str:
    """Return the first fault of a validation as one line: place, field after `prefix`, value, what is allowed."""
    faults = error.errors(include_url=False)
    fault = faults[0]
    cause = fault.get("ctx", {}).get("error")
    if isinstance(cause, MisfitError):
        key, value, allowed = cause.key, cause.value, cause.allowed
    else:
        section, path = _field_of(fault["loc"])
        key, value = ".".join((*section, *path)) or "the file", fault["input"]
        if fault["type"].startswith("union_tag"):
            tag = "kind" if section == ("problem",) else "name"
            key = f"{'.'.join(section)}.{tag}"
            value = value.get(tag, MISSING) if isinstance(value, dict) else value
            allowed = "one of " + ", ".join(f'"{name}"' for name in _choices(section[0]))
        elif fault["type"] == "extra_forbidden":
            allowed = "only " + ", ".join(_section_class(fault["loc"]).model_fields)
        else:
            allowed = allowed_values(_section_class(fault["loc"]), path[0]) if path else "a table"
            value = MISSING if fault["type"] == "missing" else value
    return blamed(f"{prefix}{key}", value, allowed, source, sources)


def blamed(key: str, value: object, allowed: str, source: str, sources: dict[str, str]) -> str:
    """Return one line about a field: the place that gave it, the field, its value, what is allowed."""
    named = [part for part in _ancestors(key) if part in sources] or [part for part in sources if f"{key}." in part]
    place = sources[named[0]] if named else source
    return f"{place}: {clean(key, 120)} = {shown(value)}; allowed: {clean(allowed, 600)}"


def shown(value: object) -> str:
    """Return a value of a spec as it may be printed in a message."""
    if value is MISSING:
        return "missing"
    if value is None:
        return "empty"
    try:
        return clean(repr(value), 80)
    except ValueError:
        return "a number of thousands of digits"
    except RecursionError:
        return "a value nested thousands deep"


MISSING = object()
"""Stands for a value that is not there."""


def _choices(section: str) -> list[str]:
    match section:
        case "optimizer":
            return list(RULES)
        case "schedule":
            return list(SCHEDULES)
        case _:
            return [kind.model_fields["kind"].default for kind in PROBLEMS]


def _field_of(location: tuple[int | str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a fault's section and the path of the field in it, without what the checker puts between.

    For a union, the checker names the member after the section, and the type of each alternative after the field.
    """
    parts = list(location)
    if not parts:
        return (), ()
    first = str(parts[0])
    if first not in RunSpec.model_fields or first == "precision":
        return (), (first,)
    rest = parts[1:]
    if first in ("problem", "optimizer", "schedule") and rest and rest[0] in _choices(first):
        rest = rest[1:]
    if not rest:
        return (first,), ()
    indices = [str(part) for part in rest[1:2] if isinstance(part, int)]
    return (first,), (str(rest[0]), *indices)


def _section_class(location: tuple[int | str, ...]) -> type[Section]:
    """Return the class of the section in which a fault lies."""
    match location:
        case ("problem", tag, *_) if tag in _choices("problem"):
            return next(kind for kind in PROBLEMS if kind.model_fields["kind"].default == tag)
        case ("optimizer", str(name), *_) if name in RULES:
            return RULES[name]
        case ("schedule", str(name), *_) if name in SCHEDULES:
            return SCHEDULES[name]
        case (str(first), _, *_):
            return SECTIONS[first]
        case _:
            return RunSpec


def _ancestors(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
