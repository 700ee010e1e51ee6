"""scikit-learn: MLPClassifier, or MLPRegressor where numbers are fitted, with `partial_fit` over the whole set.

Such a call is one shuffled epoch of minibatches; a call a minibatch would check its input each time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ..workloads import OPTIMIZERS, Workload


class ScikitLearn:
    """An estimator over the workload's data."""

    def __init__(self, workload: Workload, optimizer: str) -> None:
        self._workload = workload
        samples = workload.data()
        self._inputs, self._labels = samples.inputs, samples.labels
        self._fits_numbers = workload.loss == "mean_squared_error"
        values = OPTIMIZERS[optimizer]
        # Its squared error is half of everyone else's, and so is its gradient.
        lr = values["lr"] * (2.0 if self._fits_numbers and optimizer != "adam" else 1.0)
        self._settings: dict[str, Any] = {
            "hidden_layer_sizes": workload.widths[1:-1],
            "activation": workload.activation,
            "solver": "adam" if optimizer == "adam" else "sgd",
            "alpha": 0.0,
            "batch_size": workload.batch,
            "learning_rate_init": lr,
            "momentum": values.get("momentum", 0.0),
            "nesterovs_momentum": False,
            "random_state": 0,
        }
        self.restart()

    def restart(self) -> None:
        """Make an estimator anew; it draws its parameters in a first call, over one batch, and they are replaced."""
        make_estimator = MLPRegressor if self._fits_numbers else MLPClassifier
        self._estimator = make_estimator(**self._settings)
        first = slice(0, self._workload.batch)
        known = {} if self._fits_numbers else {"classes": np.arange(self._workload.widths[-1])}
        self._estimator.partial_fit(self._inputs[first], self._labels[first], **known)
        # What it remembers of that call goes; it makes itself another in the next.
        del self._estimator._optimizer
        for number, layer in enumerate(self._workload.start()):
            self._estimator.coefs_[number][:] = layer.weight
            self._estimator.intercepts_[number][:] = layer.bias

    def run(self, steps: int) -> int:
        """Take whole epochs."""
        taken = 0
        while taken < steps:
            self._estimator.partial_fit(self._inputs, self._labels)
            taken += self._workload.batches
        return taken

    def loss(self) -> float:
        """Return the mean loss over the last epoch; it is told in no finer steps."""
        return float(self._estimator.loss_) * (2.0 if self._fits_numbers else 1.0)
