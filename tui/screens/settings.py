"""The form with all hyperparameters of the current optimizer and the batch, made from their fields."""

from __future__ import annotations

from collections.abc import Callable
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
from engine.method.optimizers import RULES
from engine.method.spec import RunSpec
from engine.method.trainer import changed_spec, flat
from engine.run.protocol import Rejected

from ..run_view import Answer
from ..wording import in_words, section_of, symbol_of
from .sizes import NewestSizeOnly

Send = Callable[[dict[str, Any], dict[str, Any], Callable[[Answer], None]], None]


def form_keys(spec: RunSpec) -> list[str]:
    """Return the keys of the form: the rule's hyperparameters, the batch, the clipping, the pace."""
    sections = ("optimizer.", "clip.", "pace.") if spec.problem.kind == "landscape" else None
    wanted = sections or ("optimizer.", "batch.", "clip.", "pace.")
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
        self._shown = flat(current())
        self._keys = form_keys(current())

    def compose(self) -> ComposeResult:
        """Make a line for every field."""
        spec = self._current()
        title = f"{RULES[spec.optimizer.name].title}: hyperparameters, batch and pace"
        with VerticalScroll(classes="dialog form"):
            yield Static(Content(title), classes="dialog-title")
            for key in self._keys:
                owner, field = section_of(key, spec)
                info = owner.model_fields[field]
                value = self._shown[key]
                symbol = symbol_of(key, spec)
                name = info.title or field
                with Horizontal(classes="field"):
                    yield Static(Content(f"{name} {symbol}" if symbol != name else name), classes="field-name")
                    if isinstance(value, bool):
                        yield Switch(value=value, id=_id(key), animate=False)
                    else:
                        yield Input(value=_text(value), placeholder="none", id=_id(key), compact=True)
                    default = info.get_default()
                    usual = "" if default is PydanticUndefined else f"default {in_words(default)}"
                    yield Static(Content(usual), classes="field-usual")
                allowed = allowed_values(owner, field)
                yield Static(Content(f"{info.description or ''} Allowed: {allowed}."), classes="field-help")
            yield Static("", id="verdict")
            with Horizontal(classes="buttons"):
                yield Button("Apply (enter)", id="apply", variant="primary", compact=True)
                yield Button("Close (esc)", id="close", compact=True)

    @on(Input.Submitted)
    @on(Button.Pressed, "#apply")
    def action_send(self) -> None:
        """Check what was changed, and send it if it is right."""
        spec = self._current()
        new = {key: value for key in self._keys if (value := self._value(key)) != self._shown[key]}
        if not new:
            self._say("nothing is changed", "field-help")
            return
        try:
            changed_spec(spec, new)
        except InputError as error:
            self._say(f"not sent: {error}", "wrong")
            return
        self._say("asked; not in force yet", "asked")
        self._send(new, {key: self._shown[key] for key in new}, self._answered)

    @on(Button.Pressed, "#close")
    def close_form(self) -> None:
        """Close by a click."""
        self.dismiss(None)

    def _answered(self, answer: Answer) -> None:
        if not self.is_attached:
            return
        if isinstance(answer, Rejected):
            self._say(f"refused: {answer.reason}", "wrong")
            return
        self._shown = {**self._shown, **flat(self._current())}
        changed = ", ".join(
            f"{change.key} {in_words(change.old)} → {in_words(change.new)}" for change in answer.changes
        )
        self._say(f"in force from step {answer.step + 1:,}: {changed or 'as it was'}", "done")

    def _value(self, key: str) -> Any:
        if isinstance(self._shown[key], bool):
            return self.query_one(f"#{_id(key)}", Switch).value
        text = self.query_one(f"#{_id(key)}", Input).value.strip()
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

    def _say(self, text: str, look: str) -> None:
        verdict = self.query_one("#verdict", Static)
        verdict.set_classes(look)
        verdict.update(Content(text))
        verdict.scroll_visible(animate=False)


def _id(key: str) -> str:
    return "field-" + key.replace(".", "-")


def _text(value: object) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
