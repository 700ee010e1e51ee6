"""The data sets: the real digits as their authors made them, and point sets with the shapes they are named for."""

from __future__ import annotations

import hashlib
import re
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.datasets import DATASETS, DataSet, generate, split

CLASSIFIED = [name for name, kind in DATASETS.items() if kind.task == "classification"]
PLANAR = [name for name in CLASSIFIED if name != "digits"]
SEEDS = st.integers(0, 2**40)


def same(one: DataSet, other: DataSet) -> bool:
    return one.inputs.tobytes() == other.inputs.tobytes() and one.labels.tobytes() == other.labels.tobytes()


# -- every data set


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_what_the_table_says(name: str) -> None:
    kind = DATASETS[name]
    data = generate(name, samples=None, noise=None, seed=3)
    assert (data.name, data.task, data.classes) == (name, kind.task, kind.classes)
    assert data.inputs.shape == (kind.samples, kind.features)
    assert data.inputs.dtype == np.float64
    assert data.labels.shape == ((kind.samples,) if kind.numbers == 1 else (kind.samples, kind.numbers))
    assert data.labels.dtype == (np.int64 if kind.classes else np.float64)
    assert np.isfinite(data.inputs).all()
    if kind.classes:
        assert sorted(set(data.labels)) == list(range(kind.classes))
    if kind.image_shape is not None:
        assert np.prod(kind.image_shape) == kind.features


@pytest.mark.parametrize("name", DATASETS)
def test_the_table_describes_each_set_in_one_sentence(name: str) -> None:
    kind = DATASETS[name]
    assert kind.title
    assert kind.source
    assert kind.noise_unit
    assert kind.description.endswith(".")
    assert ". " not in kind.description


@pytest.mark.parametrize("name", DATASETS)
@given(samples=st.integers(1, 60), noise=st.floats(0.0, 2.0), seed=SEEDS)
def test_the_same_arguments_give_the_same_bits(name: str, samples: int, noise: float, seed: int) -> None:
    one, other = (generate(name, samples=samples, noise=noise, seed=seed) for _ in range(2))
    assert same(one, other)
    assert len(one.inputs) == len(one.labels) == samples


@pytest.mark.parametrize("name", DATASETS)
def test_another_seed_gives_other_data(name: str) -> None:
    one, other = (generate(name, samples=50, noise=0.1, seed=seed) for seed in (0, 1))
    assert not np.array_equal(one.inputs, other.inputs)


def test_two_sets_with_one_seed_have_noise_of_their_own() -> None:
    """Spiral and moons draw nothing but noise, as many numbers each: one stream for both would show."""
    moved = [
        generate(name, samples=50, noise=0.1, seed=0).inputs - generate(name, samples=50, noise=0.0, seed=0).inputs
        for name in ("spiral", "moons")
    ]
    assert abs(np.corrcoef(moved[0].ravel(), moved[1].ravel())[0, 1]) < 0.5


def test_what_is_given_can_be_changed_without_harm_to_the_next() -> None:
    first = generate("digits", samples=10, noise=0.0, seed=0)
    kept = first.inputs.copy()
    first.inputs[:] = -1.0
    assert np.array_equal(generate("digits", samples=10, noise=0.0, seed=0).inputs, kept)


@pytest.mark.parametrize("name", DATASETS)
def test_twice_the_noise_moves_the_same_points_twice_as_far(name: str) -> None:
    still, noisy, noisier = (generate(name, samples=90, noise=noise, seed=5) for noise in (0.0, 0.1, 0.2))
    if DATASETS[name].task == "regression":
        once, twice = noisy.labels - still.labels, noisier.labels - still.labels
    else:
        once, twice = noisy.inputs - still.inputs, noisier.inputs - still.inputs
    assert np.abs(once).max() > 0.0
    np.testing.assert_allclose(twice, 2.0 * once, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "deviation"),
    [("digits", 0.1), ("spiral", 0.1), ("moons", 0.1 / 1.5), ("circles", 0.1), ("xor", 0.1), ("blobs", 0.1)],
)
def test_noise_is_a_standard_deviation_in_the_sets_unit(name: str, deviation: float) -> None:
    """Of 2400 or more numbers; the spread of a standard deviation is σ/√(2n) = 1.5 %, and this allows five of them."""
    still, noisy = (generate(name, samples=1200, noise=noise, seed=2) for noise in (0.0, 0.1))
    assert float(np.std(noisy.inputs - still.inputs)) == pytest.approx(deviation, rel=0.075)


