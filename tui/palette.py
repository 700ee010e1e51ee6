"""The commands of a run for the palette: every one by its name, as people would look for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from textual.app import SystemCommand

from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES

from .charts.glyphs import spelled
from .screens.dashboard import Dashboard
from .screens.settings import form_keys
from .views import VIEWS
from .wording import in_words, section_of, symbol_of


def commands_of(dashboard: Dashboard) -> Iterator[SystemCommand]:
    """Yield everything that can be asked of a dashboard, but what the lesson has locked."""
    for action, arguments, title, words in _ACTIONS:
        if dashboard.is_locked(action) or not dashboard.check_action(action, arguments):
            continue
        callback: Callable[..., Any] = getattr(dashboard, f"action_{action}")
        yield SystemCommand(title, words, lambda callback=callback, arguments=arguments: callback(*arguments))
    rule = RULES[dashboard.view.spec.optimizer.name].title
    yield SystemCommand(
        f"Settings: hyperparameters of {rule}, batch, pace…", "by slider and by number", dashboard.action_settings
    )
    for number, kind in enumerate(VIEWS):
        yield SystemCommand(
            f"Show {kind.title}",
            f"the view of the key {number + 1}",
            lambda number=number: dashboard.action_view(number),
        )
    yield from _switches(dashboard)
    yield from _fields(dashboard)


def _switches(dashboard: Dashboard) -> Iterator[SystemCommand]:
    """Yield one command for every other optimizer and schedule."""
    spec = dashboard.view.spec
    for name, rule in RULES.items():
        if name == spec.optimizer.name or dashboard.is_locked("optimizer"):
            continue
        for carry, how in ((True, "carry the state over"), (False, "start anew")):
            yield SystemCommand(
                f"Switch to {rule.title}: {how}",
                "from the next step on",
                lambda name=name, carry=carry: dashboard.switch_optimizer(name, carry=carry),
            )
    for name, schedule in SCHEDULES.items():
        if name != spec.schedule.name and not dashboard.is_locked("schedule"):
            yield SystemCommand(
                f"Schedule: {name}",
                f"{spelled(schedule.title)}, from the next step on",
                lambda name=name: dashboard.switch_schedule(name),
            )


def _fields(dashboard: Dashboard) -> Iterator[SystemCommand]:
    """Yield one command for every field of the form, which it opens there."""
    spec = dashboard.view.spec
    for key in form_keys(spec):
        if dashboard.view.welcome.locks.holds(key):
            continue
        owner, field = section_of(key, spec)
        title, symbol = owner.model_fields[field].title or field, symbol_of(key, spec)
        section = key.partition(".")[0].replace("_", " ")
        value = getattr(getattr(spec, key.partition(".")[0]), field)
        sign = "" if symbol == title else f" {symbol}"
        yield SystemCommand(
            f"Set {section}: {title}{sign}",
            f"now {in_words(value)}",
            lambda key=key: dashboard.action_settings(key),
        )


_RATE = "in force at the next step"
_ACTIONS: tuple[tuple[str, tuple[Any, ...], str, str], ...] = (
    ("toggle_pause", (), "Pause or go on", "after the end, train on"),
    ("step", (), "Make one step", "and pause"),
    ("epoch", (), "Make one epoch", "train to the end of the epoch, and pause"),
    ("turn", (0.9,), "Learning rate down by 10 %", _RATE),
    ("turn", (1.1,), "Learning rate up by 10 %", _RATE),
    ("turn", (0.1,), "Learning rate divided by 10", _RATE),
    ("turn", (10.0,), "Learning rate times 10", _RATE),
    ("optimizer", (), "Switch the optimizer…", "its state carried over or anew"),
    ("schedule", (), "Change the schedule…", "how the rate changes by itself"),
    ("find_rate", (), "Range test: sweep α, suggest a rate", "the run stands where it stood"),
    ("pace", (0.5,), "Slower: half the pace", "steps a second"),
    ("pace", (2.0,), "Faster: twice the pace", "steps a second"),
    ("reset", (False,), "Reset: start again", "the same parameters and batches, from step 0"),
    ("reset", (True,), "Reset: start again, keep the settings", "the same parameters and batches, from step 0"),
    ("new_seed", (), "New seed: start again from other weights", "and another order of the batches"),
    ("travel", ("undo",), "Undo the last live change", "what others have changed since stays"),
    ("travel", ("redo",), "Redo what was undone", "what others have changed since stays"),
    ("tiles", (), "Tiles: one view, two or four", "beside each other"),
    ("maximise", (), "Whole screen for the views", "or make room again"),
    ("freeze", (), "Freeze the view, or let it go on", "the run goes on anyway"),
    ("lesson", (), "Lesson: see, try, goal", "beside the views or over them"),
    ("lane", (1,), "Next lane", "table, status and keys are that lane's"),
    ("lane", (-1,), "Lane before", "table, status and keys are that lane's"),
    ("all_lanes", (), "Steer all lanes, or one", "of a race"),
    ("debug", (), "Debug line", "frames a second, bytes on the wire, how fast the engine answers"),
    ("screenshot", (), "Save a picture of the screen", "as SVG, into a file and the clipboard"),
    ("copy_values", (), "Copy the values that are shown", "as CSV, into a file and the clipboard"),
    ("tour", (), "Tour", "the cards of the first start"),
    ("help", (), "Help", "for what has the focus"),
    ("leave", (), "Quit…", "the run may go on"),
)
"""Actions of the dashboard with their arguments, as they are called, and what else there is to say."""
