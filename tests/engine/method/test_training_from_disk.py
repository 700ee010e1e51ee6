"""Training on a file: as exact as from memory, and in the memory of a few blocks, however long the file is."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError, RunError
from engine.method.file_spec import examined
from engine.method.objectives import build_objective
from engine.method.spec import checked_spec
from engine.method.trainer import Trainer
from engine.subject import file_samples
from engine.subject.datasets import DataSet, Split
from engine.subject.network import Network

ROOT = Path(__file__).resolve().parents[3]
WINDOW = 64 << 10
"""A window for a test: 16 of them are a file of a megabyte."""


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_samples, "WINDOW_BYTES", WINDOW)


def written(folder: Path, count: int = 30_000, features: int = 8) -> str:
    """Write a table of float32 inputs and of targets that say the sample's number; return its path."""
    table = np.random.default_rng(0).normal(size=(count, features + 1)).astype(np.float32)
    table[:, -1] = np.arange(count)
    np.save(folder / "data.npy", table)
    return str(folder / "data.npy")


def trainer_on(path: str, *, held_out: float = 0.0, **sections: Any) -> Trainer:
    spec = {
        "problem": {"kind": "dataset"},
        "data": {"file": path, "task": "regression", "held_out": held_out},
        "model": {"hidden": [4], "activation": "tanh"},
        "optimizer": {"name": "adam", "lr": 1e-4},
        "batch": {"size": 100},
        **sections,
    }
    found = examined(checked_spec(spec, "test"), "test")
    return Trainer(found, build_objective(found))


def step_until(trainer: Trainer, step: int) -> None:
    while trainer.step_count < step:
        trainer.step()


def numbers_of_an_epoch(trainer: Trainer) -> list[int]:
    batches = trainer.batches
    found = batches.take().targets.ravel().tolist()
    while not batches.epoch_is_over:
        found += batches.take().targets.ravel().tolist()
    return [int(number) for number in found]


@pytest.mark.usefixtures("small_window")
def test_an_epoch_uses_every_sample_of_the_file_exactly_once(places: Path) -> None:
    """1.08 MB in windows of 64 kB: 17 of them."""
    trainer = trainer_on(written(places), batch={"size": 77})
    orders = [numbers_of_an_epoch(trainer) for _ in range(2)]
    assert [sorted(order) for order in orders] == [list(range(30_000))] * 2
    assert orders[0] != orders[1]


@pytest.mark.usefixtures("small_window")
def test_neighbours_in_the_order_are_no_neighbours_in_the_file(places: Path) -> None:
    order = np.array(numbers_of_an_epoch(trainer_on(written(places))))
    assert float(np.median(np.abs(np.diff(order)))) > 3_000
    assert float(np.abs(order.reshape(30, 1000).mean(axis=1) - 15_000).max()) < 7_500


@pytest.mark.usefixtures("small_window")
def test_another_process_sees_the_same_batches(places: Path) -> None:
    path = written(places)
    script = f"""
import hashlib, sys
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from test_training_from_disk import *
file_samples.WINDOW_BYTES = WINDOW
print(digest(trainer_on({path!r}, held_out=0.2)))
"""
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(trainer_on(path, held_out=0.2))


