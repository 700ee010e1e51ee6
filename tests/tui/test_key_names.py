"""Texts name the key that is bound now, wherever it was bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from engine.method.alarms.kinds import KINDS
from engine.method.locks import Locks
from engine.run import events
from tui.app import GdtuiApp
from tui.configuration import Configuration
from tui.key_names import bind, rekeyed, with_keys
from tui.keys import EVERYWHERE, bindings_of, commands, keymap
from tui.notices import KEYS_FOR, of_divergence, of_warning, way_anew
from tui.preferences import Preferences
from tui.screens.help import _explanations
from tui.screens.tour import CARDS
from tui.views.curves import CurvesView

if TYPE_CHECKING:
    from tests.tui.conftest import Watched

OTHERS = {"lr.tenth": "f7", "run.reset": "ctrl+k,f8", "run.pause": "f9", "view.tiles": "comma", "pace.down": "t"}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Let no other test name the keys of this one."""
    yield
    bind({})


def warned(about: str, **others: Any) -> events.Warned:
    fields = {"lane": 0, "segment": 0, "step": 7, "about": about, "tensor": "", "text": "it rises", "over": False}
    return events.Warned.model_validate({**fields, "advice": KINDS[about].advice, **others})


def test_a_text_has_the_keys_in_the_place_of_their_commands() -> None:
    text = "<run.reset> starts again, <lr.tenth> is less, <view.tiles> and <log.up> too; <help> and <quit>"
    assert with_keys(text) == "r starts again, { is less, t and ↑ too; ? and q"
    bind(keymap(Configuration(keys=OTHERS)))
    assert with_keys(text) == "ctrl+k starts again, f7 is less, , and ↑ too; ? and q"


def test_every_command_has_a_key_that_can_be_named() -> None:
    for command in commands():
        assert with_keys(f"<{command.name}>") not in (command.name, f"<{command.name}>")


def test_what_is_no_command_stands_by_its_name() -> None:
    assert with_keys("<run.nothing> and < this > and <b>") == "run.nothing and < this > and b"


def test_advice_names_the_key_that_is_bound_now() -> None:
    assert of_warning(warned("rising"), "").sentences.endswith("by ten, or start again: { or r")
    bind(keymap(Configuration(keys=OTHERS)))
    assert of_warning(warned("rising"), "").sentences.endswith("by ten, or start again: f7 or ctrl+k")
    assert of_warning(warned("leaping"), "").sentences.endswith("Divide the learning rate by ten: f7")
    assert way_anew().startswith("Press ctrl+k to ")
    gone = events.Diverged(lane=0, segment=0, step=7, quantity="loss", tensor="layer1.weight")
    assert of_divergence(gone, "").words.endswith("Try f7 or [ for a smaller rate and then f9, or ctrl+k to reset")


def test_advice_names_the_field_that_the_lesson_has_locked() -> None:
    locks = Locks(controls=("optimizer.lr",))
    assert of_warning(warned("crawling"), "", locks=locks).sentences.endswith(
        "by ten: optimizer.lr is locked by the lesson"
    )
    assert (
        of_warning(warned("crawling", over=True, advice=""), "", locks=locks).sentences
        == "no longer: far too small a rate"
    )


def test_an_explanation_has_the_keys_of_now_in_its_backticks() -> None:
    """A view's own key goes before one that is in force everywhere; what is no key stays."""
    text = "`{` and `t` and `●`, t"
    assert rekeyed(text, bindings_of(EVERYWHERE)) == text
    bind(keymap(Configuration(keys=OTHERS)))
    assert rekeyed(text, bindings_of(EVERYWHERE)) == "`f7` and `,` and `●`, t"


async def test_the_help_of_a_view_names_the_keys_of_its_person(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: isinstance(seat.dashboard.focused, CurvesView))
        bind(keymap(Configuration(keys={"curves.crosshair": "f9"})))
        assert "`v`" in CurvesView.HELP
        told = "".join(_explanations(seat.dashboard))
        assert "`f9`" in told
        assert "`v`" not in told


def test_the_engine_knows_no_keys() -> None:
    assert set(KEYS_FOR) <= set(KINDS)
    assert not [kind.advice for kind in KINDS.values() if set(kind.advice) & set("{}[]")]


def test_the_dashboard_names_the_keys_of_its_person() -> None:
    GdtuiApp(preferences=Preferences(keymap=keymap(Configuration(keys=OTHERS))))
    assert "f9 pauses and goes on" in with_keys(CARDS[1][1])
    GdtuiApp(preferences=Preferences())
    assert "space pauses and goes on" in with_keys(CARDS[1][1])
