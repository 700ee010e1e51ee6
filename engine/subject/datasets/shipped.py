"""Real data that come with the package; `data/README.md` says where each is from and under which licence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .kind import DataSetKind, Inputs, Labels, Task, Wish
from .points import noisy

if TYPE_CHECKING:
    from numpy.random import Generator

INK = 16.0
"""The darkest pixel of a digit."""


def _digits(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return handwritten digits, 8 × 8 pixels from 0 (paper) to 1 (ink), drawn without replacement.

    The file's order is kept, so that all 1797 of them are the file itself. Noise is added to the pixels and not
    clipped.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (test set), UCI Machine Learning
    Repository, 1998, DOI 10.24432/C50P49. Deviation: pixels are divided by 16.
    """
    rows = _drawn(_stored("digits.npy"), wish, generator)
    return noisy(rows[:, :-1] / INK, wish.noise, generator), rows[:, -1].astype(np.int64)


def _measured(file: str, task: Task, wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return the rows of a table in their own units, drawn as the digits are; noise is in a feature's deviations."""
    rows = _drawn(_stored(file), wish, generator)
    inputs, labels = rows[:, :-1], rows[:, -1]
    moved = noisy(np.zeros_like(inputs), wish.noise, generator) * _stored(file)[:, :-1].std(axis=0)
    return inputs + moved, labels.astype(np.int64) if task == "classification" else labels.copy()


def _drawn(rows: NDArray[Any], wish: Wish, generator: Generator) -> NDArray[Any]:
    return rows[np.sort(generator.permutation(len(rows))[: wish.samples])]


@cache
def _stored(name: str) -> NDArray[Any]:
    """Return the rows of a file, (samples, features + 1): the target comes last."""
    path = resources.files(__package__.rpartition(".")[0]) / "data" / name
    with path.open("rb") as file:
        if name.endswith(".npy"):
            rows: NDArray[Any] = np.load(file, allow_pickle=False)
        else:
            rows = np.loadtxt(file, delimiter=",", skiprows=1)
    # Every caller gets the same array.
    rows.setflags(write=False)
    return rows


@cache
def _names(file: str) -> tuple[str, ...]:
    """Return the names of the features in the first row of a table."""
    path = resources.files(__package__.rpartition(".")[0]) / "data" / file
    with path.open(encoding="utf-8") as lines:
        return tuple(name.replace("_", " ") for name in lines.readline().strip().split(",")[:-1])


def _table(
    *, file: str, title: str, description: str, task: Task, classes: int, features: int, samples: int, source: str
) -> DataSetKind:
    return DataSetKind(
        title=title,
        description=description,
        task=task,
        classes=classes,
        features=features,
        samples=samples,
        samples_limit=samples,
        noise=0.0,
        noise_unit="a feature's standard deviation",
        scale="standardise",
        source=source,
        feature_names=partial(_names, file),
        make=partial(_measured, file, task),
    )


SHIPPED: Mapping[str, DataSetKind] = {
    "digits": DataSetKind(
        title="Handwritten digits",
        description="1,797 real scans of 8 × 8 pixels by 13 people: small enough to train on while you watch.",
        task="classification",
        classes=10,
        features=64,
        samples=1797,
        samples_limit=1797,
        noise=0.0,
        noise_unit="the step from paper to ink, added to every pixel",
        image_shape=(8, 8),
        source="E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, DOI 10.24432/C50P49, CC BY 4.0",
        make=_digits,
    ),
    "iris": _table(
        file="iris.csv",
        title="Iris flowers",
        description="Length and width of sepals and petals in cm, of three species: one stands apart, two overlap.",
        task="classification",
        classes=3,
        features=4,
        samples=150,
        source="R. A. Fisher (1936), UCI Machine Learning Repository, DOI 10.24432/C56C76, CC BY 4.0",
    ),
    "wine": _table(
        file="wine.csv",
        title="Wines",
        description="Thirteen chemical measurements of the wines of three growers, in units from 0.1 to 1,680.",
        task="classification",
        classes=3,
        features=13,
        samples=178,
        source="S. Aeberhard, M. Forina (1992), UCI Machine Learning Repository, DOI 10.24432/C5PC7J, CC BY 4.0",
    ),
    "breast_cancer": _table(
        file="breast_cancer.csv",
        title="Breast cancer",
        description="Thirty measurements of cell nuclei: whether a growth is malignant (0) or benign (1).",
        task="classification",
        classes=2,
        features=30,
        samples=569,
        source="W. Wolberg et al. (1993), UCI Machine Learning Repository, DOI 10.24432/C5DW2B, CC BY 4.0",
    ),
    "diabetes": _table(
        file="diabetes.csv",
        title="Diabetes",
        description="Ten measurements of a patient, and how far the illness has gone a year later, from 25 to 346.",
        task="regression",
        classes=0,
        features=10,
        samples=442,
        source="B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004), Least Angle Regression, as in scikit-learn",
    ),
}
"""The shipped sets by their names."""
