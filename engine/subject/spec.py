"""A problem, a data set and a model as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from ..fields import Number, Section, Whole
from .activations import ACTIVATIONS
from .datasets import DATASETS
from .landscapes import LANDSCAPES
from .losses import LOSSES


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


class DataSpec(Section):
    """Which samples, how many, how noisy, and how many of them are kept aside."""

    name: DataName = Field(title="Data set")
    samples: Annotated[Whole, Field(ge=4, le=1 << 21)] | None = Field(
        title="Samples", default=None, description="How many samples; empty means the set's usual number."
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
    init: Literal["he", "xavier"] | None = Field(
        title="Initialisation",
        default=None,
        description="Variance of the initial weights; empty means he for relu and xavier for the others.",
    )
