"""The form with everything that can change but the optimizer itself, made from the fields of the spec.

Each number has a field to type it in and a slider, a word has the choices beside it, and what is on or off a switch.
They ask at once, as fast as the engine answers; what is typed is sent with Enter. Either shows as in force what the
engine has confirmed, and nothing else.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container
from typing import Any, ClassVar

from pydantic_core import PydanticUndefined
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static, Switch

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
from ..widgets.choices import Choices
from ..widgets.entry import Entry
from ..widgets.slider import Slider
from ..wording import in_words, section_of, symbol_of
from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly

Send = Callable[[dict[str, Any], dict[str, Any], Callable[[Answer], None], object], None]
SLIDE_S = 0.05
"""Seconds between two commands of one slider, at least."""


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

    AUTO_FOCUS = "Input"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (104, "-wide")]  # noqa: RUF012  Textual declares it so
    HELP = """Every setting has a field for its number or its name, and beside it a slider or the choices; or a switch.

A slider moves and a choice is made with ← → and the mouse, a switch is turned with space or a click, and that asks at
once; what is typed is sent with Enter. All show what the engine has confirmed. Tab goes from one to the next."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", id="form.close"),
        Binding("ctrl+s", "send", "Apply", tooltip="send what was typed", id="form.send"),
        Binding("question_mark", "help", "Help", id="form.help"),
    ]

    def __init__(self, current: Callable[[], RunSpec], send: Send, *, locks: Locks = NONE, at: str = "") -> None:
        """Make the form.

        Args:
            current: Returns the spec as the engine last confirmed it.
            send: Takes the new values, the old ones they replace, what to do with the engine's answer, and what holds
                the moves of one drag together.
            locks: What cannot be changed here, or anywhere else.
            at: The field to begin with, if there is such a one.
        """
        super().__init__()
        self._current = current
        self._send = send
        self._locks, self._at = locks, at
        self._asked_by_slider: str | None = None
        """The field whose slider waits for the engine's answer."""
        self._next_slide: Slider.Moved | None = None
        """Where a slider has gone meanwhile."""
        self._switching: Counter[str] = Counter()
        """How often each switch was turned without an answer yet, by the key of its field."""
        self._shown: dict[str, Any] = {}
        """What stands in the form as in force, by key."""
        self._help: dict[str, str] = {}

    @property
    def _keys(self) -> list[str]:
        return list(self._help)

    def compose(self) -> ComposeResult:
        """Make a line for every field of the spec as it stands now."""
        spec = self._current()
        self._shown, self._help = flat(spec), {}
        title = f"{RULES[spec.optimizer.name].title}: hyperparameters, schedule, batch and pace"
        above = ""
        with VerticalScroll(classes="dialog form"):
            yield Static(Content(title), classes="dialog-title")
            for key in form_keys(spec):
                owner, field = section_of(key, spec)
                if (heading := _HEADINGS[key.partition(".")[0]]) != above:
                    above = heading
                    yield Static(Content(heading), classes="field-section")
                info, allowed = owner.model_fields[field], allowed_values(owner, field)
                value = self._shown[key]
                symbol = symbol_of(key, spec)
                name = info.title or field
                with Horizontal(classes="field"):
                    has_symbol = symbol.casefold() != name.casefold()
                    yield Static(Content(f"{name} {symbol}" if has_symbol else name), classes="field-name")
                    if isinstance(value, bool):
                        yield Switch(value=value, id=_id(key), animate=False)
                    else:
                        placeholder = "none" if info.get_default() is None else "needed"
                        is_number = allowed.startswith(("a number", "a whole number"))
                        yield Entry(_text(value), placeholder=placeholder, is_number=is_number, id=_id(key))
                        is_schedule = key == "schedule.name"
                        places = (
                            tuple(SCHEDULES) if is_schedule else places_of(key, owner, field, _usual_value(spec, key))
                        )
                        if places:
                            kind = Choices if all(isinstance(each, str) for each in places) else Slider
                            yield kind(places, value, id=f"slider-{_id(key)}")
                    yield Static(Content(usual_of(spec, key)), id=f"usual-{_id(key)}", classes="field-usual")
                if key == "schedule.name":
                    allowed = f"one of {', '.join(SCHEDULES)}"
                locked = f"✗ {BY_LESSON.capitalize()}. " if self._locks.holds(key) else ""
                self._help[key] = f"{locked}{info.description or ''} Allowed: {allowed}."
                yield Static(Content(self._help[key]), id=f"help-{_id(key)}", classes="field-help")
            yield Static("", id="verdict")
            with Horizontal(classes="buttons"):
                yield Button("Apply (enter)", id="apply", variant="primary", compact=True)
                yield Button("Close (esc)", id="close", compact=True)

    def on_mount(self) -> None:
        """Lock what is locked, and begin at the field that was asked for."""
        self._lock()
        if self._at:
            for kind in (f"#slider-{_id(self._at)}", f"#{_id(self._at)}"):
                if found := self.query(kind):
                    found.first().focus().scroll_visible(animate=False, top=True)
                    return

    def _lock(self) -> None:
        for key in self._keys:
            if self._locks.holds(key):
                for widget in self.query(f"#{_id(key)}, #slider-{_id(key)}"):
                    widget.disabled = True

    def action_help(self) -> None:
        """Explain the form, and what has the focus in it."""
        from .help import HelpScreen

        self.app.push_screen(HelpScreen(self))

    # ---- sliders: they ask at once

    def on_slider_moved(self, message: Slider.Moved) -> None:
        """Ask for where a slider has gone, or remember it until the engine has answered the last question."""
        message.stop()
        if self._asked_by_slider is not None:
            self._next_slide = message
        else:
            self._slide(message)

    def _slide(self, message: Slider.Moved) -> None:
        key = next((key for key in self._keys if f"slider-{_id(key)}" == message.slider.id), None)
        if key is None:
            return
        self._asked_by_slider = key
        asked_at = time.monotonic()

        def answered(answer: Answer) -> None:
            rest = SLIDE_S - (time.monotonic() - asked_at)
            if self.is_attached:
                self.set_timer(max(0.001, rest), self._slide_on)
            self._answered(answer, scroll=False)

        self._say(f"asked: {key} {in_words(message.value)}; not in force yet", "asked", scroll=False)
        self._send({key: message.value}, {key: self._shown[key]}, answered, message.drag)

    def _slide_on(self) -> None:
        """Ask for where a slider has gone meanwhile."""
        self._asked_by_slider = None
        message, self._next_slide = self._next_slide, None
        if message is not None and message.slider.is_attached:
            self._slide(message)

    # ---- switches: they ask at once as well

    def on_switch_changed(self, message: Switch.Changed) -> None:
        """Ask for what a switch was turned to."""
        message.stop()
        switch, value = message.switch, message.value
        key = next((key for key in self._keys if _id(key) == switch.id), None)
        if key is None:
            return
        self._switching[key] += 1
        switch.add_class("asked")

        def answered(answer: Answer) -> None:
            self._switching[key] -= 1
            self._answered(answer, scroll=False)

        self._say(f"asked: {key} {in_words(value)}; not in force yet", "asked", scroll=False)
        self._send({key: value}, {key: not value}, answered, None)

    # ---- numbers: they are sent with Enter

    @on(Input.Submitted)
    @on(Button.Pressed, "#apply")
    async def action_send(self) -> None:
        """Check what was changed, and send it if it is right."""
        spec = self._current()
        if form_keys(spec) != self._keys:
            await self._make_anew("not sent")
            return
        new = {key: value for key in self._keys if (value := self._value(key)) != self._shown[key]}
        moved = self._show_what_stands(but=new)
        if not new:
            self._say("the form shows what stands now" if moved else "nothing is changed", "field-help")
            return
        faults = faults_of(spec, new)
        for key in self._keys:
            self._mark(key, faults.get(key))
        if faults:
            first = next(iter(faults))
            self._say("not sent: " + "\n".join(faults.values()), "wrong", scroll=not first)
            if first:
                self.query_one(f"#{_id(first)}").focus().scroll_visible(animate=False, top=True)
            return
        self._say("asked; not in force yet", "asked")
        self._send(new, {key: self._shown[key] for key in new}, self._answered, None)

    @on(Button.Pressed, "#close")
    def close_form(self) -> None:
        """Close by a click."""
        self.dismiss(None)

    @on(Input.Changed)
    def unmark(self, event: Input.Changed) -> None:
        """Take the mark from a field that is being mended."""
        for key in self._keys:
            if _id(key) == event.input.id:
                self._mark(key, None)

    def _answered(self, answer: Answer, *, scroll: bool = True) -> None:
        if not self.is_attached:
            return
        if form_keys(self._current()) != self._keys:
            self.call_later(self._make_anew, "refused" if isinstance(answer, Rejected) else "done")
            return
        moved = self._show_what_stands()
        if isinstance(answer, Rejected):
            now = ". The form shows what stands now" if moved else ""
            self._say(f"refused: {answer.reason}{now}", "wrong", scroll=scroll)
            return
        changed = ", ".join(
            f"{change.key} {in_words(change.old)} → {in_words(change.new)}" for change in answer.changes
        )
        self._say(f"in force from step {answer.step + 1:,}: {changed or 'as it was'}", "done", scroll=scroll)

    def _show_what_stands(self, but: Container[str] = ()) -> list[str]:
        """Bring the fields up to date, `but` those that a person is changing; return which were not."""
        spec = self._current()
        now = flat(spec)
        moved = [key for key in self._keys if now[key] != self._shown[key] and key not in but]
        for slider in self.query(Slider):
            key = next(key for key in self._keys if f"slider-{_id(key)}" == slider.id)
            slider.confirm(now[key], asked=self._next_slide is not None and self._next_slide.slider is slider)
        for switch in self.query(Switch):
            key = next(key for key in self._keys if _id(key) == switch.id)
            if not self._switching[key]:
                with switch.prevent(Switch.Changed):
                    switch.set_class(False, "asked").value = now[key]
        for key in moved:
            self._shown[key] = now[key]
            if not isinstance(now[key], bool):
                self.query_one(f"#{_id(key)}", Input).value = _text(now[key])
        if "optimizer.form" in moved:
            # Another form has other defaults.
            for key in self._keys:
                self.query_one(f"#usual-{_id(key)}", Static).update(Content(usual_of(spec, key)))
        return moved

    async def _make_anew(self, verdict: str) -> None:
        """Make the form of the optimizer and the schedule that someone has switched to meanwhile."""
        focus = f"#{self.focused.id}" if self.focused is not None and self.focused.id else "Input"
        await self.recompose()
        if self not in self.app.screen_stack:
            return  # it was closed meanwhile
        self._lock()
        self.query(focus if self.query(focus) else "Input").first().focus()
        spec = self._current()
        what = f"{RULES[spec.optimizer.name].title} with schedule {spec.schedule.name}"
        look = "done" if verdict == "done" else "wrong"
        self._say(f"{verdict}: {what} is in force by now, and the form shows its fields", look)

    def _value(self, key: str) -> Any:
        if isinstance(self._shown[key], bool):
            return self._shown[key]
        text = self.query_one(f"#{_id(key)}", Input).value.strip()
        if text == _text(self._shown[key]):
            return self._shown[key]
        if text == "":
            return None
        for kind in (int, float):
            try:
                value = kind(text)
            except ValueError:
                continue
            # A field that holds a float takes 1 as 1.0, so that 1 and 1.0 are no change.
            return float(value) if isinstance(self._shown[key], float) else value
        return text

    def _mark(self, key: str, fault: str | None) -> None:
        """Say under a field what is wrong with it, or again what it is for."""
        for widget in (f"#{_id(key)}", f"#help-{_id(key)}"):
            self.query_one(widget).set_class(fault is not None, "wrong")
        self.query_one(f"#help-{_id(key)}", Static).update(Content(f"✗ {fault}" if fault else self._help[key]))

    def _say(self, text: str, look: str, *, scroll: bool = True) -> None:
        verdict = self.query_one("#verdict", Static)
        verdict.set_classes(look)
        verdict.update(Content(text))
        if scroll:
            verdict.scroll_visible(animate=False)


def usual_of(spec: RunSpec, key: str) -> str:
    """Return the default of a field in words, that of a rule in its present form."""
    if key == "schedule.name":
        return "default constant"
    default = _usual_value(spec, key)
    return "" if default is PydanticUndefined else f"default {in_words(default)}"


def _usual_value(spec: RunSpec, key: str) -> Any:
    """Return the default of a field, that of a rule in its present form."""
    owner, field = section_of(key, spec)
    rule = spec.optimizer.usual() if isinstance(spec.optimizer, owner) else None
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


def _text(value: object) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
