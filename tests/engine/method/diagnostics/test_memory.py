"""The memory that a Jacobian would have taken, to the byte, beside what a step holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.method.diagnostics.memory import memory
from engine.method.diagnostics.point import Point
from engine.method.objectives import build_objective
from engine.subject.network import Network

MakePoint = Callable[..., Point]


def test_the_jacobian_of_the_lecture_takes_16_gigabytes(of_network: MakePoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """4096 → 4096 units, a batch of 16, float32: (16·4096)² · 4 bytes are 2³⁴.

    The widths are all that it takes: weights of that size need not be drawn.
    """
    point = of_network(batch={"size": 16}, precision="float32")
    assert isinstance(point.objective, Network)
    monkeypatch.setattr(point.objective, "widths", (4096, 4096))
    monkeypatch.setattr(point.objective, "_workspaces", {})
    found = memory(point)
    assert found is not None
    (layer,) = found.layers
    assert (layer.name, layer.inputs, layer.outputs, layer.nbytes) == ("layer1", 4096, 4096, 2**34)
    assert found.jacobians == 2**34


@pytest.mark.parametrize(("precision", "width"), [("float32", 4), ("float64", 8)])
def test_what_a_step_holds_is_counted_in_the_runs_own_precision(
    of_network: MakePoint, precision: str, width: int
) -> None:
    """2-7-5-1, a batch of 8: with rows of ones (8 + 6 + 1)·8 activations, (8 + 6)·8 slopes, (7 + 5 + 1)·8 deltas."""
    found = memory(of_network(precision=precision))
    assert found is not None
    assert [layer.nbytes for layer in found.layers] == [64 * size * width for size in (2 * 7, 7 * 5, 5 * 1)]
    assert found.jacobians == 64 * (14 + 35 + 5) * width
    assert (found.activations, found.slopes, found.deltas) == (120 * width, 112 * width, 104 * width)
    assert found.gradient == (3 * 7 + 8 * 5 + 6 * 1) * width
    assert found.step == (120 + 112 + 104 + 67) * width


def test_the_count_is_that_of_the_arrays_of_a_real_step(of_network: MakePoint) -> None:
    point = of_network(precision="float32")
    network = build_objective(point.spec)
    assert isinstance(network, Network)
    space = network.workspace(8)
    found = memory(point)
    assert found is not None
    assert found.activations == space.hidden.nbytes + space.activations[-1].nbytes
    assert found.slopes == space.slopes.nbytes
    assert found.deltas == sum(delta.nbytes for delta in space.deltas)
    assert found.gradient == np.empty_like(network.start()).nbytes


def test_a_batch_is_no_larger_than_the_training_set(of_network: MakePoint) -> None:
    sizes = [memory(of_network(batch={"size": size})) for size in ("full", 40, 1000)]
    assert sizes[0] is not None
    assert sizes[0].batch == 40
    assert sizes == [sizes[0]] * 3


def test_a_landscape_has_no_layers(on_landscape: MakePoint) -> None:
    assert memory(on_landscape("ravine")) is None