@pytest.mark.parametrize("name", PLANAR)
@given(samples=st.integers(1, 300))
def test_the_classes_of_a_generated_set_differ_by_at_most_one_sample(name: str, samples: int) -> None:
    counts = np.bincount(generate(name, samples=samples, noise=0.1, seed=0).labels, minlength=DATASETS[name].classes)
    assert counts.sum() == samples
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", PLANAR)
def test_points_fill_about_one_unit_around_zero_and_need_no_standardising(name: str) -> None:
    inputs = generate(name, samples=None, noise=None, seed=0).inputs
    assert np.abs(inputs.mean(axis=0)).max() < 0.2
    assert 0.2 < inputs.std(axis=0).min() <= inputs.std(axis=0).max() < 0.8
    assert np.abs(inputs).max() < 1.6


@pytest.mark.parametrize("name", CLASSIFIED)
def test_with_the_usual_noise_neighbours_are_mostly_of_one_class(name: str) -> None:
    data = generate(name, samples=500, noise=None, seed=0)
    distance = np.square(data.inputs[:, None] - data.inputs).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    assert float(np.mean(data.labels[distance.argmin(axis=1)] == data.labels)) > 0.9


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


# -- the shapes


def test_the_spirals_arms_are_each_others_mirror_image_and_turn_one_and_three_quarters() -> None:
    data = generate("spiral", samples=2000, noise=0.0, seed=0)
    arm, other = data.inputs[data.labels == 0], data.inputs[data.labels == 1]
    np.testing.assert_allclose(arm, -other, rtol=0, atol=1e-12)
    radius = np.hypot(*arm.T)
    assert (np.diff(radius) > 0.0).all()
    assert radius[-1] == pytest.approx(1.0)
    turned = np.unwrap(np.arctan2(*arm.T))
    assert (turned[-1] - turned[0]) / (2.0 * np.pi) == pytest.approx(1.75, abs=0.002)


@given(samples=st.integers(2, 300))
def test_the_spirals_arms_never_share_a_point(samples: int) -> None:
    data = generate("spiral", samples=samples, noise=0.0, seed=0)
    arm, other = data.inputs[data.labels == 0], data.inputs[data.labels == 1]
    assert np.hypot(*(arm[:, None] - other).transpose(2, 0, 1)).min() > 1e-3


def test_moons_are_two_half_circles_that_reach_into_each_other() -> None:
    """scikit-learn's corners: the upper moon spans (−1, 0) to (1, 0), the lower one (0, ½) to (2, ½)."""
    data = generate("moons", samples=201, noise=0.0, seed=0)
    for label, middle, side in ((0, (0.0, 0.0), 1.0), (1, (1.0, 0.5), -1.0)):
        points = data.inputs[data.labels == label] * 1.5 + (0.5, 0.25) - middle
        np.testing.assert_allclose(np.hypot(*points.T), 1.0, rtol=1e-12)
        assert (points[:, 1] * side > -1e-12).all()
        np.testing.assert_allclose(np.abs(points[[0, -1]]), [[1.0, 0.0], [1.0, 0.0]], rtol=0, atol=1e-12)


def test_circles_are_a_disc_and_a_ring_with_a_gap_between() -> None:
    data = generate("circles", samples=1000, noise=0.0, seed=0)
    radius = np.hypot(*data.inputs.T)
    inner, outer = radius[data.labels == 0], radius[data.labels == 1]
    assert 0.45 < inner.max() <= 0.5
    assert 0.7 <= outer.min() < 0.75
    assert 0.95 < outer.max() <= 1.0


def test_xor_is_one_where_the_signs_differ_and_empty_along_the_axes() -> None:
    inputs, labels = (data := generate("xor", samples=1000, noise=0.0, seed=0)).inputs, data.labels
    assert np.array_equal(np.signbit(inputs[:, 0]) ^ np.signbit(inputs[:, 1]), labels == 1)
    assert np.abs(inputs).min() >= 0.3 / 5.3
    assert np.abs(inputs).max() <= 1.0
    quadrants = np.bincount(np.signbit(inputs) @ [1, 2])
    assert quadrants.min() > 200


