"""The data in the package: as their authors made them, and with their names and licences."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.datasets import DataSet, generate

SEEDS = st.integers(0, 2**40)


def same(one: DataSet, other: DataSet) -> bool:
    return one.inputs.tobytes() == other.inputs.tobytes() and one.labels.tobytes() == other.labels.tobytes()


# -- the digits


def test_the_digits_file_is_the_one_that_its_readme_names() -> None:
    folder = resources.files("engine.subject") / "data"
    named = re.search(r"^\| sha256 \| `([0-9a-f]{64})` \|$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert named is not None
    assert hashlib.sha256((folder / "digits.npy").read_bytes()).hexdigest() == named[1]


def test_the_data_name_their_authors_and_their_licence() -> None:
    for file in ("README.md", "LICENSE"):
        text = (resources.files("engine.subject") / "data" / file).read_text("utf-8")
        for needed in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0"):
            assert needed in text, (file, needed)


def test_the_digits_are_the_1797_images_of_the_uci_test_set() -> None:
    """The numbers of images of each digit are those that the UCI page gives."""
    data = generate("digits", samples=None, noise=None, seed=0)
    assert data.inputs.shape == (1797, 64)
    assert np.bincount(data.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert set(np.unique(data.inputs * 16.0)) == set(range(17))


def test_the_first_digit_is_the_zero_that_everyone_knows() -> None:
    first = generate("digits", samples=None, noise=None, seed=0)
    assert first.labels[:10].tolist() == list(range(10))
    assert (first.inputs[0].reshape(8, 8)[2] * 16.0).tolist() == [0, 3, 15, 2, 0, 11, 8, 0]


def test_all_digits_come_in_the_files_order_whatever_the_seed() -> None:
    one, other = (
        generate("digits", samples=1797, noise=0.0, seed=1),
        generate("digits", samples=None, noise=0.0, seed=9),
    )
    assert same(one, other)


@given(samples=st.integers(1, 1797), seed=SEEDS)
def test_drawn_digits_are_different_images_of_the_file(samples: int, seed: int) -> None:
    """A few images of the set look alike to the last pixel only by copying: there are none, so rows tell them apart."""
    everything = generate("digits", samples=None, noise=0.0, seed=0)
    drawn = generate("digits", samples=samples, noise=0.0, seed=seed)
    known = {row.tobytes(): label for row, label in zip(everything.inputs, everything.labels, strict=True)}
    assert len(known) == 1797
    rows = [row.tobytes() for row in drawn.inputs]
    assert len(set(rows)) == samples
    assert [known[row] for row in rows] == drawn.labels.tolist()


# -- the tables


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_a_table_is_the_file_that_the_readme_names(name: str) -> None:
    folder = resources.files("engine.subject") / "data"
    named = re.search(rf"^\| `{name}\.csv` .*`([0-9a-f]{{64}})` \|$", (folder / "README.md").read_text("utf-8"), re.M)
    assert named is not None
    assert hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest() == named[1]


@pytest.mark.parametrize(
    ("name", "counts"), [("iris", [50, 50, 50]), ("wine", [59, 71, 48]), ("breast_cancer", [212, 357])]
)
def test_a_table_has_its_authors_classes(name: str, counts: list[int]) -> None:
    assert np.bincount(generate(name, seed=0).labels).tolist() == counts


def test_the_authors_of_every_table_stand_beside_it() -> None:
    for file in ("README.md", "LICENSE"):
        text = (resources.files("engine.subject") / "data" / file).read_text("utf-8")
        for needed in ("Fisher", "Aeberhard", "Wolberg", "Efron", "10.24432/C56C76", "10.24432/C5PC7J"):
            assert needed in text, (file, needed)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits"])
def test_a_table_is_scikit_learns_number_for_number(name: str) -> None:
    sets = pytest.importorskip("sklearn.datasets")
    known = sets.load_diabetes(scaled=False) if name == "diabetes" else getattr(sets, f"load_{name}")()
    data = generate(name, seed=0)
    assert np.array_equal(data.inputs, known.data / 16.0 if name == "digits" else known.data)
    assert np.array_equal(data.labels, known.target)
