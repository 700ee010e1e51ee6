"""Which curves a chart of some metric shows: of every lane, raw and smoothed, and of earlier runs beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..charts.axes import Limits, compact
from ..charts.history import Series, Smoothed, Vector
from ..charts.milestones import Measure, Milestones
from ..lane_view import LaneView
from ..recorded import Detail, EarlierRun
from ..run_view import RunView
from ..track import Track
from ..widgets.chart import Curve
from ..widgets.status import lane_colour, lane_letter
from .metrics import Metric

STRONGEST = 12
"""Powers of two by which the smoothing may be stronger than usual."""
DETAIL_BUDGET_S = 0.004
"""How much of a frame may go into reading old steps anew."""
EXPORTED = 500
"""About how many rows a table of what is seen has; each is the mean of the steps that share it."""
EARLIER_COLOURS = 6
"""From this lane's colour on stand those of earlier runs."""


class Lines:
    """Makes the curves of every chart of a view.

    Attributes:
        strength: By how many powers of two smoothing is stronger than usual.
        earlier: The recorded runs that are shown beside this one.
        measure: What the axis counts.
    """

    def __init__(self, run: RunView) -> None:
        """Show this run alone."""
        self.run = run
        self.strength = 0
        self.earlier: list[EarlierRun] = []
        self.measure: Measure = "step"
        self._twins: dict[int, Smoothed] = {}
        self._details = [Detail(run, lane.number) for lane in run.lanes]
        self._detailed: list[Track | None] = [None] * len(run.lanes)

    def window(self, track: Track) -> int:
        """Return over how many steps a lane is smoothed; 1 where it is not."""
        if self.run.is_deterministic and self.strength <= 0:
            return 1
        return max(1, round(track.window * 2.0**self.strength))

    def look_at(self, low: float, high: float, columns: int) -> None:
        """Get ready to show the steps between `low` and `high`: old ones may have to be read anew."""
        self._detailed = [detail.of(low, high, columns, DETAIL_BUDGET_S) for detail in self._details]

    def of(self, metric: Metric) -> list[Curve]:
        """Return the curves of a chart, later ones on top."""
        run = self.run
        curves = [
            curve for number, earlier in enumerate(self.earlier) for curve in self._earlier(metric, earlier, number)
        ]
        if not run.is_race:
            return [*curves, *self._alone(metric, run.lane)]
        some_stand = any(lane.diverged is None for lane in run.lanes)
        # The lane that the keys steer lies on top.
        for lane in sorted(run.lanes, key=lambda lane: lane is run.lane):
            ghost = some_stand and lane.diverged is not None
            curves += self._compared(metric, lane, lane.title, lane_colour(lane.number), ghost=ghost, silent=True)
        return curves

    @property
    def end(self) -> float:
        """How far the axis reaches: to the last step of the lane or earlier run that has come furthest."""
        return max(self._end(track) for track in self._tracks)

    def milestones_at(self, place: float) -> Milestones:
        """Return those of the lane that the keys steer; behind its end, those of who has come furthest."""
        steered = self.run.lane
        furthest = steered if place <= self._end(steered) else max(self._tracks, key=self._end)
        return furthest.milestones

    @property
    def _tracks(self) -> list[Track]:
        earlier = [track for each in self.earlier for _, track in each.tracks if track.milestones.knows(self.measure)]
        return [*self.run.lanes, *earlier]

    def _end(self, track: Track) -> float:
        """Return where a track ends, in the measure of the axis."""
        last = track.step if isinstance(track, LaneView) else track.loss.last_x
        return float(track.milestones.at(self.measure, max(last, 1.0)))

    def exported(self, metrics: Sequence[Metric], shown: Limits) -> list[tuple[str, ...]]:
        """Return the values of charts between two places of an axis as a table, its head first."""
        lane, measure = self.run.lane, self.measure
        low, high = lane.milestones.steps_at(measure, shown).tolist()
        steps = lane.loss.window(low, high, EXPORTED).x
        steps = steps[(steps >= low) & (steps <= high)]
        columns: dict[str, list[str]] = {"step": [f"{step:.0f}" for step in steps]}
        if measure != "step":
            columns[measure] = [f"{value:.9g}" for value in lane.milestones.at(measure, steps)]
        for metric in metrics:
            columns |= self._table(metric, steps)
        return [tuple(columns), *zip(*columns.values(), strict=True)]

    def _table(self, metric: Metric, steps: Vector) -> dict[str, list[str]]:
        """Return the values of every curve of a chart at these steps, by what they are called."""
        columns: dict[str, list[str]] = {}
        for curve in self.of(metric):
            head = f"{metric.title} {curve.label}".strip()
            if curve.raw is not None:
                columns[f"{head} smoothed"] = _values(curve.series, steps)
                head, series = f"{head} raw", curve.raw
            else:
                series = curve.series
            columns[head] = _values(series, steps)
        return columns

    def _alone(self, metric: Metric, lane: LaneView) -> Iterator[Curve]:
        """Return the curves of the one lane: raw behind smoothed, and of the loss what belongs to it."""
        is_loss, own = metric.name == "loss", "this run" if self.earlier else ""
        if is_loss and lane.before is not None:
            yield Curve(label="before the reset", series=lane.before, colour="foreground", faint=True, ghost=True)
        series, window = self._series(metric, lane), self.window(lane)
        is_smoothed = metric.is_noisy and window > 1
        raw = Curve(
            label="minibatch" if is_loss and not self.run.is_deterministic else own or ("raw" if is_smoothed else ""),
            series=series,
            colour=metric.colour,
            faint=is_smoothed,
            silent=is_smoothed and not is_loss,
            shape="line" if self.run.is_deterministic and is_loss else "envelope",
            readout=metric.readout,
            milestones=lane.milestones,
        )
        yield raw
        if is_smoothed:
            yield Curve(
                label="smoothed" if is_loss or not own else f"{own}, smoothed",
                series=self._smoothed(metric, lane, series, window),
                colour=metric.colour,
                readout=metric.readout,
                milestones=lane.milestones,
            )
        if is_loss and "held_out" in self.run.welcome.splits:
            yield Curve(
                label="held-out",
                series=lane.held_out,
                colour="accent",
                readout=compact,
                milestones=lane.milestones,
            )

    def _earlier(self, metric: Metric, earlier: EarlierRun, number: int) -> Iterator[Curve]:
        for lane, (title, track) in enumerate(earlier.tracks):
            # Against what is not known of it a curve would lie in a wrong place.
            if track.milestones.knows(self.measure):
                colour = lane_colour(EARLIER_COLOURS + number + lane)
                yield from self._compared(metric, track, title, colour, silent=True)

    def _compared(
        self, metric: Metric, track: Track, title: str, colour: str, *, ghost: bool = False, silent: bool = False
    ) -> Iterator[Curve]:
        """Return the one curve of a lane among others."""
        raw, window = self._series(metric, track), self.window(track)
        is_smoothed = metric.is_noisy and window > 1
        is_over = not isinstance(track, LaneView) or track.finished is not None or track.diverged is not None
        yield Curve(
            label=title,
            series=self._smoothed(metric, track, raw, window) if is_smoothed else raw,
            colour=colour,
            silent=silent,
            ghost=ghost,
            readout=metric.readout,
            milestones=track.milestones,
            raw=raw if is_smoothed else None,
            leads=track is self.run.lane,
            letter=lane_letter(track.number) if isinstance(track, LaneView) and self.run.is_race else "",
            stop=track.loss.last_x if is_over else math.inf,
        )

    def _series(self, metric: Metric, track: Track) -> Series:
        detail = self._detailed[track.number] if isinstance(track, LaneView) else None
        if detail is not None:
            # What is measured seldom is not in there, and is not forgotten either.
            found = metric.series(detail)
            if found.count:
                return found
        return metric.series(track)

    def _smoothed(self, metric: Metric, track: Track, series: Series, window: int) -> Series:
        if metric.series(track) is track.loss and window == track.window and series is track.loss:
            return track.smoothed
        twin = self._twins.get(id(series))
        if twin is None or twin.source is not series or twin.window != window:
            if len(self._twins) > 64:
                self._twins.clear()
            twin = self._twins[id(series)] = Smoothed(series, window)
        twin.follow()
        return twin.series


def _values(series: Series, steps: Vector) -> list[str]:
    values = [series.at(step)[1] for step in steps.tolist()]
    return ["" if math.isnan(value) else f"{value:.9g}" for value in values]
