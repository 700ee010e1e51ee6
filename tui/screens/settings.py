"""The form with everything that can change but the optimizer itself, made from the fields of the spec.

Each number has a field to type it in and a slider, a word has the choices beside it, and what is on or off a switch.
They ask at once, as fast as the engine answers; what is typed is sent with Enter. Either shows as in force what the
engine has confirmed, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from typing import Any, ClassVar

from pydantic_core import PydanticUndefined
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from engine.errors import InputError
from engine.fields import allowed_values
from engine.method.changes import changed_spec, flat
from engine.method.locks import BY_LESSON, NONE, Locks
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.method.spec import RunSpec
from engine.run.events import Rejected

from ..run_view import Answer
from ..scales import places_of
from ..widgets.field import Field, Setting
from ..widgets.verdict import Verdict
from ..wording import in_words, section_of, symbol_of
from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly

Send = Callable[[dict[str, Any], dict[str, Any], Callable[[Answer], None], object], None]
SLIDE_S = 0.05
"""Seconds between two commands of one slider, at least."""
LANES_S = 0.5
"""Seconds between two looks at where the lanes differ."""


def form_keys(spec: RunSpec) -> list[str]:
    """Return the keys of the form: all that can change but the optimizer itself."""
    has_samples = spec.problem.kind == "dataset"
    of_samples = ("regularisation.", "batch.", "compute.") if has_samples else ()
    shared = ("optimizer.", "schedule.", "clip.", "line_search.", "averaging.", "noise.", "stop.", "pace.")
    wanted = (*shared, *of_samples)
    return [key for key in flat(spec) if key.startswith(wanted) and key != "optimizer.name"]


_HEADINGS = {
    "optimizer": "Optimizer",
    "schedule": "Schedule of the learning rate",
    "batch": "Batch",
    "clip": "Clipping",
    "regularisation": "Regularisation",
    "line_search": "Line search",
    "averaging": "Averaging",
    "noise": "Noise",
    "stop": "When it ends",
    "pace": "Pace",
    "compute": "Processor",
}
"""What stands over the fields of each section."""


class SettingsForm(ClosesOnlyItself, NewestSizeOnly, ModalScreen[None]):
    """One line per field; Enter sends what was changed, and nothing is shown as changed before the engine says so."""

    AUTO_FOCUS = ""
    HELP = """Every setting has its number or its name, and beside it a slider or the choices; or it is a switch.

