"""A problem, a data set and a model as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from ..fields import HuberDelta, Number, Section, Switch, Whole
from .activations import ACTIVATIONS
from .data_file import MAXIMUM_CLASSES, MAXIMUM_FEATURES
from .datasets import DATASETS, Task
from .file_samples import Scale
from .landscapes import LANDSCAPES
from .losses import LOSSES, Reduction


def _key_of(table: Mapping[str, object]) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what makes a string the name of an entry of `table`: the tables grow, and no `Literal` need follow."""

    def check(name: str) -> str:
        if name not in table:
            raise ValueError("not in the table")
        return name

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(table)})


FunctionName = Annotated[str, *_key_of(LANDSCAPES)]
DataName = Annotated[str, *_key_of(DATASETS)]
ActivationName = Annotated[str, *_key_of(ACTIVATIONS)]
LossName = Annotated[str, *_key_of(LOSSES)]


class LandscapeProblem(Section):
    """A function of two variables that is itself the loss: no data, no batch, no noise."""

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
    numbers: int = 1
    """How many numbers a regression has to fit to a sample."""

    @property
    def most_outputs(self) -> int:
        """How many outputs a network needs for it, if each class has one."""
        return self.classes or self.numbers


OF_A_FILE = ("target", "task", "classes", "features", "scale")
"""The fields of `DataSpec` that only a file of samples has."""


class DataSpec(Section):
    """Which samples, how many, how noisy, and how many of them are kept aside."""

    name: DataName | None = Field(title="Data set", default=None)
    file: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(
        title="File",
        default=None,
        description="A .npy or uncompressed .npz file instead of a data set's name; it is read while it is trained on.",
    )
    target: Annotated[Whole, Field(ge=0, le=MAXIMUM_FEATURES)] | None = Field(
        title="Target column",
        default=None,
        description="Column of a .npy file that is to be learned, counted from 0; empty means the last one.",
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
        "on a part of the training samples; empty means unit for uint8 and none for all others.",
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
    held_out: Annotated[Number, Field(ge=0.0, le=0.9)] = Field(
        title="Held out",
        default=0.2,
        description="Share of the samples that is never trained on, to see what was learnt and what only memorised.",
    )

    @property
    def shape(self) -> DataShape | None:
        """What a model has to fit into; None for a file that nobody has looked into yet."""
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
