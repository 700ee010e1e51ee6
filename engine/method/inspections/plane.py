"""The loss of a network over a plane through its parameters, and the way that they came as seen on it.

Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018,
arXiv:1712.09913: section 4 (filter normalisation: of each direction, what belongs to one unit is as long as that
unit's weights; biases stay as they are) and section 7 (the plane of the path, by principal components).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ...subject.network import Network
from ..path import SNAPSHOTS, Path
from ..trainer import Trainer
from .inspection import Finding
from .survey import STRETCH_S, Span, WindowInspection, coarse_to_fine

SIZES = (5, 9, 17, 33)
"""Points along each side, coarse to fine: the grids lie in each other, so that no point is computed twice."""
MOST_WORK = 1 << 24
"""Parameters times samples of one value, the least samples apart: some milliseconds, for which a step waits."""
LEAST_SAMPLES = 256
MARGIN = 0.2
"""Room on every side of a path, as a share of its extent."""
LEAST_POINTS = 3
"""A path of fewer points spans no plane."""
PARALLEL = 0.999
"""Directions whose cosine is as large as this span no plane."""
DRAWS = 16
MOST_POINTS = 2 * SNAPSHOTS
"""Of a longer path, that of a few parameters, evenly spaced ones tell the components."""
DRAWN_AT_ONCE = 1 << 16
"""Entries of a random direction that are drawn at once: a millisecond or two."""
AT_ONCE = 4096
"""Parameters that a product of all points takes at once."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Two directions, not parallel, around a point."""

    centre: Vector
    directions: NDArray[np.float64]
    """(2, parameters)."""
    variance: tuple[float, float] | None = None
    """Which share of the path's variance lies along each direction; None where it had no say in them."""

    def coordinates(self, points: NDArray[Any]) -> Generator[None, None, NDArray[np.float64]]:
        """Return where on the plane each of `points`, (points, parameters), is nearest to it, (points, 2)."""
        products = np.empty((len(points), 2))
        due = time.perf_counter() + STRETCH_S
        for row, point in enumerate(points):
            products[row] = self.directions @ (point - self.centre)
            if time.perf_counter() > due:
                yield
                due = time.perf_counter() + STRETCH_S
        # The directions need not be at right angles.
        return np.asarray(np.linalg.solve(self.directions @ self.directions.T, products.T).T, np.float64)


