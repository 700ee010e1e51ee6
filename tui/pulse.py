"""What goes in and out of the terminal, and when: keys and clicks, frames, bytes, and whether it keeps up."""

from __future__ import annotations

import asyncio
import sys
import time
from codecs import IncrementalDecoder, getincrementaldecoder
from typing import IO, Any, cast

from textual.app import App
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Event, InputEvent, Key
from textual.message import Message
from textual.screen import Screen

from .wire import tight

SWITCH_S = 0.0005
"""How long a thread waits for the one that draws: a key is read, and a frame written, by threads of their own."""
LATE_S = 1.0
"""A key that has waited for so long is left out: who held it down, or pasted into the void, wants to see the screen."""
QUIET_S = 5.0
"""Between two words about keys that were left out."""


class Pulse:
    """What an application has heard from its terminal and said to it so far.

    Attributes:
        input_at: Monotonic seconds of the newest key, click, or movement of the mouse.
        frames: Frames that were handed to the terminal.
        written: Bytes that the terminal has taken.
    """

    __slots__ = ("frames", "given", "input_at", "taken", "written")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.input_at = time.monotonic()
        self.frames = 0
        self.written = 0
        self.given = self.taken = 0
        """Characters that were handed over, and those of them that are on their way."""

    def hear(self) -> None:
        """Note that a person does something."""
        self.input_at = time.monotonic()

    def heard_within(self, seconds: float) -> bool:
        """Return whether a person has done something in the last `seconds`."""
        return time.monotonic() - self.input_at < seconds

    @property
    def is_congested(self) -> bool:
        """Whether the terminal has not even begun to take all that it was given."""
        return self.given > self.taken


class _Output:
    """The terminal as Textual's writing thread sees it, with what it takes counted."""

    def __init__(self, file: IO[str], pulse: Pulse) -> None:
        self._file, self._pulse = file, pulse
        self._passed_on = 0

    def write(self, text: str) -> None:
        self._file.write(text)
        self._passed_on += len(text)
        self._pulse.written += len(text.encode(errors="replace"))

    def flush(self) -> None:
        # It returns when the kernel has the last byte, and waits for that as long as a slow link needs.
        self._file.flush()
        self._pulse.taken = self._passed_on

    def fileno(self) -> int:
        return self._file.fileno()


def _tolerant(encoding: str) -> Any:
    """Return what makes a decoder that takes a byte of another encoding for a character that nobody has typed."""

    def made() -> IncrementalDecoder:
        return getincrementaldecoder(encoding)("replace")

    return made


# An é of a Latin-1 keyboard, or what a broken link sends, would otherwise end the program: Textual decodes strictly.
vars(linux_driver)["getincrementaldecoder"] = _tolerant


class CountingDriver(LinuxDriver):
    """Textual's own driver, which tells the pulse what it is given.

    Textual queues up to thirty writes for a terminal that takes nothing, which are seconds on a slow link, and then
    stops the whole program until there is room. Whoever looks at the pulse first draws no frame for that queue.
    """

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: Any = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._pulse = cast("PulsedApp", app).pulse
        self._file = cast("Any", _Output(cast("IO[str]", self._file), self._pulse))

    def send_message(self, message: Message) -> None:
        """Pass on what was read, by the thread that reads: it is known before it has passed through any queue."""
        if isinstance(message, InputEvent):
            self._pulse.hear()
        super().send_message(message)

    def write(self, data: str) -> None:
        """Write data, as Textual asks."""
        self._pulse.given += len(data)
        super().write(data)


class PulsedApp(App[None]):
    """An application that has a pulse."""

    def __init__(self) -> None:
        """Begin with nothing heard and nothing said."""
        sys.setswitchinterval(SWITCH_S)
        self.pulse = Pulse()
        self._left_out_at = -1e9
        super().__init__()

    def get_driver_class(self) -> type[Driver]:
        """Return the driver that counts, where Textual would take the one that it stands on."""
        usual = super().get_driver_class()
        return CountingDriver if usual is LinuxDriver else usual

    async def on_event(self, event: Event) -> None:
        """Note when a person does something, and leave out keys of which far more have come than anybody waits for."""
        if isinstance(event, Key):
            # Whatever is queued, everything else gets its turn between two keys.
            await asyncio.sleep(0)
            if time.monotonic() - event.time > LATE_S:
                self._say_keys_are_left_out()
                return
        if isinstance(event, InputEvent):
            self.pulse.hear()
        await super().on_event(event)

    def _say_keys_are_left_out(self) -> None:
        now = time.monotonic()
        if now - self._left_out_at > QUIET_S:
            self.notify("Keys were left out: more came than could be acted on.", severity="warning", timeout=QUIET_S)
        self._left_out_at = now

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        # The only place where every frame passes before it is text.
        super()._display(screen, tight(renderable))

    def post_display_hook(self) -> None:
        """Count the frames."""
        self.pulse.frames += 1
