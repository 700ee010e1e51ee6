"""The page with the network as a drawing: units, and between them lines that say sign and size of the weights."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from engine.run.events import Seen

from ...charts.axes import compact
from ...charts.cells import Cells
from ...charts.raster import DOTS_ACROSS, DOTS_DOWN, characters_of, codes_at
from ...key_names import with_keys
from ...widgets.text_rows import Row, Span
from .page import TOO_SMALL, Drawn, Facts, Manner, Page, joined

MARGIN = 6
"""Columns beside the outermost units, for their names."""
BOUNDS = (0.05, 0.3, 0.65)
"""Shares of the greatest weight of a layer from which on a line is drawn, is clear, and is thick."""
SOFT = (0.65, 0.35, 0.0)
DASH = 3
"""Dots of a dash, and of the gap after it."""
CLEAR = 32
"""Lines between two layers that an eye can follow: of more, the strongest are drawn."""
MOST_CELLS = 10_000
"""No row is as wide."""
NAMED = 6
"""Weights of a unit that are told in words, the greatest first."""


class DrawingPage(Page):
    """Columns of units from the inputs to the outputs; one of them can be looked at alone."""

    letter: ClassVar[str] = "d"
    title = "drawing"
    about: ClassVar[str] = "weights"

    def __init__(self, facts: Facts) -> None:
        """Begin with the whole network."""
        super().__init__(facts)
        self.chosen: tuple[int, int] | None = None
        """Layer and unit, from 0 on."""
        self._shown: list[int] = []
        self._places: list[tuple[int, NDArray[np.intp]]] = []

    def settings(self, width: int, height: int, *, is_moving: bool) -> dict[str, Any]:
        """Ask for as many units a layer as can be told apart."""
        return {"units": min(max(1, (height - 2) // 2), 24)}

    def move(self, across: int, down: int) -> None:
        """Choose a unit: the first one, or the next one in this direction."""
        if not self._shown:
            return
        if self.chosen is None:
            self.chosen = (1 if len(self._shown) > 1 else 0, 0)
            return
        layer = min(max(0, self.chosen[0] + across), len(self._shown) - 1)
        self.chosen = layer, min(max(0, self.chosen[1] + down), self._shown[layer] - 1)

    def jump(self, *, to_end: bool) -> None:
        """Choose an output, or an input."""
        if self._shown:
            self.chosen = (len(self._shown) - 1 if to_end else 0, 0)

    def zoom(self, step: int) -> None:
        """Show the whole network again."""
        if step == 0:
            self.chosen = None

    def click(self, column: int, row: int) -> None:
        """Choose the unit that is nearest, or none far from all."""
        for layer, (at_column, rows) in enumerate(self._places):
            near = np.flatnonzero(rows == row)
            if abs(at_column - column) <= 2 and len(near):
                self.chosen = layer, int(near[0])
                return
        self.chosen = None

    def drawn(self, seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
        """Draw lines, units and their names."""
        cells = Cells(width, height)
        weights = _weights(seen)
        self._shown = [weights[0].shape[0], *(weight.shape[1] for weight in weights)]
        layers = len(self._shown)
        room = (width - 2 * MARGIN - 1) // max(1, layers - 1)
        if room < 4 or height < max(self._shown) + 2:
            cells.say(with_keys(TOO_SMALL))
            return Drawn(cells=cells)
        if self.chosen is not None:
            layer = min(self.chosen[0], layers - 1)
            self.chosen = layer, min(self.chosen[1], self._shown[layer] - 1)
        self._places = [
            (MARGIN + room * layer, 1 + _spread(count, height - 2)) for layer, count in enumerate(self._shown)
        ]
        self._draw_lines(cells, weights, seen.facts["greatest"], manner)
        self._draw_units(cells, seen, manner)
        return Drawn(cells=manner.finished(cells), words=self._words(seen, weights, manner, width))

    def table(self, seen: Seen) -> list[tuple[str, ...]]:
        """Return every weight and bias that is drawn."""
        rows: list[tuple[str, ...]] = [("layer", "from", "to", "weight")]
        for number, weight in enumerate(_weights(seen), start=1):
            rows += [
                (str(number), str(origin + 1), str(unit + 1), f"{value:.6g}")
                for (origin, unit), value in np.ndenumerate(weight)
            ]
            biases = seen.arrays.get(f"bias{number}", ())
            rows += [(str(number), "bias", str(unit + 1), f"{value:.6g}") for unit, value in enumerate(biases)]
        return rows

    def _draw_lines(self, cells: Cells, weights: list[NDArray[Any]], greatest: list[float], manner: Manner) -> None:
        """Draw the weak weights first, so that the strong ones lie over them."""
        groups = [(sign, strength) for strength in range(len(BOUNDS)) for sign in (1, -1)]
        # Which group each dot is of, counted from 1 and the strongest last; 0 is none.
        dots = np.zeros((cells.height * DOTS_DOWN, cells.width * DOTS_ACROSS), np.uint8)
        for layer, (weight, most) in enumerate(zip(weights, greatest, strict=True)):
            with np.errstate(invalid="ignore"):
                share = np.nan_to_num(np.abs(weight.astype(np.float64)) / (most or 1.0), posinf=1.0)
            if self.chosen is not None:
                share = share * self._touched(layer, weight.shape)
            elif share.size > CLEAR:
                share = np.where(share >= np.partition(share, -CLEAR, axis=None)[-CLEAR], share, 0.0)
            levels = np.searchsorted(BOUNDS, share, side="right") - 1
            (start, origins), (stop, goals) = self._places[layer], self._places[layer + 1]
            for group, (sign, level) in enumerate(groups, start=1):
                chosen = np.argwhere((levels == level) & (np.sign(weight) == sign))
                if len(chosen):
                    ends = (origins[chosen[:, 0]], goals[chosen[:, 1]])
                    across, down = _straight((start, stop), ends, dashed=sign < 0, thick=level == 2)
                    dots[np.minimum(down, len(dots) - 1), across] = group
        strongest = dots.reshape(cells.height, DOTS_DOWN, cells.width, DOTS_ACROSS).max(axis=(1, 3))
        drawn = strongest > 0
        down, across = np.nonzero(dots)
        cells.characters[drawn] = characters_of(codes_at(across, down, cells.width, cells.height), manner.glyphs)[drawn]
        inks = [cells.ink("accent" if sign > 0 else "primary", SOFT[strength]) for sign, strength in groups]
        cells.front[drawn] = np.array(inks, np.int16)[strongest[drawn] - 1]
        if not manner.unicode:
            # There are no dots: a line is made of its own sign.
            signs = np.array([ord("+" if sign > 0 else "-") for sign, _ in groups], np.uint32)
            cells.characters[drawn] = signs[strongest[drawn] - 1]

    def _touched(self, layer: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Return 1 for the weights of a layer that end at the chosen unit, 0 for the others."""
        assert self.chosen is not None
        touched = np.zeros(shape)
        if self.chosen[0] == layer:
            touched[self.chosen[1], :] = 1.0
        elif self.chosen[0] == layer + 1:
            touched[:, self.chosen[1]] = 1.0
        return touched

    def _draw_units(self, cells: Cells, seen: Seen, manner: Manner) -> None:
        widths = seen.facts["widths"]
        unit, faint = cells.ink("foreground", bold=True), cells.ink("foreground", 0.4)
        mark = cells.ink("warning", bold=True)
        room = self._places[1][0] - self._places[0][0]
        for layer, (column, rows) in enumerate(self._places):
            is_last = layer == len(widths) - 1
            title = "inputs" if layer == 0 else "outputs" if is_last else f"hidden {layer}"
            cells.write(0, min(max(0, column - len(title) // 2), cells.width - len(title)), title, faint)
            for number, row in enumerate(rows.tolist()):
                is_chosen = self.chosen == (layer, number)
                dot = ("◉" if is_chosen else "●") if manner.unicode else ("@" if is_chosen else "o")
                cells.write(row, column, dot, mark if is_chosen else unit)
                if layer == 0:
                    name = f"x{number + 1}"
                    cells.write(row, column - 1 - len(name), name, unit)
                elif is_last:
                    name = str(number) if self.facts["classes"] > 2 or widths[-1] > 1 else "y"
                    cells.write(row, column + 2, name, unit)
            if len(rows) < widths[layer]:
                text = f"{len(rows)} of {widths[layer]:,}"
                text += " shown" if len(text) + 8 <= room else ""
                at = min(max(0, column - len(text) // 2), cells.width - len(text))
                cells.write(cells.height - 1, at, text, faint)
        if len(widths) > len(self._places):
            cells.write(0, cells.width - 1, "…" if manner.unicode else ">", faint)

    def _words(self, seen: Seen, weights: list[NDArray[Any]], manner: Manner, width: int) -> Row:
        if self.chosen is None:
            greatest = ", ".join(compact(value) for value in seen.facts["greatest"][:6])
            solid, dashed = ("━ solid", "╍ dashed") if manner.unicode else ("+ line", "- line")
            is_crowded = any(weight.size > CLEAR for weight in weights)
            signs: list[Span] = [(f"{solid}: positive ", "accent"), (f"{dashed}: negative", "primary")]
            return joined(
                width,
                signs,
                [(f"greatest weight by layer {greatest}", "foreground")],
                [(f"the {CLEAR} strongest of a layer", "dim foreground")] if is_crowded else [],
                [("the arrows choose a unit", "dim foreground")],
            )
        # As many of the strongest weights as have room.
        rows = (self._words_of(*self.chosen, seen, weights, named) for named in range(NAMED, 0, -1))
        parts: list[list[Span]] = []
        for parts in rows:
            if sum(cell_len(text) for text, _ in joined(MOST_CELLS, *parts)) <= width:
                break
        return joined(width, *parts)

    def _words_of(self, layer: int, unit: int, seen: Seen, weights: list[NDArray[Any]], named: int) -> list[list[Span]]:
        """Return what is told of a unit, with so many of the weights that come in and go out."""
        parts: list[list[Span]] = []
        if layer > 0:
            bias = seen.arrays.get(f"bias{layer}")
            if bias is not None:
                parts.append([(f"bias {float(bias[unit]):+.4g}", "foreground")])
            incoming = weights[layer - 1][:, unit]
            parts.append([("from ", "dim foreground"), *_strongest(incoming, "x" if layer == 1 else "unit ", named)])
        if layer < len(weights):
            parts.append([("to ", "dim foreground"), *_strongest(weights[layer][unit], "unit ", named)])
        is_last = layer == len(seen.facts["widths"]) - 1
        where = "output" if is_last else f"hidden {layer}, unit"
        name = f"x{unit + 1}: {self.input_name(unit)}" if layer == 0 else f"{where} {unit + 1}"
        return [[(name, "bold warning")], *parts]


def _weights(seen: Seen) -> list[NDArray[Any]]:
    """Return the weights of every layer that was sent, (inputs, units)."""
    return [seen.arrays[f"weight{number}"] for number in range(1, len(seen.facts["greatest"]) + 1)]


def _spread(count: int, height: int) -> NDArray[np.intp]:
    """Return rows for so many units, evenly spaced around the middle."""
    return np.floor((np.arange(count) + 0.5) * height / count).astype(np.intp)


def _strongest(weights: NDArray[Any], name: str, named: int) -> list[Span]:
    order = np.argsort(-np.abs(weights), kind="stable")[:named].tolist()
    return [
        (
            f"{'  ' if place else ''}{name}{number + 1} {float(weights[number]):+.3g}",
            "accent" if weights[number] >= 0 else "primary",
        )
        for place, number in enumerate(order)
    ]


def _straight(
    columns: tuple[int, int], rows: tuple[NDArray[np.intp], NDArray[np.intp]], *, dashed: bool, thick: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the dots, across and down, of lines between these cells, all from one column to another."""
    start, stop = ((column * DOTS_ACROSS + 1) for column in columns)
    origins, goals = (row * DOTS_DOWN + DOTS_DOWN // 2 for row in rows)
    count = max(stop - start, int(np.abs(goals - origins).max(initial=0))) + 1
    way = np.linspace(0.0, 1.0, count)
    across = np.broadcast_to(np.rint(start + (stop - start) * way).astype(np.intp), (len(origins), count))
    down = np.rint(origins[:, None] + (goals - origins)[:, None] * way).astype(np.intp)
    lit = np.ones(down.shape, np.bool_)
    if dashed:
        # Each line begins elsewhere in its dash: gaps that stand below each other would look like a pattern.
        lit = (np.arange(count) + 2 * np.arange(len(origins))[:, None]) // DASH % 2 == 0
    across, down = across[lit], down[lit]
    return (np.concatenate([across, across]), np.concatenate([down, down + 1])) if thick else (across, down)
