"""The loss of a network over a plane: directions as the paper has them, and the very loss that is minimised."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.inspections import INSPECTIONS, Finding
from engine.method.inspections.plane import Plane, normalise_filters, path_plane, random_plane
from engine.method.path import Path
from engine.method.trainer import Trainer
from engine.subject.network import BoundNetwork, Network

MakeTrainer = Callable[..., Trainer]
Found = Callable[..., list[Finding]]
Walk = Callable[..., Path]


def returned(generator: Generator[None, None, Any]) -> Any:
    """Return what a generator returns at its end."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def network_of(trainer: Trainer) -> Network:
    assert isinstance(trainer.objective, Network)
    return trainer.objective


def test_every_units_part_of_a_random_direction_is_as_long_as_its_weights_and_biases_stay(moons: MakeTrainer) -> None:
    """Two inputs, five units, two outputs: column j of a weight matrix is the filter of unit j."""
    trainer = moons()
    for _ in range(5):
        trainer.step()
    theta = trainer.theta.astype(np.float64)
    plane = returned(random_plane(network_of(trainer), theta, seed=3))
    for direction in plane.directions:
        for tensor in trainer.tensors:
            part = tensor.of(direction)
            if tensor.name.endswith("bias"):
                assert not part.any()
            else:
                np.testing.assert_allclose(
                    np.linalg.norm(part, axis=0), np.linalg.norm(tensor.of(theta), axis=0), rtol=1e-12
                )
    assert returned(random_plane(network_of(trainer), theta, seed=3)).directions.tolist() == plane.directions.tolist()
    assert returned(random_plane(network_of(trainer), theta, seed=4)).directions.tolist() != plane.directions.tolist()


def test_a_unit_without_weights_has_no_part_in_a_direction(moons: MakeTrainer) -> None:
    trainer = moons()
    theta = trainer.theta.astype(np.float64)
    weight = trainer.tensors[0]
    weight.of(theta)[:, 2] = 0.0
    direction = np.ones_like(theta)
    returned(normalise_filters(network_of(trainer), theta, direction))
    lengths = np.linalg.norm(weight.of(direction), axis=0)
    assert lengths[2] == 0.0
    assert (np.delete(lengths, 2) > 0.0).all()


def test_directions_that_cannot_differ_are_refused(moons: MakeTrainer, found: Found) -> None:
    """One weight: both directions are plus or minus that weight."""
    trainer = moons(
        data={"name": "line", "samples": 20}, model={"hidden": []}, optimizer={"name": "sgd", "lr": 0.01}, batch={}
    )
    trainer.step()
    with pytest.raises(InputError, match="do not differ"):
        found("plane", trainer, finest=5)


def test_the_plane_of_a_path_is_that_of_its_two_largest_singular_vectors() -> None:
    """40 points in 9,000 dimensions along two known directions and a little of a third."""
    generator = np.random.default_rng(5)
    basis = np.linalg.qr(generator.normal(size=(9000, 3)))[0].T
    course = generator.normal(size=(40, 3)) * [5.0, 2.0, 0.1]
    points = course @ basis + generator.normal(size=9000)
    plane = returned(path_plane(points[-1], points))
    _, singular, vectors = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(np.sum(plane.directions * vectors[:2], axis=1)), [1.0, 1.0], rtol=1e-9)
    assert plane.variance == pytest.approx(tuple(singular[:2] ** 2 / np.sum(singular**2)), rel=1e-9)
    assert sum(plane.variance) > 0.999


def test_a_path_on_a_line_spans_no_plane() -> None:
    points = np.outer(np.arange(10.0), np.ones(50)) + 3.0
    with pytest.raises(InputError, match="on a line"):
        returned(path_plane(points[-1], points))


def test_coordinates_on_a_plane_are_right_also_where_its_directions_are_not_at_right_angles() -> None:
    """The point centre + 2·d₁ − 3·d₂ is at (2, −3), and what sticks out of the plane changes nothing."""
    directions = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    plane = Plane(centre=np.array([5.0, 5.0, 5.0]), directions=directions)
    point = plane.centre + 2.0 * directions[0] - 3.0 * directions[1] + [0.0, 0.0, 9.0]
    np.testing.assert_allclose(returned(plane.coordinates(point[None])), [[2.0, -3.0]], atol=1e-12)


