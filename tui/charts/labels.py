"""What live changes did to the fields, in the few words of a label, and what several of them came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

UNDONE = "several changes undone"
MOST_TOLD = 3
"""Of so many fields is told what became of them within a group of changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a live change did to one field, in words."""

    key: str
    """What tells fields apart."""
    sign: str | None
    """Stands before the new value; None where both values are told, as in "adam → sgd"."""
    old: str
    new: str

    @property
    def words(self) -> str:
        """For example "α 0.0011" or "adam → sgd"."""
        return f"{self.old} → {self.new}" if self.sign is None else f"{self.sign} {self.new}".lstrip()


class Label(str):
    """The words of a marker that know the changes they tell of, so that those of several can be told as one."""

    __slots__ = ("changes",)
    changes: tuple[Change, ...]

    def __new__(cls, words: str, changes: Iterable[Change]) -> Label:
        """Return the words, with the changes."""
        label = super().__new__(cls, words)
        label.changes = tuple(changes)
        return label


def net_label(labels: Sequence[str]) -> str:
    """Return what the changes with these labels, in their order, came to; `UNDONE` where all is as before."""
    if len(labels) == 1:
        return labels[0]
    net: dict[str, Change] = {}
    for label in labels:
        for change in _told(label):
            before = net.pop(change.key, None)
            net[change.key] = change if before is None else replace(change, old=before.old)
    left = sorted((each for each in net.values() if each.old != each.new), key=lambda each: each.sign is not None)
    more = "…" if len(left) > MOST_TOLD else ""
    return ", ".join(each.words for each in left[:MOST_TOLD]) + more or UNDONE


def _told(label: str) -> tuple[Change, ...]:
    if isinstance(label, Label):
        return label.changes
    # Of other words the last of each kind hold, told apart by the first one: "α 1" follows "α 0.1", but not "batch 8".
    return (Change(key=label.partition(" ")[0], sign="", old="", new=label),) if label else ()
