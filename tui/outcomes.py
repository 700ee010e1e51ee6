"""What came of a run or of its goal, in words; light, as `gdtui run` loads it before the first step."""

from __future__ import annotations

from engine.method.alarms.kinds import KINDS
from engine.run import events
from engine.text import clean, counted


def verdict_in_words(judged: events.Judged) -> str:
    """Return whether a goal was reached, and when or why not."""
    if judged.reached:
        return f"reached after {counted(judged.step, 'step')}"
    return f"not reached: {judged.reason}"


def divergence_in_words(diverged: events.Diverged) -> tuple[str, str]:
    """Return what was not finite, and what to try from the command line."""
    what = (
        "loss is not finite" if diverged.quantity == "loss" else "gradient is not finite, or too large to be squared,"
    )
    words = f"the {what} at step {diverged.step:,} (first in {diverged.tensor})"
    if diverged.step == 1:
        return words, "nothing was trained yet: try another start, or other data"
    kept = f"the last parameters with a finite loss are kept{after(diverged)}"
    return words, f"{kept}. Try a smaller optimizer.lr, or clip.norm=1"


def after(diverged: events.Diverged) -> str:
    """Return how many updates led to the parameters that are kept, in brackets; nothing where nobody knows."""
    return "" if diverged.updates is None else f" (after {counted(diverged.updates, 'update')})"


def warning_in_words(warned: events.Warned) -> str:
    """Return which sign of trouble has begun and what was seen, or which one is over."""
    title = KINDS[warned.about].title if warned.about in KINDS else clean(warned.about, 40)
    if warned.over:
        # What was seen is a sentence that states the trouble: beside "no longer" it would say the contrary.
        return f"no longer: {title}" + (f" in {clean(warned.tensor, 80)}" if warned.tensor else "")
    return f"{title}: {clean(warned.text, 400)}"
