"""The form with all hyperparameters of the current optimizer and the batch, made from their fields."""

from __future__ import annotations

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
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.method.spec import RunSpec
from engine.run.protocol import Rejected

from ..run_view import Answer
from ..wording import in_words, section_of, symbol_of
from .sizes import NewestSizeOnly

Send = Callable[[dict[str, Any], dict[str, Any], Callable[[Answer], None]], None]


def form_keys(spec: RunSpec) -> list[str]:
    """Return the keys of the form: all that can change but the optimizer and when to stop."""
    has_samples = spec.problem.kind == "dataset"
    of_samples = ("regularisation.", "batch.", "compute.") if has_samples else ()
    shared = ("optimizer.", "schedule.", "clip.", "line_search.", "averaging.", "noise.", "pace.")
    wanted = (*shared, *of_samples)
    return [key for key in flat(spec) if key.startswith(wanted) and key != "optimizer.name"]


class SettingsForm(NewestSizeOnly, ModalScreen[None]):
    """One line per field; Enter sends what was changed, and nothing is shown as changed before the engine says so."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("ctrl+s", "send", "Apply"),
    ]

    def __init__(self, current: Callable[[], RunSpec], send: Send) -> None:
        """Make the form.

        Args:
            current: Returns the spec as the engine last confirmed it.
            send: Takes the new values, the old ones they replace, and what to do with the engine's answer.
        """
        super().__init__()
        self._current = current
        self._send = send
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
        with VerticalScroll(classes="dialog form"):
            yield Static(Content(title), classes="dialog-title")
            for key in form_keys(spec):
                owner, field = section_of(key, spec)
                info = owner.model_fields[field]
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
                        yield Input(value=_text(value), placeholder=placeholder, id=_id(key), compact=True)
                    yield Static(Content(usual_of(spec, key)), id=f"usual-{_id(key)}", classes="field-usual")
                allowed = allowed_values(owner, field)
                if key == "schedule.name":
                    allowed = f"one of {', '.join(SCHEDULES)}"
                self._help[key] = f"{info.description or ''} Allowed: {allowed}."
                yield Static(Content(self._help[key]), id=f"help-{_id(key)}", classes="field-help")
            yield Static("", id="verdict")
            with Horizontal(classes="buttons"):
                yield Button("Apply (enter)", id="apply", variant="primary", compact=True)
                yield Button("Close (esc)", id="close", compact=True)

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
        self._send(new, {key: self._shown[key] for key in new}, self._answered)

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

    def _answered(self, answer: Answer) -> None:
        if not self.is_attached:
            return
        if form_keys(self._current()) != self._keys:
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
        now = flat(spec)
        moved = [key for key in self._keys if now[key] != self._shown[key] and key not in but]
        for key in moved:
            self._shown[key] = now[key]
            if isinstance(now[key], bool):
                self.query_one(f"#{_id(key)}", Switch).value = now[key]
            else:
                self.query_one(f"#{_id(key)}", Input).value = _text(now[key])
        if "optimizer.form" in moved:
            # Another form has other defaults.
            for key in self._keys:
                self.query_one(f"#usual-{_id(key)}", Static).update(Content(usual_of(spec, key)))
        return moved

    async def _make_anew(self, verdict: str) -> None:
        """Make the form of the optimizer and the schedule that someone has switched to meanwhile."""
        await self.recompose()
        self.query(Input).first().focus()
        spec = self._current()
        what = f"{RULES[spec.optimizer.name].title} with schedule {spec.schedule.name}"
        look = "done" if verdict == "done" else "wrong"
        self._say(f"{verdict}: {what} is in force by now, and the form shows its fields", look)

    def _value(self, key: str) -> Any:
        if isinstance(self._shown[key], bool):
            return self.query_one(f"#{_id(key)}", Switch).value
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
    owner, field = section_of(key, spec)
    rule = spec.optimizer.usual() if isinstance(spec.optimizer, owner) else None
    default = owner.model_fields[field].get_default() if rule is None else getattr(rule, field)
    return "" if default is PydanticUndefined else f"default {in_words(default)}"


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
