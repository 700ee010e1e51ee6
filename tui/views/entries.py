"""What there is to be seen of the entries of a tensor, and how it is put into words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.run.events import Seen
from engine.text import counted

from ..charts.axes import compact
from ..charts.glyphs import spelled
from ..widgets.text_rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Something to be seen of every parameter."""

    key: str
    about: str
    """As the engine calls it."""
    title: str
    figure: int
    """The column of the table that sums it up."""
    is_norm: bool
    """Whether that is a length, which is the RMS times the root of the number of entries."""
    line: str
    """What the line of that figure is called."""


QUANTITIES = (
    Quantity(key="v", about="root", title="√v̂", figure=2, is_norm=False, line="RMS"),
    Quantity(key="e", about="rate", title="effective α", figure=3, is_norm=False, line="the table's"),
    Quantity(key="g", about="gradient", title="gradient", figure=1, is_norm=True, line="RMS of the minibatch's"),
    Quantity(key="w", about="weight", title="weights", figure=0, is_norm=True, line="RMS"),
)


def matrix_shape(seen: Seen) -> tuple[int, int]:
    """Return the rows and columns of the tensor that was seen; a vector is a row."""
    shape = seen.facts["shape"]
    return (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, math.prod(shape))


def in_words(seen: Seen, title: str, width: int) -> Row:
    """Return what was seen, and when, as a row; the quartiles only where there is room for them."""
    facts = seen.facts
    low, middle, high = facts["quartiles"]
    values = [("min", facts["low"]), ("median", middle), ("max", facts["high"]), ("RMS", facts["rms"])]
    of = f" of {counted(facts['samples'], 'sample')}" if facts["samples"] > 1 else ""
    heading = f"step {seen.step:,}{of}  "
    if width >= 110:
        values[1:2] = [(spelled("¼"), low), ("median", middle), (spelled("¾"), high)]
        heading = f"{title}{of} after step {seen.step:,}  "
    spans = [(heading, "dim foreground")]
    for word, value in values:
        spans += [(f"{word} ", "dim foreground"), (f"{compact(value)}  ", "bold foreground")]
    return *spans, *((f"{note}  ", "warning") for note in _notes(seen))


def in_blocks(seen: Seen) -> str:
    """Return what a cell of the picture stands for; nothing where it is one entry."""
    facts, (rows, columns) = seen.facts, seen.arrays["cells"].shape
    shape = matrix_shape(seen)
    blocks = -(-shape[0] // rows), -(-shape[1] // columns)
    if blocks == (1, 1):
        return ""
    what = "mean" if facts["block"] == "mean" else "largest"
    return f", a cell is the {what} of up to {blocks[0]}×{blocks[1]}"


def _notes(seen: Seen) -> list[str]:
    """Return what is to be said about what was seen."""
    facts = seen.facts
    notes: list[str] = [spelled(facts["note"])] if facts["note"] else []
    if facts["every"] > 1:
        notes.append(f"one row in {facts['every']} so far")
    if facts["not_finite"]:
        notes.append(f"{facts['not_finite']:,} not finite")
    if facts["drawn"] < facts["count"]:
        notes.append(f"quartiles of {facts['drawn']:,} entries")
    return notes
