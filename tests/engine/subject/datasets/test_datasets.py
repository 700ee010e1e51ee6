"""The data sets: each is what the table says, a function of its arguments, and cut in two without loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.datasets import DATASETS, DataSet, generate, parameters_of, split

CLASSIFIED = [name for name, kind in DATASETS.items() if kind.task == "classification"]
PLANAR = [name for name in CLASSIFIED if DATASETS[name].features == 2]
MADE = [name for name, kind in DATASETS.items() if kind.samples_limit is None]
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
    if np.array_equal(noisy.inputs, still.inputs):
        once, twice = noisy.labels - still.labels, noisier.labels - still.labels
    else:
        once, twice = noisy.inputs - still.inputs, noisier.inputs - still.inputs
    assert np.abs(once).max() > 0.0
    np.testing.assert_allclose(twice, 2.0 * once, rtol=0, atol=1e-14 * max(1.0, np.abs(still.inputs).max()))


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


@pytest.mark.parametrize("name", [*PLANAR, "digits"])
def test_with_the_usual_noise_neighbours_are_mostly_of_one_class(name: str) -> None:
    data = generate(name, samples=500, noise=None, seed=0)
    distance = np.square(data.inputs[:, None] - data.inputs).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    assert float(np.mean(data.labels[distance.argmin(axis=1)] == data.labels)) > 0.9


# -- what is done to them afterwards


@pytest.mark.parametrize("name", DATASETS)
def test_a_parameter_at_its_default_changes_nothing(name: str) -> None:
    defaults = {key: parameter.default for key, parameter in parameters_of(DATASETS[name]).items()}
    plain, told = generate(name, samples=60, seed=1), generate(name, samples=60, seed=1, **defaults)
    assert same(plain, told)


@pytest.mark.parametrize("name", CLASSIFIED)
def test_flips_give_that_share_another_class_and_leave_the_inputs(name: str) -> None:
    clean, few, more = (generate(name, samples=100, seed=2, flips=share) for share in (0.0, 0.1, 0.25))
    assert same(clean, generate(name, samples=100, seed=2))
    wrong, wronger = few.labels != clean.labels, more.labels != clean.labels
    assert (wrong.sum(), wronger.sum()) == (10, 25)
    assert wronger[wrong].all()
    assert np.array_equal(few.inputs, clean.inputs)
    assert set(more.labels) <= set(range(DATASETS[name].classes))


@pytest.mark.parametrize("name", CLASSIFIED)
def test_outliers_of_a_classification_are_ten_deviations_away(name: str) -> None:
    clean, spoilt = generate(name, samples=100, seed=2), generate(name, samples=100, seed=2, outliers=0.05)
    moved = np.linalg.norm(spoilt.inputs - clean.inputs, axis=1)
    assert np.count_nonzero(moved) == 5
    assert moved[moved > 0.0] == pytest.approx(10.0 * clean.inputs.std())
    assert np.array_equal(spoilt.labels, clean.labels)


@pytest.mark.parametrize("name", ["line", "plane", "multi_gauss", "diabetes"])
def test_outliers_of_a_regression_are_numbers_to_fit(name: str) -> None:
    clean, spoilt = generate(name, samples=100, seed=2), generate(name, samples=100, seed=2, outliers=0.05)
    moved = np.abs(spoilt.labels - clean.labels)
    assert np.count_nonzero(moved) == 5
    assert moved[moved > 0.0] == pytest.approx(10.0 * clean.labels.std())
    assert np.array_equal(spoilt.inputs, clean.inputs)


def test_each_of_several_numbers_of_an_outlier_goes_its_own_way() -> None:
    clean, spoilt = (generate("random_numbers", samples=60, seed=2, outliers=share) for share in (0.0, 0.1))
    moved = spoilt.labels - clean.labels
    assert np.count_nonzero(moved.any(axis=1)) == 6
    assert np.abs(moved[moved != 0.0]) == pytest.approx(10.0 * clean.labels.std())
    assert {-1.0, 1.0} == set(np.sign(moved[moved.any(axis=1)]).ravel())


@pytest.mark.parametrize("name", MADE)
def test_zoom_and_feature_scale_multiply_what_they_name(name: str) -> None:
    plain = generate(name, samples=30, seed=0)
    assert np.array_equal(generate(name, samples=30, seed=0, zoom=4.0).inputs, 4.0 * plain.inputs)
    stretched = generate(name, samples=30, seed=0, feature_scale=8.0)
    assert np.array_equal(stretched.inputs[:, 0], 8.0 * plain.inputs[:, 0])
    assert np.array_equal(stretched.inputs[:, 1:], plain.inputs[:, 1:])


def curvatures(inputs: np.ndarray) -> np.ndarray:
    """The eigenvalues of the Hessian of linear regression with a bias, rising."""
    ones = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    return np.linalg.eigvalsh(2.0 * ones.T @ ones / len(ones))


def test_a_stretched_feature_makes_a_ravine_and_standardising_takes_it_away() -> None:
    """Of two features uniform in ±1, one times 100: 10,000 times as much curvature; standardised, about the same."""
    data = generate("plane", samples=500, seed=0, feature_scale=100.0)
    raw = curvatures(data.inputs)
    assert 9_000 < raw[-1] / raw[0] < 11_500
    parts = split(data, held_out=0.2, seed=0).scaled("standardise")
    scaled = np.empty_like(parts.train.inputs)
    parts.train.scaling.apply(parts.train.inputs, slice(None), scaled)
    even = curvatures(scaled)
    assert even[-1] / even[0] < 1.2


def test_the_scale_is_measured_on_the_training_part_alone() -> None:
    parts = split(generate("wine", seed=0), held_out=0.3, seed=0).scaled("standardise")
    shift, divisor = parts.held_out.scaling.shift, parts.held_out.scaling.divisor
    assert shift is not None
    assert divisor is not None
    assert shift == pytest.approx(parts.train.inputs.mean(axis=0), rel=1e-12)
    assert divisor == pytest.approx(parts.train.inputs.std(axis=0), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in PLANAR if "imbalance" in DATASETS[name].parameters])
@given(samples=st.integers(2, 200), share=st.floats(0.01, 0.99))
def test_imbalance_is_the_share_of_class_1_and_no_class_is_empty(name: str, samples: int, share: float) -> None:
    labels = generate(name, samples=samples, seed=0, imbalance=share).labels
    ones = int(labels.sum())
    assert 1 <= ones <= samples - 1
    assert abs(ones - share * samples) <= 1.0


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