A slider moves, a choice is made and a switch is turned with ← → and the mouse, a switch also with space or Enter, and
that asks at once; what is typed is sent with Enter. All show what the engine has confirmed. Tab goes to the next."""
    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (10, "-low"), (17, "-tall")]  # noqa: RUF012  Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="form.close"),
        Binding("ctrl+s", "send", "Apply", tooltip="send what was typed", id="form.send"),
        Binding("question_mark", "help", "Help", id="form.help"),
        Binding("P", "picture", "Picture", tooltip="save a picture of the screen (SVG)", id="form.picture"),
    ]

    def __init__(
        self,
        current: Callable[[], RunSpec],
        send: Send,
        *,
        locks: Locks = NONE,
        at: str = "",
        scope: str = "",
        others: Callable[[], Sequence[RunSpec]] = tuple,
    ) -> None:
        """Make the form.

        Args:
            current: Returns the spec as the engine last confirmed it.
            send: Takes the new values, the old ones they replace, what to do with the engine's answer, and what holds
                the moves of one drag together.
            locks: What cannot be changed here, or anywhere else.
            at: The field to begin with, if there is such a one.
            scope: How far a change reaches, in words after the title.
            others: Returns the specs of the other lanes that a change reaches.
        """
        super().__init__()
        self._current = current
        self._send = send
        self._locks, self._at = locks, at
        self._scope, self._others = scope, others
        self._is_asking = False
        """Whether what was turned last waits for the engine's answer."""
        self._turned: dict[str, Field.Moved] = {}
        """What else was turned meanwhile, by key."""
        self._fields: dict[str, Field] = {}

    def compose(self) -> ComposeResult:
        """Make a line for every field of the spec as it stands now."""
        spec = self._current()
        values, above, differing = flat(spec), "", self._differing()
        self._fields = {}
        with Vertical(classes="dialog form"):
            title = f"{RULES[spec.optimizer.name].title}: hyperparameters, schedule, batch and pace{self._scope}"
            yield Static(Content(title), classes="dialog-title")
            with VerticalScroll(id="fields"):
                for key in form_keys(spec):
                    heading = _HEADINGS[key.partition(".")[0]]
                    setting = _setting(key, spec, self._locks, heading=heading if heading != above else "")
                    above = heading
                    self._fields[key] = Field(setting, values[key], usual_of(spec, key), id=_id(key))
                    self._fields[key].disabled = self._locks.holds(key)
                    self._fields[key].note(differing.get(key, ""))
                    yield self._fields[key]
            yield Verdict(id="verdict")
            with Horizontal(classes="buttons"):
                yield Button("Apply (enter)", id="apply", variant="primary", compact=True)
                yield Button("Close (esc)", id="close", compact=True)

    def on_mount(self) -> None:
        """Begin at the field that was asked for, or at the first one."""
        if self._scope:
            # The answer comes lane by lane, and others may steer as well.
            self.set_interval(LANES_S, self._tell_differences)
        free = [field for field in self._fields.values() if not field.disabled]
        field = self._fields.get(self._at)
        if field is not None and not field.disabled:
            field.focus(scroll_visible=False).scroll_visible(animate=False, top=True)
        elif free:
            # A Textual screen would scroll to what it begins with before it is laid out.
            free[0].focus(scroll_visible=False)

    def action_help(self) -> None:
        """Explain the form, and what has the focus in it."""
        from .help import HelpScreen

        self.app.push_screen(HelpScreen(self))

    async def action_picture(self) -> None:
        """Save a picture of the screen with the form on it, as the dashboard below does it."""
        await self.app.screen_stack[-2].run_action("screenshot")

    # ---- what is turned asks at once

    def on_field_moved(self, message: Field.Moved) -> None:
        """Ask for what something was turned to, or remember it until the engine has answered the last question."""
        message.stop()
        self._turned[message.key] = message
        if not self._is_asking:
            self._ask_next()

    def _ask_next(self) -> None:
        """Ask for what was turned next, if anything was."""
        self._is_asking = bool(self._turned)
        if not self._turned:
            return
        asked_at = time.monotonic()
        message = self._turned.pop(next(iter(self._turned)))
        key = message.key

        def answered(answer: Answer) -> None:
            if self.is_attached:
                self.set_timer(max(0.001, SLIDE_S - (time.monotonic() - asked_at)), self._ask_next)
            self._answered(answer)

        self._say(f"asked: {key} {in_words(message.value)}; not in force yet", "asked")
        self._send({key: message.value}, {key: self._fields[key].value}, answered, message.drag)

    # ---- numbers: they are sent with Enter

    @on(Input.Submitted)
    @on(Button.Pressed, "#apply")
    async def action_send(self) -> None:
        """Check what was changed, and send it if it is right."""
        spec = self._current()
        if form_keys(spec) != list(self._fields):
            await self._make_anew("not sent")
            return
        new = {key: field.wanted for key, field in self._fields.items() if field.wanted != field.value}
        moved = self._show_what_stands(but=new)
        if not new:
            self._say("the form shows what stands now" if moved else "nothing is changed", "field-help")
            return
        faults = faults_of(spec, new)
        for key, field in self._fields.items():
            field.mark(faults.get(key))
        if faults:
            first = next(iter(faults))
            self._say("not sent: " + "\n".join(faults.values()), "wrong")
            if first:
                self._fields[first].focus().scroll_visible(animate=False, top=True)
            return
        self._say("asked; not in force yet", "asked")
        self._send(new, {key: self._fields[key].value for key in new}, self._answered, None)

    @on(Button.Pressed, "#close")
    def close_form(self) -> None:
        """Close by a click."""
        self.dismiss(None)

    def _answered(self, answer: Answer) -> None:
        if not self.is_attached:
            return
        if form_keys(self._current()) != list(self._fields):
            self.call_later(self._make_anew, "refused" if isinstance(answer, Rejected) else "done")
            return
        moved = self._show_what_stands()
        if isinstance(answer, Rejected):
            now = ". The form shows what stands now" if moved else ""
            self._say(f"refused: {answer.reason}{now}", "wrong")
            return
        changed = ", ".join(
            f"{change.key} {in_words(change.old)} → {in_words(change.new)}" for change in answer.changes
        )
        self._say(f"in force from step {answer.step + 1:,}: {changed or 'as it was'}", "done")

    def _show_what_stands(self, but: Container[str] = ()) -> list[str]:
        """Bring the fields up to date, `but` those that a person is changing; return which were not."""
        spec = self._current()
        now, moved = flat(spec), []
        for key, field in self._fields.items():
            if now[key] != field.value and key in but:
                continue
            if now[key] != field.value:
                moved.append(key)
            # Another form of a rule has other defaults.
            field.confirm(now[key], usual_of(spec, key), asked=key in self._turned)
        return moved

    def _tell_differences(self) -> None:
        differing = self._differing()
        for key, field in self._fields.items():
            field.note(differing.get(key, ""))

    def _differing(self) -> dict[str, str]:
        """Return what is to be said of the fields that stand elsewhere in another lane that a change reaches."""
        own, others = flat(self._current()), [flat(spec) for spec in self._others()]
        return {
            key: "Differs between lanes. "
            for key, value in own.items()
            if any(other.get(key, value) != value for other in others)
        }

    async def _make_anew(self, verdict: str) -> None:
        """Make the form of the optimizer and the schedule that someone has switched to meanwhile."""
        field = self._field_in_use
        await self.recompose()
        if self not in self.app.screen_stack:
            return  # it was closed meanwhile
        self._turned = {key: message for key, message in self._turned.items() if key in self._fields}
        fields = list(self._fields.values())
        field = self._fields.get(field.setting.key, fields[0]) if field is not None else fields[0]
        # What belongs to a schedule that was chosen stands below it.
        field.lead()
        spec = self._current()
        what = f"{RULES[spec.optimizer.name].title} with schedule {spec.schedule.name}"
        look = "done" if verdict == "done" else "wrong"
        self._say(f"{verdict}: {what} is in force by now, and the form shows its fields", look)

    def _say(self, text: str, look: str) -> None:
        verdict = self.query_one(Verdict)
        verdict.set_classes(look)
        verdict.update(text)
        if (field := self._field_in_use) is not None:
            # Longer words leave less room for the fields.
            self.call_after_refresh(field.show_row)

    @property
    def _field_in_use(self) -> Field | None:
        """The field that has the keys, itself or with the line that is typed in."""
        return next((field for field in self._fields.values() if field.has_focus_within), None)


