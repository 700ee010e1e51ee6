"""The lines around the charts: what runs, how far it is, and what was said last."""

from __future__ import annotations

import string
from dataclasses import replace

from rich.cells import cell_len

from engine.method.optimizers import RULES
from engine.method.schedules import Schedule
from engine.text import clean, counted

from ..charts.axes import compact
from ..charts.glyphs import spelled
from ..key_names import with_keys
from ..notices import IN_FORCE, Notice
from ..run_view import RunView
from ..wording import in_words
from .text_rows import Row, Span, titled_row, wrapped_rows

STATES = {
    "waiting": ("◌ waiting", "bold warning"),
    "running": ("● running", "bold success"),
    "paused": ("‖ paused", "bold warning"),
    "ended": ("■ ended", "bold primary"),
    "diverged": ("▲ diverged, paused", "bold error"),
    "gone": ("× no engine", "bold error"),
}
_EIGHTHS = " ▏▎▍▌▋▊▉"
TOGETHER_S = 0.4
"""Lanes that answer within this time answer one person's one change."""
SILENT = "no word from the engine"
LEAST_TITLE = 36
"""Columns that words about the schedule leave for the lesson's title."""


def headline(view: RunView, width: int) -> Row:
    """Return the top row: the lesson, the state, the rule and its learning rate."""
    state, look = STATES[view.lane_state]
    if silent := view.silence_s:
        long = width >= 2 * LEAST_TITLE + len(SILENT)
        state, look = f"? {SILENT if long else 'no word'} for {silent:.0f} s", "bold error"
    optimizer = view.spec.optimizer
    rule = RULES[optimizer.name].title
    base, schedule = in_words(optimizer.lr), view.spec.schedule
    # Between two words of the engine a rate that no schedule moves is known all the same.
    moves = not schedule.is_constant and view.lane.progress is not None
    told = view.lane.progress.lr if moves and view.lane.progress is not None else None
    lr = in_words(schedule.hold or (optimizer.lr if told is None else told))
    method = view.spec.search_method
    if method != "none":
        lr = f"by {method}"
    what: Row = ((rule, "bold foreground"), (f" α {lr} ", "bold accent"))
    if view.is_race:
        what = ((f"{view.lane.title}  ", f"bold {lane_colour(view.lane.number)}"), *what)
    right: Row = ((state, look), ("  ", "plain"), *what)
    for words in _of_the_schedule(base, schedule):
        longer: Row = (*right, (f"{words} ", "dim foreground"))
        if sum(cell_len(text) for text, _ in longer) + LEAST_TITLE <= width:
            right = longer
            break
    if sum(cell_len(text) for text, _ in right) > width:
        right = ((f"{state[:1]} ", look), *what)
    return titled_row(clean(view.welcome.title, 120), right, width)


def _of_the_schedule(base: str, schedule: Schedule) -> tuple[str, ...]:
    """Return how the present rate comes from the base rate, in fewer and fewer words; nothing where it is that."""
    if schedule.hold is None and schedule.is_constant:
        return ()
    held = "held, base" if schedule.hold is not None else "of"
    if schedule.is_constant:
        return (f"{held} {base}",)
    title, sentence = spelled(schedule.title), spelled(schedule.sentence())
    return f"{held} {base}, {sentence}", f"{held} {base} ({title})", f"{held} {base}"


