"""Where the parameters have been, in bounded memory however long the run is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..subject.objective import Vector

FAR = 1 << 62
"""A step that no run reaches."""
SMALL = 4
"""A vector of at most this many parameters is a point that people can follow: its path is always kept."""
POINTS = 4096
"""How many points of such a path are kept."""
SNAPSHOTS = 64
"""How many points are kept of a larger vector, once somebody has asked for them."""
MOST_BYTES = 64 * 1024 * 1024
"""What the path of a larger vector may take: of a huge one fewer points are kept."""


class Path:
    """Points of the way so far, evenly spaced: whenever there is no room for another, every other one is left out.

    So the first steps are kept one by one, and a million steps take as much room as a few thousand.

    Attributes:
        stride: Steps between two points that are kept.
        next_step: The step after which `add` is wanted next; it does nothing before.
    """

    __slots__ = ("_count", "_points", "_steps", "next_step", "stride")

    def __init__(self, parameters: int) -> None:
        """Keep points of so many parameters; of more than `SMALL` only from `begin` on."""
        room, kind = (POINTS, np.float64) if parameters <= SMALL else (0, np.float32)
        self._points: NDArray[Any] = np.empty((room, parameters), kind)
        self._steps = np.empty(room)
        self.clear()

    @property
    def is_kept(self) -> bool:
        """Whether anything is kept at all."""
        return len(self._points) > 0

    def begin(self) -> None:
        """Keep the path of a larger vector from now on; of a small one it is kept anyway.

        Raises:
            InputError: Not even a few points of it would fit into memory.
        """
        if self.is_kept:
            return
        parameters = self._points.shape[1]
        room = min(SNAPSHOTS, MOST_BYTES // (4 * parameters)) // 2 * 2
        if room < 8:
            raise InputError(f"the path of {parameters:,} parameters is not kept: over {MOST_BYTES >> 20} MiB")
        self._points, self._steps = np.empty((room, parameters), np.float32), np.empty(room)
        self.clear()

    def clear(self) -> None:
        """Forget the way so far, and begin anew with the next point."""
        self._count, self.stride = 0, 1
        self.next_step = 0 if self.is_kept else FAR

    def add(self, step: int, theta: Vector) -> None:
        """Keep where the parameters are after `step` updates, if that is due."""
        if step < self.next_step:
            return
        if self._count == len(self._points):
            half = self._count // 2
            self._points[:half] = self._points[: 2 * half : 2]
            self._steps[:half] = self._steps[: 2 * half : 2]
            self._count, self.stride = half, self.stride * 2
        self._points[self._count] = theta
        self._steps[self._count] = step
        self._count += 1
        self.next_step = step + self.stride

    def up_to(self, step: int, theta: Vector) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return the steps (points,) and the points (points, parameters), with the present one at the end.

        Raises:
            InputError: Nothing is kept.
        """
        if not self.is_kept:
            raise InputError(f"the path of {self._points.shape[1]:,} parameters is not kept unless it is asked for")
        steps, points = self._steps[: self._count], self._points[: self._count]
        if self._count and steps[-1] == step:
            return steps.copy(), points.copy()
        return np.append(steps, float(step)), np.concatenate([points, theta[None].astype(points.dtype)])
