"""How a race came out, for people who read it in the end: one row a lane, the best first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engine.method.stopping import StopSpec
from engine.run import events
from engine.text import clean


def race_table(
    titles: Sequence[str],
    finished: Mapping[int, events.Finished],
    evaluated: Mapping[tuple[int, str], events.Evaluated],
    judged: Mapping[int, events.Judged],
) -> list[str]:
    """Return a heading and a row for every lane.

    The first are those that reached the goal, the earliest first; all others follow by their training loss.

    Args:
        titles: Of the lanes, by their numbers.
        finished: How each lane ended.
        evaluated: The last evaluation of each lane on each split.
        judged: What became of the goal, for the lanes that were judged.
    """
    held_out = any(split == "held_out" for _, split in evaluated)
    accurate = any(split == "held_out" and found.accuracy is not None for (_, split), found in evaluated.items())
    rows = [["", "lane", "title", "steps", "ended by", "training loss"]]
    rows[0] += ["held-out loss"] * held_out + ["right"] * accurate + ["goal"] * bool(judged)
    for place, number in enumerate(sorted(finished, key=lambda lane: _rank(finished[lane], judged.get(lane))), start=1):
        end, found = finished[number], evaluated.get((number, "held_out"))
        row = [f"{place}.", str(number), clean(titles[number], 40), f"{end.step:,}", ending(end), f"{end.loss:.6g}"]
        row += [f"{found.loss:.6g}" if found is not None else ""] * held_out
        row += [f"{found.accuracy:.1%}" if found is not None and found.accuracy is not None else ""] * accurate
        row += [_goal(judged.get(number))] * bool(judged)
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def ending(finished: events.Finished) -> str:
    """Return why a lane has ended, in a word or two."""
    return f"stop.{finished.reason}" if finished.reason in StopSpec.model_fields else finished.reason


def _rank(finished: events.Finished, judged: events.Judged | None) -> tuple[float, float]:
    reached = judged.step if judged is not None and judged.reached else math.inf
    # A lane that diverged keeps the last point with a finite loss, which may be as high as can be.
    lost = finished.reason == "diverged" or not math.isfinite(finished.loss)
    return reached, math.inf if lost else finished.loss


def _goal(judged: events.Judged | None) -> str:
    if judged is None:
        return ""
    return f"after {judged.step:,}" if judged.reached else "missed"