def digest(trainer: Trainer) -> str:
    """Return a digest of the batches of an epoch and of the held-out loss at the start."""
    found = hashlib.sha256(repr(trainer.evaluate("held_out").loss).encode())
    while not trainer.batches.epoch_is_over:
        batch = trainer.batches.take()
        found.update(batch.inputs.tobytes() + batch.targets.tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("size", [7, 64, "full"])
def test_a_file_in_one_window_trains_as_the_same_samples_in_memory(places: Path, size: int | str) -> None:
    path = written(places, count=500)
    table = np.load(path)
    trainer = trainer_on(path, batch={"size": size}, precision="float64")
    data = DataSet(name="x", task="regression", classes=0, inputs=table[:, :-1], labels=table[:, -1])
    nothing = DataSet(name="x", task="regression", classes=0, inputs=table[:0, :-1], labels=table[:0, -1])
    in_memory = Network(
        Split(train=data, held_out=nothing),
        hidden=(4,),
        activation="tanh",
        loss="mean_squared_error",
        init=None,
        seed=0,
        dtype="float64",
    )
    twin = Trainer(trainer.spec, in_memory)
    for each in (trainer, twin):
        for _ in range(40):
            each.step()
    blocks = [each.steps.take() for each in (trainer, twin)]
    assert blocks[0] is not None
    assert blocks[1] is not None
    assert np.array_equal(blocks[0].values, blocks[1].values)
    assert np.array_equal(trainer.theta, twin.theta)
    # In blocks of 7 samples the file is summed in another order than in one piece.
    assert trainer.evaluate("train").loss == pytest.approx(twin.evaluate("train").loss, rel=1e-14)


@pytest.mark.usefixtures("small_window")
def test_memory_does_not_grow_with_the_file_nor_with_the_steps(places: Path) -> None:
    """8.6 MB are 130 windows; two epochs, with evaluations, keep no more than the first hundred steps did."""
    trainer = trainer_on(written(places, count=240_000), held_out=0.1)
    tracemalloc.start()
    peaks = []
    for steps in (100, 5000):
        tracemalloc.reset_peak()
        for _ in range(steps):
            trainer.step()
            trainer.steps.take()
        trainer.evaluate("held_out")
        trainer.evaluate("train")
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert trainer.batches.epochs > 2.0
    assert peaks[1] < peaks[0] + 64_000 < 3_000_000


@pytest.mark.usefixtures("small_window")
def test_a_snapshot_in_the_middle_of_a_file_goes_on_bit_for_bit(places: Path) -> None:
    path = written(places)
    trainer, twin = trainer_on(path), trainer_on(path)
    for _ in range(130):
        trainer.step()
    twin.restore(trainer.snapshot())
    for each in (trainer, twin):
        for _ in range(400):
            each.step()
    assert np.array_equal(trainer.theta, twin.theta)


def test_a_batch_that_memory_cannot_hold_is_refused_live_and_changes_nothing(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.method.spec.MAXIMUM_BATCH_BYTES", 4096)
    trainer = trainer_on(written(places, count=500))
    for size in ("full", 103):
        with pytest.raises(InputError, match=r"batch\.size = .*; allowed: at most 102 for data\.npy: a batch is held"):
            trainer.apply({"batch.size": size})
    assert (trainer.spec.batch.size, trainer.batches.size) == (100, 100)
    trainer.apply({"batch.size": 102})
    assert trainer.batches.size == 102


@pytest.mark.usefixtures("small_window")
def test_a_file_cut_short_stops_a_step_and_put_back_lets_it_go_on_as_if_nothing_had_been(places: Path) -> None:
    path = written(places)
    whole = Path(path).read_bytes()
    trainer, twin = trainer_on(path), trainer_on(path)
    step_until(twin, 100)
    os.truncate(path, 4096)
    with pytest.raises(RunError, match=r"data\.npy: has 4,096 bytes, and had"):
        step_until(trainer, 100)
    step, position = trainer.step_count, trainer.batches.position
    for _ in range(3):
        with pytest.raises(RunError):
            trainer.step()
    assert (trainer.step_count, trainer.batches.position) == (step, position)
    with Path(path).open("r+b") as file:
        file.write(whole)
    step_until(trainer, 100)
    assert np.array_equal(trainer.theta, twin.theta)


def test_a_file_that_is_another_one_by_now_is_refused_at_the_start(places: Path) -> None:
    path = written(places, count=500)
    spec = trainer_on(path).spec
    written(places, count=500, features=3)
    with pytest.raises(InputError, match=r"data\.features = 8; allowed: 3, which is what the file has"):
        build_objective(spec)
    written(places, count=400)
    with pytest.raises(InputError, match=r"data\.samples = 500; allowed: at most the 400 that the file has"):
        build_objective(spec)
