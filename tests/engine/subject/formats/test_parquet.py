"""Parquet files: the numbers that pyarrow wrote, and a sentence for the rest."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MisfitError
from engine.subject.formats import FormatError, Loaded, Source, Wanted, format_of, parquet

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def written(folder: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), folder / "data.parquet", row_group_size=3)
    return folder / "data.parquet"


def loaded(path: Path, **wanted: Any) -> Loaded:
    with Source(str(path)) as source:
        kind = format_of(source)
        assert kind.load is parquet.read_parquet
        return kind.load(source, Wanted(**wanted))


def refusal(path: Path, **wanted: Any) -> str:
    with pytest.raises(FormatError) as caught:
        loaded(path, **wanted)
    return str(caught.value)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float32", "float64", "bool"])
def test_the_columns_become_inputs_of_their_own_type(places: Path, dtype: str) -> None:
    values = np.arange(8).astype(dtype)
    found = loaded(written(places, a=values, b=values[::-1], y=np.arange(8)))
    assert found.inputs.dtype == dtype
    assert np.array_equal(found.inputs, np.stack([values, values[::-1]], axis=1))
    assert found.targets.tolist() == list(range(8))


@pytest.mark.parametrize("target", ["kind", 0])
def test_texts_become_classes_in_sorted_order(places: Path, target: str | int) -> None:
    for kind in (["b", "a", "c", "a"], pa.array(["b", "a", "c", "a"]).dictionary_encode()):
        found = loaded(written(places, kind=kind, x=[1.0, 2.0, 3.0, 4.0]), target=target)
        assert (found.names, found.targets.tolist()) == (("a", "b", "c"), [1, 0, 2, 0])
        assert found.inputs.tolist() == [[1.0], [2.0], [3.0], [4.0]]


def test_so_many_rows_are_read_and_no_more(places: Path) -> None:
    assert loaded(written(places, x=np.arange(10), y=np.arange(10)), samples=5).targets.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"x": [1, None, 3], "y": [1, 2, 3]}, "column 0 (x) is missing in row 1"),
        ({"x": [1, 2, 3], "y": [1.0, 2.0, None]}, "column 1 (y) is missing in row 2"),
        ({"x": ["a", "b"], "y": [1, 2]}, "column 0 (x) holds string: only the target may be text"),
        ({"x": [[1], [2]], "y": [1, 2]}, "column 0 (x) holds list"),
        ({"x": [1, 2], "y": [[1], [2]]}, "neither numbers nor text"),
        ({"y": [1, 2]}, "it has 1 columns"),
    ],
)
def test_what_is_no_table_of_samples_is_told(places: Path, columns: dict[str, Any], said: str) -> None:
    assert said in refusal(written(places, **columns))


def test_a_target_that_is_not_there_is_refused(places: Path) -> None:
    path = written(places, x=[1, 2], y=[1, 2])
    for target, said in (("z", "the name of one column of x, y"), (2, "a column from 0 to 1")):
        with pytest.raises(MisfitError, match=said):
            loaded(path, target=target)


def test_more_than_memory_is_given_for_is_refused_before_it_is_read(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MAXIMUM_BYTES", 1000)
    assert "more than the 2 GB" in refusal(written(places, x=np.zeros(1000), y=np.zeros(1000)))


def test_without_pyarrow_one_line_says_what_to_install(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(places, x=[1, 2], y=[1, 2])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MisfitError) as caught:
        loaded(path)
    assert 'pip install "gdtui[parquet]"' in caught.value.allowed


@given(st.lists(st.tuples(st.integers(4, 2000), st.integers(0, 255)), max_size=4), st.integers(0, 2000))
def test_a_file_with_a_few_wrong_bytes_is_samples_or_a_sentence(changes: list[tuple[int, int]], cut: int) -> None:
    path = written(Path(os.environ["GDTUI_DATA_DIR"]).parent, x=np.arange(50.0), y=np.arange(50) % 3)
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    content[:4] = b"PAR1"
    path.write_bytes(content[: len(content) - cut] if cut < len(content) - 4 and cut % 3 == 0 else content)
    with contextlib.suppress(FormatError):
        found = loaded(path)
        assert len(found.inputs) == len(found.targets)
