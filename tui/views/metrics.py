"""The series that charts can show: how each is called, drawn, and taken from a lane."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from engine.method.telemetry import FIGURES
from engine.run.events import TensorShape
from engine.text import clean

from ..charts.axes import compact
from ..charts.history import Series
from ..track import Track
from ..widgets.parameter_table import COLUMNS
from ..wording import in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One chart's worth of a lane."""

    name: str
    """Also the id of its chart."""
    title: str
    short: str
    colour: str
    series: Callable[[Track], Series]
    log_y: bool = True
    is_noisy: bool = True
    """Whether there is something to smooth."""
    readout: Callable[[float], str] = compact
    split: str | None = None
    """The set of samples without which there is no such curve."""


def _percent(value: float) -> str:
    return f"{value:.1%}"


METRICS = (
    Metric(name="loss", title="loss", short="loss", colour="primary", series=lambda lane: lane.loss),
    Metric(
        name="gradient",
        title="gradient norm ‖∇L‖",
        short="‖∇L‖",
        colour="success",
        series=lambda lane: lane.grad_norm,
    ),
    Metric(
        name="rate",
        title="learning rate α",
        short="α",
        colour="accent",
        series=lambda lane: lane.lr,
        is_noisy=False,
        readout=in_words,
    ),
    Metric(
        name="ratio",
        title="update ratio ‖Δθ‖/‖θ‖",
        short="‖Δθ‖/‖θ‖",
        colour="warning",
        series=lambda lane: lane.past_figures.update_ratio(),
        is_noisy=False,
    ),
    Metric(
        name="accuracy",
        title="held-out accuracy",
        short="accuracy",
        colour="accent",
        series=lambda lane: lane.accuracy,
        log_y=False,
        is_noisy=False,
        readout=_percent,
        split="held_out",
    ),
    Metric(
        name="update",
        title="update norm ‖Δθ‖",
        short="‖Δθ‖",
        colour="warning",
        series=lambda lane: lane.update_norm,
    ),
    Metric(
        name="batch",
        title="minibatch loss",
        short="minibatch",
        colour="primary",
        series=lambda lane: lane.loss,
        is_noisy=False,
    ),
    Metric(
        name="smoothed",
        title="smoothed loss",
        short="smoothed",
        colour="primary",
        series=lambda lane: lane.smoothed,
        is_noisy=False,
    ),
    Metric(
        name="held-out",
        title="held-out loss",
        short="held-out",
        colour="accent",
        series=lambda lane: lane.held_out,
        is_noisy=False,
        split="held_out",
    ),
)
"""Those of every run; the figures of its tensors come after them."""


def metrics_of(tensors: Sequence[TensorShape], splits: Collection[str]) -> dict[str, Metric]:
    """Return everything that can be shown of a run with these tensors and sets of samples, by its name."""
    found = {metric.name: metric for metric in METRICS if metric.split is None or metric.split in splits}
    for tensor, shape in enumerate(tensors):
        for column, figure in enumerate(FIGURES):
            name = clean(shape.name, 40)
            metric = Metric(
                name=f"tensor-{tensor}-{figure}",
                title=f"{name} {COLUMNS[column].title}",
                short=f"{name} {COLUMNS[column].narrow}",
                colour="success",
                series=_of_tensor(tensor, column),
                is_noisy=False,
            )
            found[metric.name] = metric
    return found


def _of_tensor(tensor: int, column: int) -> Callable[[Track], Series]:
    return lambda lane: lane.past_figures.of_tensor(tensor, column)


def scales_in_words(*, log_y: bool, log_x: bool) -> str:
    """Return what the title of a chart says about its scales."""
    return " (log-log)" if log_y and log_x else " (log)" if log_y else " (log x)" if log_x else ""
