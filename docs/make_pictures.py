"""Make the pictures of the README: real runs, steered by real keys, as SVG.

From the project's folder: `python docs/make_pictures.py`, or with the names of some pictures. Takes about a minute; the
runs are recorded nowhere that stays. Made twice it is the same picture: every run stops by itself after a given number
of steps, and the keys that steer it are changes ordered at given steps.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App
    from textual.pilot import Pilot

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
PATIENCE_S = 120.0
SETTLED_FRAMES = 8
"""A screen that so many frames in a row have left as it is waits for nothing any more."""
FRAME_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture of a dashboard."""

    preset: str
    steps: int
    """After how many steps the run stops."""
    view: str = "curves"
    settings: Sequence[str] = ()
    changes: Sequence[tuple[int, str]] = ()
    """Live changes: after how many steps, and KEY=VALUE."""
    keys: Sequence[str] = ()
    """Pressed in the view, when the run has stopped."""
    size: tuple[int, int] = (120, 36)


SHOTS: Mapping[str, Shot] = {
    # Adam learns, the rate is turned up until it hurts and down again, and then the rule is switched.
    "dashboard": Shot(
        preset="digits",
        steps=1100,
        changes=((400, "optimizer.lr=0.01"), (600, "optimizer.lr=0.001"), (850, "optimizer.name=rmsprop")),
    ),
    "ravine": Shot(preset="ravine", steps=160, changes=((90, "optimizer.name=rmsprop"),), size=(100, 30)),
    "view-curves": Shot(preset="digits", steps=900, changes=((500, "optimizer.lr=0.0003"),), size=(160, 48)),
    "view-parameters": Shot(preset="digits", view="parameters", steps=600),
    "view-landscape": Shot(preset="surface-race", view="landscape", steps=150),
    "view-model": Shot(preset="spiral", view="model", steps=1500),
    "view-graph": Shot(preset="backprop-circuit", view="graph", steps=3),
    "view-equation": Shot(preset="adam-bias", view="equation", steps=5),
    "view-log": Shot(
        preset="digits",
        view="log",
        steps=500,
        changes=((100, "optimizer.lr=0.03"), (200, "optimizer.name=sgd"), (350, "optimizer.lr=0.1")),
    ),
    "view-schedule": Shot(preset="decay-too-fast", view="schedule", steps=40),
}
"""Every picture but the gallery's, by the name of its file; those of a view that does not exist are left out."""


async def settle(pilot: Pilot[None]) -> None:
    """Wait until the screen stays as it is."""
    unchanged, before = 0, ""
    end = time.monotonic() + PATIENCE_S
    while unchanged < SETTLED_FRAMES and time.monotonic() < end:
        await pilot.pause(FRAME_S)
        picture = portable(pilot.app)
        unchanged = unchanged + 1 if picture == before else 0
        before = picture


def portable(app: App[None]) -> str:
    """Return the screen as SVG, without the number that Rich draws from the clock."""
    return re.sub(r"terminal-\d+-", "terminal-", app.export_screenshot())


def save(app: App[None], name: str) -> None:
    """Write the screen into the folder of the documentation."""
    path = ROOT / "docs" / f"{name}.svg"
    path.write_text(portable(app), encoding="utf-8")
    print(path.relative_to(ROOT))


async def take(name: str, shot: Shot) -> None:
    """Let a run come to its end, open its dashboard, press the keys, and save the screen."""
    from engine.run import client, directory
    from presets import chosen_preset
    from presets.launches import Unwatched, launch_of
    from tui.app import GdtuiApp
    from tui.run_view import RunView
    from tui.screens.dashboard import Dashboard
    from tui.views import VIEWS

    views = [kind.name for kind in VIEWS]
    if shot.view not in views:
        print(f"docs/{name}.svg: left out, as there is no view {shot.view}")
        return
    preset = chosen_preset(shot.preset, settings=(f"stop.steps={shot.steps}", *shot.settings))
    # Without the letters that tell runs of the same day apart.
    path = directory.data_root() / name
    path.mkdir(parents=True)
    run = directory.RunDirectory(name=path.name, path=path)
    launch = launch_of(preset, Unwatched(changes=shot.changes))
    engine = client.start(run, launch)
    watcher = client.Client(run, watch="live", name="painter", engine=engine)
    ended, end = 0, time.monotonic() + PATIENCE_S
    while ended < max(1, len(preset.lanes)) and time.monotonic() < end:
        ended += sum(getattr(message, "kind", "") == "finished" for message in watcher.wait(1.0))
    view = RunView(client.Client(run, watch="live", name="dashboard"))
    view.catch_up(PATIENCE_S)
    app = GdtuiApp()
    async with app.run_test(size=shot.size) as pilot:
        await app.push_screen(Dashboard(view))
        await pilot.pause()
        await pilot.press(str(views.index(shot.view) + 1))
        await settle(pilot)
        await pilot.press(*shot.keys)
        await settle(pilot)
        save(app, name)
    view.client.close()
    watcher.close()
    await asyncio.to_thread(client.stop, run, 5.0)


async def take_gallery(size: tuple[int, int]) -> None:
    """Save the gallery."""
    from tui.app import GdtuiApp
    from tui.screens.gallery import Gallery

    app = GdtuiApp(gallery=Gallery())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        save(app, "gallery")


async def main(names: Sequence[str]) -> None:
    """Take these pictures, or all of them."""
    if not names or "gallery" in names:
        await take_gallery((120, 36))
    for name, shot in SHOTS.items():
        if not names or name in names:
            await take(name, shot)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gdtui-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        os.environ["GDTUI_DATA_DIR"] = os.environ["GDTUI_RUNTIME_DIR"] = folder
        asyncio.run(main(sys.argv[1:]))
