"""The dashboard of one run: curves, parameters, progress, and the keys that steer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize
from textual.message import Message

from engine.errors import GdtuiError
from engine.run import commands
from engine.text import clean

from .. import exports
from ..frame_clock import FrameClock
from ..preferences import Preferences
from ..pulse import PulsedApp
from ..run_view import Answer, RunView
from ..views import VIEWS
from ..views.deck import Deck
from ..widgets.debug_row import debug_row
from ..widgets.key_bar import KeyBar
from ..widgets.lesson import LessonPanel
from ..widgets.status import frozen_row, headline, lane_rows, message_rows, progress_row
from ..widgets.text_rows import Row, TextRows
from ..wire import show_at_once
from .dialogs import Leaving, QuitDialog
from .run_screen import key, unseen_key
from .steering import Steering
from .tour import Tour

HISTORY_BUDGET_S = 0.02
"""How much of a frame may go into reading the past."""
ANSWER_S = 0.05
"""How long an engine may take to answer a key before the views are drawn all the same."""
QUEUES = 12
"""Through so many queues, at most, a key passes before it does something."""
TELL_AGAIN_S = 0.005
"""Until it is seen again whether a busy terminal can take what a key did: the clock's next tick would be seen later."""
DEBUG_PERIOD_S = 0.5
"""Figures that change at every frame cannot be read, and would be frames of their own."""


