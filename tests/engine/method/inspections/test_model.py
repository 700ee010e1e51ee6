"""What a network says: against a forward pass made by hand, in the data's own units, and leaving the training alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InputError
from engine.method.inspections import INSPECTIONS, Finding
from engine.method.path import Path
from engine.method.trainer import Trainer
from engine.subject.datasets import DataSet, generate, split

MakeTrainer = Callable[..., Trainer]
SETS: dict[str, dict[str, Any]] = {
    "two inputs": {"data": {"name": "moons", "samples": 60}, "model": {"hidden": [5]}},
    "one input": {"data": {"name": "line"}, "model": {"hidden": [3]}, "optimizer": {"name": "adam", "lr": 0.001}},
    "measurements": {"data": {"name": "iris"}, "model": {"hidden": [4]}},
    "pictures": {"data": {"name": "digits", "samples": 200}, "model": {"hidden": [6]}},
}
FOR = {
    "model": "measurements",
    "boundary": "two inputs",
    "fit": "one input",
    "predictions": "pictures",
    "weights": "measurements",
    "pictures": "pictures",
}


def found(about: str, trainer: Trainer, **settings: Any) -> list[Finding]:
    """Everything that an inspection finds."""
    inspection = INSPECTIONS[about].model_validate(settings)
    return [finding for finding in inspection.findings(trainer, Path(len(trainer.theta))) if finding is not None]


def last(about: str, trainer: Trainer, **settings: Any) -> Finding:
    """The last thing that an inspection finds, which is all of it."""
    finding = found(about, trainer, **settings)[-1]
    assert finding.share == 1.0
    return finding


def numbers(finding: Finding, name: str) -> NDArray[np.float64]:
    return finding.arrays[name].astype(np.float64)


def refusal(about: str, trainer: Trainer, **settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        found(about, trainer, **settings)
    return str(caught.value)


def by_hand(trainer: Trainer, theta: NDArray[Any], inputs: NDArray[Any]) -> NDArray[Any]:
    """Outputs of a network with one hidden layer of rectifiers for scaled inputs, (samples, outputs)."""
    weight1, bias1, weight2, bias2 = (tensor.of(theta) for tensor in trainer.tensors)
    hidden = np.maximum(inputs @ weight1 + bias1, 0.0)
    return np.asarray(hidden @ weight2 + bias2)


def held_out_digits(trainer: Trainer) -> DataSet:
    """The digits that the trainer of pictures is not trained on, as the set has them."""
    seed = trainer.spec.seed.data
    return split(generate("digits", samples=200, seed=seed), held_out=0.2, seed=seed).held_out


def softmax(outputs: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(outputs)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def trained(moons: MakeTrainer, name: str, steps: int = 30, **more: Any) -> Trainer:
    trainer = moons(**{"model": {"hidden": [5]}, **SETS[name], **more})
    for _ in range(steps):
        trainer.step()
    return trainer


@pytest.mark.parametrize("about", FOR)
def test_training_is_the_same_bit_for_bit_whoever_looks_on(moons: MakeTrainer, about: str) -> None:
    """With dropout and an average of the weights, and a look that is still under way while steps are taken."""
    more = {"regularisation": {"dropout": 0.3}, "averaging": {"decay": 0.9}}
    watched, alone = (trained(moons, FOR[about], 3, **more) for _ in range(2))
    settings: dict[str, Any] = {"columns": 200, "rows": 200} if about == "boundary" else {}
    inspection = INSPECTIONS[about].model_validate(settings)
    looks = 0
    for _ in range(10):
        for _ in inspection.findings(watched, Path(len(watched.theta))):
            looks += 1
            watched.step()
    for _ in range(looks):
        alone.step()
    assert looks >= 10
    assert watched.theta.tobytes() == alone.theta.tobytes()
    assert watched.evaluated_theta.tobytes() == alone.evaluated_theta.tobytes()
    assert watched.evaluate("held_out") == alone.evaluate("held_out")


@pytest.mark.parametrize("about", FOR)
def test_what_is_found_belongs_to_the_step_at_which_it_was_asked_for(moons: MakeTrainer, about: str) -> None:
    """Steps between two stretches change nothing about it."""
    still, moving = (trained(moons, FOR[about], 3) for _ in range(2))
    settings: dict[str, Any] = {"columns": 100, "rows": 100} if about == "boundary" else {}
    expected = last(about, still, **settings)
    seen = None
    for seen in INSPECTIONS[about].model_validate(settings).findings(moving, Path(len(moving.theta))):  # noqa: B007
        moving.step()
    assert seen is not None
    assert seen.facts == expected.facts
    assert all(np.array_equal(values, expected.arrays[name]) for name, values in seen.arrays.items())


@pytest.mark.parametrize("about", FOR)
def test_a_point_on_a_landscape_is_no_model(ravine: MakeTrainer, about: str) -> None:
    assert "this run has no model" in refusal(about, ravine())


def test_a_model_is_told_by_its_widths_and_its_samples(moons: MakeTrainer) -> None:
    facts = last("model", trained(moons, "pictures", 0)).facts
    assert facts["widths"] == [64, 6, 10]
    assert facts["parameters"] == 64 * 6 + 6 + 6 * 10 + 10
    assert facts["image"] == [8, 8]
    assert facts["samples"] == {"train": 160, "held_out": 40}
    iris = last("model", trained(moons, "measurements", 0)).facts
    assert iris["image"] is None
    assert iris["names"] == ["sepal length", "sepal width", "petal length", "petal width"]


def test_class_regions_are_those_of_a_forward_pass_at_the_middle_of_every_cell(moons: MakeTrainer) -> None:
    trainer = trained(moons, "two inputs")
    seen = last("boundary", trainer, columns=20, rows=10)
    (left, right), (bottom, top) = seen.facts["xlim"], seen.facts["ylim"]
    for row, column in ((0, 0), (9, 19), (4, 13), (7, 2)):
        point = [left + (column + 0.5) / 20 * (right - left), top - (row + 0.5) / 10 * (top - bottom)]
        shares = softmax(by_hand(trainer, trainer.theta, np.array([point])))[0]
        assert seen.arrays["chosen"][row, column] == np.argmax(shares)
        assert seen.arrays["share"][row, column] == pytest.approx(shares.max(), rel=1e-6)
    assert len(np.unique(seen.arrays["chosen"])) == 2


def test_the_evaluated_average_is_seen_and_not_the_newest_weights(moons: MakeTrainer) -> None:
    trainer = trained(moons, "two inputs", averaging={"decay": 0.95}, regularisation={"dropout": 0.5})
    assert not np.allclose(trainer.theta, trainer.evaluated_theta, rtol=1e-3)
    seen = last("boundary", trainer, columns=1, rows=1)
    middle = np.array([[np.mean(seen.facts["xlim"]), np.mean(seen.facts["ylim"])]])
    shares = softmax(by_hand(trainer, trainer.evaluated_theta, middle))
    assert seen.arrays["share"][0, 0] == pytest.approx(shares.max(), rel=1e-6)


def test_points_stand_in_the_units_of_the_data_and_the_other_inputs_at_their_means(moons: MakeTrainer) -> None:
    """Iris is standardised before it is trained on; a person knows it in centimetres."""
    trainer = trained(moons, "measurements")
    seen = last("boundary", trainer, x=2, y=0, columns=7, rows=5)
    data = split(generate("iris", seed=trainer.spec.seed.data), held_out=0.2, seed=trainer.spec.seed.data)
    both = np.concatenate([data.train.inputs, data.held_out.inputs])
    assert seen.arrays["places"] == pytest.approx(both[:, [2, 0]])
    assert seen.arrays["held_out"].tolist() == [0] * 120 + [1] * 30
    assert seen.arrays["meant"].tolist() == [*data.train.labels, *data.held_out.labels]
    mean, deviation = data.train.inputs.mean(axis=0), data.train.inputs.std(axis=0)
    (left, right), (bottom, top) = seen.facts["xlim"], seen.facts["ylim"]
    assert left < both[:, 2].min() < both[:, 2].max() < right
    point = mean.copy()
    point[2], point[0] = left + 3.5 / 7 * (right - left), top - 1.5 / 5 * (top - bottom)
    shares = softmax(by_hand(trainer, trainer.theta, ((point - mean) / deviation)[None]))[0]
    assert seen.arrays["share"][1, 3] == pytest.approx(shares.max(), rel=1e-5)
    assert seen.arrays["chosen"][1, 3] == np.argmax(shares)


def test_what_is_right_is_what_an_evaluation_finds(moons: MakeTrainer) -> None:
    trainer = trained(moons, "measurements")
    seen = last("boundary", trainer)
    for name, count in (("train", 120), ("held_out", 30)):
        assert seen.facts["right"][name] / count == trainer.evaluate(name).accuracy
    wrong = (seen.arrays["meant"] != seen.arrays["got"]).sum()
    assert wrong == 150 - seen.facts["right"]["train"] - seen.facts["right"]["held_out"]


@pytest.mark.parametrize(("about", "kind"), [("boundary", "measurements"), ("fit", "one input")])
def test_how_many_samples_are_shown_changes_nothing_about_those_held_out(
    moons: MakeTrainer, about: str, kind: str
) -> None:
    trainer = trained(moons, kind)
    few, many = last(about, trainer, samples=7), last(about, trainer)
    assert (few.arrays["held_out"] == 1).sum() == (few.arrays["held_out"] == 0).sum() == 7
    first = np.flatnonzero(many.arrays["held_out"] == 1)[:7]
    assert few.arrays["got"][few.arrays["held_out"] == 1].tolist() == many.arrays["got"][first].tolist()
    for figure in {"right", "error"} & set(many.facts):
        assert few.facts[figure]["held_out"] == many.facts[figure]["held_out"]
    assert few.facts["seen"]["held_out"] == many.facts["seen"]["held_out"] > 7


def test_a_large_picture_comes_coarse_first(moons: MakeTrainer) -> None:
    coarse, whole = found("boundary", trained(moons, "two inputs"), columns=80, rows=60)
    assert coarse.arrays["chosen"].shape == (15, 20)
    assert whole.arrays["chosen"].shape == (60, 80)
    assert 0.0 < coarse.share < whole.share == 1.0


def test_a_surface_and_a_curve_are_the_numbers_that_come_out(moons: MakeTrainer) -> None:
    trainer = trained(moons, "one input")
    seen = last("fit", trainer, points=9)
    expected = by_hand(trainer, trainer.theta, seen.arrays["x"][:, None])[:, 0]
    assert seen.arrays["curves"] == pytest.approx(expected[None])
    errors = numbers(seen, "got") - numbers(seen, "meant")
    held_out = errors[seen.arrays["held_out"] == 1]
    assert seen.facts["error"]["held_out"] == pytest.approx(np.sqrt(np.mean(held_out**2)))
    assert np.mean(held_out**2) == pytest.approx(trainer.evaluate("held_out").loss)
    trainer = trained(moons, "measurements", data={"name": "diabetes"}, optimizer={"name": "adam", "lr": 0.01})
    surface = last("boundary", trainer, x=2, y=3, columns=3, rows=3)
    assert surface.facts["limits"] == [25.0, 346.0]
    assert surface.arrays["value"].shape == (3, 3)


@pytest.mark.parametrize(
    ("about", "name", "settings", "words"),
    [
        ("boundary", "one input", {}, "one input alone"),
        ("boundary", "pictures", {}, "pixels of a picture"),
        ("boundary", "two inputs", {"x": 1, "y": 1}, "two different inputs from 0 to 1"),
        ("boundary", "measurements", {"y": 4}, "two different inputs from 0 to 3"),
        ("fit", "two inputs", {}, "2 inputs"),
        ("fit", "one input", {"output": 1}, "allowed: 0 to 0"),
        ("predictions", "measurements", {"pictures": 3}, "not pictures"),
        ("pictures", "measurements", {}, "not pictures"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    moons: MakeTrainer, about: str, name: str, settings: dict[str, Any], words: str
) -> None:
    assert words in refusal(about, trained(moons, name, 0), **settings)


def test_the_confusion_matrix_is_counted_by_hand(moons: MakeTrainer) -> None:
    trainer = trained(moons, "pictures", 60)
    seen = last("predictions", trainer)
    held_out = held_out_digits(trainer)
    guesses = by_hand(trainer, trainer.theta, held_out.inputs).argmax(axis=1)
    counted = [[0] * 10 for _ in range(10)]
    for truth, guess in zip(held_out.labels.tolist(), guesses.tolist(), strict=True):
        counted[truth][guess] += 1
    assert seen.arrays["confusion"].tolist() == counted
    assert seen.facts["right"] == sum(counted[k][k] for k in range(10))
    assert 0 < seen.facts["right"] < 40
    truth, guess, count = seen.facts["mistakes"][0]
    assert count == counted[truth][guess] == max(counted[a][b] for a in range(10) for b in range(10) if a != b)


def test_pictures_that_are_wrong_come_first_with_their_pixels(moons: MakeTrainer) -> None:
    trainer = trained(moons, "pictures", 60)
    held_out = held_out_digits(trainer)
    seen = last("predictions", trainer, pictures=40)
    wrong = seen.arrays["meant"] != seen.arrays["got"]
    count = int(wrong.sum())
    assert 0 < count < 40
    assert wrong.tolist() == [True] * count + [False] * (40 - count)
    chosen = seen.arrays["numbers"]
    assert sorted(chosen.tolist()) == list(range(40))
    assert seen.arrays["meant"].tolist() == held_out.labels[chosen].tolist()
    # Ink is from 0 to 1 in sixteenths, of which the darkest is among so many pictures.
    assert numbers(seen, "pixels") / 255 == pytest.approx(held_out.inputs[chosen], abs=0.003)
    page = last("predictions", trainer, pictures=4, first=3, order="samples")
    assert page.arrays["numbers"].tolist() == [3, 4, 5, 6]
    shares = softmax(by_hand(trainer, trainer.theta, held_out.inputs[3:7])).max(axis=1)
    assert page.arrays["share"] == pytest.approx(shares, rel=1e-5)


def test_pictures_of_a_cell_of_the_matrix_are_as_many_as_it_counts(moons: MakeTrainer) -> None:
    trainer = trained(moons, "pictures", 60)
    confusion = last("predictions", trainer).arrays["confusion"]
    wrong = [tuple(map(int, cell)) for cell in np.argwhere(confusion != 0) if cell[0] != cell[1]]
    for kind in [*wrong[:2], (3, 3)]:
        seen = last("predictions", trainer, pictures=40, kind=kind)
        count = int(confusion[kind])
        assert (seen.facts["picked"], seen.facts["kind"]) == (count, list(kind))
        assert seen.arrays["meant"].tolist() == [kind[0]] * count
        assert seen.arrays["got"].tolist() == [kind[1]] * count
        assert len(seen.arrays["pixels"]) == count
    empty = tuple(map(int, np.argwhere(confusion == 0)[0]))
    nothing = last("predictions", trainer, pictures=40, kind=empty)
    assert (nothing.facts["picked"], nothing.arrays["pixels"].shape) == (0, (0, 64))


def test_no_more_samples_are_looked_at_than_are_wanted(moons: MakeTrainer) -> None:
    seen = last("predictions", trained(moons, "pictures"), at_most=15)
    assert (seen.facts["seen"], seen.facts["total"]) == (15, 40)
    assert seen.arrays["confusion"].sum() == 15


def test_where_nothing_is_held_out_the_training_samples_are_seen(moons: MakeTrainer) -> None:
    trainer = moons(data={"name": "digits", "samples": 100, "held_out": 0.0})
    assert last("predictions", trainer).facts["split"] == "train"


def test_weights_are_those_between_the_first_units_of_each_layer(moons: MakeTrainer) -> None:
    trainer = trained(moons, "measurements")
    seen = last("weights", trainer, units=3)
    weight1, bias1, weight2, bias2 = (tensor.of(trainer.theta) for tensor in trainer.tensors)
    assert seen.facts["widths"] == [4, 4, 3]
    assert seen.arrays["weight1"].tolist() == weight1[:3, :3].tolist()
    assert seen.arrays["bias1"].tolist() == bias1[:3].tolist()
    assert seen.arrays["weight2"].tolist() == weight2[:3].tolist()
    assert seen.arrays["bias2"].tolist() == bias2.tolist()
    assert seen.facts["greatest"] == [np.abs(weight1).max(), np.abs(weight2).max()]


def test_pictures_of_weights_are_the_columns_of_the_first_layer(moons: MakeTrainer) -> None:
    trainer = trained(moons, "pictures")
    seen = last("pictures", trainer, first=4, units=5)
    weight = trainer.tensors[0].of(trainer.theta)
    assert (seen.facts["units"], seen.facts["first"]) == (6, 4)
    assert seen.arrays["weights"].tolist() == weight[:, 4:].T.tolist()


def test_pictures_in_a_file_on_disk_are_known_as_such(moons: MakeTrainer, tmp_path: FilePath) -> None:
    """Whole samples are read one by one, and the training goes on with its own."""
    pixels = np.random.default_rng(1).integers(0, 256, (200, 4, 6), dtype=np.uint8)
    file = tmp_path / "pictures.npz"
    np.savez(file, x=pixels, y=np.arange(200) % 3)
    data = {"file": str(file), "samples": 200, "features": 24, "classes": 3, "task": "classification"}
    watched, alone = (moons(data=data) for _ in range(2))
    assert last("model", watched).facts["image"] == [4, 6]
    seen = last("predictions", watched, pictures=2, order="samples")
    samples = alone.objective.evaluation_set("held_out")  # type: ignore[attr-defined]
    values = samples.batch(0, 2).inputs[:, :24] * 255.0
    low, high = values.min(), values.max()
    assert seen.arrays["pixels"] == pytest.approx((values - low) / (high - low) * 255.0, abs=0.51)
    for _ in range(40):
        list(INSPECTIONS["predictions"].model_validate({}).findings(watched, Path(1)))
        watched.step()
        alone.step()
    assert watched.theta.tobytes() == alone.theta.tobytes()
