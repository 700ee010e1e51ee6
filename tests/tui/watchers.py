"""Views without a screen on a run, and what to do with them."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.method.telemetry import SERIES
from engine.run import client, commands
from engine.run.directory import RunDirectory
from engine.run.history import RecordReader
from engine.run.process import EngineProcess
from tui.charts.history import Series
from tui.run_view import RunView

PATIENCE_S = 30.0


NETWORK: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "xor", "samples": 80},
    "model": {"hidden": [4], "loss": "binary_cross_entropy"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "batch": {"size": 16},
    "precision": "float64",
}


BOWL: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine"},
    "optimizer": {"name": "sgd", "lr": 0.001},
    "precision": "float64",
}


StartRun = Callable[..., tuple[RunDirectory, EngineProcess]]


class Watcher:
    """Opens views on one run, and hears what the engine says to them."""

    def __init__(self, run: RunDirectory, engine: EngineProcess) -> None:
        self.run = run
        self._engine = engine
        self.clients: list[client.Client] = []

    def connect(self, name: str = "dashboard") -> client.Client:
        """Return a connection as a dashboard has it."""
        connection = client.Client(self.run, watch="live", name=name, engine=self._engine)
        self.clients.append(connection)
        return connection

    def view(self, name: str = "dashboard") -> RunView:
        """Return a view through a connection of its own."""
        return RunView(self.connect(name))

    @property
    def record(self) -> RecordReader:
        """The record, read anew."""
        return RecordReader(self.run.record)


def until(condition: Callable[[], object], *views: RunView) -> None:
    """Let the views hear what the engine says until a condition holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, [(view.state, view.step, list(view.notices)[-3:]) for view in views]
        select.select([view.client for view in views if view.client.open], [], [], 0.05)
        for view in views:
            view.receive()
            view.catch_up(0.02)


def ask(view: RunView, command: commands.Steering, words: str = "something") -> None:
    """Send a command, and wait for the answer."""
    view.send(command, words)
    until(lambda: not view.asked, view)


def pause(view: RunView) -> None:
    ask(view, commands.Pause(seq=view.next_sequence()), "pause")
    assert view.state == "paused"


def turn(view: RunView, factor: float) -> None:
    ask(view, commands.Turn(seq=view.next_sequence(), key="optimizer.lr", factor=factor), "turn")


def points(series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the x and y of a series that is short enough to be remembered sample by sample."""
    window = series.window(0.0, 1e12, 1 << 20)
    np.testing.assert_array_equal(window.low, window.high)
    return window.x, window.low


def recorded(record: RecordReader, segment: int, name: str) -> NDArray[np.float64]:
    """Return one series of the record, from step 1 on without a gap."""
    blocks = list(record.steps(segment, 1))
    steps = np.concatenate([np.arange(block.first_step, block.last_step + 1) for block in blocks])
    np.testing.assert_array_equal(steps, np.arange(1, len(steps) + 1))
    return np.concatenate([block.values[SERIES.index(name)] for block in blocks])


def assert_complete(view: RunView, record: RecordReader, segment: int = 1) -> None:
    """Compare the curves with the record, every step of them."""
    for series, name in ((view.lane.loss, "loss"), (view.lane.grad_norm, "grad_norm"), (view.lane.lr, "lr")):
        x, y = points(series)
        expected = recorded(record, segment, name)
        np.testing.assert_array_equal(x, np.arange(1, len(expected) + 1))
        np.testing.assert_array_equal(y, expected)


def marks(view: RunView) -> list[tuple[float, str]]:
    return [(marker.step, marker.label) for marker in view.lane.markers]
