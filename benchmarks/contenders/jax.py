"""JAX: one compiled step a call, with its loss read at every step, or `lax.scan` over a whole epoch a call.

The data lies on the device, parameters and state are donated, and the minibatch is gathered inside the compiled
function, so that a call hands over nothing but references. The order of an epoch is drawn by NumPy, which is several
times faster here than sorting random keys.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..workloads import OPTIMIZERS, Workload


class Jax:
    """Parameters as a list of pairs, and the compiled functions over them."""

    def __init__(self, workload: Workload, optimizer: str, form: str) -> None:
        self._workload = workload
        samples = workload.data()
        self._inputs, self._labels = jnp.asarray(samples.inputs), jnp.asarray(samples.labels)
        step = partial(_step, workload, optimizer)
        self._scans = form == "scan"
        self._step = jax.jit(_one_step(step), donate_argnums=(0, 1))
        self._epoch = jax.jit(_whole_epoch(step), donate_argnums=(0,))
        self._optimizer = optimizer
        self.restart()

    def restart(self) -> None:
        """Go back to the start, with fresh slots."""
        parameters = [(jnp.asarray(layer.weight), jnp.asarray(layer.bias)) for layer in self._workload.start()]
        self._carry = (parameters, _fresh_state(self._optimizer, parameters))
        self._generator = np.random.default_rng(0)
        self._order: Any = None
        self._row = jnp.int32(0)
        self._left = 0
        self._loss: Any = None

    def run(self, steps: int) -> int:
        """Take steps; scan takes whole epochs."""
        taken = 0
        while taken < steps:
            if self._scans:
                self._carry, losses = self._epoch(self._carry, self._new_order(), self._inputs, self._labels)
                taken, self._loss = taken + self._workload.batches, losses[-1]
            else:
                if not self._left:
                    self._order, self._row, self._left = self._new_order(), jnp.int32(0), self._workload.batches
                self._carry, self._row, loss = self._step(
                    self._carry, self._row, self._order, self._inputs, self._labels
                )
                self._loss = float(loss)
                taken, self._left = taken + 1, self._left - 1
        jax.block_until_ready(self._carry)
        return taken

    def loss(self) -> float:
        """Return the loss of the last step."""
        return float(self._loss)

    def _new_order(self) -> Any:
        order = self._generator.permutation(self._workload.samples).astype(np.int32)
        return jnp.asarray(order.reshape(self._workload.batches, self._workload.batch))


def _one_step(step: Any) -> Any:
    """Return a step that takes the row of the order from a counter which never leaves the device."""

    def one_step(carry: Any, row: Any, order: Any, inputs: Any, labels: Any) -> Any:
        carry, loss = step(carry, order[row], inputs, labels)
        return carry, row + 1, loss

    return one_step


def _whole_epoch(step: Any) -> Any:
    def epoch(carry: Any, order: Any, inputs: Any, labels: Any) -> Any:
        return jax.lax.scan(lambda carry, chosen: step(carry, chosen, inputs, labels), carry, order)

    return epoch


def _step(workload: Workload, optimizer: str, carry: Any, chosen: Any, inputs: Any, labels: Any) -> Any:
    parameters, state = carry
    # The indices are a permutation: nothing is out of bounds, and nothing need be checked.
    batch = inputs.at[chosen].get(mode="promise_in_bounds", unique_indices=True)
    targets = labels.at[chosen].get(mode="promise_in_bounds", unique_indices=True)
    loss, grads = jax.value_and_grad(partial(_loss, workload))(parameters, batch, targets)
    return _updated(optimizer, parameters, state, grads), loss


def _loss(workload: Workload, parameters: Any, inputs: Any, labels: Any) -> Any:
    activation = jnp.tanh if workload.activation == "tanh" else jax.nn.relu
    values = inputs
    for weight, bias in parameters[:-1]:
        values = activation(values @ weight + bias)
    weight, bias = parameters[-1]
    outputs = values @ weight + bias
    if workload.loss == "mean_squared_error":
        return jnp.mean(jnp.square(outputs[:, 0] - labels))
    chosen = jnp.take_along_axis(jax.nn.log_softmax(outputs), labels[:, None], axis=1)
    return -jnp.mean(chosen)


def _fresh_state(optimizer: str, parameters: Any) -> Any:
    def zeros() -> Any:
        return jax.tree.map(jnp.zeros_like, parameters)

    match optimizer:
        case "sgd":
            return ()
        case "momentum" | "rmsprop":
            return zeros()
        case _:
            return zeros(), zeros(), jnp.float32(0.0)


def _updated(optimizer: str, parameters: Any, state: Any, grads: Any) -> Any:
    """Return parameters and state after one update."""
    values = OPTIMIZERS[optimizer]
    lr, over = values["lr"], jax.tree.map
    match optimizer:
        case "sgd":
            return over(lambda w, g: w - lr * g, parameters, grads), state
        case "momentum":
            state = over(lambda m, g: values["momentum"] * m + g, state, grads)
            return over(lambda w, m: w - lr * m, parameters, state), state
        case "rmsprop":
            rho, eps = values["rho"], values["eps"]
            state = over(lambda v, g: rho * v + (1.0 - rho) * g * g, state, grads)
            return over(lambda w, g, v: w - lr * g / (jnp.sqrt(v) + eps), parameters, grads, state), state
        case _:
            beta1, beta2, eps = values["beta1"], values["beta2"], values["eps"]
            first, second, count = state
            count = count + 1.0
            first = over(lambda m, g: beta1 * m + (1.0 - beta1) * g, first, grads)
            second = over(lambda v, g: beta2 * v + (1.0 - beta2) * g * g, second, grads)
            root = jnp.sqrt(1.0 - beta2**count)
            length = lr * root / (1.0 - beta1**count)
            moved = over(lambda w, m, v: w - length * m / (jnp.sqrt(v) + eps * root), parameters, first, second)
            return moved, (first, second, count)
