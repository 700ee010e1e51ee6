"""Our step, as the engine's process calls it: the gradient's norm and the finite check are part of every step."""

from __future__ import annotations

import math

import numpy as np

from engine.method.denormals import flush_denormals
from engine.method.spec import checked_spec
from engine.method.trainer import Trainer
from engine.subject.datasets import DataSet, Split
from engine.subject.network import Network

from ..workloads import OPTIMIZERS, Workload

STEPS_A_BLOCK = 1024
"""The engine hands its steps over 25 times a second, which is every thousand steps or so on a small network."""


class Ours:
    """A trainer over the workload's data."""

    def __init__(self, workload: Workload, optimizer: str, form: str) -> None:
        # As the engine's process does.
        np.seterr(all="ignore")
        flush_denormals()
        self._workload = workload
        samples = workload.data()
        classes = workload.widths[-1] if workload.loss == "cross_entropy" else 0
        train = DataSet(
            name=workload.name,
            task="classification" if classes else "regression",
            classes=classes,
            inputs=samples.inputs.astype(np.float64),
            labels=samples.labels if classes else samples.labels.astype(np.float64),
        )
        nothing = DataSet(
            name=train.name, task=train.task, classes=classes, inputs=train.inputs[:0], labels=train.labels[:0]
        )
        hidden = workload.widths[1:-1]
        self._network = Network(
            Split(train=train, held_out=nothing),
            hidden=hidden,
            activation=workload.activation,
            loss=workload.loss,
            init=None,
            seed=0,
            dtype=np.float32,
        )
        # A spec must name a data set of the program's own; the samples come from the network.
        self._spec = checked_spec(
            {
                "problem": {"kind": "dataset"},
                "data": {"name": "digits" if classes else "line"},
                "model": {"hidden": list(hidden), "activation": workload.activation, "loss": workload.loss},
                "optimizer": {"name": optimizer, **OPTIMIZERS[optimizer]},
                "batch": {"size": workload.batch},
                "compute": {"update": form},
            },
            "benchmark",
        )
        self.restart()

    def restart(self) -> None:
        """Make a trainer anew, at the start that everyone has."""
        self._trainer = Trainer(self._spec, self._network)
        self._loss = math.nan
        parts = {tensor.name: tensor.of(self._trainer.theta) for tensor in self._trainer.tensors}
        for number, layer in enumerate(self._workload.start(), start=1):
            parts[f"layer{number}.weight"][:] = layer.weight
            parts[f"layer{number}.bias"][:] = layer.bias

    def run(self, steps: int) -> int:
        """Take steps, and hand them over block by block."""
        step, left = self._trainer.step, steps
        while left:
            count = min(left, STEPS_A_BLOCK)
            for _ in range(count):
                step()
            left -= count
            block = self._trainer.steps.take()
            if block is None or self._trainer.non_finite is not None:
                raise ArithmeticError(f"{self._workload.name}: the training has diverged")
            self._loss = float(block.values[1, -1])
        return steps

    def loss(self) -> float:
        """Return the loss of the last step."""
        return self._loss
