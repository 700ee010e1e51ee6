"""Activations, losses, penalties and dropout against PyTorch, and its tutorial's first network step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer
from engine.subject.activations import ACTIVATIONS
from engine.subject.dropout import Masks
from engine.subject.losses import LOSSES, Huber
from engine.subject.objective import Batch, Vector
from presets import chosen_preset

torch = pytest.importorskip("torch", reason="the reference needs torch: pip install torch==2.13.0")

pytestmark = pytest.mark.reference

EPSILON = float(np.finfo(np.float64).eps)
THEIR_ACTIVATIONS: dict[str, Any] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "elu": torch.nn.functional.elu,
    # Theirs leaves out what it takes for nothing from the threshold on, by default 2e-9.
    "softplus": lambda z: torch.nn.functional.softplus(z, threshold=50.0),
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
}
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


@every_activation
def test_an_activation_and_its_slope_are_theirs(activation: str) -> None:
    """Each is a handful of roundings of numbers as large as the sum, at 10,001 places from −12 to 12."""
    values = np.linspace(-12.0, 12.0, 10_001).reshape(1, -1)
    sums = torch.tensor(values.copy(), requires_grad=True)
    theirs = THEIR_ACTIVATIONS[activation](sums)
    theirs.sum().backward()
    delta, slopes = np.ones_like(values), np.empty_like(values)
    ours = ACTIVATIONS[activation]
    for operation in (*ours.forward(values, slopes), *ours.slopes(values, slopes), *ours.chain(delta, slopes)):
        operation()
    assert np.abs(values - theirs.detach().numpy()).max() < 32.0 * EPSILON
    assert np.abs(delta - sums.grad.numpy()).max() < 32.0 * EPSILON


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("delta", [0.1, 1.0, 3.0])
def test_the_huber_loss_is_theirs(delta: float, reduction: Any) -> None:
    """Theirs is a mean over the samples and the 3 outputs, ours over the samples alone; the sums are the same."""
    generator = np.random.default_rng(0)
    outputs, targets = generator.normal(0.0, 3.0, (3, 50)), generator.normal(size=(3, 50))
    theirs_outputs = torch.tensor(outputs.T.copy(), requires_grad=True)
    loss = torch.nn.HuberLoss(delta=delta, reduction=reduction)(theirs_outputs, torch.tensor(targets.T.copy()))
    loss.backward()
    more = 3.0 if reduction == "mean" else 1.0
    slopes = np.empty_like(outputs)
    value = Huber(delta).bind(outputs, slopes, reduction)(targets)
    assert value == pytest.approx(more * loss.item(), rel=150.0 * EPSILON)
    assert np.abs(slopes.T - more * theirs_outputs.grad.numpy()).max() < 16.0 * EPSILON * delta


THEIR_LOSSES: dict[str, Any] = {
    "mean_squared_error": torch.nn.functional.mse_loss,
    "huber": torch.nn.functional.huber_loss,
    "binary_cross_entropy": torch.nn.functional.binary_cross_entropy_with_logits,
    "cross_entropy": torch.nn.functional.cross_entropy,
}


class TheirNetwork:
    """A trainer's network in torch, from its parameters; the gradient is autograd's."""

    def __init__(self, trainer: Trainer) -> None:
        self.spec = trainer.spec
        self.named = {
            tensor.name: torch.tensor(tensor.of(trainer.theta).copy(), requires_grad=True) for tensor in trainer.tensors
        }

    def loss(self, batch: Batch, masks: list[Any] | None = None) -> Any:
        """Return the loss over a batch with the penalties, its hidden layers multiplied by the masks."""
        model, wanted = self.spec.model, self.spec.regularisation
        depth = len(model.hidden) + 1
        features = batch.inputs.shape[1] - int(model.bias)
        values = torch.tensor(batch.inputs[:, :features].copy())
        penalty = 0.0
        for number in range(1, depth + 1):
            weight = self.named[f"layer{number}.weight"]
            values = values @ weight
            if model.bias:
                values = values + self.named[f"layer{number}.bias"]
            if number < depth:
                values = THEIR_ACTIVATIONS[model.activation](values)
                if masks is not None:
                    values = values * masks[number - 1]
            penalty = penalty + wanted.l1 * weight.abs().sum() + 0.5 * wanted.l2 * weight.square().sum()
        loss = THEIR_LOSSES[self.spec.loss_name](values, torch.tensor(batch.targets.copy()), reduction=model.reduction)
        return loss + penalty

    def gradient(self) -> Vector:
        """Return autograd's gradient in the order of ours."""
        return np.concatenate([tensor.grad.numpy().ravel() for tensor in self.named.values()])


