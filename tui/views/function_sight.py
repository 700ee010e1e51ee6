"""What the landscape view knows of a function of a few variables: its heights, and where every lane is on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.run.events import Seen
from engine.subject.spec import DatasetProblem

from ..charts.bands import Heights
from ..charts.window import Place, Window, covering
from ..run_view import RunView
from .looking import Looking

PATH_EVERY_S = 0.25
"""Seconds between two looks at a whole path: the newest point is known far more often."""
TOPIC = "landscape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Where the lane that the keys speak of is going, in the first two coordinates."""

    point: Place
    loss: float
    gradient: Place
    gradient_norm: float
    coast: Place | None
    ball: Place | None


class FunctionSight:
    """A function as the engine tells it.

    Attributes:
        run: What is looked at.
        heights: The newest that were told; None before.
        home: The window that is worth seeing.
        facts: What was told with them.
        count: How often something was told that looks different.
    """

    def __init__(self, run: RunView) -> None:
        """Look at this run."""
        self.run = run
        self._map = Looking(run, "landscape", topic=TOPIC)
        self._motion = Looking(run, "motion", topic=TOPIC)
        self._search = Looking(run, "search", topic=TOPIC)
        self._paths = [
            Looking(run, "path", topic=f"{TOPIC}{lane.number}", every_s=PATH_EVERY_S, lane=lane.number)
            for lane in run.lanes
        ]
        self._trails: dict[int, tuple[Seen | None, NDArray[np.float64]]] = {}
        self._wanted: tuple[Any, ...] = ()
        self._taken: Seen | None = None
        self.heights: Heights | None = None
        self.home: Window | None = None
        self.facts: dict[str, Any] = {}
        self.count = 0

    @property
    def refusal(self) -> str:
        """Why there is nothing to be seen, or nothing."""
        return self._map.refusal

    @property
    def is_line(self) -> bool:
        """Whether the function has one variable."""
        problem = self.run.spec.problem
        return not isinstance(problem, DatasetProblem) and len(problem.begins) == 1

    @property
    def minima(self) -> list[tuple[Place, float]]:
        """The known minima, the global ones first."""
        return [(_place(point), float(value)) for point, value in self.facts.get("minima", [])]

    @property
    def floor(self) -> float | None:
        """The least height that is known of."""
        return min((value for _, value in self.minima), default=None)

    @property
    def start(self) -> Place:
        """Where the lane that the keys speak of has begun."""
        problem = self.run.spec.problem
        assert not isinstance(problem, DatasetProblem), "only a function is looked at so"
        return _place(problem.begins)

    def start_at(self, place: Place) -> tuple[float, ...]:
        """Return the start of which these are the first two coordinates, the others as they are."""
        problem = self.run.spec.problem
        assert not isinstance(problem, DatasetProblem), "only a function is looked at so"
        return (*place, *problem.begins[2:])[: len(problem.begins)]

    def want(self, now: float, *, columns: int, rows: int, window: Window | None) -> None:
        """Ask for what is to be seen, where that is not under way; called at every frame."""
        run = self.run
        settings: dict[str, Any] = {"columns": min(columns, 1024), "rows": min(rows, 1024)}
        if window is not None:
            settings |= {"x": list(window.x)} if self.is_line else {"x": list(window.x), "y": list(window.y)}
        # The map of two variables changes with the window alone: where the point has come to makes no difference.
        held = run.lane.step if self.facts.get("held") else 0
        wanted = (settings, run.spec.problem, held)
        if wanted != self._wanted:
            self._map.want(settings, now)
            self._wanted = wanted if not held else ()
        for path in self._paths:
            path.want({}, now)
        self._motion.want({}, now)
        if run.spec.search_method != "none":
            self._search.want({}, now)
        self._take()

    def _take(self) -> None:
        seen = self._map.seen
        if seen is None or seen is self._taken:
            return
        self._taken = seen
        spans = [seen.facts["x"]] + ([seen.facts["y"]] if seen.facts["y"] is not None else [])
        home = seen.facts["home"]
        self.home = covering(home if len(home) > 1 else [*home, [0.0, 1.0]])
        values = seen.arrays["values"]
        axes = [_middles(span, count) for span, count in zip(spans, reversed(values.shape), strict=False)]
        fresh = Heights(x=axes[0], y=axes[1] if len(axes) > 1 else np.zeros(1), values=values)
        # Coarse heights of what is seen finely already would only flicker.
        if seen.share >= 1.0 or self.heights is None or not _is_same_part(self.heights, fresh):
            self.heights, self.facts = fresh, seen.facts
            self.count += 1

    def trail(self, lane: int) -> NDArray[np.float64]:
        """Return where a lane was, (points, 2), as it was last told: the same array until it is told again."""
        seen, known = self._paths[lane].seen, self._trails.get(lane)
        if known is None or known[0] is not seen:
            points = np.zeros((0, 2))
            if seen is not None:
                told = seen.arrays["points"].astype(np.float64)
                points = np.zeros((len(told), 2))
                points[:, : min(2, told.shape[1])] = told[:, :2]
            known = self._trails[lane] = (seen, points)
        return known[1]

    def newest(self, lane: int) -> Place | None:
        """Return where a lane has come to, which is told more often than its way; None where nothing was told yet."""
        seen, progress = self._paths[lane].seen, self.run.lanes[lane].progress
        if progress is not None and progress.point is not None and (seen is None or progress.step >= seen.step):
            return _place(progress.point)
        points = self.trail(lane)
        return _place(points[-1].tolist()) if len(points) else None

    def motion(self) -> Motion | None:
        """Return where the lane that the keys speak of is going."""
        seen = self._motion.seen
        if seen is None:
            return None
        facts = seen.facts
        gradient = [float(number) for number in facts["gradient"]]
        return Motion(
            point=_place(facts["point"]),
            loss=float(facts["loss"]),
            gradient=_place(gradient),
            gradient_norm=float(np.linalg.norm(gradient)),
            coast=None if facts["coast"] is None else _place(facts["coast"]),
            ball=None if facts["ball"] is None else _place(facts["ball"]),
        )

    def search(self) -> Seen | None:
        """Return the last line search, where one is made."""
        return self._search.seen if self.run.spec.search_method != "none" else None

    def height_at(self, place: Place) -> float:
        """Return the height of the map there; nan where it does not reach."""
        if self.heights is None:
            return np.nan
        x, y = np.array([place[0]]), np.array([0.0 if self.is_line else place[1]])
        return float(self.heights.at(x, y)[0, 0]) if self.heights.covers(x, y)[0, 0] else np.nan


def _place(numbers: Any) -> Place:
    return float(numbers[0]), float(numbers[1]) if len(numbers) > 1 else 0.0


def _middles(span: Any, count: int) -> NDArray[np.float64]:
    shares = (np.arange(count) + 0.5) / count
    return np.asarray(float(span[0]) * (1.0 - shares) + float(span[1]) * shares)


def _is_same_part(old: Heights, new: Heights) -> bool:
    return np.array_equal(old.x, new.x) and np.array_equal(old.y, new.y)
