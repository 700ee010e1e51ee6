"""One sign that training goes wrong, and what keeps it from being told twice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A sign that begins, or that is over."""

    about: str
    """Its kind, by its name in `KINDS`."""
    step: int
    """It was noticed after this many steps."""
    tensor: str = ""
    """The tensor or the layer that it is about; nothing where it is about all of training."""
    text: str
    """What was seen, with its numbers, as a sentence without its full stop."""
    over: bool = False


class Latch:
    """Tells once that something begins, when it has been so several times in a row, and once that it is over.

    What comes and goes is believed ever later: after every end it takes twice as many times in a row as before.
    """

    def __init__(self, patience: int) -> None:
        """Believe what was seen so many times in a row."""
        self._patience = patience
        self._seen = 0
        self.is_on = False

    def see(self, *, begins: bool, ends: bool) -> bool:
        """Look at it once more and return whether it has begun or ended just now; `is_on` says which.

        Between the two thresholds, where it neither begins nor ends, everything stays as it is.
        """
        seen = ends if self.is_on else begins
        self._seen = self._seen + 1 if seen else 0
        if self._seen < self._patience:
            return False
        if self.is_on:
            self._patience *= 2
        self.is_on, self._seen = not self.is_on, 0
        return True


class Latches:
    """The latches of one watcher, and the alarms that are still to be told."""

    def __init__(self, patience: int) -> None:
        """Believe what was seen so many times in a row."""
        self._patience = patience
        self._latches: dict[tuple[str, str], Latch] = {}
        self._alarms: list[Alarm] = []

    def see(self, about: str, step: int, text: str, *, begins: bool, ends: bool, tensor: str = "") -> None:
        """Look at one sign once more; `text` says what was seen, also when it is over."""
        latch = self._latches.get((about, tensor))
        if latch is None:
            if not begins:
                return
            latch = self._latches[about, tensor] = Latch(self._patience)
        if latch.see(begins=begins, ends=ends):
            self._alarms.append(Alarm(about=about, step=step, tensor=tensor, text=text, over=not latch.is_on))

    @property
    def is_any_on(self) -> bool:
        """Whether there is a sign that has begun and is not over."""
        return any(latch.is_on for latch in self._latches.values())

    def take(self) -> list[Alarm]:
        """Return what has begun or ended since the last time."""
        alarms, self._alarms = self._alarms, []
        return alarms
