"""The page with what a model says everywhere: class regions or a surface over two inputs, a curve over one."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.run.events import Seen

from ...charts.axes import StickyLimits, compact
from ...charts.cells import NONE, Cells
from ...charts.furniture import Furniture
from ...charts.raster import NOBODY, Stroke, raster
from ...key_names import with_keys
from ...widgets.status import lane_colour
from ...widgets.text_rows import Span
from .page import Drawn, Facts, Manner, Page, class_ink, framed, joined, placed

BANDS = 4
"""Shades of a class, from undecided to sure."""
LEVELS = 9
"""Bands of a surface, from the least to the greatest number."""
SHOWN = ("all samples", "held-out samples", "held-out errors", "no samples")
MOST = 8
"""Classes that are named below the picture."""


class BoundaryPage(Page):
    """Regions or a surface with the samples on them."""

    letter: ClassVar[str] = "b"
    title = "boundary"
    about: ClassVar[str] = "boundary"

    def __init__(self, facts: Facts) -> None:
        """Begin with the first two inputs."""
        super().__init__(facts)
        self.x, self.y, self.output, self.shown = 0, 1, 0, 0

    @property
    def _inputs(self) -> int:
        return int(self.facts["widths"][0])

    def absence(self) -> str:
        """Return why no two inputs can be the axes."""
        if self.facts["image"] is None:
            return ""
        rows, columns = self.facts["image"]
        return (
            f"Each sample is a picture of {rows} × {columns} pixels: a plane through two of its {self._inputs} inputs "
            + with_keys(
                "says nothing. <model.images> shows pictures and predictions, <model.confusion> the confusion matrix."
            )
        )

    def settings(self, width: int, height: int, *, is_moving: bool) -> dict[str, Any]:
        """Ask for two rows of pixels a row of cells, and for no more samples than can be told apart."""
        columns, rows = max(1, width - 8), max(1, height - 3)
        samples = min(max(columns * rows // 12, 20), 300)
        return {
            "x": self.x,
            "y": self.y,
            "columns": min(columns, 512),
            "rows": min(2 * rows, 512),
            "samples": samples,
            "output": self.output,
        }

    def drawn(self, seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
        """Draw the regions, the axes and the samples."""
        facts, arrays = seen.facts, seen.arrays
        cells, around = framed(width, height, tuple(facts["xlim"]), tuple(facts["ylim"]))
        if not around.width or not around.height:
            return Drawn(cells=cells)
        inks, textures = (_regions if facts["classes"] else _surface)(cells, seen, around, manner)
        cells.pixels(around.top, around.left, inks, None if manner.blocks else textures)
        places = arrays["places"]
        columns = placed(places[:, 0], facts["xlim"], around.width)
        rows = around.height - 1 - placed(places[:, 1], facts["ylim"], around.height)
        legend = draw_samples(cells, around, columns, rows, seen, manner, self.shown)
        axes = f"x: {self.input_name(facts['x'])} y: {self.input_name(facts['y'])}"
        if facts["features"] > 2:
            # What a person has chosen comes first: of a long row the end is cut off.
            legend.insert(0, [(f"{axes}, the other {facts['features'] - 2:,} at their means", "foreground")])
        else:
            legend.append([(axes, "dim foreground")])
        return Drawn(cells=manner.finished(cells), words=joined(width, _scale(seen, manner), *legend))

    def table(self, seen: Seen) -> list[tuple[str, ...]]:
        """Return the samples that are shown."""
        head = (self.input_name(seen.facts["x"]), self.input_name(seen.facts["y"]), "truth", "model", "held out")
        arrays = seen.arrays
        columns = (*arrays["places"].T, arrays["meant"], arrays["got"], arrays["held_out"])
        return [head, *(tuple(f"{value:.6g}" for value in row) for row in zip(*columns, strict=True))]

    def cycle(self) -> None:
        """Show fewer samples, or all of them again."""
        self.shown = (self.shown + 1) % len(SHOWN)

    def move(self, across: int, down: int) -> None:
        """Choose the input of an axis by the arrow along it."""
        self.choose_axis("x" if across else "y", across or -down)

    def choose_axis(self, axis: str, step: int) -> None:
        """Put the next input on an axis that is not on the other one."""
        count = self._inputs
        if count <= 2:
            return
        if axis == "x":
            self.x = (self.x + step) % count
            if self.x == self.y:
                self.x = (self.x + step) % count
        else:
            self.y = (self.y + step) % count
            if self.y == self.x:
                self.y = (self.y + step) % count

    def next_output(self) -> None:
        """Show the surface of the next number."""
        if not self.facts["classes"]:
            self.output = (self.output + 1) % int(self.facts["widths"][-1])


class FitPage(BoundaryPage):
    """The curve over the one input, with the samples around it."""

    title = "curve"
    about: ClassVar[str] = "fit"

    def __init__(self, facts: Facts) -> None:
        """Begin with limits that nothing is known of."""
        super().__init__(facts)
        self._limits = StickyLimits()

    def next_output(self) -> None:
        """Show the curve of the next number."""
        super().next_output()
        self._limits = StickyLimits()

    def settings(self, width: int, height: int, *, is_moving: bool) -> dict[str, Any]:
        """Ask for a point for every column of dots."""
        return {
            "points": min(max(2, 2 * width), 1024),
            "samples": min(max(width * height // 12, 20), 300),
            "output": self.output,
        }

    def drawn(self, seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
        """Draw the axes, the samples and the curve over them."""
        facts, arrays = seen.facts, seen.arrays
        curves, classes = arrays["curves"], int(facts["classes"])
        if classes:
            ylim = (-0.08, 1.08)
            heights = np.ones(len(arrays["meant"])) if classes > 2 else arrays["meant"]
            # Of two classes one curve says it all: how sure the model is of the second.
            curves = curves[1:] if classes == 2 else curves
        else:
            low, high = facts["limits"]
            finite = curves[np.isfinite(curves)]
            reach = finite.clip(low - (high - low), high + (high - low)) if finite.size else np.array([low])
            # Axes that moved with every step would have to be drawn anew each time, and tremble.
            ylim = self._limits.update(min(low, float(reach.min())), max(high, float(reach.max())), time.monotonic())
            heights = arrays["meant"]
        cells, around = framed(width, height, tuple(facts["xlim"]), ylim)
        if not around.width or not around.height:
            return Drawn(cells=cells)
        columns = placed(arrays["inputs"], facts["xlim"], around.width)
        rows = around.height - 1 - placed(heights, ylim, around.height)
        legend = draw_samples(cells, around, columns, rows, seen, manner, self.shown)
        strokes = [Stroke(x=arrays["x"], low=curve, high=curve, broken=~np.isfinite(curve)) for curve in curves]
        canvas = raster(strokes, around.width, around.height, tuple(facts["xlim"]), ylim)
        inside = slice(around.top, around.top + around.height), slice(around.left, around.left + around.width)
        owned = canvas.owner != NOBODY
        # Samples stay visible where the curve goes through them.
        owned &= cells.characters[inside] == ord(" ")
        cells.characters[inside][owned] = canvas.characters(manner.glyphs)[owned]
        inks = [
            class_ink(cells, number, bold=True) if classes > 2 else cells.ink("foreground", bold=True)
            for number in range(len(strokes))
        ]
        cells.front[inside][owned] = np.array(inks, np.int16)[canvas.owner[owned]]
        what = "" if not classes else "line: how sure of class 1" if classes == 2 else "lines: how sure of each class"
        return Drawn(
            cells=manner.finished(cells), words=joined(width, *legend, [(what, "dim foreground")] if what else [])
        )

    def table(self, seen: Seen) -> list[tuple[str, ...]]:
        """Return the samples that are shown."""
        columns = [seen.arrays[name] for name in ("inputs", "meant", "got", "held_out")]
        head = (self.input_name(0), "truth", "model", "held out")
        return [head, *(tuple(f"{value:.6g}" for value in row) for row in zip(*columns, strict=True))]


def draw_samples(
    cells: Cells,
    around: Furniture,
    columns: NDArray[np.intp],
    rows: NDArray[np.intp],
    seen: Seen,
    manner: Manner,
    shown: int,
) -> list[list[Span]]:
    """Draw the samples at these places of the canvas, errors on top, and return what the marks mean."""
    arrays, classes = seen.arrays, int(seen.facts["classes"])
    held_out = arrays["held_out"] == 1
    meant, got = arrays["meant"], arrays["got"]
    if classes:
        wrong = held_out & (meant != got)
    else:
        error = seen.facts["error"]["held_out"]
        wrong = held_out & (np.abs(meant - got) > error)
    visible = (columns >= 0) & (rows >= 0)
    visible &= (True, held_out, wrong, False)[shown]
    characters, inks = np.zeros(len(meant), np.uint32), np.zeros(len(meant), np.int16)
    alarm, kept = cells.ink("error"), held_out.astype(np.intp)
    for class_ in range(max(1, classes)):
        of_class = meant == class_ if classes else np.ones(len(meant), np.bool_)
        pair = [ord(manner.sample(class_, is_held_out)) for is_held_out in (False, True)]
        if classes:
            colours = [class_ink(cells, class_, 0.15), class_ink(cells, class_, bold=True)]
        else:
            colours = [cells.ink("foreground", 0.3), cells.ink("foreground", bold=True)]
        characters[of_class] = np.array(pair, np.uint32)[kept[of_class]]
        inks[of_class] = np.array(colours, np.int16)[kept[of_class]]
    if classes:
        characters[wrong] = ord(manner.wrong)
    else:
        sides = np.array([ord(_side(manner, False)), ord(_side(manner, True))], np.uint32)
        characters[wrong] = sides[(meant > got)[wrong].astype(np.intp)]
        inks[wrong] = alarm
    # Of several in one cell the last one stays, which is to be the one that matters most.
    order = np.lexsort((wrong, held_out))
    order = order[visible[order]]
    place = around.top + rows[order], around.left + columns[order]
    cells.characters[place] = characters[order]
    cells.front[place] = inks[order]
    if classes and manner.blocks:
        marked = order[wrong[order]]
        place = around.top + rows[marked], around.left + columns[marked]
        cells.front[place], cells.back[place] = cells.ink("background", bold=True), alarm
    return _legend(seen, manner, shown)


def _legend(seen: Seen, manner: Manner, shown: int) -> list[list[Span]]:
    facts = seen.facts
    count = int(facts["seen"]["held_out"])
    parts: list[list[Span]] = []
    if facts["classes"]:
        of = f"of the first {count:,}" if count < facts["samples"]["held_out"] else f"of {count:,}"
        errors = f"{manner.wrong} held-out errors {count - facts['right']['held_out']:,} {of}"
        marks: list[Span] = []
        for number in range(min(facts["classes"], MOST)):
            text = f"{manner.sample(number, False)}{manner.sample(number, True)} {number} "
            marks.append((text, f"bold {lane_colour(number)}"))
        if facts["classes"] > MOST:
            marks.append(("…", "foreground"))
        parts = [marks]
    else:
        error = facts["error"]
        sides = _side(manner, True) + _side(manner, False)
        errors = f"{sides} off by more than the held-out RMS {compact(error['held_out'])}"
    if count:
        parts.insert(0, [(errors, "bold error")])
    parts.append([(f"{manner.sample(0, False)} training {manner.sample(0, True)} held-out", "foreground")])
    if shown:
        parts.insert(0, [(f"only {SHOWN[shown]}" if shown < 3 else SHOWN[shown], "warning")])
    return parts


def _side(manner: Manner, above: bool) -> str:
    return ("▲" if above else "▼") if manner.unicode else ("^" if above else "v")


def _resampled(values: NDArray[np.generic], rows: int, columns: int) -> NDArray[Any]:
    """Return a picture of another size, by the nearest pixel: the coarse one, or one for a size that is past."""
    down = np.arange(rows) * values.shape[0] // rows
    across = np.arange(columns) * values.shape[1] // columns
    return np.asarray(values[down[:, None], across])


def _regions(
    cells: Cells, seen: Seen, around: Furniture, manner: Manner
) -> tuple[NDArray[np.int16], NDArray[np.uint32]]:
    classes = int(seen.facts["classes"])
    # A texture needs more of its colour to be seen than a region that is filled.
    faintest = 0.86 if manner.blocks else 0.4
    inks = np.array(
        [[class_ink(cells, number, faintest - 0.1 * band) for band in range(BANDS)] for number in range(classes)],
        np.int16,
    )
    size = 2 * around.height, around.width
    chosen = _resampled(seen.arrays["chosen"], *size)
    share = np.nan_to_num(_resampled(seen.arrays["share"], *size))
    sure = (share - 1.0 / classes) / (1.0 - 1.0 / classes)
    band = np.clip((sure * BANDS).astype(np.intp), 0, BANDS - 1)
    textures = manner.textures
    return inks[chosen, band], textures[chosen[::2] % len(textures)]


def _surface(
    cells: Cells, seen: Seen, around: Furniture, manner: Manner
) -> tuple[NDArray[np.int16], NDArray[np.uint32]]:
    inks = np.array([NONE if ink is None else cells.ink(*ink) for ink in _level_inks()], np.int16)
    low, high = seen.facts["limits"]
    value = _resampled(seen.arrays["value"], 2 * around.height, around.width)
    with np.errstate(invalid="ignore"):
        level = np.nan_to_num((value - low) / ((high - low) or 1.0) * LEVELS, posinf=LEVELS, neginf=0.0)
    level = np.clip(level.astype(np.intp), 0, LEVELS - 1)
    ramp = manner.ramp
    return inks[level], ramp[level[::2] * (len(ramp) - 1) // (LEVELS - 1)]


def _level_inks() -> list[tuple[str, float] | None]:
    """Return the colours of the bands of a surface: one below the middle, another above it."""
    middle = LEVELS // 2
    below = [("primary", 0.35 + 0.15 * step) for step in range(middle)]
    above = [("accent", 0.35 + 0.15 * step) for step in range(middle)]
    return [*below, None, *reversed(above)]


def _scale(seen: Seen, manner: Manner) -> list[Span]:
    """Return what the bands of a surface mean."""
    if seen.facts["classes"]:
        return []
    low, high = (compact(value) for value in seen.facts["limits"])
    if not manner.blocks:
        ramp = "".join(map(chr, manner.ramp))
        return [(f"{low} {ramp} {high}", "foreground")]
    return [(low, "bold primary"), (" … ", "foreground"), (high, "bold accent")]
