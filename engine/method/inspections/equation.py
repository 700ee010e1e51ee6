"""The coming step of one parameter, line by line, as its rule works it out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from ..path import Path
from ..rehearsal import rehearsed
from ..trainer import Trainer
from .inspection import Finding, Inspection


class EquationInspection(Inspection):
    """The arithmetic of the step that comes next, taken aside: the trainer stays where it is.

    Facts:
        step, loss, index, before, after, effective_lr: As in `method.rehearsal.Rehearsal`.
        no_rate: Why there is no effective_lr where it is nan, or nothing.
        tensor, place: The parameter's tensor by its name, and its place in it, one number a dimension.
        rule: The rule's title, with its form where it has several.
        lines: Each a table of `symbol`, `replaces`, `words`, `value` and `formula`, which is written as nested lists:
            an operation and its parts, or "is", a symbol and its value. Empty where the step is refused.
    """

    index: Annotated[int, Field(ge=0)] | None = None
    """The parameter's place in the vector; None for the one with the largest gradient."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield the lines at once; `InputError` where there is no such parameter."""
        found = rehearsed(trainer, self.index)
        place = np.unravel_index(found.index - found.tensor.start, found.tensor.shape) if found.tensor.shape else ()
        rule = trainer.rule
        yield Finding(
            facts={
                "step": found.step,
                "loss": found.loss,
                "index": found.index,
                "before": found.before,
                "after": found.after,
                "effective_lr": found.effective_lr,
                "no_rate": rule.within(found.tensor.shape).lacking().get("rate", "")
                if found.lines and math.isnan(found.effective_lr)
                else "",
                "tensor": found.tensor.name,
                "place": [int(number) for number in place],
                "rule": f"{rule.title} ({getattr(rule, 'form', '')})" if rule.forms() else rule.title,
                "lines": [
                    {
                        "symbol": line.symbol,
                        "replaces": line.replaces,
                        "words": line.words,
                        "value": line.formula.value,
                        "formula": line.formula.written(),
                    }
                    for line in found.lines
                ],
            }
        )