class PlaneInspection(WindowInspection):
    """The loss over the training set, with its penalties and without dropout, over a plane through the parameters.

    Facts: `directions`; `x` and `y`, the window; `samples` of `of`, the first so many of the training set that were
    used; `variance`, the shares of the path's variance along the directions, or None; `loss`, at the parameters.
    Arrays: `values` (rows, columns), at points from one end of the window to the other, row 0 at the lowest y; `path`
    (points, 2), where the parameters were, seen on the plane; they are at (0, 0) now, and of a path that is too large
    to be kept that is all.
    """

    directions: Literal["random", "path"] = "random"
    seed: Annotated[int, Field(ge=0, lt=1 << 53)] = 0
    finest: Literal[5, 9, 17, 33] = 33

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield the loss, coarse to fine.

        Raises:
            InputError: A function needs no plane; or that of the path is wanted, and it is too short or too large.
        """
        if not isinstance(trainer.objective, Network):
            raise InputError("a function is seen whole: it needs no plane")
        try:
            path.begin()
        except InputError as error:
            if self.directions == "path":
                raise InputError(f"{error}; random directions need no path") from None
            return self._findings(trainer, trainer.theta[None].copy())
        # Of a larger vector it begins to be kept with this.
        steps, points = path.up_to(trainer.step_count, trainer.theta)
        if self.directions == "path" and len(points) < LEAST_POINTS:
            raise InputError(
                f"the path is kept from now on, and has {len(steps)} of the {LEAST_POINTS} points that span a plane: "
                "ask again some steps later"
            )
        return self._findings(trainer, points)

    def _findings(self, trainer: Trainer, points: NDArray[Any]) -> Iterator[Finding | None]:
        network = trainer.objective
        assert isinstance(network, Network), "findings has seen to it"
        centre = trainer.theta.astype(np.float64)
        theta = trainer.theta.copy()
        if self.directions == "path":
            plane = yield from path_plane(centre, points[:: -(-len(points) // MOST_POINTS)])
        else:
            plane = yield from random_plane(network, centre, self.seed)
        seen = yield from plane.coordinates(points)
        x, y = self._window(seen)
        # What is looked at is the loss of an evaluation, so nothing is drawn and no unit left out.
        bound = network.bind(theta, np.empty_like(theta), trainer.spec.regularisation)
        of = network.samples().count
        samples = min(of, max(LEAST_SAMPLES, MOST_WORK // theta.size))

        point, part = np.empty_like(centre), np.empty_like(centre)

        def loss_at(across: float, up: float) -> float:
            with np.errstate(all="ignore"):
                # Of a large network new arrays would take as long as the sums.
                np.multiply(plane.directions[0], across, out=point)
                np.add(point, centre, out=point)
                np.multiply(plane.directions[1], up, out=part)
                np.add(point, part, out=point)
                np.copyto(theta, point, casting="same_kind")
                return bound.evaluate("train", samples).loss

        facts = {
            "directions": self.directions,
            "x": list(x),
            "y": list(y),
            "samples": samples,
            "of": of,
            "variance": None if plane.variance is None else list(plane.variance),
            "loss": loss_at(0.0, 0.0),
        }
        across, up = np.linspace(*x, self.finest), np.linspace(*y, self.finest)
        strides = [(self.finest - 1) // (size - 1) for size in SIZES if size <= self.finest]

        def value(row: int, column: int) -> float:
            return loss_at(float(across[column]), float(up[row]))

        for told in coarse_to_fine(value, (self.finest, self.finest), strides):
            if told is None:
                yield None
            else:
                grid = told[1]
                yield Finding(facts=facts, arrays={"values": grid, "path": seen}, share=grid.size / self.finest**2)

    def _window(self, seen: Vector) -> tuple[Span, Span]:
        if self.directions == "random":
            return self.x or (-1.0, 1.0), self.y or (-1.0, 1.0)
        low, high = seen.min(axis=0), seen.max(axis=0)
        # A path along one direction alone still has an upright to be seen on.
        room = MARGIN * np.maximum(high - low, 0.25 * float((high - low).max()) or 1.0)
        (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
        return self.x or (left, right), self.y or (bottom, top)


def random_plane(network: Network, centre: Vector, seed: int) -> Generator[None, None, Plane]:
    """Return a plane along two directions drawn from a normal distribution, filter-normalised, in stretches.

    Raises:
        InputError: The weights are too few, or too many of them 0, for two directions that differ.
    """
    generator = np.random.default_rng(seed)
    first = yield from _drawn(network, centre, generator)
    for _ in range(DRAWS):
        second = yield from _drawn(network, centre, generator)
        lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
        if lengths > 0.0 and abs(float(first @ second)) < PARALLEL * lengths:
            return Plane(centre=centre, directions=np.stack([first, second]))
    raise InputError("filter-normalised directions do not differ here: the weights are too few, or are 0")


def _drawn(network: Network, centre: Vector, generator: np.random.Generator) -> Generator[None, None, Vector]:
    direction = np.empty_like(centre)
    for first in range(0, centre.size, DRAWN_AT_ONCE):
        part = direction[first : first + DRAWN_AT_ONCE]
        part[:] = generator.normal(size=part.size)
        yield
    return filter_normalised(network, centre, direction)


def filter_normalised(network: Network, centre: Vector, direction: Vector) -> Vector:
    """Return a direction whose part for each unit is as long as the unit's weights, and 0 for the biases."""
    normalised = np.zeros_like(direction)
    for weight in network.weights:
        part, own = weight.of(direction), weight.of(centre)
        # A column is what one unit has for its inputs: the fully connected layer's filter.
        lengths = np.linalg.norm(part, axis=0)
        weight.of(normalised)[:] = part * (np.linalg.norm(own, axis=0) / np.where(lengths > 0.0, lengths, 1.0))
    return normalised


def path_plane(centre: Vector, points: NDArray[Any]) -> Generator[None, None, Plane]:
    """Return the plane through `centre` along the first two principal components of a path, in stretches.

    Of P points the P·P products tell the components, so that no matrix over the parameters is made.

    Raises:
        InputError: The path has no extent, or only one direction.
    """
    mean = points.mean(axis=0, dtype=np.float64)
    products = np.zeros((len(points), len(points)))
    for first in range(0, centre.size, AT_ONCE):
        part = points[:, first : first + AT_ONCE] - mean[first : first + AT_ONCE]
        products += part @ part.T
        yield None
    spectrum, vectors = np.linalg.eigh(products)
    spectrum, vectors = np.clip(spectrum[::-1], 0.0, None), vectors[:, ::-1]
    total = float(spectrum.sum())
    # Below this a component is rounding: of a path in float32, and of its products.
    if not np.isfinite(total) or spectrum[1] <= 1e-12 * total:
        raise InputError("the path lies on a line, or does not move: it spans no plane")
    directions = np.empty((2, centre.size))
    for first in range(0, centre.size, AT_ONCE):
        part = points[:, first : first + AT_ONCE] - mean[first : first + AT_ONCE]
        directions[:, first : first + AT_ONCE] = vectors[:, :2].T @ part
        yield None
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    shares = spectrum[:2] / total
    return Plane(centre=centre, directions=directions, variance=(float(shares[0]), float(shares[1])))
