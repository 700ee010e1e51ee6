"""The hyperparameters' definitions: one place for bounds, symbol, scale, and what turning one up does.

Preset check, `--set`, the form in the dashboard, the help text and the documentation are all made from these. Each
field's description says what happens when the value goes up. `scale` tells how a control should move: "linear",
"log", or "one-minus-log" for a decay close to 1, where 0.9 → 0.99 → 0.999 are equal steps.
"""

from __future__ import annotations

import functools
import sys
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from .text import clean

LEAST = sys.float_info.min
"""The least float64 with a full mantissa."""


class Section(BaseModel):
    """A part of a spec: frozen, strict about unknown names, and with defaults that are checked like input."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_denormals(cls, data: Any) -> Any:
        """Take numbers too small for a full mantissa for 0, as an engine does: what is checked here is what it gets."""
        if not isinstance(data, dict):
            return data
        return {key: 0.0 if type(value) is float and abs(value) < LEAST else value for key, value in data.items()}


Scalar = float | int | bool | str | None
"""A value of a field of a spec, as it is sent and recorded."""
SafeText = Annotated[str, Field(max_length=2000), AfterValidator(lambda text: clean(text, 2000))]
"""Text for people in a file: cleaned the moment it is read."""
Number = Annotated[FiniteFloat, Field(strict=True)]
"""A finite number, and not a text or a switch that could be read as one."""
Whole = Annotated[int, Field(strict=True)]
"""A whole number, as strict."""
Switch = Annotated[bool, Field(strict=True)]
"""true or false, as strict."""
Count = Annotated[Whole, Field(ge=0, le=1 << 53)]


def _control(symbol: str, scale: str) -> dict[str, Any]:
    return {"symbol": symbol, "scale": scale}


LearningRate = Annotated[
    Number,
    Field(
        gt=0.0,
        le=1e6,
        title="Learning rate",
        description="Length of a step along the update; too high and the loss explodes.",
        json_schema_extra=_control("α", "log"),
    ),
]
Momentum = Annotated[
    Number,
    Field(
        ge=0.0,
        lt=1.0,
        title="Momentum",
        description="Share of the old velocity that each step keeps; higher rolls on longer and overshoots more.",
        json_schema_extra=_control("μ", "one-minus-log"),
    ),
]
Dampening = Annotated[
    Number,
    Field(
        ge=0.0,
        lt=1.0,
        title="Dampening",
        description="Share of each new gradient (after the first) that is kept out of the velocity; higher is slower.",
        json_schema_extra=_control("τ", "linear"),
    ),
]
Rho = Annotated[
    Number,
    Field(
        ge=0.0,
        lt=1.0,
        title="Decay of the squared gradient",
        description="Memory of the mean squared gradient; higher averages over more steps and reacts later.",
        json_schema_extra=_control("ρ", "one-minus-log"),
    ),
]
Beta1 = Annotated[
    Number,
    Field(
        ge=0.0,
        lt=1.0,
        title="Decay of the gradient",
        description="Memory of the mean gradient; higher smooths the direction over more steps.",
        json_schema_extra=_control("β₁", "one-minus-log"),
    ),
]
Beta2 = Annotated[
    Number,
    Field(
        ge=0.0,
        lt=1.0,
        title="Decay of the squared gradient",
        description="Memory of the mean squared gradient; higher averages over more steps and reacts later.",
        json_schema_extra=_control("β₂", "one-minus-log"),
    ),
]
Epsilon = Annotated[
    Number,
    Field(
        ge=1e-30,  # less vanishes in float32, and then a zero gradient is divided by zero
        le=1.0,
        title="Epsilon",
        description="Floor under the root mean square; higher turns the rule back towards plain gradient descent.",
        json_schema_extra=_control("ε", "log"),
    ),
]
WeightDecay = Annotated[
    Number,
    Field(
        ge=0.0,
        le=10.0,
        title="Weight decay",
        description="Adds this times the parameters to the gradient (L2), or where decoupled, this times α times the "
        "parameters to the step; higher pulls the weights towards zero.",
        json_schema_extra=_control("λ", "log"),
    ),
]
BetaOfChange = Annotated[
    Number,
    Field(
        ge=0.0,
        lt=1.0,
        title="Decay of the change",
        description="Memory of the gradient's change; higher looks further ahead and smooths it over more steps.",
        json_schema_extra=_control("β₂", "one-minus-log"),
    ),
]
Beta3 = Annotated[
    Number,
    Field(
        ge=0.0,
        lt=1.0,
        title="Decay of the squared gradient",
        description="Memory of the mean squared gradient; higher averages over more steps and reacts later.",
        json_schema_extra=_control("β₃", "one-minus-log"),
    ),
]
Shorten = Annotated[
    Number,
    Field(
        gt=0.0,
        lt=1.0,
        title="Shorten by",
        description="Factor of a step whose gradient has changed its sign; higher goes on faster and turns back more.",
        json_schema_extra=_control("η₋", "linear"),
    ),
]
Lengthen = Annotated[
    Number,
    Field(
        gt=1.0,
        le=10.0,
        title="Lengthen by",
        description="Factor of a step whose gradient keeps its sign; higher speeds up sooner and overshoots more.",
        json_schema_extra=_control("η₊", "linear"),
    ),
]
ShortestStep = Annotated[
    Number,
    Field(
        gt=0.0,
        le=1e6,
        title="Shortest step",
        description="No parameter's step gets shorter than this; higher stays restless near a minimum.",
        json_schema_extra=_control("Δmin", "log"),
    ),
]
LongestStep = Annotated[
    Number,
    Field(
        gt=0.0,
        le=1e6,
        title="Longest step",
        description="No parameter's step gets longer than this; higher crosses plains faster and may leave a valley.",
        json_schema_extra=_control("Δmax", "log"),
    ),
]
LookAhead = Annotated[
    Switch,
    Field(
        title="Look ahead",
        description="Adds the new gradient once more, as if it were taken where the momentum is about to lead.",
    ),
]
Adjust = Annotated[
    Literal["original", "match_rms_adamw"],
    Field(
        title="Scale of a matrix",
        description="original scales by the layer's shape; match_rms_adamw makes entries as long as Adam's.",
    ),
]
Decoupled = Annotated[
    Switch,
    Field(
        title="Decoupled",
        description="Takes the weight decay off the parameters beside the rule, which then never sees it (AdamW); off "
        "adds it to the gradient (L2), which an adaptive rule rescales.",
    ),
]
LearningRateDecay = Annotated[
    Number,
    Field(
        ge=0.0,
        le=1e3,
        title="Learning rate decay",
        description="Divides the learning rate by 1 + this times the steps made; higher comes to rest sooner.",
        json_schema_extra=_control("k", "log"),
    ),
]
InitialAccumulator = Annotated[
    Number,
    Field(
        ge=0.0,
        le=1e6,
        title="Initial accumulator",
        description="Added to every sum of squared gradients; higher makes the first steps shorter.",
        json_schema_extra=_control("G₀", "log"),
    ),
]
MomentumDecay = Annotated[
    Number,
    Field(
        ge=0.0,
        le=1e2,
        title="Momentum decay",
        description="How fast the momentum rises from half of β₁ to β₁; higher gets there in fewer steps.",
        json_schema_extra=_control("ψ", "log"),
    ),
]
BiasCorrection = Annotated[
    Switch,
    Field(
        title="Bias correction",
        description="Divides the two means by the weight gathered so far; without it the first steps are too long.",
    ),
]
Centered = Annotated[
    Switch,
    Field(
        title="Centered",
        description="Divides by the gradient's standard deviation instead of its root mean square.",
    ),
]
_Forms = TypeVar("_Forms")
Form = Annotated[
    _Forms,
    Field(
        title="Form",
        description="Whose arithmetic the rule follows where libraries differ; a hyperparameter that nobody has set "
        "takes that library's default.",
    ),
]
"""`Form[Literal["torch", "keras"]]`: the forms that a rule has."""
BatchSize = Annotated[
    Literal["full"] | Annotated[Whole, Field(ge=1, le=1 << 24)],
    Field(
        title="Batch size",
        description="Samples in one step, or full for all of them; higher is smoother and dearer.",
        json_schema_extra=_control("m", "log"),
    ),
]
Shuffle = Annotated[
    Switch,
    Field(title="Shuffle", description="Draws a new order of the samples for every epoch; off keeps the file's order."),
]
ClipNorm = Annotated[
    Annotated[Number, Field(gt=0.0, le=1e12)] | None,
    Field(
        title="Clip the gradient's norm",
        description="Scales a longer gradient down to this norm before the rule sees it; empty means no clipping.",
        json_schema_extra=_control("‖∇L‖ ≤", "log"),
    ),
]
L1 = Annotated[
    Number,
    Field(
        ge=0.0,
        le=1e3,
        title="L1 penalty",
        description="Adds this times the sum of all |w| to the loss; higher makes more weights exactly useless.",
        json_schema_extra=_control("λ₁", "log"),
    ),
]
L2 = Annotated[
    Number,
    Field(
        ge=0.0,
        le=1e3,
        title="L2 penalty",
        description="Adds half of this times the sum of all w² to the loss; higher keeps the weights small.",
        json_schema_extra=_control("λ₂", "log"),
    ),
]
Dropout = Annotated[
    Number,
    Field(
        ge=0.0,
        le=0.95,
        title="Dropout",
        description="Share of the hidden units that each step leaves out for each sample; higher memorises less.",
        json_schema_extra=_control("p", "linear"),
    ),
]
HuberDelta = Annotated[
    Annotated[Number, Field(gt=0.0, le=1e6)] | None,
    Field(
        title="Huber's δ",
        description="Error up to which the Huber loss is a square, and a line beyond; empty means 1. Higher heeds "
        "outliers more.",
        json_schema_extra=_control("δ", "log"),
    ),
]
ClipValue = Annotated[
    Annotated[Number, Field(gt=0.0, le=1e12)] | None,
    Field(
        title="Clip the gradient's entries",
        description="Cuts every entry of the gradient off at this size, before its norm is clipped; empty means no "
        "clipping.",
        json_schema_extra=_control("|∂L| ≤", "log"),
    ),
]
Memory = Annotated[
    Whole,
    Field(
        ge=1,
        le=1000,
        title="Memory",
        description="Past steps from which the curvature is estimated; higher is more exact and takes more memory.",
        json_schema_extra=_control("m", "log"),
    ),
]
Seed = Annotated[Whole, Field(ge=0, lt=1 << 63)]


@functools.cache
def schema_of(section: type[Section]) -> dict[str, Any]:
    """Return the JSON schema of a section, which takes milliseconds to make and never changes."""
    return section.model_json_schema()


def allowed_values(section: type[Section], name: str) -> str:
    """Return what a field takes, in words: its type, bounds or choices."""
    schema = schema_of(section)
    return _in_words(schema["properties"][name], schema.get("$defs", {}))


def _in_words(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rsplit("/", 1)[-1]], **schema}
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return "one of " + ", ".join(f'"{value}"' for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_in_words(part, definitions) for part in schema["anyOf"] if part.get("type") != "null")
    match schema.get("type"):
        case "boolean":
            return "true or false"
        case "integer" | "number" as kind:
            noun = "a whole number" if kind == "integer" else "a number"
            bounds = [
                f"{sign} {_number(schema[key])}"
                for key, sign in (
                    ("exclusiveMinimum", ">"),
                    ("minimum", "≥"),
                    ("exclusiveMaximum", "<"),
                    ("maximum", "≤"),
                )
                if key in schema
            ]
            return f"{noun} {' and '.join(bounds)}" if bounds else noun
        case "array":
            most = f" of at most {schema['maxItems']} entries" if "maxItems" in schema else ""
            return f"a list{most}, each entry {_in_words(schema['items'], definitions)}"
        case "object":
            return "a table"
        case _:
            return f'text such as "{schema["examples"][0]}"' if "examples" in schema else "text"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:g}"


__all__ = [
    "L1",
    "L2",
    "Adjust",
    "BatchSize",
    "Beta1",
    "Beta2",
    "Beta3",
    "BetaOfChange",
    "BiasCorrection",
    "Centered",
    "ClipNorm",
    "ClipValue",
    "Count",
    "Dampening",
    "Decoupled",
    "Dropout",
    "Epsilon",
    "Form",
    "HuberDelta",
    "InitialAccumulator",
    "LearningRate",
    "LearningRateDecay",
    "Lengthen",
    "LongestStep",
    "LookAhead",
    "Memory",
    "Momentum",
    "MomentumDecay",
    "Number",
    "Rho",
    "SafeText",
    "Scalar",
    "Section",
    "Seed",
    "Shorten",
    "ShortestStep",
    "Shuffle",
    "Switch",
    "WeightDecay",
    "Whole",
    "allowed_values",
]