def test_blobs_without_noise_are_the_corners_of_an_equilateral_triangle() -> None:
    data = generate("blobs", samples=30, noise=0.0, seed=0)
    corners = np.array([np.unique(data.inputs[data.labels == label].round(12), axis=0) for label in range(3)])
    assert corners.shape == (3, 1, 2)
    first, second, third = corners[:, 0]
    sides = [float(np.hypot(*(one - other))) for one, other in ((first, second), (second, third), (third, first))]
    assert sides == pytest.approx([sides[0]] * 3)
    assert sides[0] > 1.0
    np.testing.assert_allclose(first + second + third, 0.0, atol=1e-11)


def test_the_line_is_two_x_minus_one_with_noise_of_the_stated_size() -> None:
    """With n = 10,000 the slope's standard error is 0.5/√(n/3) = 0.009, the intercept's 0.005, the noise's 0.0035."""
    data = generate("line", samples=10_000, noise=0.5, seed=0)
    x = data.inputs[:, 0]
    slope, intercept = np.polyfit(x, data.labels, 1)
    assert slope == pytest.approx(2.0, abs=0.045)
    assert intercept == pytest.approx(-1.0, abs=0.025)
    assert float(np.std(data.labels - 2.0 * x + 1.0)) == pytest.approx(0.5, abs=0.018)
    assert -1.0 <= x.min() < -0.99
    assert 0.99 < x.max() < 1.0


# -- the split


@given(samples=st.integers(1, 80), held_out=st.floats(0.0, 1.0), seed=SEEDS)
def test_every_sample_is_in_exactly_one_part_with_its_label(samples: int, held_out: float, seed: int) -> None:
    data = generate("line", samples=samples, noise=0.1, seed=0)
    parts = split(data, held_out=held_out, seed=seed)
    pairs = [
        (float(x), float(y))
        for part in (parts.train, parts.held_out)
        for (x,), y in zip(part.inputs, part.labels, strict=True)
    ]
    assert sorted(pairs) == sorted((float(x), float(y)) for (x,), y in zip(data.inputs, data.labels, strict=True))
    assert len(parts.train.labels) >= 1
    assert abs(len(parts.held_out.labels) - held_out * samples) <= 1.0


@given(samples=st.integers(2, 80), held_out=st.floats(0.0, 1.0, exclude_min=True))
def test_whoever_asks_for_held_out_samples_gets_at_least_one(samples: int, held_out: float) -> None:
    assert len(split(generate("line", samples=samples, seed=0), held_out=held_out, seed=0).held_out.labels) >= 1


def test_a_fifth_of_the_digits_is_359_images() -> None:
    parts = split(generate("digits", seed=0), held_out=0.2, seed=0)
    assert (len(parts.train.labels), len(parts.held_out.labels)) == (1438, 359)


def test_holding_nothing_out_leaves_an_empty_part_of_the_right_shape() -> None:
    parts = split(generate("blobs", seed=0), held_out=0.0, seed=0)
    assert parts.held_out.inputs.shape == (0, 2)
    assert parts.held_out.labels.shape == (0,)
    assert parts.held_out.classes == 3
    assert len(parts.train.labels) == 500


def test_the_seed_decides_the_cut_and_nothing_else_does() -> None:
    data = generate("circles", seed=0)
    one, again, other = (split(data, held_out=0.3, seed=seed) for seed in (4, 4, 5))
    assert same(one.train, again.train)
    assert same(one.held_out, again.held_out)
    assert not same(one.held_out, other.held_out)


def test_both_parts_are_shuffled() -> None:
    """Made class after class, cut without shuffling, the held-out part would hold one class only."""
    parts = split(generate("circles", seed=0), held_out=0.3, seed=0)
    for part in (parts.train, parts.held_out):
        assert 0.35 < part.labels.mean() < 0.65
        assert np.count_nonzero(np.diff(part.labels)) > len(part.labels) / 4
