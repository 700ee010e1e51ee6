"""The loss of a network over a plane through its parameters, and the way that they came as seen on it.

Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS 2018,
arXiv:1712.09913: section 4 (filter normalisation: of each direction, what belongs to one unit is as long as that
unit's weights; biases stay as they are) and section 7 (the plane of the path, by principal components).
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ...subject.network import EVALUATION_CHUNK, Network
from ..path import SNAPSHOTS, Path
from ..trainer import Trainer
from .inspection import Finding
from .survey import STRETCH_S, Span, WindowInspection, coarse_to_fine

SIZES = (5, 9, 17, 33)
"""Points along each side, coarse to fine: the grids lie in each other, so that no point is computed twice."""
MOST_WORK = 1 << 24
"""Parameters times samples of one value, the least samples apart."""
LEAST_SAMPLES = 256
"""Of one value, whatever the network's size: fewer would tell another loss."""
CHUNK_WORK = 1 << 23
"""Parameters times samples at once, one sample at least: two samples of four million parameters take 4 ms."""
MARGIN = 0.2
"""Room on every side of a path, as a share of its extent."""
LEAST_POINTS = 3
"""A path of fewer points spans no plane."""
PARALLEL = 0.999
"""Directions whose cosine is as large as this span no plane."""
DRAWS = 16
MOST_POINTS = 2 * SNAPSHOTS
"""Of a longer path, that of a few parameters, evenly spaced ones tell the components."""
PARTS = 1 << 16
"""Entries of a vector at once: to draw them takes a millisecond or two, to add them less."""
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
        products = np.zeros((len(points), 2))
        due = time.perf_counter() + STRETCH_S
        for row, point in enumerate(points):
            for part in _parts(self.centre.size):
                products[row] += self.directions[:, part] @ (point[part] - self.centre[part])
                if time.perf_counter() > due:
                    yield
                    due = time.perf_counter() + STRETCH_S
        # The directions need not be at right angles.
        gram = yield from _products(self.directions)
        return np.asarray(np.linalg.solve(gram, products.T).T, np.float64)


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
            return self._findings(trainer, None)
        # Of a larger vector it begins to be kept with this.
        steps, points = path.up_to(trainer.step_count, trainer.theta)
        if self.directions == "path" and len(points) < LEAST_POINTS:
            raise InputError(
                f"the path is kept from now on, and has {len(steps)} of the {LEAST_POINTS} points that span a plane: "
                "ask again some steps later"
            )
        return self._findings(trainer, points)

    def _findings(self, trainer: Trainer, points: NDArray[Any] | None) -> Iterator[Finding | None]:
        network = trainer.objective
        assert isinstance(network, Network), "findings has seen to it"
        # The one copy that no step may change; all else is made of it in pieces.
        kept = trainer.theta.copy()
        penalties = trainer.spec.regularisation
        points = kept[None] if points is None else points
        centre, theta = np.empty(kept.size), np.empty_like(kept)
        for part in _parts(kept.size):
            centre[part] = kept[part]
            yield None
        if self.directions == "path":
            plane = yield from path_plane(centre, points[:: -(-len(points) // MOST_POINTS)])
        else:
            plane = yield from random_plane(network, centre, self.seed)
        seen = yield from plane.coordinates(points)
        x, y = self._window(seen)
        # What is looked at is the loss of an evaluation, so nothing is drawn and no unit left out.
        bound = network.bind(theta, np.empty_like(theta), penalties)
        of = network.samples().count
        samples = min(of, max(LEAST_SAMPLES, MOST_WORK // theta.size))
        chunk = min(EVALUATION_CHUNK, max(1, CHUNK_WORK // theta.size))

        def loss_at(across: float, up: float) -> Generator[None, None, float]:
            for part in _parts(theta.size):
                with np.errstate(all="ignore"):
                    point = plane.directions[0, part] * across + centre[part]
                    point += plane.directions[1, part] * up
                    np.copyto(theta[part], point, casting="same_kind")
                if part.stop < theta.size:
                    yield
            evaluation = bound.evaluating("train", samples, chunk)
            while True:
                # A step in between goes on with the errors that it wants to hear of.
                with np.errstate(all="ignore"):
                    try:
                        next(evaluation)
                    except StopIteration as end:
                        return float(end.value.loss)
                yield

        facts = {
            "directions": self.directions,
            "x": list(x),
            "y": list(y),
            "samples": samples,
            "of": of,
            "variance": None if plane.variance is None else list(plane.variance),
            "loss": (yield from loss_at(0.0, 0.0)),
        }
        across, up = np.linspace(*x, self.finest), np.linspace(*y, self.finest)
        strides = [(self.finest - 1) // (size - 1) for size in SIZES if size <= self.finest]

        def value(row: int, column: int) -> Generator[None, None, float]:
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
    directions = np.empty((2, centre.size))
    yield from _draw(network, centre, generator, directions[0])
    for _ in range(DRAWS):
        yield from _draw(network, centre, generator, directions[1])
        products = yield from _products(directions)
        lengths = math.sqrt(products[0, 0] * products[1, 1])
        if lengths > 0.0 and abs(float(products[0, 1])) < PARALLEL * lengths:
            return Plane(centre=centre, directions=directions)
    raise InputError("filter-normalised directions do not differ here: the weights are too few, or are 0")


def _draw(
    network: Network, centre: Vector, generator: np.random.Generator, direction: Vector
) -> Generator[None, None, None]:
    for part in _parts(centre.size):
        direction[part] = generator.normal(size=part.stop - part.start)
        yield
    yield from normalise_filters(network, centre, direction)


def normalise_filters(network: Network, centre: Vector, direction: Vector) -> Generator[None, None, None]:
    """Make a direction's part for each unit as long as the unit's weights, and 0 for the biases, in stretches."""
    for tensor in network.tensors:
        part, own = tensor.of(direction), tensor.of(centre)
        if len(tensor.shape) != 2:
            part[:] = 0.0
            continue
        # A column is what one unit has for its inputs: the fully connected layer's filter.
        inputs, units = tensor.shape
        wanted, lengths = np.zeros(units), np.zeros(units)
        rows = [slice(first, first + max(1, PARTS // units)) for first in range(0, inputs, max(1, PARTS // units))]
        for some in rows:
            wanted += np.einsum("ij,ij->j", own[some], own[some])
            lengths += np.einsum("ij,ij->j", part[some], part[some])
            yield
        factors = np.sqrt(wanted) / np.where(lengths > 0.0, np.sqrt(lengths), 1.0)
        for some in rows:
            part[some] *= factors
            yield


def _parts(size: int) -> list[slice]:
    """Return the parts of a vector of so many entries that are worked on at once."""
    return [slice(first, min(first + PARTS, size)) for first in range(0, size, PARTS)]


def _products(vectors: NDArray[np.float64]) -> Generator[None, None, NDArray[np.float64]]:
    """Return the products of all vectors, (vectors, entries), with each other, in stretches."""
    products = np.zeros((len(vectors), len(vectors)))
    for part in _parts(vectors.shape[1]):
        products += vectors[:, part] @ vectors[:, part].T
        yield
    return products


def path_plane(centre: Vector, points: NDArray[Any]) -> Generator[None, None, Plane]:
    """Return the plane through `centre` along the first two principal components of a path, in stretches.

    Of P points the P·P products tell the components, so that no matrix over the parameters is made.

    Raises:
        InputError: The path has no extent, or only one direction.
    """
    mean = np.empty(centre.size)
    products = np.zeros((len(points), len(points)))
    for first in range(0, centre.size, AT_ONCE):
        some = slice(first, first + AT_ONCE)
        points[:, some].mean(axis=0, dtype=np.float64, out=mean[some])
        part = points[:, some] - mean[some]
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
    lengths = np.sqrt(np.diag((yield from _products(directions))))[:, None]
    for some in _parts(centre.size):
        directions[:, some] /= lengths
        yield None
    shares = spectrum[:2] / total
    return Plane(centre=centre, directions=directions, variance=(float(shares[0]), float(shares[1])))
