"""The rows above and below a landscape."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len

from ..charts.axes import compact
from ..charts.bands import Heights, Levels
from ..charts.window import Place
from ..key_names import with_keys
from ..preview import described
from ..widgets.text_rows import Row, Span
from .function_sight import FunctionSight
from .landscape_scenes import colour_of, sign_of
from .plane_sight import PlaneSight


def function_title(sight: FunctionSight, levels: Levels | None, *, follows: bool, width: int) -> Row:
    """Return what is seen: the function, what is held, the scale, and of a race who is who.

    Args:
        sight: What is known of the function.
        levels: The levels that are drawn.
        follows: Whether the window follows the point.
        width: Cells of the row. Where it has no room for all the lanes, the rows over the views tell them alone.
    """
    run = sight.run
    spans: list[Span] = [(described(run.spec)[0][1], "bold foreground")]
    held = sight.facts.get("held") or {}
    if held:
        values = ", ".join(f"{name} = {compact(float(value))}" for name, value in held.items())
        spans.append((f"   at {values}", "foreground"))
    if levels is not None:
        over = f" of f − ({compact(levels.floor)})" if levels.is_log and levels.floor else ""
        spans.append((f"   {'logarithmic' if levels.is_log else 'linear'}{over}", "dim foreground"))
    if follows:
        spans.append(("   follows", "accent"))
    if run.is_race:
        key = [(f" {sign_of(run, lane.number)} {lane.title}", colour_of(run, lane.number)) for lane in run.lanes]
        if 2 + sum(cell_len(text) for text, _ in [*spans, *key]) <= width:
            spans += [("  ", "plain"), *key]
    return tuple(spans)


def function_readout(sight: FunctionSight, aim: Place | None) -> Row:
    """Return where the point is and how steep it is there, or where it is to start."""
    names = [str(name) for name in sight.facts.get("names", ["x", "y"])][:2]
    if aim is not None:
        at, height = _at(names, aim), compact(sight.height_at(aim))
        return (
            (f"start at {at}?  f {height}   ", "bold accent"),
            (with_keys("<landscape.confirm> starts there · esc leaves"), "foreground"),
        )
    motion, run = sight.motion(), sight.run
    if motion is None:
        return ()
    whose = f"{sign_of(run, run.lane.number)} {run.lane.title}  " if run.is_race else ""
    spans: list[Span] = [
        (whose, colour_of(run, run.lane.number)),
        (f"{_at(names, motion.point)}  ", "foreground"),
        (f"f {compact(motion.loss)}  ", "bold accent"),
        (f"‖∇f‖ {compact(motion.gradient_norm)}", "success"),
    ]
    if motion.coast is not None:
        spans.append((f"  momentum moves it by {compact(math.hypot(*motion.coast))}", "warning"))
    if motion.ball is not None:
        spans.append(("  ● ball  ◉ look-ahead", "foreground"))
    seen = sight.search()
    if seen is not None and seen.facts["accepted"] is not None:
        count = len(seen.arrays["trials"])
        trials = "1 trial" if count == 1 else f"{count} trials"
        spans.append((f"  accepted α {compact(float(seen.facts['accepted']))} after {trials}", "accent"))
    return tuple(spans)


def plane_title(sight: PlaneSight) -> Row:
    """Return what is seen of a network."""
    return ((sight.title(), "bold foreground"),)


def plane_readout(sight: PlaneSight) -> Row:
    """Return the loss in the middle, how far the engine is, and what the keys would do."""
    spans: list[Span] = []
    if sight.seen is not None:
        spans.append((f"● loss {compact(float(sight.seen.facts['loss']))}   ", "bold accent"))
    progress = sight.progress() or sight.steps_since
    if progress:
        spans.append((f"{progress}   ", "warning" if sight.refusal else "foreground"))
    if not sight.is_waiting and sight.heights is not None:
        spans.append(
            (
                with_keys(f"<landscape.compute> computes it anew · <landscape.directions>: {sight.wanted}"),
                "dim foreground",
            )
        )
    return tuple(spans)


def table(heights: Heights | None, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return heights as the rows of a table, with their coordinates by these names."""
    if heights is None:
        return []
    head = (*names, "f")
    rows = [
        (repr(float(x)), repr(float(y)), repr(float(value)))
        for y, row in zip(heights.y, heights.values, strict=True)
        for x, value in zip(heights.x, row, strict=True)
    ]
    return [head, *((x, value) for x, _, value in rows)] if len(names) < 2 else [head, *rows]


def _at(names: Sequence[str], place: Place) -> str:
    return "  ".join(f"{name} {compact(number)}" for name, number in zip(names, place, strict=False))