def progress_row(view: RunView, width: int) -> Row:
    """Return the row with the epoch's bar, the counts, the speed and the time left, or as many of them as fit."""
    progress = view.lane.progress
    step: Row = (("step ", "dim foreground"), (f"{view.step:,}", "bold foreground"))
    if progress is None:
        return (*step, ("  waiting for the engine's first word", "dim foreground"))
    parts: list[_Part] = []
    if not view.is_deterministic:
        stop = view.spec.stop.epochs
        done = progress.epochs
        epoch = int(done) + 1 if done != int(done) or not done else int(done)
        share = done - int(done) if done != int(done) else (1.0 if done else 0.0)
        of = f"/{stop:,}" if stop is not None else ""
        filled = bar(share, max(4, min(20, width - 90)))
        parts += [
            (1, (("epoch ", "dim foreground"), (f"{epoch:,}{of}  ", "bold foreground"))),
            (4, (("▕", "dim foreground"), (filled, "primary"), ("▏ ", "dim foreground"))),
            (6, ((f"{share:.0%} of it  ", "dim foreground"),)),
        ]
    parts.append((0, step))
    # Nobody makes steps any more when the engine has gone: the last speed that was told is that of the past.
    if not view.is_gone:
        parts.append((2, ((f"  {_rate(progress.steps_per_second)} steps/s", "foreground"),)))
        if progress.seconds_left is not None:
            parts.append((3, ((f"  {_time(progress.seconds_left)} left", "foreground"),)))
        if progress.evaluations > view.step and view.spec.search_method != "none":
            parts.append((4, ((f"  {progress.evaluations:,} evaluations", "foreground"),)))
        if progress.astray:
            parts.append((6, ((f"  {progress.astray:,}× uphill, so −∇L", "warning"),)))
        if progress.threads > 1:
            parts.append((7, ((f"  {counted(progress.threads, 'thread')}", "dim foreground"),)))
    if progress.point is not None and view.spec.problem.kind == "landscape":
        where = ", ".join(compact(value) for value in progress.point)
        parts.append((1, (("   at ", "dim foreground"), (f"({where})", "bold accent"))))
    held_out = view.held_out_text()
    if held_out:
        parts.append((5, ((f"   {held_out if width >= 90 else held_out.removeprefix('held-out ')}", "success"),)))
    return _fitting(parts, width)


def frozen_row(view: RunView, step: int, width: int) -> Row:
    """Return the row of progress behind a sign that the views stand still at `step`."""
    sign = with_keys(f" ❚❚ VIEW FROZEN at step {step:,}, <view.freeze> goes on ")
    if cell_len(sign) > width // 2:
        sign = with_keys(" FROZEN (<view.freeze>) ")
    return ((sign, "bold reverse warning"), ("  ", "plain"), *progress_row(view, width - cell_len(sign) - 2))


_Part = tuple[int, Row]
"""How soon a part of a row makes room for the others, 0 for never, and the part."""


def _fitting(parts: list[_Part], width: int) -> Row:
    """Return the parts in their order, less those with the highest numbers that do not fit into `width` together."""
    kept = list(parts)
    while len(kept) > 1 and sum(cell_len(text) for _, part in kept for text, _ in part) > width:
        kept.remove(max(kept, key=lambda part: part[0]))
    return tuple(span for _, part in kept for span in part)


def message_rows(view: RunView, width: int, height: int) -> list[Row]:
    """Return the message, on as many rows as it needs and may have on a screen of this height."""
    ((text, look),) = message(view)
    return wrapped_rows(text, look, width, height)


def message(view: RunView) -> tuple[Span]:
    """Return what waits for the engine's answer, what is wrong, or what was said last."""
    if view.asked:
        words = list(view.asked.values())
        more = f" and {len(words) - 1} more" if len(words) > 1 else ""
        return ((f"… asked: {words[-1]}{more}, not in force yet", "warning"),)
    if view.lane.progress is not None and view.lane.progress.problem:
        return ((clean(view.lane.progress.problem), "bold error"),)
    if view.reads_history:
        return (
            (f"reading the history: step {int(max(0.0, view.lane.loss.last_x)):,} of {view.welcome.step:,}", "warning"),
        )
    newest = view.log.newest
    if newest is None:
        return ((clean(view.welcome.see), "dim foreground"),)
    told = _of_all_lanes(view, newest)
    return notice_span(_of_all_fields(view, newest) if told is newest else told)


def _of_all_lanes(view: RunView, newest: Notice) -> Notice:
    """Return the newest notice, or one about all the lanes that have answered the same change with it.

    Where they had different values each of them is told with its own.
    """
    if newest.kind != "command" or newest.lane is None or not view.is_race:
        return newest
    told: dict[int, str] = {}
    for notice in reversed(view.notices):
        if notice.kind != "command" or notice.lane is None or notice.lane in told:
            break
        if notice.at is None or newest.at is None or newest.at - notice.at > TOGETHER_S:
            break
        told[notice.lane] = notice.text
    if len(told) < 2:
        return newest
    before = newest.before.removeprefix(f"{view.lanes[newest.lane].title}: ")
    if len(set(told.values())) == 1:
        text = newest.text
    else:
        *others, last = (f"{view.lanes[lane].title}: {words}" for lane, words in sorted(told.items()))
        text = "; ".join([*(words.removesuffix(IN_FORCE) for words in others), last])
    return replace(newest, text=text, before=f"{len(told)} lanes: {before}")


