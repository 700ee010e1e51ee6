"""The row that says how fast everything is."""

from __future__ import annotations

import resource
import statistics
import sys
from collections.abc import Collection
from pathlib import Path

from ..frame_clock import FrameClock
from ..run_view import RunView
from .text_rows import Row

WIDE = 150
"""Columns from which on there is room to say what each figure is."""


def debug_row(clock: FrameClock, answers_ms: Collection[float], run: RunView, width: int) -> Row:
    """Return what the last two seconds of frames were like, and the last answers of the engine, in one row."""
    pace = clock.pace
    answers = (
        f"{statistics.median(answers_ms):.0f} ms, worst {max(answers_ms):.0f}" if answers_ms else "no key pressed yet"
    )
    rate = run.lane.progress.steps_per_second if run.lane.progress is not None else None
    if width < WIDE:
        answer = f"{statistics.median(answers_ms):.0f} ms" if answers_ms else "–"
        text = (
            f" {pace.frames_per_second:.0f}/{clock.frames_per_second:g} frames/s · {pace.mean_ms:.1f} ms · "
            f"{pace.bytes_a_frame / 1e3:.1f} kB · answer {answer} · {rate or 0.0:,.0f} steps/s · "
            f"{memory_bytes() / 1e6:.0f} MB"
        )
        return ((text, "foreground"),)
    figures = (
        ("frames/s", f"{pace.frames_per_second:.1f} of {clock.frames_per_second:g}"),
        ("a frame", f"{pace.mean_ms:.1f} ms, worst {pace.worst_ms:.1f}"),
        ("on the wire", f"{pace.bytes_a_frame / 1e3:.1f} kB a frame"),
        ("key to answer", answers),
        ("engine", f"{rate:,.0f} steps/s" if rate else "rests"),
        ("memory", f"{memory_bytes() / 1e6:.0f} MB"),
    )
    spans = [((f" {name} ", "dim foreground"), (f"{value} ", "foreground")) for name, value in figures]
    return tuple(span for pair in spans for span in pair)


def memory_bytes() -> int:
    """Return the memory that this process has at present; where the system does not say, the most it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most
    return pages * resource.getpagesize()
