"""The graph that people look at: its numbers are those of backpropagation, and looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.inspections import INSPECTIONS
from engine.method.objectives import build_objective
from engine.method.path import Path
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer


def circuit(expression: str, start: list[float]) -> Trainer:
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "expression", "expression": expression, "start": start},
            "optimizer": {"name": "sgd", "lr": 0.1},
            "precision": "float64",
        }
    )
    return Trainer(spec, build_objective(spec))


def seen(trainer: Trainer) -> dict[str, Any]:
    (finding,) = INSPECTIONS["graph"]().findings(trainer, Path(trainer.theta.size))
    assert finding is not None
    assert finding.share == 1.0
    return dict(finding.facts)


def test_the_circuit_of_the_lecture_has_its_numbers() -> None:
    """By hand, f = (x + y)·z at (−2, 5, −4): q = 3, f = −12; ∂f/∂q = −4, so ∂f/∂x = ∂f/∂y = −4, and ∂f/∂z = 3."""
    nodes = seen(circuit("(x + y)*z", [-2.0, 5.0, -4.0]))["nodes"]
    assert {node["name"]: (node["value"], node["gradient"]) for node in nodes} == {
        "x": (-2.0, -4.0),
        "y": (5.0, -4.0),
        "z": (-4.0, 3.0),
        "v1": (3.0, -4.0),
        "f": (-12.0, 1.0),
    }


def test_it_is_the_point_of_now_and_not_that_of_the_start() -> None:
    trainer = circuit("x**2", [1.0])
    trainer.step()
    (x, _) = seen(trainer)["nodes"]
    assert x["value"] == pytest.approx(0.8)
    assert x["gradient"] == pytest.approx(1.6)


def test_a_landscape_has_no_graph_and_says_so(ravine: MakeTrainer) -> None:
    with pytest.raises(InputError, match="no graph of nodes"):
        seen(ravine())


def test_the_stages_of_a_network_are_in_the_order_of_its_pass_forward(moons: MakeTrainer) -> None:
    facts = seen(moons())
    kinds = [(stage["kind"], stage["name"], tuple(stage["shape"])) for stage in facts["nodes"]]
    assert facts["samples"] == facts["of"] == 24
    assert kinds == [
        ("input", "input", (24, 2)),
        ("linear", "layer1", (24, 5)),
        ("activation", "tanh", (24, 5)),
        ("linear", "layer2", (24, 2)),
        ("loss", "cross_entropy", ()),
    ]


def test_the_gradients_of_the_stages_are_those_of_central_differences(moons: MakeTrainer) -> None:
    """A shift of all biases of a layer moves its sums alike, sample by sample; a weight moves them by its input."""
    trainer = moons()
    for _ in range(5):
        trainer.step()
    stages = {stage["name"]: stage for stage in seen(trainer)["nodes"]}
    differences = np.empty_like(trainer.theta)
    theta, grad = trainer.theta.copy(), np.empty_like(trainer.theta)
    bound = trainer.objective.bind(theta, grad)
    for place in range(theta.size):
        losses = []
        for sign in (1.0, -1.0):
            theta[:] = trainer.theta
            theta[place] += sign * 1e-6
            losses.append(bound.evaluate("train").loss)
        differences[place] = (losses[0] - losses[1]) / 2e-6
    for number in (1, 2):
        tensors = [tensor for tensor in trainer.tensors if tensor.name.startswith(f"layer{number}.")]
        expected = np.linalg.norm(differences[tensors[0].start : tensors[-1].stop])
        assert stages[f"layer{number}"]["weight_gradient"] == pytest.approx(expected, rel=1e-6)


def test_the_gradient_at_a_stage_is_what_one_layer_hands_to_the_one_before(moons: MakeTrainer) -> None:
    """Worked out here from data and weights alone: p − y at the logits, and from there back by the chain rule."""
    trainer = moons()
    stages = seen(trainer)["nodes"]
    first, bias1, second, bias2 = (tensor.of(trainer.theta) for tensor in trainer.tensors)
    batch = trainer.objective.samples().batch(0, 24)
    inputs, targets = batch.inputs[:, :2], batch.targets
    hidden = np.tanh(inputs @ first + bias1)
    logits = hidden @ second + bias2
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    at_logits = (likely - targets) / 24
    at_hidden = at_logits @ second.T
    at_sums = at_hidden * (1.0 - hidden**2)
    expected = [at_sums @ first.T, at_sums, at_hidden, at_logits]
    assert [stage["gradient"] for stage in stages[:-1]] == pytest.approx([np.linalg.norm(each) for each in expected])
    sizes = [np.sqrt(np.mean(values**2)) for values in (inputs, inputs @ first + bias1, hidden, logits)]
    assert [stage["size"] for stage in stages[:-1]] == pytest.approx(sizes)


@pytest.mark.parametrize("sections", [{}, {"regularisation": {"dropout": 0.5, "l2": 0.01}}], ids=str)
def test_training_goes_on_bit_for_bit_when_someone_has_looked(moons: MakeTrainer, sections: dict[str, Any]) -> None:
    watched, alone = moons(**sections), moons(**sections)
    for step in range(12):
        watched.step()
        alone.step()
        if step % 3 == 0:
            seen(watched)
    assert watched.theta.tobytes() == alone.theta.tobytes()


def test_through_a_large_network_fewer_samples_go_and_the_facts_say_so(
    moons: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.method.inspections.graph.MOST_WORK", 1)
    monkeypatch.setattr("engine.method.inspections.graph.FEWEST", 10)
    facts = seen(moons())
    assert (facts["samples"], facts["of"]) == (10, 24)
    assert facts["nodes"][0]["shape"][0] == 10
