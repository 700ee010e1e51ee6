"""Every threshold, reached by numbers that one can follow on paper, and just missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engine.method.alarms.alarm import Alarm, Latch
from engine.method.alarms.curve import CurveWatch
from engine.method.alarms.generalisation import GeneralisationWatch
from engine.method.alarms.layers import LayerWatch
from engine.method.telemetry import SERIES, StepBlock, TensorFigures
from engine.subject.objective import Tensor

NAN = float("nan")


def block(losses: Sequence[float], *, first: int = 1, grad_norm: float = 1.0) -> StepBlock:
    values = np.zeros((len(SERIES), len(losses)))
    values[SERIES.index("loss")] = losses
    values[SERIES.index("grad_norm")] = grad_norm
    return StepBlock(first_step=first, values=values)


def told(alarms: list[Alarm]) -> list[tuple[str, str, int, bool]]:
    return [(alarm.about, alarm.tensor, alarm.step, alarm.over) for alarm in alarms]


def test_a_latch_believes_what_it_sees_several_times_in_a_row_and_says_so_once() -> None:
    latch = Latch(2)
    seen = [latch.see(begins=begins, ends=not begins) for begins in (True, False, True, True, True, False, True, False)]
    assert seen == [False, False, False, True, False, False, False, False]
    assert latch.is_on
    assert latch.see(begins=False, ends=True)
    assert not latch.is_on
    assert not latch.see(begins=False, ends=False)


def test_what_comes_and_goes_is_told_ever_more_seldom() -> None:
    """On and off five times each, over and over: after every end it has to stay twice as long."""
    latch = Latch(2)
    seen = [latch.see(begins=begins, ends=not begins) for begins in ([True] * 5 + [False] * 5) * 10]
    assert seen.count(True) == 4
    assert seen[:20].count(True) == 4


# ---- the curve


class Curve:
    """A curve in the making."""

    def __init__(self, **settings: Any) -> None:
        self.watch = CurveWatch(**{"batches_per_epoch": 1, **settings})
        self.step = 0

    def add(self, losses: Sequence[float], *, grad_norm: float = 1.0, per: int = 1000) -> list[tuple[str, int, bool]]:
        """Add losses in blocks of `per`, and return what is told: the sign, its step, and whether it is over."""
        found: list[Alarm] = []
        for start in range(0, len(losses), per):
            part = losses[start : start + per]
            self.watch.see(block(part, first=self.step + 1, grad_norm=grad_norm))
            self.step += len(part)
            found += self.watch.take()
        return [(alarm.about, alarm.step, alarm.over) for alarm in found]


@pytest.mark.parametrize("per", [1, 7, 100, 333])
def test_ten_windows_of_a_hundred_steps_without_a_better_loss_are_a_plateau(per: int) -> None:
    """The first window sets the mark, so that the tenth after it ends with step 1,100; whatever comes at a time."""
    assert Curve().add([1.0] * 1500, per=per) == [("plateau", 1100, False)]


def test_an_epoch_that_is_longer_than_a_hundred_steps_is_the_window() -> None:
    assert Curve(batches_per_epoch=150).add([1.0] * 1700) == [("plateau", 1650, False)]


def test_a_loss_that_falls_by_a_thousandth_in_a_window_is_on_no_plateau() -> None:
    falling = np.repeat(0.998 ** np.arange(15), 100).tolist()
    assert Curve().add(falling) == []
    assert Curve().add([1.0] * 100 + falling[:200] + [falling[200]] * 900) == []


def test_a_loss_that_falls_by_half_a_thousandth_in_a_window_is_better_in_every_third() -> None:
    """1 - 0.0005·2 is not below 0.999; 0.9985 is, in the fourth window, and ten windows later it is told."""
    standing = np.repeat([1.0, 0.9995, 0.999001, 0.9985, *[0.9985] * 11], 100).tolist()
    assert Curve().add(standing) == [("plateau", 1400, False)]


def test_a_plateau_is_over_when_the_loss_has_fallen_by_a_fifth_and_not_by_chance() -> None:
    curve = Curve()
    curve.add([1.0] * 1100)
    assert curve.add([0.81] * 100) == []
    assert curve.add([0.79] * 100) == [("plateau", 1300, True)]


def test_a_flat_loss_where_the_gradient_has_all_but_gone_is_no_plateau() -> None:
    curve = Curve()
    curve.add([1.0] * 100, grad_norm=1.0)
    assert curve.add([0.5] * 1500, grad_norm=0.009) == []


def test_a_loss_that_is_down_to_a_thousandth_may_stay_there() -> None:
    assert Curve().add([1.0, *[0.0009] * 2000]) == []


def test_a_loss_that_grows_beyond_twice_the_first_is_told_and_its_way_back() -> None:
    curve = Curve()
    assert curve.add([1.0] * 30 + np.linspace(1.0, 1.9, 40).tolist(), per=5) == []
    risen = curve.add(np.linspace(1.9, 4.0, 40).tolist(), per=5)
    assert [(about, over) for about, _, over in risen] == [("rising", False)]
    back = curve.add([0.9] * 40, per=5)
    assert [(about, over) for about, _, over in back] == [("rising", True)]


def test_a_loss_that_grows_is_no_plateau_however_long_ago_its_lowest_was() -> None:
    found = Curve().add([1.0] * 30 + np.geomspace(1.0, 1e9, 3000).tolist(), per=5)
    assert [about for about, _, _ in found] == ["rising"]


def test_where_units_are_lost_a_plateau_and_small_gradients_have_their_reason() -> None:
    """The same losses and figures as tell a plateau, a vanishing gradient and a crawling rate otherwise."""
    figures = layers(0.9e-3, 1.0, ratio=1e-7, times=30)
    for lost, expected in ((False, {"plateau", "vanishing", "crawling"}), (True, set())):
        curve, watch = CurveWatch(batches_per_epoch=1), LayerWatch(TENSORS)
        for number in range(30):
            curve.see(block([0.7] * 100, first=100 * number + 1, grad_norm=1.0), units_are_lost=lost)
            values = np.array(figures[number], dtype=np.float64)
            watch.see(TensorFigures(step=number + 1, values=values), units_are_lost=lost)
        assert {alarm.about for alarm in (*curve.take(), *watch.take())} == expected


def test_of_a_function_below_zero_the_scale_is_how_far_it_fell() -> None:
    """From -1 down to -5 it fell by 4; 2.9 is less than 4 above -1, and 3.5 is more."""
    for top, expected in ((2.9, []), (3.5, ["rising"])):
        curve = Curve()
        curve.add(np.linspace(-1.0, -5.0, 50).tolist())
        found = curve.add(np.linspace(-5.0, top, 200).tolist(), per=5)
        found += curve.add(np.linspace(top, top + 0.01, 30).tolist(), per=5)
        assert [about for about, _, _ in found] == expected


def test_a_loss_that_overshoots_and_comes_back_is_not_told() -> None:
    assert Curve().add([1.0, 5.0, 9.0, 7.0, 4.0, 2.0, 1.0, *[0.5] * 40], per=1) == []


def test_losses_that_are_not_finite_are_left_to_the_step_that_tells_them() -> None:
    assert Curve().add([1.0, 10.0, float("inf"), NAN] * 100, per=4) == []


# ---- evaluations


def held_out(losses: Sequence[float], training: float = 0.005) -> list[tuple[str, str, int, bool]]:
    watch = GeneralisationWatch()
    for step, loss in enumerate(losses):
        watch.see(step, loss, training)
    return told(watch.take())


def test_a_held_out_loss_five_percent_above_its_lowest_five_times_is_told() -> None:
    assert held_out([1.0, 0.5, *[0.53] * 5]) == [("overfitting", "", 6, False)]
    assert held_out([1.0, 0.5, *[0.53] * 4]) == []
    assert held_out([1.0, 0.5, *[0.52] * 9]) == []
    assert held_out([1.0, 0.5, *[0.53] * 5, *[0.504] * 5])[1:] == [("overfitting", "", 11, True)]


def test_five_percent_of_next_to_nothing_are_nothing() -> None:
    """0.01 was reached from 1.0: another 0.019 is less than a fiftieth of what was gained."""
    assert held_out([1.0, 0.01, *[0.029] * 9]) == []
    assert len(held_out([1.0, 0.01, *[0.031] * 9])) == 1


def test_a_training_loss_that_rises_as_well_is_no_overfitting() -> None:
    watch = GeneralisationWatch()
    for step, (loss, training) in enumerate([(1.0, 0.9), (0.5, 0.5), *[(9.0, 8.0)] * 9]):
        watch.see(step, loss, training)
    assert watch.take() == []


def test_a_rate_that_throws_both_losses_about_is_no_overfitting() -> None:
    """Held-out 0.7 where training has 0.9: nothing was learnt by heart, though both were worse before."""
    watch = GeneralisationWatch()
    for step, (loss, training) in enumerate([(0.65, 1.0), (0.06, 2.0), *[(0.7, 0.9)] * 9]):
        watch.see(step, loss, training)
    assert watch.take() == []


def test_what_is_worse_than_before_the_first_step_in_training_too_is_no_overfitting() -> None:
    """Before the first step there is no training loss yet; that of the held-out samples stands for it."""
    watch = GeneralisationWatch()
    for step, (loss, training) in enumerate([(0.65, math.inf), *[(0.9, 0.8)] * 9]):
        watch.see(step, loss, training)
    assert watch.take() == []


# ---- the figures of the tensors

TENSORS = (
    Tensor(name="layer1.weight", shape=(2, 2), start=0, stop=4),
    Tensor(name="layer1.bias", shape=(2,), start=4, stop=6),
    Tensor(name="layer2.weight", shape=(2, 2), start=6, stop=10),
)


def measured(*rows: Sequence[Sequence[float]], tensors: Sequence[Tensor] = TENSORS) -> list[Alarm]:
    """Show the watch one measurement after the other: of every tensor ‖w‖, ‖g‖, rms, α and ‖Δw‖/‖w‖."""
    watch = LayerWatch(tensors)
    for step, row in enumerate(rows, start=1):
        watch.see(TensorFigures(step=step, values=np.array(row, dtype=np.float64)))
    return watch.take()


def layers(
    first: float, last: float, *, ratio: float = 1e-3, rms: float = NAN, times: int = 10
) -> list[Sequence[Sequence[float]]]:
    """The gradient norms of the two layers, and figures that are all the same."""
    return [[(1.0, norm, rms, 0.1, ratio) for norm in (first, first, last)]] * times


def test_a_layer_with_a_thousandth_of_the_steepest_layers_gradient_has_lost_it() -> None:
    assert told(measured(*layers(0.9e-3, 1.0))) == [("vanishing", "layer1.weight", 10, False)]
    assert measured(*layers(0.9e-3, 1.0, times=9)) == []
    assert measured(*layers(1.1e-3, 1.0, times=50)) == []
    found = measured(*layers(0.9e-3, 1.0), *layers(0.5, 1.0, times=30))
    assert [alarm.over for alarm in found] == [False, True]
    assert "0.0009 times" in found[0].text


def test_a_layer_with_a_thousand_times_the_last_layers_gradient_explodes() -> None:
    found = told(measured(*layers(1100.0, 1.0)))
    assert ("exploding", "layer1.weight", 10, False) in found
    assert ("exploding", "layer1.weight", 10, False) not in told(measured(*layers(900.0, 1.0, times=40)))


def test_a_gradient_a_hundred_times_its_usual_size_explodes_if_its_step_is_as_long_as_the_weights() -> None:
    usual = layers(1.0, 1.0)
    assert told(measured(*usual, *layers(101.0, 101.0, ratio=2.0, times=2))) == [("exploding", "", 11, False)]
    assert measured(*usual, *layers(101.0, 101.0, ratio=0.5, times=2)) == []
    assert measured(*usual, *layers(99.0, 99.0, ratio=2.0, times=2)) == []


def test_updates_of_a_millionth_of_the_weights_creep_unless_the_gradient_is_about_to_vanish() -> None:
    assert told(measured(*layers(1.0, 1.0, ratio=0.9e-6))) == [("crawling", "", 10, False)]
    assert measured(*layers(1.0, 1.0, ratio=1.1e-6, times=40)) == []
    # Smoothed, the gradient is down to a tenth of its largest 13 measurements later; until then it is not slow yet.
    fading = [row for norm in np.geomspace(1.0, 0.01, 20) for row in layers(norm, norm, times=1)]
    assert measured(*fading, *layers(0.01, 0.01, ratio=0.9e-6, times=40)) == []
    assert measured(*layers(0.0, 0.0, ratio=0.0, times=40)) == []


def test_updates_of_a_tenth_of_the_weights_leap() -> None:
    assert told(measured(*layers(1.0, 1.0, ratio=0.11))) == [("leaping", "", 10, False)]
    assert measured(*layers(1.0, 1.0, ratio=0.09, times=40)) == []


def test_a_second_moment_a_hundred_times_as_large_as_the_gradient_has_stalled_the_rate() -> None:
    """Of four entries with norm 2 each has the size 1, and √v̂ = 101 is more than a hundred times that."""
    one = TENSORS[:1]
    stalled = [[(1.0, 2.0, 101.0, 0.1, 1e-3)]] * 11
    assert told(measured(*stalled, tensors=one)) == [("stalled", "", 11, False)]
    assert measured(*[[(1.0, 2.0, 99.0, 0.1, 1e-3)]] * 40, tensors=one) == []
    forgetting = [[(1.0, 2.0, 300.0 * 0.99**number, 0.1, 1e-3)] for number in range(40)]
    assert measured(*forgetting, tensors=one) == []


def test_a_gradient_that_falls_fast_is_on_its_way_whatever_the_second_moment_remembers() -> None:
    falling = [[(1.0, 2.0 * 0.8**number, 1e3, 0.1, 1e-3)] for number in range(40)]
    assert measured(*falling, tensors=TENSORS[:1]) == []


def test_figures_that_are_not_finite_are_not_looked_at() -> None:
    assert measured(*layers(NAN, 1.0, times=20), *layers(float("inf"), 1.0, times=20)) == []
