"""The point at which is measured: where the run is, in double precision, over the samples that can be held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import NotFiniteError
from engine.method.diagnostics import point as point_module
from engine.method.diagnostics.point import Point, point_after
from engine.method.file_spec import examined
from engine.method.objectives import build_objective
from engine.method.spec import RunSpec, checked_spec
from engine.method.trainer import Trainer

MakePoint = Callable[..., Point]


def test_the_point_is_where_the_run_in_double_precision_is(of_network: MakePoint) -> None:
    point = of_network(after=30, precision="float64")
    trainer = Trainer(point.spec, build_objective(point.spec))
    for _ in range(30):
        trainer.step()
    assert (point.theta == trainer.theta).all()
    assert point.steps == 30
    assert point.loss == pytest.approx(trainer.evaluate("train").loss, rel=1e-14)


def test_a_run_in_float32_is_looked_at_in_double_precision(of_network: MakePoint) -> None:
    single, double = of_network(precision="float32"), of_network(precision="float64")
    assert single.spec.precision == "float32"
    assert (single.gradient(single.theta) == double.gradient(double.theta)).all()


def test_the_full_gradient_is_the_mean_over_all_samples_whatever_the_chunks(
    of_network: MakePoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 samples: whole, and in chunks of 16, 16 and 8. Each of the 40 terms of a sum is rounded a few times."""
    whole = of_network()
    monkeypatch.setattr(point_module, "CHUNK", 16)
    cut = of_network()
    rows = np.arange(40)[::-1]
    full = whole.gradient(whole.theta)
    tolerance = 200 * np.finfo(np.float64).eps * np.abs(full).max()
    assert cut.gradient(cut.theta) == pytest.approx(full, rel=0.0, abs=tolerance)
    assert cut.gradient(cut.theta, rows) == pytest.approx(full, rel=0.0, abs=tolerance)


def test_measuring_moves_nothing(of_network: MakePoint) -> None:
    point = of_network(after=3)
    before = point.theta.copy()
    point.gradient(point.theta + 1.0)
    assert (point.theta == before).all()


def test_a_run_that_ends_before_stays_at_its_end(of_line: MakePoint) -> None:
    assert of_line(after=50, stop={"steps": 7}).steps == 7


def test_a_run_that_diverges_before_has_no_such_point(on_landscape: MakePoint) -> None:
    with pytest.raises(NotFiniteError, match="not finite at step"):
        on_landscape("ravine", after=2000, optimizer={"name": "sgd", "lr": 1.0})


def test_of_a_file_that_is_too_long_the_first_samples_count_as_all(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30,000 rows x, y with y = number of the row, scored by a model that starts at 0: the gradient is −2·mean(y·x)."""
    table = np.ones((30_000, 2))
    table[:, 1] = np.arange(30_000)
    np.save(places / "data.npy", table)
    spec: RunSpec = checked_spec(
        {
            "problem": {"kind": "dataset"},
            "data": {"file": str(places / "data.npy"), "task": "regression", "held_out": 0.0},
        },
        "test",
    )
    monkeypatch.setattr(point_module, "MOST_SAMPLES", 1001)
    point = point_after(examined(spec, "test"), 0)
    assert point.whole.count == 1001
    assert point.gradient(np.zeros(2)) == pytest.approx([-1000.0, -1000.0], rel=1e-12)


@pytest.mark.parametrize(("limit", "value"), [("MOST_BYTES", 10 * 8 * 4), ("MOST_WORK", 10 * 67)])
def test_no_more_samples_are_held_than_memory_and_patience_allow(
    of_network: MakePoint, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """A sample is two features, a one and a target, 4 doubles; the network has 67 + 7 parameters or fewer."""
    monkeypatch.setattr(point_module, limit, value)
    assert of_network().whole.count == value // (32 if limit == "MOST_BYTES" else of_network().theta.size)
