"""Formulas in cells: golden text, and that every row of a formula is as wide as the others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.charts.typeset import figure, typeset

ALPHA, M, V, EPS = ["is", "α", 0.1], ["is", "m̂", 4.0], ["is", "v̂", 16.0], ["is", "ε", 1e-8]
ADAM = ["/", ["*", ALPHA, M], ["+", ["sqrt", V], EPS]]


def picture(formula: list[Any], *, numbers: bool = False, tall: bool = True) -> str:
    return "\n".join(row.rstrip() for row in typeset(formula, numbers=numbers, tall=tall).rows)


def test_a_fraction_takes_three_rows_where_there_is_room() -> None:
    assert picture(ADAM) == " α·m̂\n──────\n√v̂ + ε"
    assert picture(ADAM, numbers=True) == "  0.1·4\n──────────\n√16 + 1e−8"


def test_a_fraction_in_one_row_has_the_brackets_that_it_needs() -> None:
    assert picture(ADAM, tall=False) == "α·m̂/(√v̂ + ε)"
    assert picture(["/", ["-", M, V], ["*", ALPHA, M]], tall=False) == "(m̂ − v̂)/(α·m̂)"


def test_a_root_of_a_fraction_is_drawn_around_it() -> None:
    assert picture(["sqrt", ["/", M, V]]) == " ┌─\n │m̂\n │─\n╲│v̂"
    assert picture(["sqrt", ["+", M, EPS]]) == "√(m̂ + ε)"


def test_negative_numbers_stand_in_brackets_where_a_sign_is_before_them() -> None:
    low = ["is", "g", -2.0]
    assert picture(["+", M, low], numbers=True) == "4 + (−2)"
    assert picture(["*", ALPHA, low], numbers=True) == "0.1·(−2)"
    assert picture(["^", low, ["is", "2", 2.0]], numbers=True) == "(−2)²"
    assert picture(["-", low, M], numbers=True) == "−2 − 4"


def test_what_is_a_number_stays_as_it_is_written() -> None:
    assert picture(["-", ["is", "1", 1.0], ["is", "β₁", 0.9]], numbers=True) == "1 − 0.9"


def test_functions_and_powers_have_their_signs() -> None:
    assert picture(["max", M, ["abs", V]]) == "max(m̂, |v̂|)"
    assert picture(["sign", M]) == "sign(m̂)"
    assert picture(["^", ["is", "0.96", 0.96], ["*", M, V]]) == "0.96^(m̂·v̂)"
    assert picture(["-", M, ["+", V, EPS]]) == "m̂ − (v̂ + ε)"


@pytest.mark.parametrize(
    ("value", "text"), [(0.9, "0.9"), (-1.2345e-5, "−1.234e−5"), (float("inf"), "inf"), (float("nan"), "nan")]
)
def test_a_figure_has_four_digits_and_no_more_than_it_needs(value: float, text: str) -> None:
    assert figure(value) == text


LEAVES = st.builds(
    lambda symbol, value: ["is", symbol, value], st.sampled_from(["α", "m̂", "g", "1", "‖g‖"]), st.floats()
)
FORMULAS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.builds(lambda sign, left, right: [sign, left, right], st.sampled_from("+-*/^"), parts, parts),
        st.builds(lambda name, part: [name, part], st.sampled_from(["sqrt", "abs", "sign"]), parts),
        st.builds(lambda *found: ["max", *found], parts, parts),
    ),
    max_leaves=12,
)


@given(FORMULAS, st.booleans(), st.booleans())
def test_all_rows_of_a_formula_are_equally_wide(formula: list[Any], numbers: bool, tall: bool) -> None:
    block = typeset(formula, numbers=numbers, tall=tall)
    assert {cell_len(row) for row in block.rows} == {block.width}
    assert 0 <= block.base < block.height
    if not tall:
        assert block.height == 1
