"""What a file of samples holds, and what is said about one that does not hold it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import MisfitError, RunError
from engine.subject import data_file
from engine.subject.data_file import DataFile
from engine.subject.formats import arrays

TABLE = np.array([[0.5, 1.5, 0], [2.5, 3.5, 2], [4.5, 5.5, 1], [6.5, 7.5, 0], [8.5, 9.5, 1]], dtype=np.float32)


def saved(folder: Path, array: np.ndarray[Any, Any], name: str = "data.npy") -> str:
    np.save(folder / name, array)
    return str(folder / name)


def paired(folder: Path, **arrays: Any) -> str:
    np.savez(folder / "data.npz", **arrays)
    return str(folder / "data.npz")


def contents(file: DataFile) -> tuple[list[list[float]], list[float]]:
    """Return all inputs and all targets of a file."""
    raw = file.empty(file.count)
    file.read(0, raw)
    inputs = np.full((file.count, file.features), np.nan)
    for features, values in file.inputs(raw):
        inputs[:, features] = values
    return inputs.tolist(), file.labels(raw).tolist()


def misfit(action: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(MisfitError) as caught:
        action()
    return caught.value.key, caught.value.allowed


@pytest.mark.parametrize("target", [None, 0, 1, 2])
def test_any_column_can_be_the_target_and_the_others_are_the_inputs(places: Path, target: int | None) -> None:
    inputs, targets = contents(DataFile(saved(places, TABLE), target=target))
    column = 2 if target is None else target
    assert targets == TABLE[:, column].tolist()
    assert inputs == np.delete(TABLE, column, axis=1).tolist()


@pytest.mark.parametrize("names", [("inputs", "targets"), ("x", "y"), ("X", "y"), ("X", "Y")])
def test_a_pair_of_arrays_is_flattened_to_inputs_and_targets(places: Path, names: tuple[str, str]) -> None:
    images, labels = np.arange(48, dtype=np.uint8).reshape(4, 3, 2, 2), np.array([[3], [1], [0], [2]])
    file = DataFile(paired(places, **{names[0]: images, names[1]: labels}))
    assert (file.count, file.features) == (4, 12)
    assert contents(file) == (images.reshape(4, 12).tolist(), [3, 1, 0, 2])


def test_compressed_arrays_are_those_that_were_saved(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = np.arange(48, dtype=np.uint8).reshape(4, 12), np.array([3, 1, 0, 2])
    np.savez_compressed(places / "data.npz", x=images, y=labels, others=np.zeros(9))
    assert contents(DataFile(str(places / "data.npz"))) == (images.tolist(), [3, 1, 0, 2])
    monkeypatch.setattr(arrays, "MAXIMUM_BYTES", 300)
    key, allowed = misfit(lambda: DataFile(str(places / "data.npz")))
    assert key == "data.file"
    assert "more than the 2 GB that are held in memory" in allowed


def test_a_compressed_file_that_is_damaged_is_refused(places: Path) -> None:
    path = places / "data.npz"
    np.savez_compressed(path, x=np.random.default_rng(0).normal(size=(50, 4)), y=np.zeros(50))
    whole = bytearray(path.read_bytes())
    whole[300:340] = bytes(40)
    path.write_bytes(whole)
    key, allowed = misfit(lambda: DataFile(str(path)))
    assert key == "data.file"
    assert "cannot be unpacked" in allowed


def test_fewer_samples_are_the_first_ones(places: Path) -> None:
    path = saved(places, TABLE)
    assert contents(DataFile(path, samples=4))[1] == [0, 2, 1, 0]
    assert misfit(lambda: DataFile(path, samples=6)) == ("data.samples", "at most the 5 that the file has")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": TABLE}, "0 arrays named inputs, x or X"),
        ({"inputs": TABLE}, "0 arrays named targets, y or Y"),
        ({"x": TABLE, "X": TABLE, "y": TABLE[:, 0]}, "2 arrays named inputs, x or X"),
        ({"x": TABLE, "y": TABLE[1:, 0]}, "inputs are (5, 3) and its targets (4,)"),
        ({"x": TABLE, "y": TABLE}, "inputs are (5, 3) and its targets (5, 3)"),
        ({"x": TABLE[:, :0], "y": TABLE[:, 0]}, "inputs are (5, 0)"),
        ({"x": TABLE[:3], "y": TABLE[:3, 0]}, "at least 4 samples; it has 3"),
        ({"x": TABLE[:0], "y": TABLE[:0, 0]}, "at least 4 samples; it has 0"),
    ],
)
def test_a_pair_that_is_none_is_refused(places: Path, arrays: dict[str, Any], said: str) -> None:
    path = paired(places, **arrays)
    key, allowed = misfit(lambda: DataFile(path))
    assert key == "data.file"
    assert allowed.startswith("a .npy file of one array (samples, features + 1), or a .npz file of inputs")
    assert said in allowed


@pytest.mark.parametrize("array", [TABLE[:, 0], TABLE[:, :1], TABLE.reshape(5, 3, 1), TABLE[:3]])
def test_an_array_that_is_no_table_of_samples_is_refused(places: Path, array: np.ndarray[Any, Any]) -> None:
    path = saved(places, array)
    key, allowed = misfit(lambda: DataFile(path))
    assert key == "data.file"
    assert f"this array is {array.shape}" in allowed or "it has 3" in allowed


def test_a_target_that_is_not_there_is_refused(places: Path) -> None:
    path = saved(places, TABLE)
    assert misfit(lambda: DataFile(path, target=3)) == ("data.target", "a column from 0 to 2")
    pair = paired(places, x=TABLE, y=TABLE[:, 0])
    assert misfit(lambda: DataFile(pair, target=0))[0] == "data.target"


def test_what_is_no_regular_file_is_refused_and_never_waited_for(places: Path) -> None:
    os.mkfifo(places / "pipe")
    (places / "loop").symlink_to(places / "loop")
    (places / "secret").write_bytes(b"x")
    for name, said in (
        ("pipe", "not a regular file"),
        (".", "not a regular file"),
        ("loop", "symbolic links"),
        ("missing", "No such file"),
        ("secret/x", "Not a directory"),
        ("x" * 300, "too long"),
        ("nul\0", "null"),
        ("\udcff", "No such file"),
    ):
        key, allowed = misfit(lambda name=name: DataFile(str(places / name)))  # type: ignore[misc]
        assert (key, said in allowed) == ("data.file", True), allowed
    assert "not a regular file" in misfit(lambda: DataFile("/dev/zero"))[1]


def test_opening_a_file_leaves_no_descriptor_behind(places: Path) -> None:
    path = saved(places, TABLE)
    gc.collect()  # what other tests left
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(20):
        contents(DataFile(path))
        misfit(lambda: DataFile(path, target=9))
        misfit(lambda: DataFile(str(places)))
    gc.collect()
    assert len(list(Path("/dev/fd").iterdir())) == before


# ---- what the targets are for


def table(targets: Any, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    labels = np.asarray(targets)
    return np.stack([np.ones(len(labels)), labels], axis=1).astype(dtype)


@pytest.mark.parametrize("scan_bytes", [1, 16, 8 << 20])
@pytest.mark.parametrize(
    ("targets", "dtype", "expected"),
    [
        ([0, 1, 1, 0], np.uint8, ("classification", 2)),
        ([0, 6, 1, 0], np.int64, ("classification", 7)),
        ([0, 0, 0, 0], np.int8, ("classification", 2)),
        ([0, 1, 1, 0], np.bool_, ("classification", 2)),
        ([0, 6, 1, 0], np.float64, ("classification", 7)),
        ([0, 6, 1, 0.5], np.float32, ("regression", 0)),
        ([0.5, -6, 1, 0], np.float16, ("regression", 0)),
        (list(range(1000)), np.float32, ("classification", 1000)),
        (list(range(1001)), np.float32, ("regression", 0)),
        (list(range(1001)), np.int32, ("classification", 1001)),
    ],
)
def test_whole_numbers_are_classes_and_all_else_is_to_be_fitted(
    places: Path, monkeypatch: pytest.MonkeyPatch, targets: list[float], dtype: Any, expected: Any, scan_bytes: int
) -> None:
    monkeypatch.setattr(data_file, "SCAN_BYTES", scan_bytes)
    assert DataFile(saved(places, table(targets, dtype))).examine(None, None) == expected


def test_what_is_said_of_the_targets_needs_no_look_at_them(places: Path) -> None:
    file = DataFile(saved(places, table([5, -6, 1, 0.5])))
    assert file.examine("regression", None) == ("regression", 0)
    assert file.examine("classification", 10) == ("classification", 10)


@pytest.mark.parametrize(
    ("targets", "dtype", "task", "said"),
    [
        ([0, -1, 1, 0], np.int8, None, "of sample 1 is -1"),
        ([0, 1, 65_536, 0], np.int32, None, "of sample 2 is 65536"),
        ([0, 1, -1, 1], np.float32, None, "is -1"),
        ([0, 1, 0.5, 1], np.float32, "classification", "of sample 2 is 0.5"),
        ([0, 1, 2, 1e6], np.float32, "classification", "of sample 3 is 1e+06"),
    ],
)
def test_labels_that_are_no_classes_are_refused_with_the_way_out(
    places: Path, targets: list[float], dtype: Any, task: Any, said: str
) -> None:
    file = DataFile(saved(places, table(targets, dtype)))
    key, allowed = misfit(lambda: file.examine(task, None))
    assert key == "data.task"
    assert "whole numbers from 0 to 65,535" in allowed
    assert said in allowed
    assert '"regression" fits numbers of any kind' in allowed


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 1), (4, 2), (2, 0)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_with_their_sample(
    places: Path, row: int, column: int, value: float
) -> None:
    broken = TABLE.copy()
    broken[row, column] = value
    file = DataFile(saved(places, broken))
    key, allowed = misfit(lambda: file.examine("regression", None))
    assert key == "data.file"
    assert f"sample {row}, counted from 0" in allowed


def test_the_look_at_the_numbers_is_bounded_and_spread(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first and the last stretch are looked at, and of 100,000 rows no more than were asked for."""
    monkeypatch.setattr(data_file, "SAMPLED_BYTES", 8 << 10)
    monkeypatch.setattr(data_file, "SCAN_BYTES", 64 << 10)
    looked: list[int] = []
    read = DataFile.read

    def counting(self: DataFile, first: int, into: Any) -> None:
        looked.extend(range(first, first + len(into[0])))
        read(self, first, into)

    monkeypatch.setattr(DataFile, "read", counting)
    DataFile(saved(places, np.zeros((100_000, 2), np.float32))).examine("regression", None)
    assert len(looked) == (8 << 10) // 8
    assert (looked[0], looked[-1]) == (0, 99_999)


# ---- a file that changes while it is read


def test_a_file_that_was_cut_short_raises_and_kills_nobody(places: Path) -> None:
    path = saved(places, TABLE)
    file, raw = DataFile(path), DataFile(path).empty(5)
    os.truncate(path, 128 + 3 * 12)
    with pytest.raises(RunError, match=r"data\.npy: has 164 bytes, and had 188 when the run began"):
        file.read(0, raw)


def test_a_file_that_was_deleted_can_still_be_read(places: Path) -> None:
    file = DataFile(saved(places, TABLE))
    Path(file.path).unlink()
    assert contents(file)[1] == [0, 2, 1, 0, 1]
