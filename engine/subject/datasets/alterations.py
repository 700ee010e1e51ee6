"""What can be done to a data set after it was made: zoomed, a feature stretched, labels flipped, samples moved away.

Each has a stream of chance of its own, and a larger share takes the samples of a smaller one and more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from .kind import DataSet, DataSetKind, Inputs, Labels, Parameter, generator_for

FAR = 10.0
"""How far an outlier goes, in standard deviations of what is moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One thing that can be done to a data set."""

    parameter: Parameter
    fits: Callable[[DataSetKind], bool]
    apply: Callable[[DataSet, float, int], tuple[Inputs, Labels]]
    """Inputs and labels from a data set, the parameter and a seed."""


def altered(data: DataSet, wanted: Mapping[str, float], seed: int) -> DataSet:
    """Return the data set with what is wanted of `ALTERATIONS` done to it."""
    for name, rule in ALTERATIONS.items():
        if name in wanted and wanted[name] != rule.parameter.default:
            inputs, labels = rule.apply(data, wanted[name], seed)
            data = replace(data, inputs=inputs, labels=labels)
    return data


def _flipped(data: DataSet, share: float, seed: int) -> tuple[Inputs, Labels]:
    """Give so many of the samples another class than their own, each other class with the same probability."""
    generator = generator_for(seed, f"{data.name} flips")
    chosen = generator.permutation(data.count)[: round(share * data.count)]
    steps = generator.integers(1, data.classes, data.count)
    labels = data.labels.copy()
    labels[chosen] = (labels[chosen] + steps[chosen]) % data.classes
    return data.inputs, labels


def _with_outliers(data: DataSet, share: float, seed: int) -> tuple[Inputs, Labels]:
    """Move so many of the samples ten standard deviations away, in a direction of chance.

    Of a classification the inputs go, by ten deviations of all of them; of a regression each number to fit, up or down.
    """
    generator = generator_for(seed, f"{data.name} outliers")
    chosen = generator.permutation(data.count)[: round(share * data.count)]
    if data.task == "regression":
        labels = data.labels.copy()
        signs = generator.choice([-1.0, 1.0], data.labels.shape)
        labels[chosen] += FAR * data.labels.std() * signs[chosen]
        return data.inputs, labels
    inputs = data.inputs.copy()
    directions = generator.standard_normal(inputs.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    inputs[chosen] += FAR * data.inputs.std() * directions[chosen]
    return inputs, data.labels


def _stretched(data: DataSet, factor: float, _: int) -> tuple[Inputs, Labels]:
    """Multiply the first feature: the curvature along its weight grows with the square of it."""
    inputs = data.inputs.copy()
    inputs[:, 0] *= factor
    return inputs, data.labels


def _zoomed(data: DataSet, factor: float, _: int) -> tuple[Inputs, Labels]:
    return data.inputs * factor, data.labels


def _is_made(kind: DataSetKind) -> bool:
    return kind.samples_limit is None


ALTERATIONS: Mapping[str, Alteration] = {
    "zoom": Alteration(parameter=Parameter(default=1.0, least=1e-4, most=1e4), fits=_is_made, apply=_zoomed),
    "flips": Alteration(
        parameter=Parameter(default=0.0, least=0.0, most=1.0), fits=lambda kind: kind.classes > 0, apply=_flipped
    ),
    "outliers": Alteration(
        parameter=Parameter(default=0.0, least=0.0, most=0.5), fits=lambda _: True, apply=_with_outliers
    ),
    "feature_scale": Alteration(
        parameter=Parameter(default=1.0, least=1e-4, most=1e4), fits=_is_made, apply=_stretched
    ),
}
"""By the names of their fields in a spec, in the order in which they are done."""
