"""Tables as text: the numbers that are written, and one sentence with the line for everything else."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import MisfitError
from engine.subject.formats import FormatError, Loaded, Source, Wanted, csv_text, format_of
from engine.subject.formats.csv_text import read_csv

TABLE = "a,b,kind\n1,2,x\n3,4,y\n5,6,x\n"


def loaded(folder: Path, content: str | bytes, **wanted: Any) -> Loaded:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with Source(str(path)) as source:
        assert format_of(source).load is read_csv
        return read_csv(source, Wanted(**wanted))


def refusal(folder: Path, content: str | bytes, **wanted: Any) -> str:
    with pytest.raises(FormatError) as caught:
        loaded(folder, content, **wanted)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        TABLE.replace(",", ";"),
        TABLE.replace(",", "\t"),
        TABLE.replace(",", ", "),
        TABLE.replace("\n", "\r\n"),
        "\ufeff" + TABLE,
        TABLE.rstrip(),
        TABLE + "\n\n",
        '"a","b","kind"\n"1","2","x"\n3,4,"y"\n5,6,x\n',
        '"a;1",b,kind\n1,2,x\n3,4,y\n5,6,x\n',
        TABLE.replace("a,b,kind\n", ""),
        "0,1,kind\n" + TABLE.partition("\n")[2].replace("x", "0").replace("y", "1"),
    ],
)
def test_a_table_is_read_however_it_is_written(places: Path, content: str) -> None:
    found = loaded(places, content)
    assert found.inputs.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert found.targets.tolist() == [0, 1, 0]


def test_texts_become_classes_in_sorted_order(places: Path) -> None:
    found = loaded(places, "1,pear\n2,apple\n3,quince\n4,apple\n5,10\n")
    assert found.names == ("10", "apple", "pear", "quince")
    assert found.targets.tolist() == [2, 1, 3, 1, 0]


def test_a_target_of_numbers_stays_numbers(places: Path) -> None:
    found = loaded(places, "1,2.5\n2,-3e2\n3,7\n")
    assert (found.names, found.targets.tolist()) == ((), [2.5, -300.0, 7.0])


@pytest.mark.parametrize(
    ("target", "inputs"), [("b", [[1, 0], [3, 1]]), (1, [[1, 0], [3, 1]]), ("a", [[2, 0], [4, 1]])]
)
def test_the_target_is_found_by_name_or_number(places: Path, target: str | int, inputs: list[list[int]]) -> None:
    found = loaded(places, "a,b,c\n1,2,0\n3,4,1\n", target=target)
    assert found.inputs.tolist() == inputs


@pytest.mark.parametrize(
    ("content", "target", "said"),
    [
        ("a,b\n1,2\n", "c", "the name of one column of a, b, or its number; 0 have it"),
        ("a,a\n1,2\n", "a", "2 have it"),
        ("1,2\n3,4\n", "a", "a number from 0 to 1: the columns have no names"),
        ("1,2\n3,4\n", 2, "a column from 0 to 1"),
    ],
)
def test_a_target_that_is_not_there_is_refused(places: Path, content: str, target: str | int, said: str) -> None:
    with pytest.raises(MisfitError) as caught:
        loaded(places, content, target=target)
    assert caught.value.key == "data.target"
    assert said in caught.value.allowed


def test_who_knows_whether_there_is_a_header_can_say_so(places: Path) -> None:
    assert loaded(places, "0,1\n2,3\n", header=True).inputs.tolist() == [[2]]
    assert "line 1" in refusal(places, "a,b\n2,3\n", header=False)


def test_so_many_samples_are_read_and_no_more(places: Path) -> None:
    assert loaded(places, "1,0\n2,1\n3,0\noops\n", samples=3).targets.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1\n2\n", "its first line has 1 cell between"),
        ("a,b\n1,\n", "line 2: the target, column 1 (b), is missing ('')"),
        ("1,2\n,4\n", "line 2, column 0 is missing ('')"),
        ("a,b\n1,2\n\nNA,4\n", "line 4, column 0 (a) is missing ('NA')"),
        ("a,b\n1,2\nnan,4\n", "line 3, column 0 (a) is missing ('nan')"),
        ("1,2\ninf,4\n", "line 2, column 0 is 'inf': no finite number"),
        ("1,2\n1e999,4\n", "line 2, column 0 is '1e999': no finite number"),
        ("1,2\n1,2,3\n", "line 2 has 3 cells, and line 1 has 2"),
        ("a;b\n1,5;2\n3,5;4\n", "line 2, column 0 (a) is '1,5': no finite number (a decimal comma?)"),
        ("sex,age,y\nm,30,1\nf,40,0\n", "line 2, column 0 (sex) is 'm': no finite number; only the target may be text"),
        ("a,b\n1,2\n\x1b[2J,4\n", "line 3, column 0 (a) is"),
        (b"a,b\n1,2\n\xff\xfe,4\n", "line 3 is not UTF-8 (its byte 1)"),
        (TABLE.encode("utf-16-le").replace(b"\0", b"\xd8"), "line 1 is not UTF-8"),
        ('1,"2\n3,4\n', "line 2: unexpected end of data"),
        ('1,"2"3\n', "line 1: ',' expected after '\"'"),
        ("1,2\r3,4\r", "new-line character"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(places: Path, content: str | bytes, said: str) -> None:
    text = refusal(places, content)
    assert said in text
    assert text.isprintable()


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("a million columns", lambda: b"1," * 1_000_000 + b"1\n", "its first line has 1,000,001 cells"),
    ("a line without end", lambda: b"1" * (20 << 20), "line 1 has more than 4,194,304 bytes"),
    ("a cell without end", lambda: b'1,"' + b"x\n" * 5_000_000, "field larger than field limit"),
    ("quotes without end", lambda: b'"' * (3 << 20), "field larger than field limit"),
]


@pytest.mark.parametrize(("content", "said"), [pytest.param(make, said, id=name) for name, make, said in HOSTILE])
def test_a_hostile_text_is_refused_in_little_memory(places: Path, content: Callable[[], bytes], said: str) -> None:
    (places / "data.csv").write_bytes(content())
    tracemalloc.start()
    with Source(str(places / "data.csv")) as source, pytest.raises(FormatError, match=said):
        read_csv(source, Wanted())
    assert tracemalloc.get_traced_memory()[1] < 256 << 20
    tracemalloc.stop()


def test_a_text_of_terabytes_is_refused_by_its_size(places: Path) -> None:
    with (places / "data.csv").open("wb") as file:
        file.write(b"1,2\n" * 2000)
        file.truncate(1 << 40)
    with Source(str(places / "data.csv")) as source, pytest.raises(FormatError, match="more than the 2 GB"):
        format_of(source).load(source, Wanted())  # type: ignore[misc]


def test_samples_that_memory_is_not_given_for_are_refused(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MAXIMUM_BYTES", 1000)
    assert "up to line 63 it has more than the 2 GB" in refusal(places, "1,1,0\n" * 160)


def test_a_target_with_too_many_texts_is_refused_and_with_as_many_numbers_is_not(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_text, "MAXIMUM_NAMES", 5)
    numbers = "".join(f"1,{number}\n" for number in range(20))
    assert loaded(places, numbers).targets.tolist() == list(range(20))
    assert "more than 5 different texts" in refusal(places, numbers.replace(",3\n", ",x\n"))
    assert "line 20: the target is 'x', and those before are numbers" in refusal(places, numbers.replace("19", "x"))


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.floats(-1e300, 1e300),
            st.text("ab,;\"'\n é", min_size=1),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(",;\t"),
)
def test_what_pythons_own_writer_writes_is_read_to_the_last_bit(rows: list[tuple[float, float, str]], cut: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=cut).writerows([("one", "two", "three"), *rows])
    labels = [label.strip() for _, _, label in rows]
    folder = Path(os.environ["GDTUI_DATA_DIR"]).parent
    if not all(labels):
        assert "is missing" in refusal(folder, text.getvalue())
        return
    # In a few lines full of another delimiter, in texts, that one can be taken for theirs.
    assume(not any(other in label for other in ",;\t\n" for label in labels))
    found = loaded(folder, text.getvalue(), header=True)
    assert np.array_equal(found.inputs, [row[:2] for row in rows])
    if found.names:
        assert [found.names[place] for place in found.targets] == labels


@given(st.binary(max_size=200) | st.text('0123456789.,;\t\n"aé', max_size=200).map(str.encode))
def test_any_bytes_are_a_table_or_a_sentence(content: bytes) -> None:
    path = Path(os.environ["GDTUI_DATA_DIR"]).parent / "any.csv"
    path.write_bytes(content)
    with Source(str(path)) as source, contextlib.suppress(FormatError):
        found = read_csv(source, Wanted())
        assert len(found.inputs) == len(found.targets)
        assert np.isfinite(found.inputs).all()
