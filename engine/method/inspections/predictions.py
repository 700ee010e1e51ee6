"""What a network makes of the samples that it was not trained on: which class it takes for which, and some pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection
from .model import Model, checked_output

MOST_CLASSES = 256
"""Of more classes there is no matrix: its figures would be as many as the samples."""
COMMON = 10
"""How many of the commonest mistakes are told."""
SPREAD = 2000
"""Of a regression so many samples are sent."""


class PredictionsInspection(Inspection):
    """Truth and prediction of the first held-out samples; where none is held out, of those that are trained on.

    Facts: `split`, how many samples it has (`total`) and how many were looked at (`seen`), `classes`. Of a
    classification: `right`, and the commonest `mistakes` as [truth, prediction, how often]; `first`, the place of the
    first picture among them in the chosen order, `kind` and `picked`, the kind that pictures are wanted of and how many
    samples are of it. Of a regression: `error`, the root mean square.

    Arrays: of a classification `confusion`, (classes, classes) with a row for each truth; and where pictures are wanted
    `numbers`, `meant`, `got` and `share` (pictures,), and `pixels`, (pictures, inputs) of uint8 from the least to the
    greatest value of these pictures. Of a regression `meant` and `got` (samples,).
    """

    at_most: Annotated[int, Field(ge=1, le=20_000)] = 1000
    """How many samples are looked at."""
    pictures: Annotated[int, Field(ge=0, le=400)] = 0
    first: Annotated[int, Field(ge=0)] = 0
    """The place of the first picture."""
    order: Literal["errors", "samples"] = "errors"
    """Whether the samples that are wrong come first, or all come as they are."""
    kind: tuple[int, int] | None = None
    """The class and the one that it is taken for: pictures of no other samples are wanted."""
    output: Annotated[int, Field(ge=0)] = 0
    """Which number of a regression that fits several."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield the first part and then the whole; `InputError` for pictures of what is none."""
        model = Model(trainer)
        network = model.network
        if self.pictures and (network.image_shape is None or not network.classes):
            raise InputError("the samples of this run are not pictures of classes")
        checked_output(network, self.output)
        split = "held_out" if "held_out" in network.splits else "train"
        total = network.evaluation_set(split).count
        meant: list[NDArray[Any]] = []
        got: list[NDArray[Any]] = []
        shares: list[NDArray[Any]] = []
        for batch in model.batches(split, self.at_most):
            outputs = model.outputs(batch)
            if network.classes:
                meant.append(network.loss.meant(batch.outputs))
                got.append(network.loss.chosen(outputs))
                shares.append(network.loss.shares(outputs).max(axis=0).astype(np.float32))
            else:
                meant.append(batch.outputs[self.output].astype(np.float64))
                got.append(outputs[self.output].astype(np.float64))
            yield None
        truth, prediction = np.concatenate(meant), np.concatenate(got)
        facts = {"split": split, "total": total, "seen": len(truth), "classes": network.classes}
        if not network.classes:
            error = float(np.sqrt(np.mean(np.square(prediction - truth))))
            yield Finding(facts={**facts, "error": error}, arrays={"meant": truth[:SPREAD], "got": prediction[:SPREAD]})
            return
        yield self._of_classes(model, facts, truth, prediction, np.concatenate(shares))

    def _of_classes(
        self,
        model: Model,
        facts: dict[str, object],
        truth: NDArray[np.intp],
        prediction: NDArray[np.intp],
        share: NDArray[np.generic],
    ) -> Finding:
        classes = model.network.classes
        wrong = truth != prediction
        pairs, counts = np.unique(np.stack([truth[wrong], prediction[wrong]]), axis=1, return_counts=True)
        commonest = np.argsort(-counts, kind="stable")[:COMMON]
        facts["right"] = int(len(truth) - wrong.sum())
        facts["mistakes"] = [[*map(int, pairs[:, place]), int(counts[place])] for place in commonest]
        arrays: dict[str, NDArray[np.generic]] = {}
        if classes <= MOST_CLASSES:
            confusion = np.zeros((classes, classes), np.int32)
            np.add.at(confusion, (truth, prediction), 1)
            arrays["confusion"] = confusion
        if self.pictures:
            order = np.argsort(~wrong, kind="stable") if self.order == "errors" else np.arange(len(truth))
            if self.kind is not None:
                order = order[(truth[order] == self.kind[0]) & (prediction[order] == self.kind[1])]
            first = min(self.first, max(0, len(order) - 1))
            chosen = order[first : first + self.pictures]
            facts |= {"first": first, "kind": self.kind and list(self.kind), "picked": len(order)}
            samples = model.network.evaluation_set(str(facts["split"]))
            rows = np.empty((len(chosen), model.features))
            for place, number in enumerate(chosen.tolist()):
                rows[place] = model.inputs_of(samples.batch(number, number + 1))[0]
            arrays |= {
                "numbers": chosen.astype(np.int32),
                "meant": truth[chosen].astype(np.int32),
                "got": prediction[chosen].astype(np.int32),
                "share": share[chosen],
                "pixels": _as_bytes(rows),
            }
        return Finding(facts=facts, arrays=arrays)


def _as_bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return values from 0 for the least to 255 for the greatest of them."""
    if not values.size:
        return values.astype(np.uint8)
    low, high = float(values.min()), float(values.max())
    return np.rint((values - low) * (255.0 / ((high - low) or 1.0))).astype(np.uint8)
