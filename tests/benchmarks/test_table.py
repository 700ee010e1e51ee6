"""The table says what was measured: medians of ratios within rounds, the fastest form, and whether a goal is met."""

from __future__ import annotations

import pytest

from benchmarks.curves import CURVES, drawing, judged
from benchmarks.figures import figure, number
from benchmarks.rounds import Case, Turn
from benchmarks.table import cells, doubts, ratio_lines
from benchmarks.workloads import WORKLOADS


def turns(*rates: float, share: float = 1.0) -> list[Turn]:
    """One-second turns with these rates, `share` of which the processor was at work."""
    return [Turn(steps=int(rate), seconds=1.0, cpu_seconds=share) for rate in rates]


def case(workload: str = "W1", optimizer: str = "sgd", **played: list[Turn]) -> Case:
    named = {name.replace("_", " "): rounds for name, rounds in played.items()}
    return Case(workload=WORKLOADS[workload], optimizer=optimizer, clock="wall", turns=named)


def test_a_ratio_is_the_median_of_the_rounds_ratios_and_not_the_ratio_of_medians() -> None:
    """The rounds give 10, 2 and 30; the medians 300 and 100 would give 3."""
    (cell,) = cells([case(ours=turns(1000, 200, 300), jax_jit=turns(100, 100, 10))])
    assert (cell.ratio, cell.goal, cell.is_met) == (10.0, 4.0, True)
    assert (cell.low, cell.high) == (6.0, 20.0)


def test_of_several_forms_the_fastest_counts() -> None:
    played = case(ours=turns(1000), pytorch_default=turns(50), pytorch_fused=turns(100), pytorch_foreach=turns(20))
    (cell,) = cells([played])
    assert (cell.contender, cell.ratio, cell.is_met) == ("pytorch fused", 10.0, False)


def test_against_the_products_the_figure_is_time_and_the_goal_an_upper_bound() -> None:
    (cell,) = cells([case(ours=turns(100), products=turns(200))])
    assert (cell.ratio, cell.goal, cell.is_met) == (2.0, 2.6, True)
    (cell,) = cells([case(ours=turns(100), products=turns(300))])
    assert (cell.ratio, cell.is_met) == (3.0, False)


def test_where_the_compiled_update_is_installed_it_is_ours_and_more_is_asked_of_it() -> None:
    (cell,) = cells([case("W3", ours=turns(80), jax_scan=turns(100))])
    assert (cell.ratio, cell.goal) == (0.8, 0.75)
    (cell,) = cells([case("W3", ours=turns(80), ours_compiled=turns(85), jax_scan=turns(100))])
    assert (cell.ratio, cell.goal) == (0.85, 0.9)


def test_adam_has_a_goal_of_its_own_and_momentum_none() -> None:
    played = [case("W2", rule, ours=turns(12), pytorch_default=turns(1)) for rule in ("sgd", "momentum", "adam")]
    assert [(cell.goal, cell.is_met) for cell in cells(played)] == [
        (11.0, True),
        (None, None),
        (13.0, False),
    ]


def test_the_table_shows_measured_goal_and_verdict_in_the_column_of_its_workload() -> None:
    played = [
        case("W1", ours=turns(100), jax_jit=turns(20)),
        case("W2", ours=turns(100), jax_jit=turns(50)),
    ]
    head, row, spread = ratio_lines(cells(played))
    assert row.index("5.00 ≥ 4 met") == head.index("W1")
    assert row.index("2.00 ≥ 3 NOT MET") == head.index("W2")
    assert spread.split() == ["5.00", "to", "5.00", "2.00", "to", "2.00"]


def test_what_makes_figures_doubtful_is_said() -> None:
    (two_cores,) = doubts([case(ours=turns(1), jax_jit=turns(1, share=1.9))])
    assert "jax jit was at work on 1.9 cores" in two_cores
    (neighbour,) = doubts([case(ours=turns(1, share=0.5), jax_jit=turns(1, share=0.5))])
    assert "waited 50% of their turns" in neighbour
    assert "--clock cpu" in neighbour
    assert list(doubts([case(ours=turns(1), jax_jit=turns(1))])) == []


def test_a_claim_about_growth_is_judged_at_the_end_of_the_curve() -> None:
    batch = next(curve for curve in CURVES if curve.name == "batch")
    linear = judged(batch, [[30.0 + 0.5 * size] for size in batch.sizes])
    assert linear.is_met
    assert linear.slope == pytest.approx(1.0, abs=0.05)
    assert not judged(batch, [[size**1.5] for size in batch.sizes]).is_met


def test_a_flat_curve_may_rise_nowhere() -> None:
    samples = next(curve for curve in CURVES if curve.name == "samples")
    flat = [[40.0] for _ in samples.sizes]
    assert judged(samples, flat).is_met
    assert not judged(samples, [*flat[:2], [60.0], *flat[3:]]).is_met


def test_a_drawing_keeps_its_width_and_marks_every_point() -> None:
    lines = drawing((1, 10, 100), (20.0, 30.0, 90.0))
    assert max(len(line) for line in lines) <= 76
    assert "".join(lines).count("o") == 3
    assert all(label in "".join(lines) for label in ("1", "10", "100", "50"))


@pytest.mark.parametrize(
    ("value", "text"), [(0.954, "0.95"), (1.0, "1.00"), (12.34, "12.3"), (123.4, "123"), (45678.9, "45,679")]
)
def test_numbers_have_about_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_figure_says_what_it_should_be() -> None:
    assert str(figure("kept", [0.9, 0.94, 0.99], "", at_least=0.95)).endswith("≥ 0.95 NOT MET")
    assert str(figure("cost", [1.0, 1.04, 1.3], "times", at_most=1.05)).endswith("≤ 1.05 met")
    assert "met" not in str(figure("frames", [25.0], "frames/s")).lower()