def test_grids_lie_in_each_other_and_no_point_is_computed_twice(
    moons: MakeTrainer, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = moons()
    evaluated: list[int] = []
    own = BoundNetwork.evaluating

    def counting(self: Any, *arguments: Any) -> Any:
        evaluated.append(1)
        return own(self, *arguments)

    monkeypatch.setattr(BoundNetwork, "evaluating", counting)
    findings = found("plane", trainer, finest=17)
    assert [finding.arrays["values"].shape for finding in findings] == [(5, 5), (9, 9), (17, 17)]
    assert [finding.share for finding in findings] == [25 / 289, 81 / 289, 1.0]
    assert len(evaluated) == 289 + 1  # and once at the parameters themselves
    fine = findings[-1].arrays["values"]
    assert fine[::4, ::4].tolist() == findings[0].arrays["values"].tolist()


def test_the_middle_is_the_loss_of_an_evaluation_and_a_corner_that_of_the_parameters_there(
    moons: MakeTrainer, found: Found
) -> None:
    trainer = moons(regularisation={"l2": 0.1, "dropout": 0.3})
    trainer.step()
    finding = found("plane", trainer, finest=5, seed=7, x=(-1.0, 1.0), y=(-0.5, 0.5))[-1]
    values = finding.arrays["values"]
    assert values[2, 2] == pytest.approx(trainer.evaluate("train").loss, rel=1e-12)
    assert finding.facts["loss"] == values[2, 2]
    theta = trainer.theta.copy()
    plane = returned(random_plane(network_of(trainer), theta.astype(np.float64), seed=7))
    bound = trainer.objective.bind(theta, np.empty_like(theta), trainer.spec.regularisation)
    theta += -1.0 * plane.directions[0] + 0.5 * plane.directions[1]
    assert values[4, 0] == pytest.approx(bound.evaluate("train").loss, rel=1e-12)


def test_a_path_that_was_kept_ends_in_the_middle_and_lies_in_the_window(
    moons: MakeTrainer, found: Found, walk: Walk
) -> None:
    trainer = moons()
    path = walk(trainer, 30, kept=True)
    finding = found("plane", trainer, path, directions="path", finest=5)[-1]
    seen = finding.arrays["path"]
    assert seen.shape == (31, 2)
    np.testing.assert_allclose(seen[-1], [0.0, 0.0], atol=1e-6)
    (left, right), (bottom, top) = finding.facts["x"], finding.facts["y"]
    assert left < seen[:, 0].min() < seen[:, 0].max() < right
    assert bottom < seen[:, 1].min() < seen[:, 1].max() < top
    first, second = finding.facts["variance"]
    assert 0.0 < second <= first < 1.0


def test_the_path_of_a_large_vector_is_kept_once_it_was_asked_for(moons: MakeTrainer, found: Found) -> None:
    trainer = moons()
    path = Path(trainer.theta.size)
    assert not path.is_kept
    with pytest.raises(InputError, match="kept from now on, and has 1 of the 3 points"):
        found("plane", trainer, path, directions="path")
    assert path.is_kept
    for _ in range(4):
        trainer.step()
        path.add(trainer.step_count, trainer.theta)
    assert found("plane", trainer, path, directions="path", finest=5)[-1].arrays["path"].shape == (4, 2)


@pytest.mark.parametrize("directions", ["random", "path"])
def test_computing_a_plane_between_steps_leaves_the_training_as_it_was(
    moons: MakeTrainer, found: Found, walk: Walk, directions: str
) -> None:
    """Dropout and batches are drawn on between two stretches."""

    def trained(*, looked_at: bool) -> list[float]:
        trainer = moons(regularisation={"dropout": 0.4, "l1": 0.01}, precision="float32")
        path = walk(trainer, 10, kept=True)
        if looked_at:
            found("plane", trainer, path, directions=directions, finest=9, stepping=True)
        while trainer.step_count < 400:
            trainer.step()
        return [*trainer.theta.tolist(), *trainer.state.vectors()["m"].tolist()]

    assert trained(looked_at=True) == trained(looked_at=False)


def test_no_piece_of_a_plane_touches_more_than_a_few_parameters_or_samples(
    moons: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large network is one whose parameters are more than are worked on at once: here 5 at once, and 1 sample."""
    monkeypatch.setattr("engine.method.inspections.plane.PARTS", 5)
    monkeypatch.setattr("engine.method.inspections.plane.CHUNK_WORK", 1)
    passes: list[int] = []
    own = BoundNetwork._forward

    def counting(self: Any, kinds: Any, batch: Any) -> Any:
        passes.append(batch.count)
        return own(self, kinds, batch)

    trainer = moons()
    trainer.step()
    path = Path(trainer.theta.size)
    monkeypatch.setattr(BoundNetwork, "_forward", counting)
    pieces = 0
    for finding in INSPECTIONS["plane"].model_validate({"finest": 5}).findings(trainer, path):
        assert len(passes) <= 1, "one pass between two steps"
        assert not passes or passes.pop() == 1
        pieces += 1
        if finding is not None:
            values = finding.arrays["values"]
    parts = -(-trainer.theta.size // 5)
    assert pieces > 25 * parts
    monkeypatch.undo()
    (whole,) = [
        finding
        for finding in INSPECTIONS["plane"].model_validate({"finest": 5}).findings(trainer, path)
        if finding is not None
    ]
    np.testing.assert_allclose(values.astype(float), whole.arrays["values"].astype(float), rtol=1e-9)


def test_what_is_seen_belongs_to_the_step_at_which_it_was_asked_for(moons: MakeTrainer, found: Found) -> None:
    still, moving = moons(), moons()
    kept = found("plane", still, finest=5)[-1].arrays["values"]
    assert found("plane", moving, finest=5, stepping=True)[-1].arrays["values"].tolist() == kept.tolist()


def test_exploded_parameters_are_shown_as_what_they_are(moons: MakeTrainer, found: Found) -> None:
    trainer = moons(model={"hidden": [5], "activation": "relu"}, precision="float32")
    finding = found("plane", trainer, finest=5, x=(-1e38, 1e38), y=(-1e38, 1e38))[-1]
    values = finding.arrays["values"]
    assert not np.isfinite(values[0]).all()
    assert np.isfinite(values[2, 2])


def test_a_function_needs_no_plane(ravine: MakeTrainer, found: Found) -> None:
    with pytest.raises(InputError, match="seen whole"):
        found("plane", ravine())


def test_the_plane_of_a_path_that_memory_does_not_hold_is_refused_and_a_random_one_is_not(
    moons: MakeTrainer, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.method.path.MOST_BYTES", 500)
    trainer = moons()
    trainer.step()
    with pytest.raises(InputError, match=r"the path of \d+ parameters is not kept: .*; random directions need no path"):
        found("plane", trainer, directions="path", finest=5)
    last = found("plane", trainer, finest=5)[-1]
    assert last.share == 1.0
    assert last.arrays["values"].shape == (5, 5)
    assert np.abs(last.arrays["path"].astype(np.float64)).tolist() == [[0.0, 0.0]]