def _of_all_fields(view: RunView, newest: Notice) -> Notice:
    """Return the newest notice, or one about all the fields of its lane that were changed together with it."""
    told: dict[str, str] = {}
    for notice in reversed(view.notices):
        change, arrow, _ = notice.text.partition(" → ")
        field = change.rpartition(" ")[0]
        belongs = (notice.kind, notice.lane, notice.before) == ("command", newest.lane, newest.before)
        if not belongs or not arrow or not field or field in told or newest.at is None or notice.at is None:
            break
        if newest.at - notice.at > TOGETHER_S:
            break
        told[field] = notice.text
    if len(told) < 2:
        return newest
    last, *earlier = told.values()
    texts = [*(words.removesuffix(IN_FORCE) for words in reversed(earlier)), last]
    return replace(newest, text=f"{len(told)} changes: {', '.join(texts)}")


def notice_span(notice: Notice) -> tuple[Span]:
    """Return one notice with its look."""
    look = {"information": "foreground", "warning": "bold warning", "error": "bold error"}[notice.severity]
    return ((notice.words, look),)


def bar(share: float, width: int) -> str:
    """Return a bar of `width` cells, filled to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    whole, part = divmod(eighths, 8)
    text = "█" * whole + (_EIGHTHS[part] if part else "")
    return text.ljust(width)


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else compact(value) if value < 1 else f"{value:.1f}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours > 99:
        return "days"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


_OF_THE_THEME = ("primary", "accent", "success", "warning", "error")
_OTHERS = ("#CC79A7", "#8C6BD6", "#9A8C7C", "#00A6A6", "#B0563A", "#6E9B2F", "#D46AD4", "#5C7FA3", "#A38A2E", "#7A7A7A")
_LANE_COLOURS = (*_OF_THE_THEME, *_OTHERS)
"""The lanes' colours, by their numbers: first those of the theme, which everyone can tell apart."""


def lane_colour(number: int) -> str:
    """Return the colour that a lane has everywhere."""
    return _LANE_COLOURS[number % len(_LANE_COLOURS)]


def lane_letter(number: int) -> str:
    """Return the letter that stands for a lane where a line has no room for more, or no colour."""
    return string.ascii_uppercase[number]


def lane_rows(view: RunView, width: int, height: int) -> list[Row]:
    """Return the legend of a race: every lane's letter, title and newest loss, the lanes that the keys steer marked.

    Args:
        view: The race.
        width: Cells of a row.
        height: Rows of the screen; the legend takes a sixth of them at most.
    """
    rows: list[list[list[Span]]] = [[]]
    used = 0
    for lane in view.lanes:
        curve = lane.loss if view.is_deterministic else lane.smoothed
        steered = view.steers_all or lane is view.lane
        state = {"ended": " ended", "diverged": " diverged"}.get(lane.state, "")
        spans = [
            (" ▸" if steered else "  ", "bold foreground"),
            (f"{lane_letter(lane.number)} ", f"bold {lane_colour(lane.number)}"),
            (lane.title, "bold foreground" if lane is view.lane else "foreground"),
            (f" {compact(curve.last)}" if curve.count else "", lane_colour(lane.number)),
            (f"{state} ", "bold error" if lane.state == "diverged" else "dim foreground"),
        ]
        cells = sum(cell_len(text) for text, _ in spans)
        if used and used + cells > width:
            rows.append([])
            used = 0
        rows[-1].append(spans)
        used += cells
    hint = "   l another lane · a all lanes"
    kept, hidden = rows[: max(1, height // 6)], sum(map(len, rows[max(1, height // 6) :]))
    while hidden and len(kept[-1]) > 1 and _cells(kept[-1]) + cell_len(f" +{hidden}") > width:
        kept[-1].pop()
        hidden += 1
    shown = [tuple(span for lane in row for span in lane) for row in kept]
    if hidden:
        shown[-1] = (*shown[-1], (f" +{hidden}", "bold foreground"))
    elif _cells(kept[-1]) + cell_len(hint) <= width:
        shown[-1] = (*shown[-1], (hint, "dim foreground"))
    return shown


def _cells(lanes: list[list[Span]]) -> int:
    return sum(cell_len(text) for lane in lanes for text, _ in lane)
