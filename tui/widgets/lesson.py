"""The lesson panel: what to see, what to try, how near the goal is, and what is locked."""

from __future__ import annotations

from textual.content import Content

from engine.method.lock_table import in_words
from engine.method.standing import Condition, Standing
from engine.text import clean, counted

from ..charts.axes import compact
from ..charts.glyphs import spelled
from ..key_names import with_keys
from ..run_view import RunView
from .status import bar
from .text_rows import Row, TextRows


class LessonPanel(TextRows):
    """Stands beside the views, or over them where there is no room beside."""

    DEFAULT_CSS = """
    LessonPanel {
        layer: above; dock: right; width: 40; height: 100%; max-width: 100%;
        overflow: hidden auto; background: $surface; padding: 0 1; border-left: solid $primary;
        scrollbar-size-vertical: 1;
    }
    """

    def __init__(self) -> None:
        """Make an empty one, which is not shown."""
        super().__init__(id="lesson")
        self.display = False

    def tell(self, run: RunView) -> None:
        """Show the lesson as it stands now."""
        self.show(lesson_rows(run, self.size.width))


def lesson_rows(run: RunView, width: int) -> list[Row]:
    """Return the lesson on rows of so many cells."""
    welcome, lane = run.welcome, run.lane
    rows: list[Row] = _wrapped(welcome.title or welcome.preset, "bold primary", width)
    for heading, text in (("See", welcome.see), ("Try", welcome.try_)):
        if text:
            rows += [(), ((heading, "bold accent"),), *_wrapped(text, "foreground", width)]
    goal = lane.progress.goal if lane.progress is not None else None
    whose = f" of {lane.title}" if run.is_race else ""
    if goal is not None:
        rows += [(), ((f"Goal{whose}", "bold accent"),), *_goal_rows(goal, run.step, width)]
    elif lane.progress is not None:
        rows += [(), (("No goal: look around.", "dim foreground"),)]
    locked = in_words(welcome.locks)
    if locked:
        rows += [(), (("Locked by the lesson", "bold accent"),), *_wrapped(locked, "foreground", width)]
    seed = lane.spec.seed
    if run.spec.problem.kind == "dataset":
        told = f"seeds: data {seed.data}, weights {seed.init}, batches {seed.batches}"
        rows += [(), *_wrapped(told, "dim foreground", width)]
    rows += [(), ((with_keys("<view.lesson> closes this"), "dim foreground"),)]
    return rows


def _goal_rows(goal: Standing, step: int, width: int) -> list[Row]:
    rows = _wrapped(goal.text, "foreground", width)
    for condition in goal.conditions:
        rows += _condition_rows(condition, width)
    if goal.reached is None:
        rows += _wrapped(f"○ open{_time_left(goal, step)}", "bold warning", width)
    elif goal.by:
        how = f"by {goal.by} after {counted(goal.step, 'step')}" if goal.reached else f"by {goal.by}: {goal.reason}"
        rows += _wrapped(f"■ over: {'' if goal.reached else 'not '}reached {how}", "bold primary", width)
    elif goal.reached:
        rows.append(((f"✓ reached after {counted(goal.step, 'step')}", "bold success"),))
    else:
        rows += _wrapped(f"✗ not reached: {goal.reason}", "bold error", width)
    return rows


def _time_left(goal: Standing, step: int) -> str:
    if goal.within is None:
        return ""
    left = goal.within - step
    # The last update that counts is judged with the step after it, or when another lane has settled the race.
    return f": {counted(left, 'step')} left" if left > 0 else ", and soon settled: no step counts any more"


def _condition_rows(condition: Condition, width: int) -> list[Row]:
    rows = _wrapped(condition.words, "dim foreground", width)
    done = condition.met is not None
    if condition.best is None and not done:
        return rows
    # Short of the goal nothing looks as if it were there.
    percent = "met" if done else f"{min(0.99, condition.share):.0%}"
    best = "" if condition.best is None else f" best {compact(condition.best)}"
    room = max(4, width - 6 - len(best))
    look = "success" if done else "primary"
    rows.append(
        ((bar(1.0 if done else min(condition.share, 0.99), room), look), (f" {percent:<4}", look), (best, "foreground"))
    )
    return rows


def _wrapped(text: str, look: str, width: int) -> list[Row]:
    return [((line.plain.rstrip(), look),) for line in Content(spelled(clean(text, 2000))).wrap(max(8, width))]
