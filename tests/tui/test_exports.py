"""What a person takes along from the screen is in a new file, wherever one can be written."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import RunError
from engine.places import data_home
from tests.tui.form_app import field_of, open_form
from tui import exports
from tui.exports import as_csv, saved
from tui.views.curves import CurvesView

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched


@pytest.fixture(autouse=True)
def here(places: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_nothing_that_is_there_is_overwritten(here: Path) -> None:
    paths = [saved("a picture", ".svg", text) for text in ("one", "two", "three")]
    assert [path.name for path in paths] == ["a-picture.svg", "a-picture-2.svg", "a-picture-3.svg"]
    assert [path.read_text() for path in paths] == ["one", "two", "three"]


@pytest.mark.parametrize("stem", ["../../etc/passwd", "/", "..", "a\x00b", "ä ö", ""])
def test_a_name_stays_in_its_folder(here: Path, stem: str) -> None:
    assert saved(stem, ".csv", "x").parent == here


def test_where_nothing_can_be_written_it_goes_to_a_folder_of_ours_or_that_is_said(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.rmdir()
    assert saved("picture", ".svg", "x").parent == data_home() / "exports"
    blocked = here.parent / "blocked"
    blocked.write_text("in the way")
    monkeypatch.setenv("GDTUI_DATA_DIR", str(blocked))
    with pytest.raises(RunError, match=r"picture\.svg: cannot be written: "):
        saved("picture", ".svg", "x")


def test_rows_come_back_from_the_csv_as_they_were() -> None:
    rows = [("step", "a, b", 'c "d"'), ("1", "line\nbreak", "")]
    assert list(csv.reader(io.StringIO(as_csv(rows), newline=""))) == [list(row) for row in rows]


def toasts(seat: Seat) -> str:
    """Return what is notified."""
    return " ".join(notification.message for notification in seat.app._notifications)


async def test_a_key_saves_a_picture_of_the_screen(watched: Watched, here: Path) -> None:
    async with watched(size=(80, 24)) as seat:
        await seat.pilot.press("P")
        (picture,) = here.iterdir()
        assert picture.suffix == ".svg"
        assert picture.name.startswith("gdtui-small-step-")
        assert "learning" in picture.read_text() or "loss" in picture.read_text()
        await seat.until(lambda: str(picture) in toasts(seat))
        assert seat.app.clipboard == picture.read_text()


async def test_the_key_saves_a_picture_with_the_form_on_it_but_where_it_is_typed(watched: Watched, here: Path) -> None:
    async with watched(size=(120, 36)) as seat:
        form = await open_form(seat)
        word = field_of(form, "schedule.name")
        word.focus()
        await seat.pilot.press("P")
        assert word.text == "P"
        assert not list(here.iterdir())
        field_of(form, "optimizer.lr").focus()
        await seat.pilot.press("P")
        (picture,) = here.iterdir()
        assert "hyperparameters" in picture.read_text()


async def test_what_is_too_long_for_a_clipboard_is_in_the_file_alone(
    watched: Watched, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_COPIED", 1000)
    async with watched(size=(80, 24)) as seat:
        await seat.pilot.press("P")
        (picture,) = here.iterdir()
        assert len(picture.read_text()) > 1000
        assert not seat.app.clipboard
        await seat.until(lambda: any("too much" in each.title for each in seat.app._notifications))


async def test_a_key_copies_the_values_into_a_file_and_the_clipboard(
    watched: Watched, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CurvesView, "export", lambda _: [("step", "loss"), ("1", "0.5")])
    async with watched(size=(80, 24)) as seat:
        await seat.pilot.press("Y")
        (file,) = here.iterdir()
        assert file.read_text() == "step,loss\n1,0.5\n"
        assert seat.app.clipboard.splitlines() == ["step,loss", "1,0.5"]


async def test_where_there_are_no_values_that_is_said(
    watched: Watched, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CurvesView, "export", lambda _: [])
    async with watched(size=(80, 24)) as seat:
        await seat.pilot.press("Y")
        await seat.until(lambda: "shows no values" in toasts(seat))
        assert list(here.iterdir()) == []
