"""A problem, a data set and a model as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from ..errors import MisfitError
from ..fields import HuberDelta, Number, Section, Switch, Whole
from ..text import counted
from .activations import ACTIVATIONS
from .datasets import DATASETS, MAXIMUM_CLASSES, MAXIMUM_FEATURES, OTHER_NAMES, Task
from .downloads import DOWNLOADS
from .landscapes import LANDSCAPES, OUTLIER_PASS, LandscapeKind, rotated
from .losses import LOSSES, Reduction
from .scaling import Scale

if TYPE_CHECKING:
    from .expression.graph import Graph


def _key_of(
    table: Mapping[str, object], other_names: Mapping[str, str] | None = None
) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what makes a string the name of an entry of `table`: the tables grow, and no `Literal` need follow."""

    def check(name: str) -> str:
        name = (other_names or {}).get(name, name)
        if name not in table:
            raise ValueError("not in the table")
        return name

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(table)})


FunctionName = Annotated[str, *_key_of(LANDSCAPES)]
DataName = Annotated[str, *_key_of({**DATASETS, **DOWNLOADS}, OTHER_NAMES)]
ActivationName = Annotated[str, *_key_of(ACTIVATIONS)]
LossName = Annotated[str, *_key_of(LOSSES)]


class LandscapeProblem(Section):
    """A function of one or two variables that is itself the loss: no data, no noise."""

    kind: Literal["landscape"] = "landscape"
    function: FunctionName = Field(title="Function", default="ravine")
    start: tuple[Number, ...] | None = Field(
        title="Start", default=None, description="Where the descent begins; empty means the function's usual start."
    )
    condition: Annotated[Number, Field(ge=1.0, le=1e6)] | None = Field(
        title="Condition number",
        default=None,
        description="Ratio of the largest to the smallest curvature of the ravine; higher zigzags more.",
        json_schema_extra={"symbol": "κ", "scale": "log"},
    )
    curvature: Annotated[Number, Field(ge=1e-6, le=1e6)] | None = Field(
        title="Curvature",
        default=None,
        description="Second derivative of the parabola; higher is steeper, and the largest stable rate is 2/λ.",
        json_schema_extra={"symbol": "λ", "scale": "log"},
    )
    dimension: Annotated[Whole, Field(ge=1, le=2)] | None = Field(
        title="Coordinates",
        default=None,
        description="1 takes the function's form on a line; empty means its usual form.",
    )
    rotation: Annotated[Number, Field(ge=-360.0, le=360.0)] | None = Field(
        title="Rotation",
        default=None,
        description="Degrees by which a landscape in the plane is turned about the middle of its box, "
        "counterclockwise; what is no multiple of 90 makes the coordinates depend on each other.",
        json_schema_extra={"symbol": "φ", "scale": "linear"},
    )
    outlier_step: Annotated[Whole, Field(ge=1, le=OUTLIER_PASS)] | None = Field(
        title="Step of the outlier",
        default=None,
        description=f"Which step has the steep gradient; it comes again every {OUTLIER_PASS:,} steps.",
    )

    @property
    def landscape(self) -> LandscapeKind:
        """The function with its knobs as they are chosen."""
        kind = self._unturned
        return rotated(kind, self.rotation) if self.rotation else kind

    @property
    def begins(self) -> tuple[float, ...]:
        """Where the descent begins."""
        return self.landscape.start if self.start is None else self.start

    @property
    def _unturned(self) -> LandscapeKind:
        kind = LANDSCAPES[self.function]
        chosen = {name: value for name in KNOBS if (value := getattr(self, name)) is not None}
        return kind.make(**{**kind.knobs, **chosen}) if chosen and kind.make is not None else kind

    @model_validator(mode="after")
    def _fits_the_function(self) -> LandscapeProblem:
        for name in KNOBS:
            value = getattr(self, name)
            if value is not None and name not in LANDSCAPES[self.function].knobs:
                able = ", ".join(other for other, kind in LANDSCAPES.items() if name in kind.knobs)
                raise MisfitError(f"problem.{name}", value, f"only for the functions {able}")
        kind = self._unturned
        if self.rotation is not None and kind.dimension != 2:
            raise MisfitError("problem.rotation", self.rotation, "only where there are two coordinates")
        if self.start is not None:
            if len(self.start) != kind.dimension:
                raise MisfitError("problem.start", list(self.start), counted(kind.dimension, "number"))
            if kind.bounds is not None and not all(kind.bounds[0] <= x <= kind.bounds[1] for x in self.start):
                lowest, highest = kind.bounds
                raise MisfitError("problem.start", list(self.start), f"from {lowest:g} to {highest:g}")
        return self


