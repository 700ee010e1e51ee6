"""The page with which class is taken for which; of a regression, which number comes out for which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from engine.run.events import Seen

from ...charts.axes import compact, padded
from ...charts.cells import Cells
from ...key_names import with_keys
from ...widgets.text_rows import Span
from .page import TOO_SMALL, Drawn, Facts, Manner, Page, framed, joined, placed
from .tiles import most_of, right_words

SHADES = 5
"""Bands of the background, from nothing to all samples of a class."""
TOP = 2
"""The row of the first class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Where the cells of the matrix stand."""

    left: int = 0
    """The column of the first one; the first row is `TOP`."""
    width: int = 1
    height: int = 1
    truths: tuple[int, int] = (0, 0)
    """The classes of the rows that are seen, from and up to which."""
    guesses: tuple[int, int] = (0, 0)

    def cell_at(self, column: int, row: int) -> tuple[int, int] | None:
        """Return the class and the one that it is taken for; None beside the matrix."""
        truth = self.truths[0] + (row - TOP) // self.height
        guess = self.guesses[0] + (column - self.left) // self.width
        return (truth, guess) if truth in range(*self.truths) and guess in range(*self.guesses) else None


class ConfusionPage(Page):
    """A row for every class, a column for every one that a sample is taken for."""

    letter: ClassVar[str] = "c"
    about: ClassVar[str] = "predictions"
    every_s: ClassVar[float] = 0.3

    def __init__(self, facts: Facts) -> None:
        """Begin with the first classes."""
        super().__init__(facts)
        self.first_row = self.first_column = self.output = 0
        self.chosen: tuple[int, int] | None = None
        """The class and the one that it is taken for, of which the pictures can be seen."""
        self._grid = _Grid()
        self.title = "confusion" if facts["classes"] else "errors"

    @property
    def count(self) -> int:
        """How many samples are in the cell that is chosen."""
        return 0 if self.chosen is None or self._counts is None else int(self._counts[self.chosen])

    def settings(self, width: int, height: int, *, is_moving: bool) -> dict[str, Any]:
        """Ask for the counts alone."""
        return {"at_most": most_of(self.facts, is_moving=is_moving), "output": self.output}

    def move(self, across: int, down: int) -> None:
        """Choose a cell: the first that is seen, or the next one in this direction."""
        if not self.facts["classes"]:
            return
        last = int(self.facts["classes"]) - 1
        if self.chosen is None:
            self.chosen = min(self.first_row, last), min(self.first_column, last)
        else:
            truth, guess = self.chosen
            self.chosen = min(max(0, truth + down), last), min(max(0, guess + across), last)

    def turn(self, pages: int) -> None:
        """Choose a cell further down."""
        self.move(0, 10 * pages)

    def jump(self, *, to_end: bool) -> None:
        """Choose the cell of the first class, or of the last."""
        place = int(self.facts["classes"]) - 1 if to_end else 0
        self.chosen = (place, place) if self.facts["classes"] else None

    def click(self, column: int, row: int) -> None:
        """Choose the cell that was clicked, or none beside them."""
        self.chosen = self._grid.cell_at(column, row)

    def next_output(self) -> None:
        """Show the next number that is fitted."""
        if not self.facts["classes"]:
            self.output = (self.output + 1) % int(self.facts["widths"][-1])

    def drawn(self, seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
        """Draw the matrix, or the numbers against each other."""
        if not seen.facts["classes"]:
            return _spread(seen, width, height, manner)
        words = joined(width, right_words(seen), *_mistakes(seen))
        cells = Cells(width, height)
        confusion = self._counts = seen.arrays.get("confusion")
        self._grid = _Grid()
        if confusion is None:
            cells.say(
                f"{seen.facts['classes']:,} classes are too many for a matrix: the commonest mistakes stand below"
            )
            return Drawn(cells=cells, words=words)
        self._draw(cells, confusion, manner)
        if self.chosen is not None:
            words = joined(width, self._words_of(*self.chosen, confusion), right_words(seen))
        return Drawn(cells=manner.finished(cells), words=words)

    def _words_of(self, truth: int, guess: int, confusion: Any) -> list[Span]:
        count, total = self.count, int(confusion[truth].sum())
        told = f"{truth} taken for {guess}: {count:,} of {total:,}"
        return [(told, "bold warning"), (", enter shows them" if self.facts["image"] and count else "", "foreground")]

    def _draw(self, cells: Cells, confusion: Any, manner: Manner) -> None:
        classes = len(confusion)
        label = max(10 if cells.width >= 70 else 6, len(str(classes - 1)) + 1)
        # Where there is room the matrix is higher, and about as wide as it is high to the eye.
        tall = min(3, max(1, (cells.height - 3) // classes))
        column = max(len(str(int(confusion.max()))), len(str(classes - 1))) + 2
        column = max(column, min(4 + 4 * tall, (cells.width - label - 8) // classes))
        shown, rows = (cells.width - label - 8) // column, (cells.height - 2) // tall
        if shown < 1 or rows < 1:
            cells.say(with_keys(TOO_SMALL))
            return
        if self.chosen is not None:
            self.first_row = min(max(self.first_row, self.chosen[0] - rows + 1), self.chosen[0])
            self.first_column = min(max(self.first_column, self.chosen[1] - shown + 1), self.chosen[1])
        self.first_row = min(self.first_row, max(0, classes - rows))
        self.first_column = min(self.first_column, max(0, classes - shown))
        down = range(self.first_row, min(classes, self.first_row + rows))
        across = range(self.first_column, min(classes, self.first_column + shown))
        self._grid = _Grid(
            left=label, width=column, height=tall, truths=(down.start, down.stop), guesses=(across.start, across.stop)
        )
        faint, strong = cells.ink("foreground", 0.45), cells.ink("foreground", bold=True)
        mark = cells.ink("warning", bold=True)
        right, wrong = (
            [cells.ink(name, 0.9 - 0.12 * shade) for shade in range(SHADES)] for name in ("success", "error")
        )
        says, end = "model says →" if manner.unicode else "model says", label + len(across) * column
        cells.write(0, label + 1, says, faint)
        cells.write(1, 0, "truth".rjust(label - 1), faint)
        cells.write(1, end + 1, "recall", faint)
        for place, number in enumerate(across):
            cells.write(1, label + place * column, str(number).center(column), strong)
        for line, truth in enumerate(down):
            top = TOP + line * tall
            row, total = top + (tall - 1) // 2, int(confusion[truth].sum())
            cells.write(row, 0, str(truth).rjust(label - 1), strong)
            for place, number in enumerate(across):
                count, start = int(confusion[truth, number]), label + place * column
                if count:
                    shade = min(SHADES - 1, SHADES * count // max(1, total))
                    cells.back[top : top + tall, start : start + column] = (right if truth == number else wrong)[shade]
                nothing = "·" if manner.unicode else "."
                cells.write(row, start, str(count or nothing).center(column), strong if count else faint)
                if (truth, number) == self.chosen:
                    cells.write(row, start, "[", mark)
                    cells.write(row, start + column - 1, "]", mark)
            recall = f"{int(confusion[truth, truth]) / total:6.1%}" if total else "  none"
            cells.write(row, end + 1, recall, strong if total else faint)
        row = TOP + len(down) * tall
        if len(down) == classes:
            cells.write(row, 0, ("precision" if label >= 10 else "prec.").rjust(label - 1), faint)
            for place, number in enumerate(across):
                taken = int(confusion[:, number].sum())
                share = f"{round(100 * int(confusion[number, number]) / taken)}%" if taken else "-"
                cells.write(row, label + place * column, share.center(column), faint)

    def table(self, seen: Seen) -> list[tuple[str, ...]]:
        """Return the matrix with its recall, or the numbers against each other."""
        if not seen.facts["classes"]:
            rows = zip(seen.arrays["meant"], seen.arrays["got"], strict=True)
            return [("truth", "model"), *((f"{truth:.6g}", f"{guess:.6g}") for truth, guess in rows)]
        confusion = seen.arrays.get("confusion")
        if confusion is None:
            return [("truth", "model", "count"), *(tuple(map(str, mistake)) for mistake in seen.facts["mistakes"])]
        head = ("truth", *map(str, range(len(confusion))), "recall")
        lines = [head]
        for truth, counts in enumerate(confusion):
            total = int(counts.sum())
            recall = f"{int(counts[truth]) / total:.6g}" if total else ""
            lines.append((str(truth), *map(str, counts.tolist()), recall))
        return lines


def _mistakes(seen: Seen) -> list[list[Span]]:
    """Return the commonest mistakes in words, a part for each."""
    mistakes = [f"{truth} for {guess} ({count})" for truth, guess, count in seen.facts["mistakes"][:5]]
    parts: list[list[Span]] = [[(words, "error")] for words in mistakes]
    return [[("takes most often ", "dim foreground"), *parts[0]], *parts[1:]] if parts else []


def _spread(seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
    """Draw what comes out against what it should be: on the diagonal all is right."""
    truth, guess = seen.arrays["meant"], seen.arrays["got"]
    low, high = padded(float(truth.min()), float(truth.max()), 0.08, log=False)
    cells, around = framed(width, height, (low, high), (low, high))
    if not around.width or not around.height:
        return Drawn(cells=cells)
    diagonal, point = cells.ink("foreground", 0.45), cells.ink("primary", bold=True)
    for column in range(around.width):
        row = around.height - 1 - int((column + 0.5) / around.width * around.height)
        cells.write(around.top + row, around.left + column, "·" if manner.unicode else ".", diagonal)
    columns = placed(truth, (low, high), around.width)
    rows = placed(guess, (low, high), around.height)
    for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
        if column >= 0 and row >= 0:
            cells.write(around.top + around.height - 1 - row, around.left + column, manner.sample(0, True), point)
    outside = int(np.count_nonzero((rows < 0) | (columns < 0)))
    which = "held-out" if seen.facts["split"] == "held_out" else "training (none is held out)"
    error: list[Span] = [
        (f"RMS error {compact(seen.facts['error'])}", "bold primary"),
        (f" of {seen.facts['seen']:,} {which} samples", "foreground"),
    ]
    lost: list[Span] = [(f"{outside} outside", "warning")] if outside else []
    axes: list[Span] = [("across: truth, up: model", "dim foreground")]
    line: list[Span] = [("right on the dotted line", "dim foreground")]
    return Drawn(cells=manner.finished(cells), words=joined(width, error, lost, axes, line))
