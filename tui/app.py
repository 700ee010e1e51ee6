"""The dashboard's frame: it shows the gallery or a run, and leaves the terminal as it was.

The first paint waits for as little as can be: what a run needs (NumPy, pydantic, plotext, the dashboard) is imported
after it, in the functions that use it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Console
from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

from engine.errors import GdtuiError
from engine.run import directory
from engine.text import clean, counted

from . import remembered
from .charts.glyphs import prefer, spelled_key, suitable_glyphs
from .key_names import bind
from .opening import Opening, goes_on, launched, shown
from .preferences import Preferences
from .pulse import PulsedApp
from .screens.command_palette import SteadyPalette
from .screens.run_screen import RunScreen
from .screens.waiting import Waiting
from .theme import THEMES
from .widgets.ascii_filter import AsciiFilter

if TYPE_CHECKING:
    from .run_view import RunView
    from .screens.dashboard import Dashboard
    from .screens.gallery import Gallery

CRASH_WIDTH = 120
"""Columns of a traceback in the file."""
STOP_S = 5.0
DEAD_TERMINAL_S = 1.0
LAST_RESORT_S = 2.0
"""How long a dashboard may take to leave the screen in order."""


def open_gallery(options: Mapping[str, Any], wanted: Preferences) -> int:
    """Show the gallery, and the dashboard of what is chosen, with the command line's options; return the exit code."""
    from .screens.gallery import Gallery

    return _run(GdtuiApp(gallery=Gallery(options), preferences=wanted))


def open_run(opening: Opening, wanted: Preferences) -> int:
    """Show the dashboard of a run as soon as it can be reached; return the exit code."""
    return _run(GdtuiApp(opening=opening, preferences=wanted))