def _setting(key: str, spec: RunSpec, locks: Locks, *, heading: str) -> Setting:
    """Return what the field of a key is about."""
    owner, name = section_of(key, spec)
    info, allowed = owner.model_fields[name], allowed_values(owner, name)
    places = places_of(key, owner, name, _usual_value(spec, key))
    if key == "schedule.name":
        allowed, places = f"one of {', '.join(SCHEDULES)}", tuple(SCHEDULES)
    title, symbol = info.title or name, symbol_of(key, spec)
    locked = f"✗ {BY_LESSON.capitalize()}. " if locks.holds(key) else ""
    return Setting(
        key=key,
        name=title if symbol.casefold() == title.casefold() else f"{title} {symbol}",
        heading=heading,
        words=f"{locked}{info.description or ''} Allowed: {allowed}.",
        places=places,
        is_number=allowed.startswith(("a number", "a whole number")),
        is_needed=info.get_default() is not None,
    )


def usual_of(spec: RunSpec, key: str) -> str:
    """Return the default of a field in words, that of a rule in its present form."""
    if key == "schedule.name":
        return "default constant"
    default = _usual_value(spec, key)
    return "" if default is PydanticUndefined else f"default {in_words(default)}"


def _usual_value(spec: RunSpec, key: str) -> Any:
    """Return the default of a field, that of a rule in its present form; the form's own is that of the rule as such."""
    owner, field = section_of(key, spec)
    rule = spec.optimizer.usual() if isinstance(spec.optimizer, owner) and field != "form" else None
    return owner.model_fields[field].get_default() if rule is None else getattr(rule, field)


def faults_of(spec: RunSpec, values: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with new values, by their keys; under "" what no field alone is to blame for."""
    try:
        changed_spec(spec, values)
    except InputError as error:
        together = str(error)
    else:
        return {}
    faults: dict[str, str] = {}
    for key, value in values.items():
        try:
            changed_spec(spec, {key: value})
        except InputError as error:
            faults[key] = str(error)
    return faults or {"": together}


def _id(key: str) -> str:
    return "field-" + key.replace(".", "-")
