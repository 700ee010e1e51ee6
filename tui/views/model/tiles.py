"""The pages of little pictures side by side: held-out samples with what the model takes them for, and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.run.events import Seen

from ...charts.cells import NONE, PLAIN, Cells, code_points
from ...key_names import with_keys
from ...widgets.text_rows import Span
from .page import TOO_SMALL, Drawn, Facts, Manner, Page, joined

ZOOMS = (0.25, 0.5, 1.0, 2.0, 3.0)
ENOUGH = 12
"""So many pictures are to stand side by side, unless they would be too small to see."""
GREYS = 8
SIGNED = 9
"""Bands from the most negative weight over nothing to the most positive one."""
_SIGNED_TEXTURES = "==-, .+##"
CAPTION = 8
"""Cells that a caption needs."""
MOST_LIVE, MOST = 1000, 10_000
"""Samples that are looked at again and again while a run goes on, and once when it stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How pictures fill the room that there is."""

    zoom: float
    columns: int
    """How many stand beside each other."""
    rows: int
    width: int
    """Cells of one, with the gap to the next."""
    height: int
    """Cells of one, with its caption."""

    @property
    def count(self) -> int:
        """How many there are."""
        return self.columns * self.rows

    @classmethod
    def of(cls, image: tuple[int, int], width: int, height: int, zoom: float) -> Layout:
        """Return the layout of pictures of so many pixels, drawn so large, on so many cells."""
        across, down = _scaled(image[1], zoom), _scaled(image[0], zoom)
        tile_width, tile_height = max(across, CAPTION) + 2, (down + 1) // 2 + 1
        return cls(
            zoom=zoom,
            columns=(width + 1) // tile_width,
            rows=(height + 1) // (tile_height + 1) or height // tile_height,
            width=tile_width,
            height=tile_height,
        )


class TilesPage(Page):
    """Pictures side by side, of which the next ones come with a key."""

    def __init__(self, facts: Facts) -> None:
        """Begin with the first ones."""
        super().__init__(facts)
        self.first = 0
        self._zoom: float | None = None
        self._layout = Layout(zoom=1.0, columns=1, rows=1, width=1, height=1)

    def absence(self) -> str:
        """Return why there are no pictures."""
        if self.facts["image"] is None:
            return (
                f"The samples are {self.facts['widths'][0]:,} numbers each and no pictures. {with_keys(self.instead)}"
            )
        return ""

    instead: ClassVar[str] = ""
    """What there is to see in its place."""

    @property
    def total(self) -> int:
        """How many pictures there are."""
        raise NotImplementedError

    def arranged(self, width: int, height: int) -> Layout:
        """Return how many pictures there is room for, and remember it for the keys that go through them."""
        image = tuple(self.facts["image"])
        layouts = {zoom: Layout.of(image, width, height, zoom) for zoom in ZOOMS}
        readable = [zoom for zoom in ZOOMS if zoom >= 0.5 and layouts[zoom].count] or [ZOOMS[0]]
        enough = [zoom for zoom in readable if layouts[zoom].count >= min(ENOUGH, self.total)]
        best = enough[-1] if enough else readable[0]
        wanted = best if self._zoom is None else self._zoom
        self._layout = layouts[wanted] if layouts[wanted].count else layouts[best]
        return self._layout

    def turn(self, pages: int) -> None:
        """Show the next pictures, or those before."""
        step = max(1, self._layout.count)
        last = max(0, (self.total - 1) // step * step)
        self.first = min(max(0, self.first + pages * step), last)

    def move(self, across: int, down: int) -> None:
        """Go through the pictures by the arrows as well."""
        self.turn(across or down)

    def jump(self, *, to_end: bool) -> None:
        """Show the first or the last pictures."""
        step = max(1, self._layout.count)
        self.first = max(0, (self.total - 1) // step * step) if to_end else 0

    def zoom(self, step: int) -> None:
        """Draw the pictures larger or smaller."""
        if step == 0:
            self._zoom = None
            return
        place = ZOOMS.index(self._layout.zoom) + step
        self._zoom = ZOOMS[min(max(place, 0), len(ZOOMS) - 1)]

    def spread(
        self, cells: Cells, layout: Layout, number: int, inks: NDArray[np.int16], textures: NDArray[np.uint32] | None
    ) -> tuple[int, int]:
        """Draw a picture at its place and return the row and column of its caption."""
        row = number // layout.columns * (layout.height + 1 if layout.rows > 1 else layout.height)
        column = number % layout.columns * layout.width
        if len(inks) % 2:
            inks = np.concatenate([inks, np.full_like(inks[:1], NONE)])
        cells.pixels(row, column, inks, textures)
        return row + layout.height - 1, column


class ImagesPage(TilesPage):
    """Held-out pictures with the class that each is, and the one that it is taken for."""

    letter: ClassVar[str] = "g"
    title = "images"
    about: ClassVar[str] = "predictions"
    every_s: ClassVar[float] = 0.3
    instead: ClassVar[str] = "<model.boundary> shows them over two of their inputs."

    def __init__(self, facts: Facts) -> None:
        """Begin with those that are wrong."""
        super().__init__(facts)
        self.order = "errors"
        self.kind: tuple[int, int] | None = None
        """The class and the one that it is taken for, where no others are to be seen."""
        self._picked = 0

    def absence(self) -> str:
        """Return why there are no pictures with classes."""
        return super().absence() or ("" if self.facts["classes"] else "These pictures have numbers and not classes.")

    @property
    def total(self) -> int:
        """How many samples are looked at, or are of the kind."""
        if self.kind is not None:
            return self._picked
        samples = self.facts["samples"]
        return min(int(samples.get("held_out", samples["train"])), MOST)

    def settings(self, width: int, height: int, *, is_moving: bool) -> dict[str, Any]:
        """Ask for as many pictures as there is room for."""
        layout = self.arranged(width, height)
        return {
            "at_most": most_of(self.facts, is_moving=is_moving),
            "pictures": min(max(1, layout.count), 400),
            "first": self.first,
            "order": self.order,
            **({"kind": list(self.kind)} if self.kind is not None else {}),
        }

    def choose(self, kind: tuple[int, int] | None, count: int = 0) -> None:
        """Show the pictures of a kind, of which there are so many, or all."""
        if kind != self.kind:
            self.kind, self.first, self._picked = kind, 0, count

    def cycle(self) -> None:
        """Put the wrong ones first, or leave all in their order."""
        self.order = "samples" if self.order == "errors" else "errors"
        self.first = 0

    def drawn(self, seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
        """Draw the pictures with their captions."""
        cells, facts, arrays = Cells(width, height), seen.facts, seen.arrays
        layout = self.arranged(width, height)
        if not layout.count or "pixels" not in arrays or facts["kind"] != (self.kind and list(self.kind)):
            cells.say(with_keys(TOO_SMALL) if not layout.count else "looking …")
            return Drawn(cells=cells)
        self._picked = int(facts["picked"])
        inks = np.array(
            [NONE, *(cells.ink("foreground", 1.0 - level / (GREYS - 1)) for level in range(1, GREYS))], np.int16
        )
        if not manner.blocks:
            inks[:] = PLAIN  # the characters say it all
        wrong_ink, right_ink = cells.ink("error", bold=True), cells.ink("foreground", 0.3)
        ramp, arrow = manner.ramp, "→" if manner.unicode else ">"
        shape = tuple(self.facts["image"])
        count = min(layout.count, len(arrays["pixels"]))
        for number in range(count):
            pixels = resized(arrays["pixels"][number].reshape(shape) / 255.0, layout.zoom)
            level = np.rint(pixels * (GREYS - 1)).astype(np.intp)
            pair = (pixels[::2] + padded_rows(pixels)[1::2]) / 2.0
            textures = None if manner.blocks else ramp[np.rint(pair * (len(ramp) - 1)).astype(np.intp)]
            row, column = self.spread(cells, layout, number, inks[level], textures)
            truth, guess = int(arrays["meant"][number]), int(arrays["got"][number])
            sure = f"{float(arrays['share'][number]):.0%}"
            if truth == guess:
                cells.write(row, column, _caption(f"{truth}", sure, layout.width - 1), right_ink)
            else:
                caption = _caption(f"{truth}{arrow}{guess} {manner.wrong}", sure, layout.width - 1)
                cells.write(row, column, caption, wrong_ink)
        first = int(facts["first"])
        which = f"{first + 1:,} to {first + count:,} of {self._picked:,}" if count else "there are none"
        if self.kind is not None:
            what: list[Span] = [(f"{self.kind[0]} taken for {self.kind[1]}: {which}", "bold warning")]
            back: list[Span] = [("esc goes back to the matrix", "dim foreground")]
            return Drawn(cells=manner.finished(cells), words=joined(width, what, back, right_words(seen)))
        order = "wrong ones first" if self.order == "errors" else "in their order"
        place: list[Span] = [(f"{which}, {order}", "foreground")]
        meaning: list[Span] = [(f"truth{arrow}model {manner.wrong} how sure", "dim foreground")]
        return Drawn(cells=manner.finished(cells), words=joined(width, right_words(seen), place, meaning))

    def table(self, seen: Seen) -> list[tuple[str, ...]]:
        """Return the truth and the prediction of the pictures that are shown."""
        if "pixels" not in seen.arrays:
            return []
        names = ("numbers", "meant", "got", "share")
        rows = zip(*(seen.arrays[name] for name in names), strict=True)
        return [("sample", "truth", "model", "how sure"), *(tuple(f"{value:.6g}" for value in row) for row in rows)]


class WeightsPage(TilesPage):
    """The weights from the pixels to each unit of the first layer, as a picture."""

    letter: ClassVar[str] = "w"
    title = "weights"
    about: ClassVar[str] = "pictures"
    instead: ClassVar[str] = "<model.drawing> draws the network with its weights."

    @property
    def total(self) -> int:
        """How many units the first layer has."""
        return int(self.facts["widths"][1])

    def settings(self, width: int, height: int, *, is_moving: bool) -> dict[str, Any]:
        """Ask for as many units as there is room for."""
        return {"first": self.first, "units": min(max(1, self.arranged(width, height).count), 400)}

    def drawn(self, seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
        """Draw a picture for every unit, each on a scale of its own, which its caption says."""
        cells, facts = Cells(width, height), seen.facts
        layout = self.arranged(width, height)
        if not layout.count:
            cells.say(with_keys(TOO_SMALL))
            return Drawn(cells=cells)
        middle = SIGNED // 2
        steps = [(step + 1) / middle for step in range(middle)]
        text = cells.ink("foreground", 0.3)
        negative = [cells.ink("primary", 1.0 - step) for step in reversed(steps)]
        inks = np.array([*negative, NONE, *(cells.ink("accent", 1.0 - step) for step in steps)], np.int16)
        characters = code_points(_SIGNED_TEXTURES)
        if not manner.blocks:
            inks[:] = PLAIN  # the characters say it all
        first, weights = int(facts["first"]), seen.arrays["weights"]
        count = min(layout.count, len(weights))
        for number in range(count):
            weight = np.nan_to_num(weights[number].reshape(tuple(facts["image"])))
            greatest = float(np.abs(weight).max())
            share = resized(weight / (greatest or 1.0), layout.zoom)
            level = np.clip(np.rint(share * middle), -middle, middle).astype(np.intp) + middle
            textures = None if manner.blocks else characters[level[::2]]
            row, column = self.spread(cells, layout, number, inks[level], textures)
            sign = "±" if manner.unicode else "+-"
            caption = _caption(f"{first + number + 1}", f"{sign}{greatest:.2g}", layout.width - 1)
            cells.write(row, column, caption, text)
        what = "unit of the first layer" if facts["hidden"] else "output"
        which = f"{what} {first + 1:,} to {first + count:,} of {facts['units']:,}"
        place: list[Span] = [(which, "foreground")]
        scale: list[Span] = [("each with its greatest weight", "foreground")]
        signs: list[Span] = (
            [("█ positive ", "accent"), ("█ negative", "primary")]
            if manner.blocks
            else [("+# positive  -= negative", "foreground")]
        )
        return Drawn(
            cells=manner.finished(cells), words=joined(width, [*signs, (" · ", "dim foreground"), *place], scale)
        )

    def table(self, seen: Seen) -> list[tuple[str, ...]]:
        """Return the weights of the units that are shown, a unit a row."""
        weights, first = seen.arrays["weights"], int(seen.facts["first"])
        head = ("unit", *(f"pixel {number + 1}" for number in range(weights.shape[1])))
        rows = [(str(first + number + 1), *(f"{value:.6g}" for value in row)) for number, row in enumerate(weights)]
        return [head, *rows]


def most_of(facts: Facts, *, is_moving: bool) -> int:
    """Return how many samples to look at: while a run goes on, no more than take a tenth of its time."""
    if not is_moving:
        return MOST
    return int(min(MOST_LIVE, max(100, 200_000_000 // facts["parameters"])))


def right_words(seen: Seen) -> list[Span]:
    """Return how many of the samples are right, and which they are."""
    facts = seen.facts
    which = "held-out" if facts["split"] == "held_out" else "training (none is held out)"
    part = f" (of {facts['total']:,})" if facts["seen"] < facts["total"] else ""
    share = facts["right"] / max(1, facts["seen"])
    return [(f"{share:.1%} right", "bold success"), (f" of {facts['seen']:,} {which} samples{part}", "foreground")]


def resized(pixels: NDArray[Any], zoom: float) -> NDArray[Any]:
    """Return a picture drawn larger by whole numbers, or smaller by the means of its pixels."""
    if zoom >= 1.0:
        times = int(zoom)
        return pixels.repeat(times, axis=0).repeat(times, axis=1)
    step = round(1.0 / zoom)
    rows, columns = (-length % step for length in pixels.shape)
    filled = np.pad(pixels, ((0, rows), (0, columns)), mode="edge")
    blocks = filled.reshape(filled.shape[0] // step, step, filled.shape[1] // step, step)
    return np.asarray(blocks.mean(axis=(1, 3)))


def padded_rows(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return a picture with an even number of rows."""
    return np.concatenate([pixels, np.zeros_like(pixels[:1])]) if len(pixels) % 2 else pixels


def _scaled(pixels: int, zoom: float) -> int:
    return int(pixels * zoom) if zoom >= 1.0 else -(-pixels // round(1.0 / zoom))


def _caption(name: str, detail: str, width: int) -> str:
    return f"{name} {detail}" if len(name) + 1 + len(detail) <= width else name[:width]
