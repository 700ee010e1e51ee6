"""PyTorch without autograd: the same formulas as ours over preallocated tensors, every operation with `out=`.

The parameters are one flat tensor, and so are the gradient and each slot of the optimizer. The loss is computed and
read at every hundredth step: the gradient does not need it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch

from ..workloads import OPTIMIZERS, Workload

STEPS_A_READING = 100


class ByHand:
    """Views of flat tensors, and the buffers of one batch."""

    def __init__(self, workload: Workload, optimizer: str) -> None:
        torch.set_num_threads(1)
        self._workload, self._rule = workload, optimizer
        samples = workload.data()
        self._inputs = torch.from_numpy(samples.inputs)
        labels = torch.from_numpy(samples.labels)
        classes = workload.loss == "cross_entropy"
        self._targets = torch.nn.functional.one_hot(labels).float() if classes else labels.unsqueeze(1)
        self._theta = torch.cat(
            [torch.from_numpy(part).reshape(-1) for layer in workload.start() for part in (layer.weight, layer.bias)]
        )
        self._grad = torch.zeros_like(self._theta)
        self._weights, self._biases = _views(self._theta, workload.widths)
        self._weight_grads, self._bias_grads = _views(self._grad, workload.widths)
        batch = workload.batch
        self._batch = torch.empty(batch, workload.widths[0])
        self._batch_targets = torch.empty(batch, workload.widths[-1])
        self._activations = [torch.empty(batch, units) for units in workload.widths[1:]]
        self._deltas = [torch.empty(batch, units) for units in workload.widths[1:]]
        self._scratch = torch.empty(batch, workload.widths[-1])
        self._start = self._theta.clone()
        self.restart()

    def restart(self) -> None:
        """Go back to the start, with fresh slots."""
        torch.manual_seed(0)
        self._theta.copy_(self._start)
        self._update = _update(self._rule, self._theta, self._grad)
        self._order: list[Any] = []
        self._loss = math.nan

    def run(self, steps: int) -> int:
        """Take steps."""
        with torch.inference_mode():
            for number in range(1, steps + 1):
                if not self._order:
                    self._order = list(torch.randperm(len(self._inputs)).split(self._workload.batch))
                chosen = self._order.pop()
                torch.index_select(self._inputs, 0, chosen, out=self._batch)
                torch.index_select(self._targets, 0, chosen, out=self._batch_targets)
                self._forward()
                self._delta(reads_loss=number % STEPS_A_READING == 0 or number == steps)
                self._backward()
                self._update()
        return steps

    def loss(self) -> float:
        """Return the loss of the last step."""
        return self._loss

    def _forward(self) -> None:
        before, last = self._batch, len(self._weights) - 1
        tanh = self._workload.activation == "tanh"
        for layer, weight in enumerate(self._weights):
            after = self._activations[layer]
            torch.addmm(self._biases[layer], before, weight, out=after)
            if layer < last:
                after.tanh_() if tanh else after.relu_()
            before = after

    def _delta(self, *, reads_loss: bool) -> None:
        """Leave the gradient at the outputs in the last delta."""
        outputs, targets, delta = self._activations[-1], self._batch_targets, self._deltas[-1]
        samples = len(outputs)
        if self._workload.loss == "mean_squared_error":
            torch.sub(outputs, targets, out=delta)
            if reads_loss:
                self._loss = float(delta.square().sum()) / samples
            delta.mul_(2.0 / samples)
            return
        torch.log_softmax(outputs, 1, out=self._scratch)
        if reads_loss:
            self._loss = -float((self._scratch * targets).sum()) / samples
        torch.exp(self._scratch, out=delta)
        delta.sub_(targets).mul_(1.0 / samples)

    def _backward(self) -> None:
        chain = (
            torch.ops.aten.tanh_backward.grad_input
            if self._workload.activation == "tanh"
            else lambda delta, values, grad_input: torch.ops.aten.threshold_backward.grad_input(
                delta, values, 0, grad_input=grad_input
            )
        )
        for layer in range(len(self._weights) - 1, -1, -1):
            delta, before = self._deltas[layer], self._activations[layer - 1] if layer else self._batch
            torch.mm(before.t(), delta, out=self._weight_grads[layer])
            torch.sum(delta, 0, out=self._bias_grads[layer])
            if layer:
                torch.mm(delta, self._weights[layer].t(), out=self._deltas[layer - 1])
                chain(self._deltas[layer - 1], before, grad_input=self._deltas[layer - 1])


def _views(flat: Any, widths: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    """Return the weights and the biases of every layer as views of the flat tensor."""
    weights, biases, first = [], [], 0
    for inputs, units in pairwise(widths):
        middle = first + inputs * units
        weights.append(flat[first:middle].view(inputs, units))
        biases.append(flat[middle : middle + units])
        first = middle + units
    return weights, biases


def _update(rule: str, theta: Any, grad: Any) -> Callable[[], None]:
    """Return what takes one step along the gradient, with fresh state."""
    values = OPTIMIZERS[rule]
    lr = values["lr"]
    first, second, scratch = torch.zeros_like(theta), torch.zeros_like(theta), torch.empty_like(theta)
    count = 0

    def sgd() -> None:
        theta.add_(grad, alpha=-lr)

    def momentum() -> None:
        first.mul_(values["momentum"]).add_(grad)
        theta.add_(first, alpha=-lr)

    def rmsprop() -> None:
        second.mul_(values["rho"]).addcmul_(grad, grad, value=1.0 - values["rho"])
        torch.sqrt(second, out=scratch)
        scratch.add_(values["eps"])
        theta.addcdiv_(grad, scratch, value=-lr)

    def adam() -> None:
        nonlocal count
        count += 1
        beta1, beta2 = values["beta1"], values["beta2"]
        first.lerp_(grad, 1.0 - beta1)
        second.mul_(beta2).addcmul_(grad, grad, value=1.0 - beta2)
        root = math.sqrt(1.0 - beta2**count)
        torch.sqrt(second, out=scratch)
        scratch.add_(values["eps"] * root)
        theta.addcdiv_(first, scratch, value=-lr * root / (1.0 - beta1**count))

    return {"sgd": sgd, "momentum": momentum, "rmsprop": rmsprop, "adam": adam}[rule]