REGULARISATIONS = [{}, {"l1": 0.03}, {"l2": 0.2}, {"dropout": 0.4}, {"l1": 0.01, "l2": 0.1, "dropout": 0.2}]


@every_activation
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("regularisation", REGULARISATIONS, ids=str)
def test_a_step_has_their_loss_and_their_gradient(activation: str, loss: str, regularisation: dict[str, float]) -> None:
    """After 30 steps, over 24 samples, with and without biases, mean and sum; dropout with the same masks.

    A sum of 24 numbers through three layers of at most 8: 1e-13 is a few hundred roundings.
    """
    for bias, reduction in ((True, "mean"), (False, "sum")):
        spec = RunSpec.model_validate(
            {
                "problem": {"kind": "dataset"},
                "data": {"name": "moons", "samples": 30},
                "model": {
                    "hidden": [8, 6],
                    "activation": activation,
                    "loss": loss,
                    "bias": bias,
                    "reduction": reduction,
                },
                "regularisation": regularisation,
                "optimizer": {"name": "adam", "lr": 0.03},
                "batch": {"size": "full"},
                "precision": "float64",
            }
        )
        trainer = Trainer(spec, build_objective(spec))
        for _ in range(30):
            trainer.step()
        trainer.objective.draw(7)
        masks = Masks((8, 6), 24, rate=spec.regularisation.dropout, seed=0, dtype=np.float64)
        masks.draw(7)
        batch = trainer.objective.samples().batch(0, 24)
        grad = np.empty_like(trainer.theta)
        value = trainer.objective.bind(trainer.theta, grad, spec.regularisation).loss_and_gradient(batch)
        theirs = TheirNetwork(trainer)
        their_loss = theirs.loss(batch, [torch.tensor(layer.T.copy()) for layer in masks.layers])
        their_loss.backward()
        scale = 24.0 if reduction == "sum" else 1.0
        assert value == pytest.approx(their_loss.item(), rel=1e-13)
        assert grad == pytest.approx(theirs.gradient(), rel=0.0, abs=scale * 1e-13)
        assert np.abs(grad).max() > 1e-3


@pytest.mark.parametrize(("activation", "lr"), [("relu", 1e-6), ("sigmoid", 1e-4)])
def test_the_two_layer_preset_is_the_tutorials_loop_by_hand(activation: str, lr: float) -> None:
    """200 steps of forward and backward pass as the lecture writes them, from the same numbers, in float64.

    Tolerance: a product over 1,000 inputs is off by at most 1000·ε of the sizes that it adds up, usually by √1000·ε,
    and so is each step's gradient relative to itself. While the loss falls, a step does not stretch the differences
    that are there, so that 200 steps leave at most 200·1000·ε = 4e-11 of what the parameters have moved, and of
    the outputs; the loss has twice that, but of the sizes of outputs that cancel: |y| up to 5 in 640 numbers.
    """
    settings = [f"model.activation={activation}", f"optimizer.lr={lr}"]
    spec = chosen_preset("two-layer-net", settings=settings, precision="float64").spec
    trainer = Trainer(spec, build_objective(spec))
    samples = trainer.objective.samples()
    assert (samples.count, [tensor.shape for tensor in trainer.tensors]) == (64, [(1000, 100), (100, 10)])
    batch = samples.batch(0, 64)
    x, y = torch.tensor(batch.inputs.copy()), torch.tensor(batch.targets.copy())
    w1, w2 = (torch.tensor(tensor.of(trainer.theta).copy()) for tensor in trainer.tensors)
    start = trainer.theta.copy()
    bound = 200 * 1000 * EPSILON
    for _ in range(200):
        sums = x.mm(w1)
        hidden = sums.clamp(min=0) if activation == "relu" else 1 / (1 + torch.exp(-sums))
        y_pred = hidden.mm(w2)
        loss = (y_pred - y).pow(2).sum().item()
        grad_y_pred = 2.0 * (y_pred - y)
        grad_w2 = hidden.t().mm(grad_y_pred)
        grad_hidden = grad_y_pred.mm(w2.t())
        if activation == "relu":
            grad_hidden[sums < 0] = 0
        else:
            grad_hidden = grad_hidden * hidden * (1 - hidden)
        w1 -= lr * x.t().mm(grad_hidden)
        w2 -= lr * grad_w2
        trainer.step()
        block = trainer.steps.take()
        assert block is not None
        assert block.values[1, -1] == pytest.approx(loss, rel=bound, abs=bound)
    theirs = np.concatenate([w1.numpy().ravel(), w2.numpy().ravel()])
    moved = float(np.abs(theirs - start).max())
    assert float(np.abs(trainer.theta - theirs).max()) < bound * moved
    assert moved > 0.1
