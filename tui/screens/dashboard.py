"""The dashboard of one run: curves, parameters, progress, and the keys that steer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Footer

from engine.run import protocol

from ..charts.axes import compact
from ..run_view import Answer, RunView
from ..widgets.chart import Curve, LiveChart
from ..widgets.parameter_table import COLUMNS, ParameterTable
from ..widgets.status import headline, message_rows, progress_row
from ..widgets.text_rows import TextRows
from ..wording import symbol_of
from .dialogs import HelpScreen, Leaving, OptimizerDialog, QuitDialog
from .run_screen import RunScreen
from .settings import SettingsForm

FRAMES_PER_SECOND = 15
HISTORY_BUDGET_S = 0.02
"""How much of a frame may go into reading the past."""
USUAL_PACE = 200.0
"""The pace that is halved while nothing moves and there is none."""
FULL_SPEED = 20_000.0
"""A pace beyond this is no pace at all."""


class Dashboard(RunScreen):
    """One run, through one `RunView`; one clock draws everything."""

    class Left(Message):
        """A person is done with this run."""

        def __init__(self, dashboard: Dashboard, leaving: Leaving) -> None:
            """Say whose run, and whether it is to end."""
            super().__init__()
            self.dashboard, self.leaving = dashboard, leaving

    class AskedAnew(Message):
        """The same run is to be started anew, as its engine has gone."""

        def __init__(self, view: RunView) -> None:
            """Say which run."""
            super().__init__()
            self.view = view

    def __init__(self, view: RunView) -> None:
        """Show this run."""
        super().__init__()
        self.view = view
        self._shown = -1
        self._listening_to: int | None = None
        self._loss = LiveChart("loss (log)", short="loss", log_y=True, id="loss")
        self._gradient = LiveChart("gradient norm ‖∇L‖ (log)", short="‖∇L‖ (log)", log_y=True, id="gradient")
        self._rate = LiveChart("learning rate α (log)", short="α (log)", log_y=True, id="rate")
        self._table = ParameterTable(view.welcome.tensors, id="parameters")

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield TextRows(id="headline")
        with Horizontal(id="charts"):
            yield self._loss
            with Vertical(id="side"):
                yield self._gradient
                yield self._rate
        yield self._table
        yield TextRows(id="progress")
        yield TextRows(id="message")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Listen to the engine and start the clock."""
        self._listening_to = self.view.client.fileno()
        asyncio.get_running_loop().add_reader(self._listening_to, self._listen)
        self.set_interval(1 / FRAMES_PER_SECOND, self.draw)
        self.call_after_refresh(self.draw)

    def on_unmount(self) -> None:
        """Stop listening."""
        self._stop_listening()

    def on_resize(self, event: Resize) -> None:
        """Give the table what its rows need, and never more than two fifths of the height."""
        rows = len(self.view.welcome.tensors) + 1
        self._table.styles.height = max(2, min(rows, self.size.height * 2 // 5))
        self._shown = -1
        self.call_after_refresh(self.draw)

    # ---- drawing

    def _listen(self) -> None:
        # What the engine has confirmed is drawn at once; the rest waits for the clock.
        urgent = self.view.receive()
        if self.view.is_gone:
            self._stop_listening()
        if urgent:
            self.draw()

    def _stop_listening(self) -> None:
        # Before the connection is closed: its number may soon be that of another.
        if self._listening_to is not None:
            asyncio.get_running_loop().remove_reader(self._listening_to)
            self._listening_to = None

    def hang_up(self) -> None:
        """Close the connection; the run goes on."""
        self._stop_listening()
        self.view.client.close()

    def draw(self) -> None:
        """Draw what has changed since the last time."""
        view, now = self.view, time.monotonic()
        if not self.is_mounted:
            return
        view.catch_up(HISTORY_BUDGET_S)
        width = self.size.width
        self.query_one("#headline", TextRows).show([headline(view, width)])
        message = self.query_one("#message", TextRows)
        rows = message_rows(view, width - 2, self.size.height)
        if message.styles.height is None or message.styles.height.value != len(rows):
            message.styles.height = len(rows)
        message.show(rows)
        if view.changes != self._shown:
            self._shown = view.changes
            self.query_one("#progress", TextRows).show([progress_row(view, width - 2)])
            self._table.show(view.figures)
        self._draw_charts(now)

    def _draw_charts(self, now: float) -> None:
        view = self.view
        markers, x_end = list(view.markers), view.x_end
        curves: list[Curve] = []
        if view.loss.count and view.loss.last < 0.0:
            # A function may well go below zero, where a logarithm has nothing to show.
            self._loss.make_linear("loss")
        if view.before is not None:
            curves.append(
                Curve(label="before the reset", series=view.before, colour="foreground", faint=True, ghost=True)
            )
        if view.is_deterministic:
            curves.append(Curve(label="", series=view.loss, colour="primary", readout=compact))
        else:
            curves += [
                Curve(
                    label="minibatch",
                    series=view.loss,
                    colour="primary",
                    faint=True,
                    shape="envelope",
                    readout=compact,
                ),
                Curve(label="smoothed", series=view.smoothed, colour="primary", readout=compact),
            ]
            if "held_out" in view.welcome.splits:
                curves.append(Curve(label="held-out", series=view.held_out, colour="accent", readout=compact))
        if self._loss.display:
            self._loss.show(curves, markers, x_end=x_end, now=now)
        for chart, series, colour, readout in (
            (self._gradient, view.grad_norm, "success", compact),
            (self._rate, view.lr, "accent", lambda value: f"{value:.4g}"),
        ):
            if chart.region:
                curve = Curve(label="", series=series, colour=colour, shape="envelope", readout=readout)
                chart.show([curve], markers, x_end=x_end, now=now)

    # ---- steering: a key asks, the engine answers

    def action_toggle_pause(self) -> None:
        """Pause or resume; after the end, train on without the rule that ended it."""
        sequence = self.view.next_sequence()
        if self.view.state == "running":
            self._send(protocol.Pause(seq=sequence), "pause")
        else:
            self._send(protocol.Resume(seq=sequence), "go on")

    def action_step(self) -> None:
        """Make one step."""
        self._send(protocol.StepOnce(seq=self.view.next_sequence()), "one step")

    def action_turn(self, factor: float) -> None:
        """Multiply the learning rate."""
        words = f"learning rate × {factor:g}"
        self._send(protocol.Turn(seq=self.view.next_sequence(), key="optimizer.lr", factor=factor), words)

    def action_find_rate(self) -> None:
        """Sweep the learning rate, and leave everything as it is."""
        self._send(protocol.FindRate(seq=self.view.next_sequence()), "a sweep of the learning rate")

    def action_pace(self, factor: float) -> None:
        """Halve or double the limit of the speed."""
        view, key = self.view, "pace.steps_per_second"
        pace = view.spec.pace.steps_per_second
        if pace is None:
            if factor > 1.0:
                self.notify("already at full speed", timeout=2)
                return
            rate = view.progress.steps_per_second if view.progress is not None else 0.0
            self.set_fields({key: float(f"{(rate or USUAL_PACE) * factor:.3g}")}, {})
        elif pace * factor > FULL_SPEED:
            self.set_fields({key: None}, {})
        else:
            command = protocol.Turn(seq=view.next_sequence(), key=key, factor=factor)
            self._send(command, "faster" if factor > 1.0 else "slower")

    def action_reset(self, keep: bool) -> None:
        """Go back to the same start."""
        if self.view.is_gone:
            self.post_message(self.AskedAnew(self.view))
            return
        self._send(protocol.Reset(seq=self.view.next_sequence(), keep=keep), "reset")

    def action_optimizer(self) -> None:
        """Choose another optimizer."""

        def chosen(choice: tuple[str, bool] | None) -> None:
            if choice is not None:
                self.switch_optimizer(choice[0], carry=choice[1])

        self.app.push_screen(OptimizerDialog(self.view.spec.optimizer), chosen)

    def switch_optimizer(self, name: str, *, carry: bool) -> None:
        """Ask for another optimizer."""
        words = f"{name}, {'state carried over' if carry else 'started anew'}"
        command = protocol.SetFields(seq=self.view.next_sequence(), values={"optimizer.name": name}, carry=carry)
        self._send(command, words)

    def action_settings(self) -> None:
        """Open the form with all hyperparameters."""
        self.app.push_screen(SettingsForm(lambda: self.view.spec, self.set_fields))

    def set_fields(
        self, values: dict[str, Any], expected: dict[str, Any], then: Callable[[Answer], None] | None = None
    ) -> None:
        """Ask for new values of fields."""
        words = ", ".join(f"{symbol_of(key, self.view.spec)} {value}" for key, value in values.items())
        command = protocol.SetFields(seq=self.view.next_sequence(), values=values, expected=expected)
        self._send(command, words, then)

    def action_help(self) -> None:
        """Say what there is."""
        self.app.push_screen(HelpScreen(help_text(self)))

    def action_leave(self) -> None:
        """Leave the dashboard, and ask what becomes of the run."""
        if isinstance(self.app.screen, QuitDialog):
            return
        if self.view.is_gone or self.view.state == "ended":
            self.post_message(self.Left(self, "leave"))
            return

        def chosen(leaving: Leaving | None) -> None:
            if leaving is not None:
                self.post_message(self.Left(self, leaving))

        self.app.push_screen(QuitDialog(self.view.welcome.run), chosen)

    def _send(self, command: protocol.Steering, words: str, then: Callable[[Answer], None] | None = None) -> None:
        self.view.send(command, words, then)
        self.draw()


def help_text(dashboard: Dashboard) -> Content:
    """Return the help: what the lesson shows, the keys, and what each figure means."""
    welcome = dashboard.view.welcome
    parts: list[Content | tuple[str, str] | str] = [(f"{welcome.title}\n", "bold $primary")]
    for heading, text in (("See", welcome.see), ("Try", welcome.try_)):
        if text:
            parts += [(f"{heading}  ", "bold $accent"), f"{text}\n"]
    parts.append(("\nKeys\n", "bold $accent"))
    for keys, words in KEYS:
        parts += [(f"  {keys:<9}", "bold $primary"), f"{words}\n"]
    parts.append(("\nCurves\n", "bold $accent"))
    for name, words in CURVES:
        parts += [(f"  {name:<14}", "bold $success"), f"{words}\n"]
    parts.append(("\nParameters\n", "bold $accent"))
    for column in COLUMNS:
        parts += [(f"  {column.title:<14}", "bold $success"), f"{column.tooltip}\n"]
    parts.append(("\nesc closes this", "dim"))
    return Content.assemble(*parts)


KEYS = (
    ("space", "pause and go on; after the end, train on"),
    ("s", "make one step"),
    ("[  ]", "learning rate −10 % or +10 % of what it is (so one of each makes −1 %)"),
    ("{  }", "learning rate ÷10 or ×10"),
    ("o", "switch the optimizer, with its state carried over or anew"),
    ("h", "all hyperparameters of the optimizer, the schedule, and the batch"),
    ("r", "reset to the same start: same parameters, same batches, settings as at first"),
    ("R", "reset to the same start, but keep the optimizer and the settings of now"),
    (",  .", "halve or double the pace; the fastest is no limit"),
    ("ctrl+p", "every command by its name"),
    ("q", "quit, and choose whether the run goes on"),
)
CURVES = (
    ("minibatch", "loss of the samples of one step, before its update: noisy"),
    ("smoothed", "its exponential mean over about an epoch, corrected for its start as in Adam"),
    ("held-out", "loss on samples that are never trained on"),
    ("dotted line", "something was changed live; the label says what, from the step at which it was in force"),
    ("×", "the loss was not a finite number here"),
)
