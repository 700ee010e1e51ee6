"""A screen with nothing but the settings form, and what stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.widgets import Static

import tui
from engine.method.locks import NONE, Locks
from engine.method.spec import RunSpec, checked_spec
from tui.screens.settings import SettingsForm
from tui.widgets.field import Field

if TYPE_CHECKING:
    from tests.tui.conftest import Seat


def spec_of(rule: str) -> RunSpec:
    data: dict[str, Any] = {"problem": {"kind": "dataset"}, "data": {"name": "xor"}, "optimizer": {"name": rule}}
    return checked_spec(data, "test")


class FormApp(App[None]):
    """Nothing but the form; what it sends is noted and never answered."""

    CSS_PATH = Path(tui.__file__).parent / "gdtui.tcss"

    def __init__(self, spec: RunSpec, locks: Locks = NONE) -> None:
        super().__init__()
        self.sent: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.form = SettingsForm(lambda: spec, lambda new, old, _then, _drag: self.sent.append((new, old)), locks=locks)

    def on_mount(self) -> None:
        """Open the form."""
        self.push_screen(self.form)


async def open_form(seat: Seat) -> SettingsForm:
    await seat.pilot.press("h")
    form = seat.app.screen
    assert isinstance(form, SettingsForm)
    return form


def field_of(form: SettingsForm, key: str) -> Field:
    return form.query_one("#field-" + key.replace(".", "-"), Field)


def fill(form: SettingsForm, key: str, text: str) -> None:
    field_of(form, key).text = text


def value_at(field: Field) -> tuple[int, int]:
    """Where in a field its value is clicked."""
    return field.columns.box + 1, field.row


def slider_at(field: Field, column: int) -> tuple[int, int]:
    """Where in a field a column of its slider is."""
    return field.columns.slider + column, field.row


def rows_of(field: Field) -> list[str]:
    """What is drawn of a field."""
    return [field.render_line(y).text for y in range(field.size.height)]


def line_of(field: Field) -> str:
    """What is drawn in the row with the name and the value."""
    return rows_of(field)[field.row]


def verdict(form: SettingsForm) -> str:
    return str(form.query_one("#verdict", Static).content)


def is_asked(field: Field) -> bool:
    return field.slider is not None and field.slider.asked is not None
