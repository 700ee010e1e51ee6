"""What is said of a run when it begins, into its record, and when a client comes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence

import numpy as np

from ..method.race import LaneSpec
from ..subject.objective import Tensor
from ..text import clean
from . import events
from .directory import RunDirectory
from .frames import VERSION
from .lane import Lane
from .launch import Launch
from .record import RecordWriter


def new_record(run: RunDirectory, launch: Launch, lanes: Sequence[LaneSpec], tensors: Sequence[Tensor]) -> RecordWriter:
    """Return the record of a run, with what was ordered."""
    return RecordWriter(
        run.record,
        precision=lanes[0].spec.precision,
        lanes=len(lanes),
        meta={
            "run": run.name,
            "preset": launch.preset,
            "title": launch.title,
            "spec": json.dumps(launch.spec),
            "lanes": json.dumps([lane.own for lane in lanes]),
            "tensors": json.dumps([[tensor.name, list(tensor.shape)] for tensor in tensors]),
            "numpy": np.__version__,
            "begun": str(time.time()),
        },
    )


def welcome_to(
    run: RunDirectory,
    launch: Launch,
    lanes: Sequence[Lane],
    *,
    state: events.RunState,
    states: Sequence[events.RunState],
    segment: int,
    recorded: bool,
) -> events.Welcomed:
    """Return all that a new client needs, with the state of the run and those of its lanes."""
    trainer = lanes[0].trainer
    return events.Welcomed(
        version=VERSION,
        run=run.name,
        preset=launch.preset,
        title=launch.title,
        see=launch.see,
        try_=launch.try_,
        directory=clean(str(run.path), 4000),
        recorded=recorded,
        pid=os.getpid(),
        state=state,
        lanes=tuple(lane.status(own) for lane, own in zip(lanes, states, strict=True)),
        segment=segment,
        tensors=tuple(events.TensorShape(name=tensor.name, shape=tensor.shape) for tensor in trainer.tensors),
        splits=trainer.objective.splits,
        samples=trainer.batches.count,
        locks=launch.locks,
    )
