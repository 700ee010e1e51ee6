"""Numbers too small for a full mantissa: gone where the switch is on, and nothing that matters with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.method.denormals import flush_denormals, flushes_denormals
from engine.method.objectives import build_objective
from engine.method.optimizers import RULES
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"),
    reason="the switch of this platform is not known",
)


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    yield
    assert not flush_denormals(False)


def digits(steps: int) -> Trainer:
    spec = {
        "problem": {"kind": "dataset"},
        "data": {"name": "digits"},
        "model": {"hidden": [64, 32]},
        "optimizer": {"name": "adam"},
    }
    checked = RunSpec.model_validate({**spec, "precision": "float32"})
    trainer = Trainer(checked, build_objective(checked))
    for _ in range(steps):
        trainer.step()
    return trainer


def count_denormals(vector: NDArray[Any]) -> int:
    # The comparison itself must not take them for zero.
    bits = vector.view(np.uint32) & 0x7FFFFFFF
    return int(np.count_nonzero((bits > 0) & (bits < 0x00800000)))


def test_the_switch_says_what_it_did() -> None:
    assert not flushes_denormals()
    assert flush_denormals()
    assert flushes_denormals()
    assert not flush_denormals(False)
    assert not flushes_denormals()


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.model_fields.keys() & {"beta2", "rho"}])
def test_the_state_of_a_dead_unit_becomes_zero_and_never_denormal(name: str) -> None:
    """A gradient once, then none for ever: with decays of a half the state is below 1.2e-38 after some 130 steps."""
    settings = {key: 0.5 for key in ("beta1", "beta2", "rho") if key in RULES[name].model_fields}
    left = {}
    for flush in (False, True):
        flush_denormals(flush)
        rule, grad = RULES[name].model_validate(settings), np.full(64, 1e-3, np.float32)
        state = rule.fresh_state(grad)
        bound = rule.bind(state, grad)
        bound.advance()
        most = 0
        for _ in range(400):
            grad[:] = 0.0
            bound.advance()
            most = max([most, *(count_denormals(vector) for vector in state.vectors().values())])
        left[flush] = most
    assert left == {False: 64, True: 0}


def test_training_is_the_same_with_and_without() -> None:
    """1,000 steps on the digits: what was flushed is below 1e-38 beside an ε of 1e-8, so not a bit of a loss moves.

    A parameter whose whole value is such a number may be zero instead: 1e-30 is far above any of them.
    """
    usual = digits(1000)
    flush_denormals()
    flushed = digits(1000)
    flush_denormals(False)
    blocks = usual.steps.take(), flushed.steps.take()
    assert blocks[0] is not None
    assert blocks[1] is not None
    assert np.array_equal(blocks[0].values, blocks[1].values)
    assert np.allclose(usual.theta, flushed.theta, rtol=0.0, atol=1e-30)
