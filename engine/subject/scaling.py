"""How inputs are scaled before a network sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Scale = Literal["none", "standardise", "unit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What is done to the inputs: (x − shift) / divisor."""

    shift: NDArray[np.float64] | None = None
    """(features,); None is nothing."""
    divisor: NDArray[np.float64] | None = None
    """(features,), or one number for all of them; None is 1."""

    @classmethod
    def to_unit(cls, dtype: np.dtype[Any]) -> Scaling:
        """Return what divides whole numbers of this type by their largest value."""
        return cls(divisor=np.asarray(float(np.iinfo(dtype).max)))

    @classmethod
    def to_deviations(cls, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Scaling:
        """Return what gives features of this mean and standard deviation, (features,), the mean 0 and deviation 1."""
        # A feature that never changes would be divided by the rounding of its mean.
        return cls(shift=mean, divisor=np.where(deviation > 1e-12 * np.abs(mean), deviation, 1.0))

    @classmethod
    def of(cls, inputs: NDArray[Any], scale: Scale | None) -> Scaling:
        """Return the scaling measured on inputs, (samples, features); None is "unit" for uint8, "none" for others."""
        if scale == "unit" or (scale is None and inputs.dtype == np.uint8):
            return cls.to_unit(inputs.dtype)
        if scale != "standardise":
            return cls()
        mean = inputs.mean(axis=0, dtype=np.float64)
        return cls.to_deviations(mean, np.asarray(inputs.std(axis=0, dtype=np.float64)))

    def undone(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return scaled inputs, (samples, features), as they were before, as far as their digits tell."""
        inputs = values.astype(np.float64)
        if self.divisor is not None:
            inputs *= self.divisor
        if self.shift is not None:
            inputs += self.shift
        return inputs

    def in_precision(self, stored: np.dtype[Any], wanted: np.dtype[Any]) -> Scaling:
        """Return the same for inputs of one type that become another's."""
        # Where the inputs are more precise than the arithmetic, a large mean is subtracted before digits are lost.
        precise = np.result_type(stored, wanted)
        return Scaling(
            shift=None if self.shift is None else self.shift.astype(precise),
            divisor=None if self.divisor is None else self.divisor.astype(wanted),
        )

    def apply(self, values: NDArray[Any], features: slice, out: NDArray[Any]) -> None:
        """Write the scaled `values`, which are these features of all, to `out`, both (samples, features)."""
        if self.shift is not None and self.divisor is not None:
            np.subtract(values, self.shift[features], out=out, casting="unsafe")
            np.divide(out, self.divisor[features], out=out)
        elif self.divisor is not None:
            np.divide(values, self.divisor, out=out, casting="unsafe")
        else:
            np.copyto(out, values, casting="unsafe")
