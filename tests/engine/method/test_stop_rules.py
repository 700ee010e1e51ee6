"""The stop rules that look at the gradient or at the course of the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.method.stopping import LossWatch, StopRules, StopSpec

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, ToTheEnd


def ended_at(losses: list[float], **stop: Any) -> tuple[int, str] | None:
    """Return the step at which these losses end a run, and the rule."""
    rules = StopRules(StopSpec(**stop), LossWatch())
    for step, loss in enumerate(losses, start=1):
        reason = rules.reason(step, 0.0, loss, grad_norm=1.0, update_norm=1.0)
        if reason is not None:
            return step, reason
    return None


def test_a_run_ends_when_a_gradient_is_short_enough(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    """On ½x² with α = ½ the gradients are 1, ½, ¼, ⅛: the first below 0.2 is the fourth."""
    trainer = ravine(
        problem={"kind": "landscape", "condition": 1.0, "start": [1.0, 0.0]},
        optimizer={"name": "sgd", "lr": 0.5},
        stop={"grad_norm": 0.2},
    )
    assert steps_until_the_end(trainer) == 4
    assert trainer.ended == "grad_norm"


def test_a_loss_that_does_not_improve_ends_a_run_after_so_many_steps() -> None:
    """The third loss is the best; five more are not better."""
    assert ended_at([3.0, 2.0, 1.0, 1.5, 1.0, 2.0, 1.0, 1.0, 1.0], plateau=5) == (8, "plateau")


def test_an_improvement_by_less_than_the_threshold_is_none() -> None:
    """A fall of 0.001 a step is one by a hundredth after eleven steps."""
    losses = [1.0 - 0.001 * step for step in range(60)]
    assert ended_at(losses, plateau=14, plateau_threshold=0.01) is None
    assert ended_at(losses, plateau=9, plateau_threshold=0.01) == (10, "plateau")


def test_negative_losses_improve_downwards() -> None:
    assert ended_at([-1.0, -2.0, -4.0, -8.0, -8.0, -8.0], plateau=2) == (6, "plateau")


def test_one_lucky_loss_is_no_improvement_where_the_patience_is_long() -> None:
    """Averaged over ten steps, one loss of 0 among ones makes 0.9, and does not come back; the last best counts."""
    noisy = [1.0] * 50 + [0.0] + [1.0] * 200
    assert ended_at(noisy, plateau=100) == (151, "plateau")


@pytest.mark.parametrize(
    ("losses", "end"),
    [
        ([2.0, 5.9, 6.0, 6.1], (4, "divergence")),
        ([2.0, 0.1, 5.9], None),
        ([-2.0, 1.9, 2.1], (3, "divergence")),
        ([0.0, 0.0, 0.1], (3, "divergence")),
    ],
)
def test_a_loss_that_is_so_many_times_the_first_ends_a_run(losses: list[float], end: object) -> None:
    """Three times −2 upwards is a rise by 4, as it is for 2."""
    assert ended_at(losses, divergence=3.0) == end


def test_a_run_that_explodes_ends_before_its_numbers_do(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    """α = 0.3 multiplies y by −2 and 5y² by 4 at every step: 5.5, 20, 80, 320, 1,280."""
    trainer = ravine(optimizer={"name": "sgd", "lr": 0.3}, stop={"divergence": 100.0, "steps": 400})
    assert steps_until_the_end(trainer) == 5
    assert (trainer.ended, trainer.non_finite) == ("divergence", None)


def test_a_snapshot_holds_what_the_rules_have_seen(moons: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    stop = {"plateau": 30, "plateau_threshold": 0.5}
    original, twin = moons(stop=stop), moons(stop=stop)
    for _ in range(20):
        original.step()
    twin.restore(original.snapshot())
    ends = [steps_until_the_end(trainer) for trainer in (original, twin)]
    assert ends[0] == ends[1] > 20


def test_who_lifts_the_plateau_and_sets_it_again_begins_to_wait_anew(
    ravine: MakeTrainer, steps_until_the_end: ToTheEnd
) -> None:
    trainer = ravine(problem={"kind": "landscape", "start": [0.0, 0.0]}, stop={"plateau": 5})
    assert steps_until_the_end(trainer) == 6
    trainer.apply({"stop.plateau": None})
    assert trainer.ended is None
    trainer.apply({"stop.plateau": 3})
    assert steps_until_the_end(trainer) == 10
    trainer.reset(keep=True)
    assert steps_until_the_end(trainer) == 4
