"""The height of a function over a window of its first two coordinates, or along its only one."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ...subject.landscapes.objective import Landscape
from ...subject.network import Network
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding
from .survey import Span, WindowInspection, coarse_to_fine

AT_ONCE = 4096
"""Up to so many values are told when all are there; more come coarse first."""
STRIDES = (8, 4, 2, 1)
LEAST_REACH = 2.0
"""How far from 0 a typed-in function is shown at least: nobody has said which part of it is worth seeing."""


class LandscapeInspection(WindowInspection):
    """The function that is minimised, without the noise of a step, over the middles of equal cells of a window.

    Coordinates beyond the second are held where the parameters are.

    Facts: `names`, of the coordinates; `x` and `y`, the window, `y` None for one coordinate; `home`, the window that
    is worth seeing, as [x, y]; `minima`, of the known ones [point, value] with the global ones first; `bounds` that
    every coordinate has, or None; `held`, the coordinates that are held by name. Arrays: `values` (rows, columns),
    row 0 at the lowest y; where a function has no finite value, that is what stands there.
    """

    columns: Annotated[int, Field(ge=1, le=1024)] = 64
    rows: Annotated[int, Field(ge=1, le=1024)] = 32

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield the heights; `InputError` for a network."""
        objective = trainer.objective
        if isinstance(objective, Network):
            raise InputError("a network has a landscape of as many dimensions as parameters: look at a plane of it")
        return self._findings(trainer)

    def _findings(self, trainer: Trainer) -> Iterator[Finding | None]:
        home = home_window(trainer)
        x = self.x or home[0]
        y = (self.y or home[1]) if len(home) > 1 else None
        rows = self.rows if y is not None else 1
        facts = {
            **facts_about(trainer),
            "home": [list(span) for span in home],
            "x": list(x),
            "y": None if y is None else list(y),
        }
        height = heights(trainer)
        across, up = middles(x, self.columns), middles(y, rows) if y is not None else np.zeros(1)
        strides = STRIDES if rows * self.columns > AT_ONCE else (1,)

        def value(row: int, column: int) -> Generator[None, None, float]:
            yield from ()
            return height(float(across[column]), float(up[row]))

        for told in coarse_to_fine(value, (rows, self.columns), strides):
            if told is None:
                yield None
                continue
            stride, coarse = told
            filled = coarse.repeat(stride, axis=0)[:rows].repeat(stride, axis=1)[:, : self.columns]
            yield Finding(facts=facts, arrays={"values": filled}, share=1.0 / stride**2)


def middles(span: Span, count: int) -> NDArray[np.float64]:
    """Return the middles of `count` equal cells, (count,)."""
    low, high = span
    # Each end by itself: the length of the span may be no float.
    shares = (np.arange(count) + 0.5) / count
    return low * (1.0 - shares) + high * shares


def heights(trainer: Trainer) -> Callable[[float, float], float]:
    """Return the function of the first two coordinates, the others held where they are, on vectors of its own."""
    theta = trainer.theta.astype(np.float64)
    bound = trainer.objective.bind(theta, np.empty_like(theta))

    def height(x: float, y: float) -> float:
        theta[0] = x
        if theta.size > 1:
            theta[1] = y
        return bound.evaluate("train").loss

    return height


def facts_about(trainer: Trainer) -> dict[str, Any]:
    """Return what is known of the function without computing it."""
    objective, theta = trainer.objective, trainer.theta
    names = coordinate_names(trainer)
    minima = objective.kind.minima if isinstance(objective, Landscape) else ()
    return {
        "names": list(names),
        "minima": [[list(minimum.point), minimum.value] for minimum in minima],
        "bounds": None if objective.bounds is None else list(objective.bounds),
        "held": {name: float(theta[place]) for place, name in enumerate(names) if place > 1},
    }


def coordinate_names(trainer: Trainer) -> tuple[str, ...]:
    """Return what people call the coordinates of a function, in their order."""
    objective = trainer.objective
    if isinstance(objective, Landscape):
        return objective.kind.coordinates
    return tuple(tensor.name for tensor in objective.tensors)


def home_window(trainer: Trainer) -> tuple[Span, ...]:
    """Return the part that is worth seeing, one span for each of the first two coordinates, with the start in it."""
    objective = trainer.objective
    start = [float(number) for number in objective.start().tolist()[:2]]
    if isinstance(objective, Landscape):
        box = objective.kind.box
    else:
        reach = max(LEAST_REACH, *(1.5 * abs(number) for number in start))
        box = ((-reach, reach),) * len(start)
    return tuple(_with(span, number) for span, number in zip(box, start, strict=True))


def _with(span: Span, number: float) -> Span:
    low, high = span
    if low <= number <= high or not math.isfinite(number):
        return span
    room = 0.05 * (high - low)
    return min(low, number - room), max(high, number + room)