class GdtuiApp(PulsedApp):
    """Gallery and dashboard."""

    TITLE = "gdtui"
    CSS_PATH = "gdtui.tcss"
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False)]

    def __init__(
        self,
        *,
        gallery: Gallery | None = None,
        opening: Opening | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        """Show the gallery, or this run."""
        super().__init__()
        self.preferences = preferences or Preferences()
        prefer(None if self.preferences.glyphs == "auto" else self.preferences.glyphs)
        self._spelling = (AsciiFilter(),) if suitable_glyphs() == "ascii" else ()
        # Here and not when the screen is up, which would be painted once more in another theme.
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.preferences.theme
        self.set_keymap(self.preferences.keymap)
        bind(self.preferences.keymap)
        self._gallery = gallery
        self._opening = opening
        self.has_crashed = False
        self.farewell = ""
        """What is said on the terminal after the screen has gone."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line goes through, ASCII last where there is nothing else."""
        return (*super().get_line_filters(), *self._spelling)

    def get_key_display(self, binding: Binding) -> str:
        """Return the name of a key as it is shown: an arrow in ASCII would be another key."""
        return spelled_key(super().get_key_display(binding))

    def on_mount(self) -> None:
        """Watch the terminal, and open the run after the first paint."""
        self._watch_terminal()
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        if self._opening is not None:
            self.call_after_refresh(self.show_run, self._opening)

    def get_default_screen(self) -> Screen[Any]:
        """Return what is painted first."""
        if self._gallery is not None:
            return self._gallery
        return Waiting(*self._opening.introduction()) if self._opening is not None else Waiting()

    @work(exclusive=True)
    async def show_run(self, opening: Opening) -> None:
        """Connect without holding up the screen, and show the dashboard over the screen that waits for it."""
        self._opening = opening
        # The keys are painted just after the rest, and what is imported now would hold them up.
        await self.screen.wait_for_refresh()
        try:
            dashboard = await asyncio.to_thread(_dashboard_of, opening, self.preferences)
        except GdtuiError as error:
            if self._gallery is not None:
                self._opening = None
                await self._take_away(Waiting)
                self.notify(clean(str(error), 1000), severity="error", markup=False)
                return
            self.farewell = f"gdtui: {clean(str(error), 1000)}"
            self.exit(return_code=1)
            return
        screen = dashboard()
        with self.batch_update():
            # A new screen is painted empty at first: the old one stays in sight until its rows and keys are there.
            await self.push_screen(screen)
            await screen.wait_for_refresh()
        if self.preferences.remembers:
            from .screens.tour import Tour, is_first_visit

            if is_first_visit():
                await self.push_screen(Tour(), lambda _: screen.begin())
                return
        screen.begin()

    async def on_gallery_chosen(self, message: Gallery.Chosen) -> None:
        """Start what was chosen, once: a second Enter in haste would leave an engine that nobody knows of."""
        if self._opening is not None:
            return
        try:
            self._opening = shown(message.preset.name, message.options)
        except GdtuiError as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        await self.push_screen(Waiting(message.preset.title, message.preset.see))
        self.show_run(self._opening)

    async def on_waiting_left(self) -> None:
        """Leave before there was anything to see: nobody is to find an engine later that nobody has watched."""
        self.workers.cancel_all()
        if self._opening is not None:
            self.farewell = await asyncio.to_thread(self._opening.abandon)
        self.exit()

    async def on_dashboard_asked_anew(self, message: Dashboard.AskedAnew) -> None:
        """Start the same run anew, after its engine has gone."""
        from engine.run.launch import Launch

        try:
            before = Launch.model_validate_json(message.view.client.run.launch.read_bytes())
            opening = launched(before.model_copy(update={"await_client": False, "on_non_finite": "pause"}))
        except (GdtuiError, OSError, ValueError) as error:
            self.notify(clean(str(error)), severity="error", markup=False)
            return
        message.view.client.close()
        await self._take_away(RunScreen)
        self.show_run(opening)

    async def on_dashboard_left(self, message: Dashboard.Left) -> None:
        """Leave the program, and end the run if that was chosen."""
        from engine.run import client

        view, run = message.dashboard.view, message.dashboard.view.client.run
        message.dashboard.hang_up()
        is_over = True
        if view.has_broken_off:
            self.farewell = f"{run.name} broke off at step {view.step:,}"
        elif message.leaving == "stop":
            try:
                view.say(f"waiting for the end of {run.name}, {STOP_S:.0f} s at most")
                in_order = await asyncio.to_thread(client.stop, run, STOP_S)
                self.farewell = f"{run.name} has ended{'' if in_order else ': it did not answer and was killed'}"
            except GdtuiError as error:
                is_over = False
                self.farewell = f"gdtui: {clean(str(error))}"
        elif view.is_gone or view.state == "ended":
            self.farewell = f"{run.name} has ended"
        else:
            is_over = False
            self.farewell = goes_on(run)
        if view.welcome.recorded:
            self.farewell += f"\nits record: {clean(view.welcome.directory)}"
            if is_over and (lost := await asyncio.to_thread(_lost_steps, view)):
                self.farewell += f"\nit lacks at least {counted(lost, 'step')}, which could not be written and are lost"
        self.exit()

    async def action_quit(self) -> None:
        """Ask what becomes of the run, also from within a dialog; where there is no run, leave."""
        about_a_run = [screen for screen in self.screen_stack if isinstance(screen, RunScreen)]
        if about_a_run:
            about_a_run[-1].action_leave()
        else:
            self.exit()

    def action_command_palette(self) -> None:
        """Open the palette, once, and only where there is something to command.

        It would hold up a run that arrives, and its commands are those of the screen that a dialog lies over.
        """
        if not isinstance(self.screen, ModalScreen | Waiting):
            # Without a name: one that was closed a moment ago may still be leaving, and no two may have the same.
            self.push_screen(SteadyPalette(placeholder="Search for commands"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Name every command of the dashboard in the palette."""
        from .palette import commands_of
        from .screens.dashboard import Dashboard

        if not isinstance(screen, Dashboard):
            yield from super().get_system_commands(screen)
            return
        yield from (command for command in super().get_system_commands(screen) if command.title in KEPT_COMMANDS)
        yield from commands_of(screen)

    async def _take_away(self, kind: type[Screen[Any]]) -> None:
        """Take the topmost screen of a kind away, and every dialog that lies over it."""
        is_over = True
        while is_over:
            is_over = not isinstance(self.screen, kind)
            await self.pop_screen()

    def _keep_theme(self, theme: Theme) -> None:
        if self.preferences.remembers:
            remembered.keep("theme", theme.name)

    # ---- the terminal

    def _watch_terminal(self) -> None:
        """End in order when the terminal goes away or someone says so."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, 128 + number)
        if sys.__stdin__ is not None and sys.__stdin__.isatty():
            poll = select.poll()
            poll.register(sys.__stdin__.fileno(), 0)
            # Under nohup no signal comes, and a terminal that is gone would be read for ever.
            self.set_interval(DEAD_TERMINAL_S, lambda: self._end_if_hung_up(poll))

    def _end_if_hung_up(self, poll: select.poll) -> None:
        if any(mask & select.POLLHUP for _, mask in poll.poll(0)):
            self._end(128 + signal.SIGHUP)

    def _end(self, code: int) -> None:
        # Writing to a terminal that has gone may block the loop for ever: the end must not depend on it.
        last_resort = threading.Timer(LAST_RESORT_S, os._exit, (code,))
        last_resort.daemon = True
        last_resort.start()
        has_run = any(isinstance(screen, RunScreen) for screen in self.screen_stack)
        if has_run and code == 128 + signal.SIGTERM:  # after a hang-up there is nobody to tell
            self.farewell = "a run goes on; come back with: gdtui attach"
        self.exit(return_code=code)

    def _fatal_error(self) -> None:
        """Keep the traceback for the file's width: Textual lays it out for the terminal's, which may be one column."""
        from rich.traceback import Traceback

        self.bell()
        self._exit_renderables.append(Traceback(show_locals=True, width=CRASH_WIDTH, locals_max_length=5))
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Write what went wrong into a file, and say one line: a traceback helps nobody at a terminal."""
        if not self._exit_renderables:
            return
        path = directory.data_root().parent / "crash.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                console = Console(file=file, width=CRASH_WIDTH)
                for renderable in self._exit_renderables:
                    console.print(renderable)
        except OSError:
            path = Path(os.devnull)
        self._exit_renderables.clear()
        self.has_crashed = True
        self.farewell = (
            f"gdtui: the dashboard has crashed; details are in {clean(str(path))}. A run goes on: gdtui attach"
        )


KEPT_COMMANDS = ("Theme",)
"""What is of use here among the commands that every Textual program has."""


def _dashboard_of(opening: Opening, preferences: Preferences) -> Callable[[], Dashboard]:
    """Return what makes the dashboard of a run, as soon as the run can be reached; for a thread of its own."""
    from .run_view import RunView
    from .screens.dashboard import Dashboard

    view = RunView(opening.connect())
    # What is loaded now stays to the end: to look through it for garbage again and again would hold up frames and keys.
    gc.freeze()
    return partial(Dashboard, view, preferences)


def _lost_steps(view: RunView) -> int:
    """Return how many steps at least the record of a run that is over lacks, as it could not be written."""
    if not view.unrecorded:
        return 0
    try:
        lacking = sum(max(0, lane.step - lane.recorded_steps()) for lane in view.lanes)
    except GdtuiError:
        return view.unrecorded
    # None is lacking where the disk has got room in time; and those from before a reset are counted by the engine.
    return max(lacking, view.unrecorded) if lacking else 0


def _run(app: GdtuiApp) -> int:
    app.run()
    if app.farewell:
        print(app.farewell, file=sys.stderr if app.farewell.startswith("gdtui:") else sys.stdout)
    return app.return_code or int(app.has_crashed)
