"""Everyone computes the same thing: what is compared is the time for the same steps."""

from __future__ import annotations

import dataclasses
import warnings

import pytest

from benchmarks.contenders import CONTENDERS, make
from benchmarks.contenders.products import Products
from benchmarks.workloads import OPTIMIZERS, WORKLOADS, Workload

TOLERANCE = 1e-5
"""A hundred roundings of float32; one step moves these losses by more than a hundredth."""


def one_batch(name: str) -> Workload:
    """A workload whose epoch is one minibatch, so that its order is of no consequence."""
    return dataclasses.replace(WORKLOADS[name], samples=WORKLOADS[name].batch)


def losses(contender: str, workload: Workload, optimizer: str) -> list[float]:
    """The losses before the first, the second and the third update."""
    training = make(contender, workload, optimizer)
    found = []
    for _ in range(3):
        assert training.run(1) == 1
        found.append(training.loss())
    return found


@pytest.mark.parametrize("name", ["W1", "W2"])
def test_ours_starts_where_the_workload_says_and_learns(name: str) -> None:
    first, second, third = losses("ours", one_batch(name), "sgd")
    assert first > second > third


def test_restarting_gives_the_same_losses_again() -> None:
    training = make("ours", one_batch("W2"), "adam")
    training.run(5)
    after = training.loss()
    training.restart()
    training.run(5)
    assert training.loss() == after


@pytest.mark.reference
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", ["W1", "W2"])
@pytest.mark.parametrize("contender", [name for name, entry in CONTENDERS.items() if entry.package])
def test_a_peer_has_our_losses_at_its_first_three_steps(
    contender: str, name: str, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = CONTENDERS[contender]
    if optimizer not in entry.optimizers:
        pytest.skip(f"{contender} has no {optimizer}")
    for variable, value in entry.environment.items():
        monkeypatch.setenv(variable, value)
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # what a peer's own modules warn of while they load
        pytest.importorskip(entry.package, reason=f"{entry.package} is not installed")
        found = losses(contender, one_batch(name), optimizer)
    assert found == pytest.approx(losses("ours", one_batch(name), optimizer), rel=TOLERANCE)


def test_the_products_are_those_of_a_step() -> None:
    """2-16-16-1 with 32 samples: three sums forward; back, three gradients of weights and bias, two of activations."""
    results = [result.shape for _, _, result in Products(WORKLOADS["W1"], "sgd").products]
    forward = [(16, 32), (16, 32), (1, 32)]
    backward = [(17, 1), (16, 32), (17, 16), (16, 32), (3, 16)]
    assert results[:3] == forward
    assert sorted(results[3:]) == sorted(backward)


def test_the_products_of_a_layer_fit_together() -> None:
    for left, right, result in Products(WORKLOADS["W3"], "sgd").products:
        assert left.shape[1] == right.shape[0]
        left.dot(right, result)
        assert float(abs(result).max()) > 0.0


def test_every_sample_is_in_one_minibatch_of_an_epoch() -> None:
    with pytest.raises(ValueError, match="whole batches"):
        dataclasses.replace(WORKLOADS["W1"], samples=100)