KNOBS = ("condition", "curvature", "dimension", "outlier_step")
"""The fields of `LandscapeProblem` that only some functions have."""


class ExpressionProblem(Section):
    """A function that someone typed in; it is itself the loss, as a landscape is."""

    kind: Literal["expression"] = "expression"
    expression: str = Field(
        title="Function", description="Of any variables, such as (x + y)*z or exp(-x**2); pi and e are constants."
    )
    variables: tuple[str, ...] | None = Field(
        title="Variables",
        default=None,
        description="Their order; empty means the one in which they first appear in the function.",
    )
    start: tuple[Number, ...] | None = Field(
        title="Start",
        default=None,
        description="Where the descent begins, one number a variable in their order; empty means 1 for each.",
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> ExpressionProblem:
        # Only now: most runs have no typed-in function.
        from .expression.parse import ExpressionError, parse

        try:
            variables = parse(self.expression).variables
        except ExpressionError as error:
            raise MisfitError("problem.expression", self.expression, str(error)) from None
        if self.variables is not None and sorted(self.variables) != sorted(variables):
            allowed = f"the function's variables, each once: {', '.join(variables)}"
            raise MisfitError("problem.variables", list(self.variables), allowed)
        if self.start is not None and len(self.start) != len(variables):
            allowed = f"{counted(len(variables), 'number')}, for {', '.join(self.variables or variables)}"
            raise MisfitError("problem.start", list(self.start), allowed)
        return self

    @property
    def graph(self) -> Graph:
        """The nodes of the function, made anew."""
        from .expression.parse import parse

        return parse(self.expression, self.variables or ())

    @property
    def point(self) -> dict[str, float]:
        """Every variable with its initial value, in their order."""
        variables = self.graph.variables
        return dict(zip(variables, self.start or (1.0,) * len(variables), strict=True))

    @property
    def begins(self) -> tuple[float, ...]:
        """Where the descent begins."""
        return tuple(self.point.values())


class DatasetProblem(Section):
    """A model fitted to samples."""

    kind: Literal["dataset"] = "dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataShape:
    """What a model has to fit into."""

    title: str
    samples: int
    features: int
    classes: int
    """How many classes there are; 0 for a regression."""
    has_test: bool = False
    """Whether the set brings samples for the test, which are then held out and not a share of these."""
    numbers: int = 1
    """How many numbers a regression has to fit to a sample."""

    @property
    def most_outputs(self) -> int:
        """How many outputs a network needs for it, if each class has one."""
        return self.classes or self.numbers


OF_A_FILE = ("target", "header", "task", "classes", "features")
"""The fields of `DataSpec` that only a file of samples has."""


class DataSpec(Section):
    """Which samples, how many, how noisy, and how many of them are kept aside."""

    name: DataName | None = Field(title="Data set", default=None)
    file: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(
        title="File",
        default=None,
        description="A .npy, .npz, CSV or Parquet file, or a folder of IDX images, instead of a data set's name; "
        "arrays are read while they are trained on, the others into memory.",
    )
    target: (
        Annotated[Whole, Field(ge=0, le=MAXIMUM_FEATURES)]
        | Annotated[str, Field(strict=True, min_length=1, max_length=200)]
        | None
    ) = Field(
        title="Target column",
        default=None,
        description="Column of a table that is to be learned, counted from 0 or by its name; empty means the last one.",
    )
    task: Task | None = Field(
        title="Task",
        default=None,
        description="What the targets are; empty means classes where they are whole numbers, if float of 1,000 values "
        "at most.",
    )
    classes: Annotated[Whole, Field(ge=2, le=MAXIMUM_CLASSES)] | None = Field(
        title="Classes",
        default=None,
        description="How many classes; empty means one more than the greatest target, for which all are read once.",
    )
    features: Annotated[Whole, Field(ge=1, le=MAXIMUM_FEATURES)] | None = Field(
        title="Features", default=None, description="How many numbers a sample has; empty means what the file has."
    )
    scale: Scale | None = Field(
        title="Scale",
        default=None,
        description="unit divides uint8 by 255, standardise makes every feature's mean 0 and its deviation 1, measured "
        "on the training samples alone; empty means unit for uint8, standardise for shipped tables, else none.",
    )
    header: Switch | None = Field(
        title="Header",
        default=None,
        description="Whether the first line of a CSV file names its columns; empty means that it is seen from it.",
    )
    samples: Annotated[Whole, Field(ge=4, le=1 << 40)] | None = Field(
        title="Samples",
        default=None,
        description="How many samples; empty means the set's usual number, or all of a file. Fewer are its first ones.",
    )
    noise: Annotated[Number, Field(ge=0.0, le=10.0)] | None = Field(
        title="Noise",
        default=None,
        description="Standard deviation of the noise on the coordinates; higher mixes the classes.",
    )
    turns: Number | None = Field(
        title="Turns", default=None, description="How often an arm of the spiral goes around; more is harder to learn."
    )
    gap: Number | None = Field(
        title="Gap", default=None, description="Distance between the classes or rings; wider is easier to learn."
    )
    imbalance: Number | None = Field(
        title="Imbalance",
        default=None,
        description="Share of class 1 among two; empty means equally large classes, far from 0.5 one class is rare.",
    )
    zoom: Number | None = Field(
        title="Zoom",
        default=None,
        description="Factor of all inputs; 6 makes a set as large as in TensorFlow Playground, where tanh learns fast.",
        json_schema_extra={"scale": "log"},
    )
    flips: Number | None = Field(
        title="Flipped labels",
        default=None,
        description="Share of the labels that are wrong; higher puts a floor under the loss.",
    )
    outliers: Number | None = Field(
        title="Outliers",
        default=None,
        description="Share of the samples that are moved ten deviations away; higher pulls the fit off the others.",
    )
    feature_scale: Number | None = Field(
        title="Scale of a feature",
        default=None,
        description="Factor of the first feature; further from 1 makes the loss a narrower ravine.",
        json_schema_extra={"scale": "log"},
    )
    held_out: Annotated[Number, Field(ge=0.0, le=0.9)] = Field(
        title="Held out",
        default=0.2,
        description="Share of the samples that is never trained on, to see what was learnt and what only memorised; "
        "above 0, those for the test of a set that has such, as MNIST does.",
    )

    @property
    def shape(self) -> DataShape | None:
        """What a model has to fit into; None for a file that nobody has looked into yet."""
        if self.name is not None and self.name in DOWNLOADS:
            served = DOWNLOADS[self.name]
            samples = self.samples or served.samples
            return DataShape(
                title=served.title,
                samples=samples,
                features=served.features,
                classes=served.classes,
                has_test=True,
            )
        if self.name is not None:
            kind = DATASETS[self.name]
            samples = self.samples or kind.samples
            return DataShape(
                title=kind.title,
                samples=samples,
                features=kind.features,
                classes=kind.classes,
                numbers=kind.numbers,
            )
        classes = 0 if self.task == "regression" else self.classes
        if self.file is None or self.samples is None or self.features is None or classes is None:
            return None
        title = PurePath(self.file).name
        return DataShape(title=title, samples=self.samples, features=self.features, classes=classes)


class ModelSpec(Section):
    """A multilayer perceptron; without hidden layers it is a linear model."""

    hidden: tuple[Annotated[Whole, Field(ge=1, le=65536)], ...] = Field(
        title="Hidden layers",
        default=(),
        max_length=64,
        description="Units of each hidden layer, from the input on; none makes linear or logistic regression.",
    )
    activation: ActivationName = Field(
        title="Activation", default="relu", description="Function applied to the sums of every hidden layer."
    )
    loss: LossName | None = Field(
        title="Loss",
        default=None,
        description="What is minimised; empty means cross_entropy for classes and mean_squared_error for numbers.",
    )
    huber_delta: HuberDelta = None
    reduction: Reduction = Field(
        title="Reduction",
        default="mean",
        description="Whether a loss is the mean over the samples of a batch or their sum, which only scales the rate.",
    )
    bias: Switch = Field(
        title="Biases", default=True, description="Whether the sums of every layer have a number of their own added."
    )
    init: Literal["he", "xavier", "standard"] | None = Field(
        title="Initialisation",
        default=None,
        description="Variance of the initial weights, standard being 1; empty means xavier for tanh, sigmoid and "
        "identity, and he for all that resemble a rectifier.",
    )