class Dashboard(Steering):
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
            unseen_key(str(number), f"view({number - 1})", kind.title, f"show {kind.title}", id=f"view.{number}")
            for number, kind in enumerate(VIEWS, start=1)
        ),
        unseen_key("t", "tiles", "Tiles", "show one view, two or four", id="view.tiles"),
        unseen_key("z", "maximise", "Whole screen", "give the views the whole screen", id="view.maximise"),
        unseen_key(
            "f", "freeze", "Freeze", "freeze the view, or let it go on; the run goes on anyway", id="view.freeze"
        ),
        unseen_key("i", "lesson", "Lesson", "what to see, what to try, and how near the goal is", id="view.lesson"),
        unseen_key("P", "screenshot", "Picture", "save a picture of the screen (SVG)", id="screen.picture"),
        unseen_key("Y", "copy_values", "Values", "copy the values that are shown (CSV)", id="screen.values"),
        unseen_key("f12", "debug", "Debug line", "how fast it all is: frames, bytes, answers", id="screen.debug"),
        Binding("escape", "step_out", "Back", tooltip="step out one layer", show=False, id="view.back"),
        key("l", "lane(1)", "Lane", "speak of the next lane", id="lane.next"),
        unseen_key("L", "lane(-1)", "Lane before", "speak of the lane before", id="lane.before"),
        key("a", "all_lanes", "All lanes", "steer all lanes, or again the one that is shown", id="lane.all"),
    ]

    def __init__(self, view: RunView, preferences: Preferences | None = None) -> None:
        """Show this run as a person prefers it."""
        super().__init__(view)
        self._preferences = preferences or Preferences()
        self._shown = -1
        self._is_to_tell = self._is_drawing = False
        self._clock = FrameClock(self._preferences.frames_per_second)
        self._reading_s = self._debug_at = 0.0
        self._answers_ms: deque[float] = deque(maxlen=20)
        self._listening_to: int | None = None
        self._deck = Deck(view, remembers=self._preferences.remembers)
        self._lesson = LessonPanel()
        self.frozen_at: int | None = None
        """The step that the views show while they are frozen; None while they follow the run."""
        self._lanes = TextRows(id="lanes")
        self._lanes.display = view.is_race
        self._debug = TextRows(id="debug")
        self._debug.display = False

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield TextRows(id="headline")
        yield self._lanes
        with Container(id="stage"):
            yield self._deck
            yield self._lesson
        yield TextRows(id="progress")
        yield TextRows(id="message")
        yield self._debug
        yield KeyBar()

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
        self._draw_anew()

    def _draw_anew(self) -> None:
        """Draw everything once more, when it has its new places; frozen views stay the pictures that they are."""
        self.call_after_refresh(self._draw_once)

    def _draw_once(self) -> None:
        self._shown = -1
        self.draw()

    # ---- drawing

    def _listen(self) -> None:
        # What the engine has confirmed is told at once; the views, which take longer, wait for the clock.
        urgent = self.view.receive()
        if self.view.is_gone:
            self._stop_listening()
        if urgent:
            self.tell()

    def _stop_listening(self) -> None:
        # Before the connection is closed: its number may soon be that of another.
        if self._listening_to is not None:
            asyncio.get_running_loop().remove_reader(self._listening_to)
            self._listening_to = None

    def hang_up(self) -> None:
        """Close the connection; the run goes on."""
        self.begin()
        self._stop_listening()
        self.view.client.close()

    async def _tick(self) -> None:
        pulse, now = self.app.pulse, time.monotonic()
        if self.view.asked and pulse.heard_within(ANSWER_S):
            # What a key does is seen before the views, which take longer: they wait for the next tick, once or twice.
            return
        if not self._clock.is_due(now, self._what_happened(), is_congested=pulse.is_congested):
            return
        self._is_drawing = True
        try:
            for _ in self._pieces():
                # Who is pressing a key waits for a piece of the picture and not for all of it.
                for _ in range(QUEUES if pulse.heard_within(ANSWER_S) else 1):
                    await asyncio.sleep(0)
        finally:
            self._is_drawing = False
        show_at_once(self)

    def _on_timer_update(self) -> None:
        # A picture that is half drawn would be two frames.
        if not self._is_drawing:
            super()._on_timer_update()

    def draw(self) -> None:
        """Draw what has changed since the last time, as soon as the terminal can take it."""
        # A frame that has to wait comes with the clock, and then with the newest that there is.
        if not self.app.pulse.is_congested:
            self._draw()

    def _what_happened(self) -> tuple[object, ...]:
        """Return something that is equal as long as nothing has happened that could be seen."""
        return self.view.changes, self.app.pulse.input_at, self.app.pulse.frames

    def _draw(self) -> None:
        deque(self._pieces(), maxlen=0)

    def _pieces(self) -> Iterator[None]:
        """Draw what has changed in pieces of a few milliseconds."""
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
        if view.silence_s and self._listening_to is not None:
            # Where this process was held up itself, the words are there and only not read yet.
            view.receive()
        view.catch_up(HISTORY_BUDGET_S)
        # Reading the past has a budget of its own.
        self._reading_s += time.thread_time() - began
        if self._debug.display and now - self._debug_at > DEBUG_PERIOD_S:
            self._debug_at = now
            self._debug.show([debug_row(self._clock, self._answers_ms, view, self.size.width)])
        self._show_rows()
        if view.changes != self._shown:
            self._shown = view.changes
            frozen, room = self.frozen_at, self.size.width - 2
            row = progress_row(view, room) if frozen is None else frozen_row(view, frozen, room)
            self.query_one("#progress", TextRows).show([row])
            if self._lesson.display:
                self._lesson.tell(view)
        if self.frozen_at is None:
            yield from self._deck.pieces(now)

    def tell(self) -> None:
        """Show how the run stands and what has come of a key, as soon as the terminal has taken the frame before."""
        if not self.is_mounted or self._is_to_tell:
            return
        if self.app.pulse.is_congested:
            self._is_to_tell = True
            self.set_timer(TELL_AGAIN_S, self._tell_again)
        else:
            self._show_rows()
            show_at_once(self)

    def _tell_again(self) -> None:
        self._is_to_tell = False
        self.tell()

    def _show_rows(self) -> None:
        view, width = self.view, self.size.width
        self.query_one("#headline", TextRows).show([headline(view, width)])
        if view.is_race:
            _fit(self._lanes, lane_rows(view, width, self.size.height))
        message = self.query_one("#message", TextRows)
        _fit(message, message_rows(view, width - 2, self.size.height))

    # ---- what is seen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there: that of lanes only in a race."""
        if action in ("lane", "all_lanes"):
            return self.view.is_race
        return super().check_action(action, parameters)

    async def action_view(self, number: int) -> None:
        """Show the view with this number."""
        await self._deck.choose(number)
        self._draw_anew()

    async def action_tiles(self) -> None:
        """Show one view, two or four beside each other."""
        refusal = await self._deck.cycle_tiles()
        if refusal:
            self.view.say(refusal)
            self.tell()
        self._draw_anew()

    def action_maximise(self) -> None:
        """Give the views the whole screen, or make room again for what stands around them."""
        self.toggle_class("-maximised")
        self._draw_anew()

    async def action_freeze(self) -> None:
        """Let the picture stand while the run goes on, or let it follow the run again.

        The picture is that of the screen: through other sizes, views and tiles it is cut off or left empty where it
        has nothing, and never drawn anew, as most of what a view draws from goes on with the run.
        """
        if self.frozen_at is None:
            self._shown = -1
            self._draw()
            self.frozen_at = self.view.step
            await self._deck.freeze(self.frozen_at)
        else:
            self.frozen_at = None
            await self._deck.go_on()
        self.set_class(self.frozen_at is not None, "-frozen")
        self._draw_anew()

    def send(self, command: commands.Steering, words: str, then: Callable[[Answer], None] | None = None) -> None:
        """Send a command, show that it is asked, and take the time until it is answered."""
        sent = time.perf_counter()

        def answered(answer: Answer) -> None:
            self._answers_ms.append(1e3 * (time.perf_counter() - sent))
            if then is not None:
                then(answer)

        super().send(command, words, answered)

    def action_debug(self) -> None:
        """Show how fast everything is, or no longer."""
        self._debug.display = not self._debug.display
        self.call_after_refresh(self.draw)

    def action_screenshot(self) -> None:
        """Write what is on the screen into a file, as a picture, and into the clipboard, over SSH as well."""
        self._take_along(".svg", self.app.export_screenshot(title=self.view.welcome.title))

    def action_copy_values(self) -> None:
        """Write the values that are shown into a file, and into the clipboard, over SSH as well."""
        rows = self._deck.export()
        if not rows:
            self.notify(f"{self._deck.title} shows no values that could be copied", timeout=4)
            return
        self._take_along(".csv", exports.as_csv(rows))

    def _take_along(self, suffix: str, text: str) -> None:
        is_short = len(text.encode()) <= exports.MOST_COPIED
        if is_short:
            self.app.copy_to_clipboard(text)
        stem = f"gdtui-{self.view.welcome.preset}-step-{self.view.step}-{self._deck.title}"
        try:
            path = exports.saved(stem, suffix, text)
        except GdtuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        title = "Saved, and copied" if is_short else "Saved; too much for the clipboard"
        self.notify(clean(str(path), 400), title=title, markup=False)

    def action_lesson(self) -> None:
        """Show the lesson beside the views, or over them where there is no room beside; or put it away."""
        self._lesson.display = not self._lesson.display
        self._draw_anew()

    async def action_step_out(self) -> None:
        """Step out one layer, the one that hides most first; there is always one more key before one has left."""
        is_over = self._lesson.display and not self.has_class("-roomy")
        if is_over:
            self.action_lesson()
        elif self.frozen_at is not None:
            await self.action_freeze()
        elif self.has_class("-maximised"):
            self.action_maximise()
        elif self._lesson.display:
            self.action_lesson()
        elif self._deck.tiles > 1:
            await self._deck.show_one()
            self._draw_anew()

    def action_help(self) -> None:
        """Say what there is to see where the keys go, and what they do."""
        # Brings a reader of Markdown, which takes as long to load as half of the views.
        from .help import HelpScreen

        self.app.push_screen(HelpScreen(self))

    def action_tour(self) -> None:
        """Show the cards of the first start."""
        self.app.push_screen(Tour())

    def start_anew(self) -> None:
        """Start the same run again, as its engine has gone."""
        self.post_message(self.AskedAnew(self.view))

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

        self.app.push_screen(QuitDialog(self.view.welcome.run, self.view.unrecorded), chosen)


def _fit(widget: TextRows, rows: list[Row]) -> None:
    """Show these rows, on as many lines as there are."""
    if widget.styles.height is None or widget.styles.height.value != len(rows):
        widget.styles.height = len(rows)
    widget.show(rows)
