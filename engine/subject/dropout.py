"""Which hidden units a step leaves out for which sample: a function of seed and step alone.

So a rewind is exact, the lanes of a race leave out the same units, and nothing of it need be kept in a snapshot.

Source: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", Journal of Machine
Learning Research 15 (2014). Deviation: what is kept is divided by its share during training ("inverted dropout"), so
that the network of an evaluation is the one that was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import DTypeLike

STREAM = int.from_bytes(b"dropout")
"""Second half of the generator's key: no other stream of this kind starts from the same seed."""


class Masks:
    """The masks of all hidden layers over a number of samples, drawn anew for every step.

    Attributes:
        layers: For each hidden layer (units, samples): 0 for a unit that is left out, else 1/(1 − rate).
    """

    def __init__(self, units: Sequence[int], samples: int, *, rate: float, seed: int, dtype: DTypeLike) -> None:
        """Make room for layers of so many `units`; before the first draw it is not filled."""
        self._values = np.empty((sum(units), samples), dtype)
        self.layers = np.split(self._values, list(accumulate(units[:-1])))
        # In single precision for every network, so that both precisions leave out the same units.
        self._drawn = np.empty(self._values.shape, np.float32)
        self._kept = np.array(1.0 - rate, np.float32)
        self._factor = np.array(1.0 / (1.0 - rate), dtype)
        self._bits = np.random.Philox(key=np.array([seed, STREAM], np.uint64))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state

    def draw(self, step: int) -> None:
        """Fill the layers with those of the step of this number."""
        # The generator is a function of its counter: one word of it is the step, and the lowest counts what is drawn.
        self._state["state"]["counter"][1] = step
        self._bits.state = self._state
        self._generator.random(out=self._drawn, dtype=np.float32)
        # A number from 0 to 1 plus the share that is kept has a whole part of 1 for just that share.
        np.add(self._drawn, self._kept, self._drawn)
        np.floor(self._drawn, self._drawn)
        np.copyto(self._values, self._drawn)
        np.multiply(self._values, self._factor, self._values)
