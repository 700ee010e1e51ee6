"""Passes over vectors: what they compute, and that the compiled loop computes the same, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InputError
from engine.method import passes as passes_module
from engine.method.objectives import build_objective
from engine.method.optimizers import RULES
from engine.method.optimizers.rule import STRETCH_BYTES, Rule
from engine.method.passes import Passes, called, execution, numbers
from engine.method.spec import RunSpec, checked_spec
from engine.method.trainer import Trainer

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def rules() -> list[Rule]:
    """Return every rule in all of its forms, with each of its switches and decays turned on or off."""
    found: list[Rule] = []
    for rule in RULES.values():
        for form in [{"form": form} for form in rule.forms()] or [{}]:
            plain = rule.model_validate(form)
            found.append(plain)
            for key in rule.model_fields:
                value = getattr(plain, key)
                if isinstance(value, bool):
                    found.append(rule.model_validate({**form, key: not value}))
                elif value == 0.0 and key != "weight_decay":
                    found.append(rule.model_validate({**form, key: 0.75}))
    return found


def updates(rule: Rule, size: int, dtype: Any, carried_out: Any) -> list[bytes]:
    """Return three updates, and what the rule remembers after them, as bits."""
    generator, grad = np.random.default_rng(5), np.empty(size, dtype)
    state = rule.fresh_state(grad)
    bound = rule.bind(state, grad)
    calls = [carried_out(part) for part in bound.parts]
    seen = []
    for _ in range(3):
        grad[:] = generator.normal(size=size) * 10.0 ** generator.integers(-12, 12, size=size)
        grad[::7] = 0.0
        bound.begin()
        for part in calls:
            for call in part:
                call()
        seen.append(grad.tobytes())
    return seen + [vector.tobytes() for vector in state.vectors().values()]


def test_the_result_of_a_pass_is_its_last_array() -> None:
    a, b, c = np.array([1.0, 4.0, 9.0]), np.array([2.0, 0.5, -1.0]), np.empty(3)
    (half,) = numbers(np.float64, 0.5)
    for call in called(
        [(np.multiply, a, b, c), (np.add, c, half, c), (np.sqrt, a, a), (np.maximum, b, half, b), (np.divide, c, b, a)]
    ):
        call()
    assert c.tolist() == [2.5, 2.5, -8.5]
    assert b.tolist() == [2.0, 0.5, 0.5]
    assert a.tolist() == [1.25, 5.0, -17.0]


def test_a_number_can_be_set_anew_between_two_calls() -> None:
    vector, (factor,) = np.array([3.0]), numbers(np.float64, 2.0)
    (call,) = called([(np.multiply, vector, factor, vector)])
    call()
    factor[()] = 10.0
    call()
    assert vector.tolist() == [60.0]


@every_dtype
def test_every_pass_of_a_rule_is_of_the_form_that_is_promised(dtype: Any) -> None:
    for rule in rules():
        grad = np.ones(STRETCH_BYTES // np.dtype(dtype).itemsize + 5, dtype)
        bound = rule.bind(rule.fresh_state(grad), grad)
        assert len(bound.parts) == 2
        for part, length in zip(bound.parts, (len(grad) - 5, 5), strict=True):
            for ufunc, first, *others in part:
                assert len(others) == ufunc.nin
                for array in (first, others[-1]):
                    assert (array.shape, array.dtype, array.flags.c_contiguous) == ((length,), grad.dtype, True)
                for array in others[:-1]:
                    assert array.shape in ((), (length,))
                    assert array.dtype == grad.dtype


def test_without_numba_auto_is_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes_module, "is_compiler_installed", lambda: False)
    assert execution("auto") is called
    assert execution("numpy") is called


def test_what_asks_for_the_compiled_form_without_numba_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes_module, "is_compiler_installed", lambda: False)
    with pytest.raises(InputError, match=r"a\.toml: compute\.update = 'compiled'; allowed: .auto. or .numpy..*numba"):
        checked_spec({"problem": {"kind": "landscape"}, "compute": {"update": "compiled"}}, "a.toml")
    spec = RunSpec.model_validate({"problem": {"kind": "landscape"}})
    trainer = Trainer(spec, build_objective(spec))
    with pytest.raises(InputError, match="compiled"):
        trainer.apply({"compute.update": "compiled"})
    assert trainer.spec == spec
    trainer.step()


@pytest.mark.reference
@every_dtype
@pytest.mark.parametrize("size", [1, 337, 2410, 5000])
def test_compiled_updates_are_numpys_bit_for_bit(size: int, dtype: Any) -> None:
    """Up to five pieces of the loop; gradients from 1e-12 to 1e12 and zeros."""
    pytest.importorskip("numba", reason="the compiled update needs numba: pip install 'gdtui[fast]'")
    for rule in rules():
        with np.errstate(all="ignore"):
            expected = updates(rule, size, dtype, called)
        assert updates(rule, size, dtype, execution("compiled")) == expected


@pytest.mark.reference
@every_dtype
def test_compiled_operations_treat_what_is_not_finite_as_numpy_does(dtype: Any) -> None:
    pytest.importorskip("numba", reason="the compiled update needs numba: pip install 'gdtui[fast]'")
    special = np.array(
        [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, np.finfo(dtype).max, np.finfo(dtype).tiny], dtype
    )
    first, second = (grid.ravel().copy() for grid in np.meshgrid(special, special))
    (two,) = numbers(dtype, 2.0)
    results: list[list[NDArray[Any]]] = []
    for carried_out in (called, execution("compiled")):
        made: list[NDArray[Any]] = []
        for ufunc in (np.multiply, np.add, np.subtract, np.divide, np.maximum):
            a, b, c, d, e = first.copy(), second.copy(), np.empty_like(first), first.copy(), second.copy()
            program: Passes = [(ufunc, a, b, c), (ufunc, d, b, d), (ufunc, a, e, e), (ufunc, a, two, a)]
            with np.errstate(all="ignore"):
                for call in carried_out(program):
                    call()
            made += [a, c, d, e]
        results.append(made)
    for expected, found in zip(*results, strict=True):
        assert np.array_equal(expected, found, equal_nan=True)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_a_run_that_goes_on_with_the_compiled_update_once_it_is_loaded_changes_by_no_bit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adam, and AdamW with its decay beside the rule."""
    pytest.importorskip("numba", reason="the compiled update needs numba: pip install 'gdtui[fast]'")
    monkeypatch.setattr(passes_module, "_loaded", [])
    spec = RunSpec.model_validate(
        {"problem": {"kind": "dataset"}, "data": {"name": "moons"}, "optimizer": {"name": name}}
    )
    usual, switched = (Trainer(spec, build_objective(spec)) for _ in range(2))
    assert execution("auto") is called
    for _ in range(20):
        usual.step()
        switched.step()
    passes_module.load_compiled(switched.theta.dtype)
    assert execution("auto") is not called
    switched.prepare()
    for _ in range(20):
        usual.step()
        switched.step()
    assert np.array_equal(usual.theta, switched.theta)
