"""Minibatch gradients against the full one: by hand, and against the gradients of all single samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.diagnostics.batch_noise import batch_noise
from engine.method.diagnostics.point import Point

MakePoint = Callable[..., Point]


def gradients_by_hand(point: Point) -> Any:
    """Return the gradient of every sample of a linear regression, 2·(w·x + b − y)·(x, 1), (samples, 2)."""
    inputs, targets = point.whole.inputs, point.whole.targets
    return 2.0 * (inputs @ point.theta[:, None] - targets) * inputs


@pytest.mark.parametrize(("size", "after"), [(1, 0), (8, 0), (8, 40), (100, 40)])
def test_the_noise_scale_is_the_variance_of_the_samples_over_the_squared_length(
    of_line: MakePoint, size: int, after: int
) -> None:
    """Tolerance: four standard errors of the mean of ‖g − G‖² over the batches, taken from as many other batches."""
    point = of_line(batch={"size": size}, after=after)
    each = gradients_by_hand(point)
    full = each.mean(axis=0)
    exact = each.var(axis=0).sum() / (full @ full)
    batches = 1000
    found = batch_noise(point, batches=batches)
    assert found is not None
    assert found.full_norm == pytest.approx(np.linalg.norm(full), rel=1e-12)
    generator, count = np.random.default_rng(7), len(each)
    squares = [
        np.sum((each[generator.choice(count, size, replace=False)].mean(axis=0) - full) ** 2) for _ in range(batches)
    ]
    # Batches of one epoch share no sample, which makes their mean better known than that of independent ones.
    error = np.std(squares) / np.mean(squares) / math.sqrt(batches)
    assert error < 0.08, "a test that nothing could fail"
    assert found.scale == pytest.approx(exact, rel=4.0 * error)


def test_angle_and_length_of_two_samples_that_pull_apart(of_line: MakePoint) -> None:
    """Gradients 2·(0 − y)·(x, 1) at 0: of x = 1, y = −2 it is (4, 4), of x = −1, y = −1 (−2, 2); the mean is (1, 3).

    Cosines to it: 16/(√32·√10) = 0.894 and 4/(√8·√10) = 0.447, so 26.565° and 63.435°: 45° in the mean. Lengths over
    √10: √32 and √8 make (5.657 + 2.828)/2/3.162 = 1.342. Σ: (3² + 1²) for both, so 10/10 = 1.
    """
    point = of_line(data={"name": "line", "samples": 4, "held_out": 0.5}, batch={"size": 1})
    assert point.whole.count == 2
    point.whole.inputs[:] = [[1.0, 1.0], [-1.0, 1.0]]
    point.whole.targets[:] = [[-2.0], [-1.0]]
    for chunk in point._chunks:
        chunk.outputs[:] = point.whole.targets.T
    point.theta[:] = 0.0
    found = batch_noise(point, batches=10)
    assert found is not None
    assert (found.size, found.batches) == (1, 10)
    assert found.full_norm == pytest.approx(math.sqrt(10.0))
    assert found.angle == pytest.approx(45.0)
    assert found.ratio == pytest.approx((math.sqrt(32.0) + math.sqrt(8.0)) / 2.0 / math.sqrt(10.0))
    assert found.scale == pytest.approx(1.0)


def test_no_batch_is_short_and_every_sample_counts_as_often(of_line: MakePoint) -> None:
    """Of 205 samples an epoch has 25 batches of 8; the rest of 5 would be noisier, and is left out."""
    point = of_line()
    taken: list[Any] = []
    whole = Point.gradient

    def gradient(self: Point, theta: Any, rows: Any = None) -> Any:
        if rows is not None:
            taken.append(rows)
        return whole(self, theta, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Point, "gradient", gradient)
        batch_noise(point, batches=50)
    assert {len(rows) for rows in taken} == {8}
    for epoch in (taken[:25], taken[25:]):
        assert len(set(np.concatenate(epoch).tolist())) == 200


@pytest.mark.parametrize("size", ["full", 205, 1000])
def test_a_step_over_all_samples_has_no_noise(of_line: MakePoint, size: int | str) -> None:
    assert batch_noise(of_line(batch={"size": size})) is None


def test_a_landscape_has_no_noise(on_landscape: MakePoint) -> None:
    assert batch_noise(on_landscape("ravine")) is None


def test_where_the_full_gradient_is_zero_all_is_noise(of_line: MakePoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def gradient(self: Point, theta: Any, rows: Any = None) -> Any:
        return np.zeros(2) if rows is None else np.ones(2)

    monkeypatch.setattr(Point, "gradient", gradient)
    found = batch_noise(of_line())
    assert found is not None
    assert (found.full_norm, found.scale) == (0.0, math.inf)
    assert math.isnan(found.angle)
    assert math.isnan(found.ratio)
