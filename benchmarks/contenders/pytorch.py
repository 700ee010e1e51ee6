"""PyTorch as its documentation teaches it: autograd and an optimizer, in each form that the optimizers have.

The whole data set is one tensor and a minibatch an `index_select` of a shuffled order, which is several times cheaper
than a DataLoader; that is the form "dataloader", with the fused optimizer. The loss is read at every hundredth step,
as often as a progress bar needs it: the step itself does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from ..workloads import OPTIMIZERS, Workload

STEPS_A_READING = 100


class Eager:
    """A `torch.nn.Sequential`, its loss and its optimizer."""

    def __init__(self, workload: Workload, optimizer: str, form: str) -> None:
        torch.set_num_threads(1)
        self._workload, self._rule, self._form = workload, optimizer, form
        samples = workload.data()
        self._inputs, self._labels = torch.from_numpy(samples.inputs), torch.from_numpy(samples.labels)
        if workload.loss == "mean_squared_error":
            self._labels = self._labels.unsqueeze(1)
        self._loss_of = torch.nn.MSELoss() if workload.loss == "mean_squared_error" else torch.nn.CrossEntropyLoss()
        self._loader: Any = None
        if form == "dataloader":
            data = TensorDataset(self._inputs, self._labels)
            self._loader = DataLoader(data, batch_size=workload.batch, shuffle=True)
        self.restart()

    def restart(self) -> None:
        """Build the model and its optimizer anew."""
        torch.manual_seed(0)
        parts: list[Any] = []
        for layer in self._workload.start():
            linear = torch.nn.Linear(*layer.weight.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(layer.weight.T))
                linear.bias.copy_(torch.from_numpy(layer.bias))
            parts += [linear, torch.nn.Tanh() if self._workload.activation == "tanh" else torch.nn.ReLU()]
        self._model = torch.nn.Sequential(*parts[:-1])
        self._optimizer = _optimizer(self._rule, self._form, self._model.parameters())
        self._batches = self._stream()
        self._last: Any = None

    def run(self, steps: int) -> int:
        """Take steps."""
        model, loss_of, optimizer, batches = self._model, self._loss_of, self._optimizer, self._batches
        for number in range(1, steps + 1):
            inputs, labels = next(batches)
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(inputs), labels)
            loss.backward()
            optimizer.step()
            if number % STEPS_A_READING == 0:
                loss.item()
        self._last = loss
        return steps

    def loss(self) -> float:
        """Return the loss of the last step."""
        return float(self._last.item())

    def _stream(self) -> Iterator[tuple[Any, Any]]:
        inputs, labels, batch = self._inputs, self._labels, self._workload.batch
        while True:
            if self._loader is not None:
                yield from self._loader
                continue
            for chosen in torch.randperm(len(inputs)).split(batch):
                yield inputs.index_select(0, chosen), labels.index_select(0, chosen)


def _optimizer(rule: str, form: str, parameters: Iterator[Any]) -> Any:
    """Return PyTorch's optimizer for one of our rules."""
    values = OPTIMIZERS[rule]
    how = {"foreach": {"foreach": True}, "fused": {"fused": True}, "dataloader": {"fused": True}}.get(form, {})
    match rule:
        case "sgd" | "momentum":
            return torch.optim.SGD(parameters, lr=values["lr"], momentum=values.get("momentum", 0.0), **how)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=values["lr"], alpha=values["rho"], eps=values["eps"], **how)
        case _:
            betas = (values["beta1"], values["beta2"])
            return torch.optim.Adam(parameters, lr=values["lr"], betas=betas, eps=values["eps"], **how)
