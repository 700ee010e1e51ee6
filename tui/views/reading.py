"""The row under the charts: what stands under the crosshair, or how the charts are laid out, and their keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len
from textual.events import Click
from textual.message import Message

from ..charts.abscissa import NAMES, Abscissa
from ..charts.axes import compact_step
from ..charts.milestones import Measure, Milestones
from ..charts.slopes import Turn
from ..charts.viewport import Viewport
from ..recorded import EarlierRun
from ..widgets.text_rows import Span, TextRows

Part = tuple[str, str, str]
"""Text, its look, and the action that a click on it takes, "" for none."""
KEYS: tuple[Part, ...] = (
    ("  <curves.charts> charts", "dim foreground", "choose"),
    ("  <curves.crosshair> crosshair", "dim foreground", "crosshair"),
    ("  <curves.measure> axis", "dim foreground", "measure"),
    ("  <curves.y-scale> log", "dim foreground", "scale"),
    ("  <curves.smoother> smooth", "dim foreground", "smooth(1)"),
    ("  <curves.follow> follow", "dim foreground", "follow"),
    ("  <curves.changes> changes", "dim foreground", "changes"),
    ("  <curves.earlier> earlier runs", "dim foreground", "earlier"),
)
_ALSO: tuple[Measure, ...] = ("step", "epoch", "time")


def at_pointer(milestones: Milestones, measure: Measure, place: float, turns: Sequence[Turn]) -> list[list[Part]]:
    """Return where the crosshair stands, and what the live change before it did to the loss; shorter ones after it."""
    # Between two steps there is nothing to be seen: all measures are those of the step that is named.
    step = float(np.round(milestones.steps_at(measure, place)))
    shown = _ALSO if measure in _ALSO else (*_ALSO, measure)
    words = [Abscissa(measure=each).text(float(milestones.at(each, step))) for each in shown]
    said: list[Part] = [(" · ".join(words), "bold foreground", "crosshair")]
    before = [turn for turn in turns if turn.marker.step <= step + 0.5]
    if not before:
        return [said]
    step_alone, last = (words[0], "bold foreground", "crosshair"), before[-1]
    brief = _told(last.brief)
    return [[*said, _told(last.words)], [*said, brief], [step_alone, brief], [brief]]


def at_rest(
    viewport: Viewport, measure: Measure, window: int, earlier: Sequence[EarlierRun], turns: Sequence[Turn]
) -> list[list[Part]]:
    """Return what is seen, smoothed over `window` steps, and what the last live change did; shorter ones after it."""
    low, high = (compact_step(value) for value in viewport.shown)
    what = {"whole": "whole run", "newest": "following the newest", "still": f"{low} to {high}"}[viewport.manner]
    smoothing = f"smoothed over {compact_step(window)}" if window > 1 else "not smoothed"
    said: list[Part] = [
        (f"{NAMES[measure]}: {what}", "foreground", "measure"),
        (" · ", "dim foreground", ""),
        (smoothing, "foreground", "smooth(1)"),
    ]
    for run in earlier:
        is_known = all(track.milestones.knows(measure) for _, track in run.tracks)
        state = "" if is_known else f" ({NAMES[measure]} not known)"
        state = f" ({run.problem})" if run.problem else state if run.is_read else " …"
        said.append((f" · with {run.name}{state}", "accent", "earlier"))
    if not turns:
        return [said]
    last = turns[-1]
    return [[*said, _told(last.words)], [*said, _told(last.brief)], [said[0], _told(last.brief)], [_told(last.brief)]]


def _told(words: str) -> Part:
    return f"  ┊ {words}", "accent", "changes"


class Reading(TextRows):
    """One row whose parts can be clicked."""

    class Clicked(Message):
        """Somebody wants what a part stands for."""

        def __init__(self, action: str) -> None:
            """Say which action."""
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        """Make an empty row."""
        super().__init__(id="reading")
        self._ends: list[tuple[int, str]] = []

    def tell(self, versions: Sequence[Sequence[Part]], keys: Sequence[Part]) -> None:
        """Show the first of the versions that has room, else the last, and at the right as many of the keys as fit."""
        rooms = [self.size.width - sum(cell_len(text) for text, _, _ in said) for said in versions]
        said, room = next(
            ((said, room) for said, room in zip(versions, rooms, strict=True) if room >= 0), (versions[-1], rooms[-1])
        )
        kept: list[Part] = []
        for part in keys:
            room -= cell_len(part[0])
            if room < 2:
                break
            kept.append(part)
        gap = self.size.width - sum(cell_len(text) for text, _, _ in (*said, *kept))
        spans: list[Span] = []
        self._ends = []
        end = 0
        for text, look, action in (*said, (" " * max(gap, 0), "plain", ""), *kept):
            spans.append((text, look))
            end += cell_len(text)
            self._ends.append((end, action))
        self.show([tuple(spans)])

    def on_click(self, event: Click) -> None:
        """Do what the clicked part stands for."""
        column = event.get_content_offset_capture(self).x
        action = next((action for end, action in self._ends if column < end), "")
        if action:
            self.post_message(self.Clicked(action))
