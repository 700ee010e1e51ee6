"""Loss, gradient norm and learning rate against the step, over the table of the parameters."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Resize

from ..charts.axes import compact
from ..run_view import RunView
from ..widgets.chart import Curve, LiveChart
from ..widgets.parameter_table import ParameterTable
from ..widgets.status import lane_colour
from .view import View


class CurvesView(View):
    """What happens with the steps."""

    DEFAULT_CSS = """
    CurvesView #charts { height: 1fr; }
    CurvesView #loss { width: 3fr; margin-right: 1; }
    CurvesView #side { width: 2fr; }
    CurvesView #gradient { height: 3fr; }
    CurvesView #rate { height: 2fr; }
    CurvesView #parameters { margin: 0 1; height: 7; }
    CurvesView.-narrow #rate, CurvesView.-low #rate { display: none; }
    CurvesView.-slim #side, CurvesView.-flat #side, CurvesView.-flat #parameters { display: none; }
    """
    BINDINGS: ClassVar = []

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__(run)
        self._shown = -1
        self._loss = LiveChart("loss (log)", short="loss", log_y=True, id="loss")
        self._gradient = LiveChart("gradient norm ‖∇L‖ (log)", short="‖∇L‖ (log)", log_y=True, id="gradient")
        self._rate = LiveChart("learning rate α (log)", short="α (log)", log_y=True, id="rate")
        self._table = ParameterTable(run.welcome.tensors, id="parameters")

    def compose(self) -> ComposeResult:
        """Put the charts over the table."""
        with Horizontal(id="charts"):
            yield self._loss
            with Vertical(id="side"):
                yield self._gradient
                yield self._rate
        yield self._table

    def on_resize(self, event: Resize) -> None:
        """Give the table what its rows need, and never more than two fifths of the height."""
        width, height = event.size
        self.set_class(width < 60, "-slim")
        self.set_class(width < 104, "-narrow")
        self.set_class(height < 13, "-flat")
        self.set_class(height < 26, "-low")
        rows = len(self.run.welcome.tensors) + 1
        self._table.styles.height = max(2, min(rows, height * 2 // 5))
        self._shown = -1

    def show(self, now: float) -> None:
        """Draw what has changed."""
        run = self.run
        if run.changes != self._shown:
            self._shown = run.changes
            self._table.show(run.lane.figures)
        markers, x_end = list(run.lane.markers), run.x_end
        curves = _race_curves(run) if run.is_race else _lane_curves(run)
        if any(lane.loss.count and lane.loss.last < 0.0 for lane in run.lanes):
            # A function may well go below zero, where a logarithm has nothing to show.
            self._loss.make_linear("loss")
        if self._loss.display:
            self._loss.show(curves, markers, x_end=x_end, now=now)
        for chart, series, colour, readout in (
            (self._gradient, run.lane.grad_norm, "success", compact),
            (self._rate, run.lane.lr, "accent", lambda value: f"{value:.4g}"),
        ):
            if chart.region:
                curve = Curve(label="", series=series, colour=colour, shape="envelope", readout=readout)
                chart.show([curve], markers, x_end=x_end, now=now)


def _lane_curves(run: RunView) -> list[Curve]:
    """Return the curves of the loss of a single lane."""
    lane = run.lane
    curves: list[Curve] = []
    if lane.before is not None:
        curves.append(Curve(label="before the reset", series=lane.before, colour="foreground", faint=True, ghost=True))
    if run.is_deterministic:
        return [*curves, Curve(label="", series=lane.loss, colour="primary", readout=compact)]
    curves += [
        Curve(label="minibatch", series=lane.loss, colour="primary", faint=True, shape="envelope", readout=compact),
        Curve(label="smoothed", series=lane.smoothed, colour="primary", readout=compact),
    ]
    if "held_out" in run.welcome.splits:
        curves.append(Curve(label="held-out", series=lane.held_out, colour="accent", readout=compact))
    return curves


def _race_curves(run: RunView) -> list[Curve]:
    """Return one curve of the loss for every lane; its newest value stands in the legend.

    A lane that has diverged moves no axis, so that it does not press the others flat.
    """
    some_stand = any(lane.diverged is None for lane in run.lanes)
    return [
        Curve(
            label=lane.title,
            series=lane.loss if run.is_deterministic else lane.smoothed,
            colour=lane_colour(lane.number),
            silent=True,
            ghost=some_stand and lane.diverged is not None,
        )
        for lane in run.lanes
    ]
