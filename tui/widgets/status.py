"""The lines around the charts: what runs, how far it is, and what was said last."""

from __future__ import annotations

from rich.cells import cell_len

from engine.method.optimizers import RULES
from engine.text import clean

from ..charts.axes import compact
from ..run_view import Notice, RunView
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


def headline(view: RunView, width: int) -> Row:
    """Return the top row: the lesson, the state, the rule and its learning rate."""
    state, look = STATES[view.state]
    if view.silence_s:
        state, look = f"? silent for {view.silence_s:.0f} s", "bold error"
    optimizer = view.spec.optimizer
    rule = RULES[optimizer.name].title
    lr = f"{optimizer.lr:.4g}"
    right: Row = (
        (state, look),
        ("  ", "plain"),
        (rule, "bold foreground"),
        (f" α {lr} ", "bold accent"),
    )
    return titled_row(clean(view.welcome.title, 120), right, width)


def progress_row(view: RunView, width: int) -> Row:
    """Return the row with the epoch's bar, the counts, the speed and the time left."""
    progress = view.progress
    step = ("step ", "dim foreground"), (f"{view.step:,}", "bold foreground")
    if progress is None:
        return (*step, ("  waiting for the engine's first word", "dim foreground"))
    rate = (f"  {_rate(progress.steps_per_second)} steps/s", "foreground")
    left = (
        (f"  {_time(progress.seconds_left)} left", "foreground") if progress.seconds_left is not None else ("", "plain")
    )
    if view.is_deterministic:
        parts: Row = (*step, rate, left)
        if progress.point is not None:
            where = ", ".join(f"{value:.4g}" for value in progress.point)
            parts = (*parts, ("   at ", "dim foreground"), (f"({where})", "bold accent"))
    else:
        stop = view.spec.stop.epochs
        done = progress.epochs
        epoch = int(done) + 1 if done != int(done) or not done else int(done)
        share = done - int(done) if done != int(done) else (1.0 if done else 0.0)
        of = f"/{stop:,}" if stop is not None else ""
        bar_width = max(4, min(20, width - 90))
        parts = (
            ("epoch ", "dim foreground"),
            (f"{epoch:,}{of} ", "bold foreground"),
            ("▕", "dim foreground"),
            (bar(share, bar_width), "primary"),
            ("▏", "dim foreground"),
            (f" {share:.0%} of it  " if width >= 90 else "  ", "dim foreground"),
            *step,
            rate,
            left,
        )
        held_out = view.held_out_text()
        if held_out:
            short = f"   {held_out.removeprefix('held-out ') if width < 90 else held_out}"
            if sum(cell_len(text) for text, _ in parts) + cell_len(short) <= width:
                parts = (*parts, (short, "success"))
    return parts


def message_rows(view: RunView, width: int) -> list[Row]:
    """Return the message, on as many rows as it needs and may have."""
    ((text, look),) = message(view)
    return wrapped_rows(text, look, width)


def message(view: RunView) -> tuple[Span]:
    """Return what waits for the engine's answer, what is wrong, or what was said last."""
    if view.asked:
        words = list(view.asked.values())
        more = f" and {len(words) - 1} more" if len(words) > 1 else ""
        return ((f"… asked: {words[-1]}{more}, not in force yet", "warning"),)
    if view.progress is not None and view.progress.problem:
        return ((clean(view.progress.problem), "bold error"),)
    if view.reads_history:
        return ((f"reading the history: step {int(max(0.0, view.loss.last_x)):,} of {view.welcome.step:,}", "warning"),)
    if not view.notices:
        return ((clean(view.welcome.see), "dim foreground"),)
    return notice_span(view.notices[-1])


def notice_span(notice: Notice) -> tuple[Span]:
    """Return one notice with its look."""
    look = {"information": "foreground", "warning": "bold warning", "error": "bold error"}[notice.severity]
    return ((notice.text, look),)


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
