"""What a network keeps: no array larger than it must be, and few of them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine.subject import network as network_module
from engine.subject.activations import ACTIVATIONS
from tests.engine.subject.networks import every_dtype, first_samples, network


@every_dtype
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_pass_makes_no_array_larger_than_its_activations(activation: str, dtype: Any) -> None:
    """64 samples through layers of 300 units: one activation matrix has 300·64 numbers, one Jacobian 300² a sample.

    The first pass makes activations, slopes and deltas, and zeros for the rectifier, four matrices for each hidden
    layer, or for gelu six; a later pass makes nothing that is worth speaking of.
    """
    trained = network(samples=128, held_out=0.0, hidden=(300, 300), activation=activation, dtype=dtype)
    theta = trained.start()
    bound = trained.bind(theta, np.empty_like(theta))
    batch = first_samples(trained, 64)
    matrix = 301 * 64 * np.dtype(dtype).itemsize
    peaks = []
    for _ in range(2):
        tracemalloc.start()
        bound.loss_and_gradient(batch)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < 2 * 6 * matrix + 65536
    assert peaks[1] < 8192 < matrix


def test_an_evaluation_needs_no_more_memory_for_more_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_module, "EVALUATION_CHUNK", 64)
    peaks = []
    for samples in (64, 640):
        trained = network(samples=samples, held_out=0.0, hidden=(100,))
        theta = trained.start()
        bound = trained.bind(theta, np.empty_like(theta))
        tracemalloc.start()
        bound.evaluate("train")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 8192


def test_batches_of_many_sizes_leave_few_workspaces_behind() -> None:
    """Twenty sizes of a batch, and the memory that stays is that of four."""
    trained = network(samples=128, held_out=0.0, hidden=(200,))
    theta = trained.start()
    bound = trained.bind(theta, np.empty_like(theta))
    bound.loss_and_gradient(first_samples(trained, 100))
    one = 100 * (4 * 200 + 2 + 2 * 2) * 8
    tracemalloc.start()
    for count in range(81, 101):
        bound.loss_and_gradient(first_samples(trained, count))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 5 * one
