"""Make the pictures of the README: real runs, steered by real keys, as SVG.

From the project's folder: `python docs/make_pictures.py`. Takes about a minute; the run is recorded nowhere.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


async def take(name: str, preset: str, size: tuple[int, int], keys: Sequence[tuple[float, str]]) -> None:
    """Open a preset's dashboard, press each key after its number of seconds, and save the screen."""
    from tui.app import GdtuiApp
    from tui.opening import started

    app = GdtuiApp(opening=started(preset, {}))
    async with app.run_test(size=size) as pilot:
        for seconds, key in keys:
            await asyncio.sleep(seconds)
            if key:
                await pilot.press(*key.split())
        await asyncio.sleep(0.3)
        path = Path(app.save_screenshot(f"{name}.svg", str(ROOT / "docs")))
        print(path.relative_to(ROOT))
        await pilot.press("escape")
        await pilot.press("q")
        await pilot.press("s")
        await asyncio.sleep(1.0)


async def take_gallery(name: str, size: tuple[int, int]) -> None:
    """Save the gallery."""
    from tui.app import GdtuiApp
    from tui.screens.gallery import Gallery

    app = GdtuiApp(gallery=Gallery())
    async with app.run_test(size=size) as pilot:
        await pilot.pause(3.0)
        print(Path(app.save_screenshot(f"{name}.svg", str(ROOT / "docs"))).relative_to(ROOT))


async def main() -> None:
    """Take every picture."""
    await take_gallery("gallery", (120, 36))
    # Adam learns, the rate is turned up until it hurts, and then the rule is switched.
    steer = [
        (8.0, "right_curly_bracket"),
        (4.0, "left_curly_bracket"),
        (4.0, "o"),
        (0.5, "down down down down enter"),
        (6.0, ""),
    ]
    await take("dashboard", "digits", (120, 36), steer)
    await take("ravine", "ravine", (100, 30), [(9.0, "o"), (0.5, "down down down enter"), (6.0, "")])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gdtui-") as folder:
        os.environ["GDTUI_DATA_DIR"] = os.environ["GDTUI_RUNTIME_DIR"] = folder
        asyncio.run(main())
