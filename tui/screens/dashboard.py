"""The dashboard of one run: curves, parameters, progress, and the keys that steer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Footer

from engine.errors import GdtuiError
from engine.run import protocol
from engine.text import clean

from .. import exports
from ..frame_clock import FrameClock
from ..preferences import Preferences
from ..pulse import PulsedApp
from ..run_view import Answer, RunView
from ..views.deck import Deck
from ..widgets.debug_row import debug_row
from ..widgets.parameter_table import COLUMNS
from ..widgets.status import headline, lane_rows, message_rows, progress_row
from ..widgets.text_rows import Row, TextRows
from ..wording import symbol_of
from .dialogs import HelpScreen, Leaving, OptimizerDialog, QuitDialog
from .run_screen import RunScreen
from .settings import SettingsForm

HISTORY_BUDGET_S = 0.02
"""How much of a frame may go into reading the past."""
DEBUG_PERIOD_S = 0.5
"""Figures that change at every frame cannot be read, and would be frames of their own."""
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

    AUTO_FOCUS = None
    app = getters.app(PulsedApp)
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"view({number - 1})", f"Show view {number}", show=False, id=f"view.{number}")
            for number in range(1, 9)
        ),
        Binding("t", "tiles", "Tiles", show=False, id="view.tiles"),
        Binding("z", "maximise", "Whole screen", show=False, id="view.maximise"),
        Binding("P", "screenshot", "Save a picture of the screen (SVG)", show=False, id="screen.picture"),
        Binding("Y", "copy_values", "Copy the values that are shown (CSV)", show=False, id="screen.values"),
        Binding("f12", "debug", "Debug line", show=False, id="screen.debug"),
        Binding("l", "lane(1)", "Lane", id="lane.next"),
        Binding("L", "lane(-1)", "Lane before", show=False, id="lane.before"),
        Binding("a", "all_lanes", "All lanes", id="lane.all"),
    ]

    def __init__(self, view: RunView, preferences: Preferences | None = None) -> None:
        """Show this run as a person prefers it."""
        super().__init__()
        self.view = view
        self._preferences = preferences or Preferences()
        self._shown = -1
        self._clock = FrameClock(self._preferences.frames_per_second)
        self._reading_s = self._debug_at = 0.0
        self._answers_ms: deque[float] = deque(maxlen=20)
        self._listening_to: int | None = None
        self._deck = Deck(view, remembers=self._preferences.remembers)
        self._lanes = TextRows(id="lanes")
        self._lanes.display = view.is_race
        self._debug = TextRows(id="debug")
        self._debug.display = False

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield TextRows(id="headline")
        yield self._lanes
        yield self._deck
        yield TextRows(id="progress")
        yield TextRows(id="message")
        yield self._debug
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Listen to the engine and start the clock."""
        self._listening_to = self.view.client.fileno()
        asyncio.get_running_loop().add_reader(self._listening_to, self._listen)
        self.set_interval(1 / self._preferences.frames_per_second, self._tick)
        self.call_after_refresh(self.draw)

    def on_unmount(self) -> None:
        """Stop listening."""
        self._stop_listening()

    def on_resize(self, event: Resize) -> None:
        """Draw everything for the new size."""
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

    def _tick(self) -> None:
        pulse = self.app.pulse
        if self._clock.is_due(time.monotonic(), self._what_happened(), is_congested=pulse.is_congested):
            self._draw()

    def draw(self) -> None:
        """Draw what has changed since the last time, as soon as the terminal can take it."""
        # A frame that has to wait comes with the clock, and then with the newest that there is.
        if not self.app.pulse.is_congested:
            self._draw()

    def _what_happened(self) -> tuple[object, ...]:
        """Return something that is equal as long as nothing has happened that could be seen."""
        return self.view.changes, self.app.pulse.input_at, self.app.pulse.frames

    def _draw(self) -> None:
        view, now, pulse = self.view, time.monotonic(), self.app.pulse
        if not self.is_mounted:
            return
        began = time.thread_time()
        self._clock.draws(
            now,
            self._what_happened(),
            spent_s=began - self._reading_s,
            displayed=pulse.frames,
            written=pulse.written,
        )
        view.catch_up(HISTORY_BUDGET_S)
        # Reading the past has a budget of its own.
        self._reading_s += time.thread_time() - began
        if self._debug.display and now - self._debug_at > DEBUG_PERIOD_S:
            self._debug_at = now
            self._debug.show([debug_row(self._clock, self._answers_ms, view, self.size.width)])
        width = self.size.width
        self.query_one("#headline", TextRows).show([headline(view, width)])
        if view.is_race:
            _fit(self._lanes, lane_rows(view, width, self.size.height, plain=self.app.no_color))
        message = self.query_one("#message", TextRows)
        _fit(message, message_rows(view, width - 2, self.size.height))
        if view.changes != self._shown:
            self._shown = view.changes
            self.query_one("#progress", TextRows).show([progress_row(view, width - 2)])
        self._deck.show(now)

    # ---- steering: a key asks, the engine answers

    def action_toggle_pause(self) -> None:
        """Pause or resume; after the end, train on without the rule that ended it."""
        view, sequence = self.view, self.view.next_sequence()
        if view.state == "running":
            self._send(protocol.Pause(seq=sequence), "pause")
        else:
            # A lane that has ended or diverged alone goes on only when it is named.
            alone = view.meant if view.lane.state in ("ended", "diverged") else None
            self._send(protocol.Resume(seq=sequence, lane=alone), "go on")

    def action_step(self) -> None:
        """Make one step."""
        self._send(protocol.StepOnce(seq=self.view.next_sequence()), "one step")

    def action_turn(self, factor: float) -> None:
        """Multiply the learning rate."""
        view, words = self.view, f"{self.view.whom}learning rate × {factor:g}"
        command = protocol.Turn(seq=view.next_sequence(), lane=view.meant, key="optimizer.lr", factor=factor)
        self._send(command, words)

    def action_lane(self, step: int) -> None:
        """Speak of the next lane, or of the one before."""
        self.view.choose_lane(self.view.lane.number + step)
        self.draw()

    def action_all_lanes(self) -> None:
        """Let the keys steer all lanes, or again the one that is shown."""
        self.view.steers_all = not self.view.steers_all
        self.view.changes += 1
        self.draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there: that of lanes only in a race."""
        if action in ("lane", "all_lanes"):
            return self.view.is_race
        return super().check_action(action, parameters)

    async def action_view(self, number: int) -> None:
        """Show the view with this number."""
        await self._deck.choose(number)
        self.draw()

    async def action_tiles(self) -> None:
        """Show one view, two or four beside each other."""
        await self._deck.cycle_tiles()
        self.draw()

    def action_maximise(self) -> None:
        """Give the views the whole screen, or make room again for what stands around them."""
        self.toggle_class("-maximised")
        self._shown = -1
        self.call_after_refresh(self.draw)

    def action_debug(self) -> None:
        """Show how fast everything is, or no longer."""
        self._debug.display = not self._debug.display
        self.call_after_refresh(self.draw)

    def action_screenshot(self) -> None:
        """Write what is on the screen into a file, as a picture."""
        self._save(".svg", self.app.export_screenshot(title=self.view.welcome.title))

    def action_copy_values(self) -> None:
        """Write the values that are shown into a file, and into the clipboard, over SSH as well."""
        rows = self._deck.view.export()
        if not rows:
            self.notify(f"{self._deck.title} shows no values that could be copied", timeout=4)
            return
        text = exports.as_csv(rows)
        self._save(".csv", text)
        if len(text.encode()) <= exports.MOST_COPIED:
            self.app.copy_to_clipboard(text)
        else:
            self.notify("too much for the clipboard: it is in the file alone", timeout=4)

    def _save(self, suffix: str, text: str) -> None:
        stem = f"gdtui-{self.view.welcome.preset}-step-{self.view.step}-{self._deck.title}"
        try:
            path = exports.saved(stem, suffix, text)
        except GdtuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        self.notify(clean(str(path), 400), title="Saved", markup=False)

    def action_find_rate(self) -> None:
        """Sweep the learning rate, and leave everything as it is."""
        self._send(
            protocol.FindRate(seq=self.view.next_sequence(), lane=self.view.lane.number), "a sweep of the learning rate"
        )

    def action_pace(self, factor: float) -> None:
        """Halve or double the limit of the speed."""
        view, key = self.view, "pace.steps_per_second"
        pace = view.spec.pace.steps_per_second
        if pace is None:
            if factor > 1.0:
                self.notify("already at full speed", timeout=2)
                return
            rate = view.lane.progress.steps_per_second if view.lane.progress is not None else 0.0
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
        view = self.view
        words = f"{view.whom}{name}, {'state carried over' if carry else 'started anew'}"
        values: dict[str, Any] = {"optimizer.name": name}
        command = protocol.SetFields(seq=view.next_sequence(), lane=view.meant, values=values, carry=carry)
        self._send(command, words)

    def action_settings(self) -> None:
        """Open the form with all hyperparameters."""
        self.app.push_screen(SettingsForm(lambda: self.view.spec, self.set_fields))

    def set_fields(
        self, values: dict[str, Any], expected: dict[str, Any], then: Callable[[Answer], None] | None = None
    ) -> None:
        """Ask for new values of fields."""
        view = self.view
        words = view.whom + ", ".join(f"{symbol_of(key, view.spec)} {value}" for key, value in values.items())
        if view.is_race and view.steers_all:
            expected = {}  # what was seen is one lane's, and the others may stand elsewhere
        command = protocol.SetFields(seq=view.next_sequence(), lane=view.meant, values=values, expected=expected)
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
        sent = time.perf_counter()

        def answered(answer: Answer) -> None:
            self._answers_ms.append(1e3 * (time.perf_counter() - sent))
            if then is not None:
                then(answer)

        self.view.send(command, words, answered)
        self.draw()


def _fit(widget: TextRows, rows: list[Row]) -> None:
    """Show these rows, on as many lines as there are."""
    if widget.styles.height is None or widget.styles.height.value != len(rows):
        widget.styles.height = len(rows)
    widget.show(rows)


def help_text(dashboard: Dashboard) -> Content:
    """Return the help: what the lesson shows, the keys, and what each figure means."""
    welcome = dashboard.view.welcome
    parts: list[Content | tuple[str, str] | str] = [(f"{welcome.title}\n", "bold $primary")]
    for heading, text in (("See", welcome.see), ("Try", welcome.try_)):
        if text:
            parts += [(f"{heading}  ", "bold $accent"), f"{text}\n"]
    parts.append(("\nKeys\n", "bold $accent"))
    for keys, words in KEYS + (LANE_KEYS if dashboard.view.is_race else ()):
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
    ("f12", "how fast it all is: frames a second and what they take, the engine's answers, memory"),
    ("q", "quit, and choose whether the run goes on"),
)
LANE_KEYS = (
    ("l  L", "speak of the next lane, or of the one before: table, status and keys are that lane's"),
    ("a", "let the keys steer all lanes, or again the one that is shown"),
)
CURVES = (
    ("minibatch", "loss of the samples of one step, before its update: noisy"),
    ("smoothed", "its exponential mean over about an epoch, corrected for its start as in Adam"),
    ("held-out", "loss on samples that are never trained on"),
    ("dotted line", "something was changed live; the label says what, from the step at which it was in force"),
    ("×", "the loss was not a finite number here"),
)
