"""The data sets: what a formula and a seed make anew, and the real data that come with the package.

Read in this order:

kind         what a data set is, what a row of the table says, and how a set is cut in two
points       what the made sets are put together from
playground   the sets of the TensorFlow Playground
lessons      sets that lessons are about
shipped      real data in the package
alterations  what can be done to them afterwards: zoomed, a feature stretched, labels flipped, samples moved away
"""

from __future__ import annotations

from collections.abc import Mapping

from .alterations import ALTERATIONS, altered
from .kind import (
    MAXIMUM_CLASSES,
    MAXIMUM_FEATURES,
    MINIMUM_SAMPLES,
    DataSet,
    DataSetKind,
    Inputs,
    Labels,
    Parameter,
    Split,
    Task,
    Wish,
    generator_for,
    split,
)
from .lessons import LESSONS
from .playground import PLAYGROUND
from .shipped import SHIPPED

DATASETS: Mapping[str, DataSetKind] = {
    name: kind for table in (SHIPPED, PLAYGROUND, LESSONS) for name, kind in table.items()
}
"""Every data set by its name."""
OTHER_NAMES: Mapping[str, str] = {"circle": "circles", "multi-gauss": "multi_gauss", "two_gauss": "gauss"}
"""What some sets are called elsewhere."""
PARAMETERS = tuple(dict.fromkeys(name for kind in DATASETS.values() for name in kind.parameters)) + tuple(ALTERATIONS)
"""The fields of a spec that some data sets have and others do not."""


def parameters_of(kind: DataSetKind) -> dict[str, Parameter]:
    """Return everything that can be turned about a data set beside the number of samples and the noise."""
    alterations = {name: rule.parameter for name, rule in ALTERATIONS.items() if rule.fits(kind)}
    return {**kind.parameters, **alterations}


def generate(
    name: str, *, samples: int | None = None, noise: float | None = None, seed: int, **parameters: float | None
) -> DataSet:
    """Return the data set of this name; the same arguments give the same bits.

    Coordinates are drawn before the noise and the noise is only scaled, so another noise with the same seed moves
    the same points along the same directions.

    Args:
        name: A key of `DATASETS`.
        samples: How many samples, at least 1 and within the kind's limit; None takes the kind's default.
        noise: Standard deviation of the Gaussian noise in the kind's `noise_unit`, 0 or more; None takes the default.
        seed: A number that is 0 or more.
        parameters: Those of `parameters_of` the kind; what is None or left out takes its default.
    """
    kind = DATASETS[name]
    given = {key: value for key, value in parameters.items() if value is not None}
    own = {key: given.get(key, parameter.default) for key, parameter in kind.parameters.items() if key != "imbalance"}
    wish = Wish(
        samples=kind.samples if samples is None else samples,
        noise=kind.noise if noise is None else noise,
        imbalance=given.get("imbalance"),
        **own,
    )
    inputs, labels = kind.make(wish, generator_for(seed, name))
    data = DataSet(
        name=name,
        task=kind.task,
        classes=kind.classes,
        inputs=inputs,
        labels=labels,
        image_shape=kind.image_shape,
        feature_names=kind.feature_names(),
    )
    return altered(data, {key: value for key, value in given.items() if key in ALTERATIONS}, seed)


__all__ = [
    "DATASETS",
    "MAXIMUM_CLASSES",
    "MAXIMUM_FEATURES",
    "MINIMUM_SAMPLES",
    "OTHER_NAMES",
    "PARAMETERS",
    "DataSet",
    "DataSetKind",
    "Inputs",
    "Labels",
    "Parameter",
    "Split",
    "Task",
    "generate",
    "parameters_of",
    "split",
]
