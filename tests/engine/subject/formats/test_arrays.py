"""Files from strangers: an honest array is found where it lies, anything else is refused before a number is read."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.formats import arrays
from engine.subject.formats.arrays import StoredArray, stored_arrays
from engine.subject.formats.opening import FormatError

NUMBERS = np.arange(24, dtype=np.float32).reshape(6, 4)


def npy(header: str | bytes, numbers: bytes = NUMBERS.tobytes(), version: int = 1) -> bytes:
    """Return a .npy file with this header, whatever it says."""
    text = header.encode("latin1") if isinstance(header, str) else header
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + numbers


def header(descr: str = "'<f4'", fortran: str = "False", shape: str = "(6, 4)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


def found(folder: Path, content: bytes) -> dict[str, StoredArray]:
    path = folder / "data"
    path.write_bytes(content)
    file = os.open(path, os.O_RDONLY)
    try:
        return stored_arrays(file)
    finally:
        os.close(file)


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        found(folder, content)
    return str(caught.value)


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8", "<u8", "<f2", ">f4", "<f8"])
def test_an_array_is_found_at_its_place_with_its_type(places: Path, dtype: str) -> None:
    numbers = np.arange(24).reshape(4, 3, 2).astype(dtype)
    file = io.BytesIO()
    np.save(file, numbers)
    ((name, array),) = found(places, file.getvalue()).items()
    assert (name, array.dtype, array.shape) == ("", numbers.dtype, (4, 3, 2))
    assert file.getvalue()[array.offset :] == numbers.tobytes()


def test_the_arrays_of_an_npz_file_are_found_behind_one_another(places: Path) -> None:
    labels = np.arange(6, dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, inputs=NUMBERS, targets=labels, names=np.array(["a"]), others=np.zeros(9))
    arrays = found(places, file.getvalue())
    assert set(arrays) == {"inputs", "targets"}
    for name, numbers in (("inputs", NUMBERS), ("targets", labels)):
        offset = arrays[name].offset
        assert file.getvalue()[offset : offset + numbers.nbytes] == numbers.tobytes()
        assert (arrays[name].dtype, arrays[name].shape) == (numbers.dtype, numbers.shape)


def test_a_header_of_the_second_version_is_read_as_well(places: Path) -> None:
    assert found(places, npy(header(), version=2))[""].shape == (6, 4)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither"),
        (b"\x93NUM", "neither"),
        (b"1.0,2.0\n3.0,4.0\n", "neither"),
        (b"PAR1" + bytes(40), "neither"),
        (b"\x1f\x8b" + bytes(40), "neither"),
        (b"\x93NUMPY", "not that of an array"),
        (b"\x93NUMPY\x01\x00", "not that of an array"),
        (b"\x93NUMPY\x09\x00" + bytes(100), "not that of an array"),
        (npy(header("'|O'")), "are objects, which are code"),
        (npy(header("'<U5'")), "something else"),
        (npy(header("'<c8'")), "something else"),
        (npy(header("'<f16'")), "something else"),
        (npy(header("'<M8[s]'")), "something else"),
        (npy(header("[('a', '<f4'), ('b', '<f4')]")), "something else"),
        (npy(header("5")), "something else"),
        (npy(header(fortran="True")), "Fortran order"),
        (npy(header(fortran="1")), "Fortran order"),
        (npy(header(shape="(-6, -4)")), "whole numbers from 0"),
        (npy(header(shape="(6.0, 4)")), "whole numbers from 0"),
        (npy(header(shape="(True, 4)")), "whole numbers from 0"),
        (npy(header(shape=f"({1 << 63}, 4)")), "whole numbers from 0"),
        (npy(header(shape="[6, 4]")), "that of samples"),
        (npy(header(shape="()")), "that of samples"),
        (npy(header(shape=str((1,) * 33))), "that of samples"),
        (npy(header(shape="(7, 4)")), "promises 112 bytes of numbers, 96 are there"),
        (npy(header(shape=f"({1 << 40}, {1 << 20})")), "cut off"),
        (npy(header(), NUMBERS.tobytes()[:-1]), "promises 96 bytes of numbers, 95 are there"),
        (npy(header(), b""), "96 bytes of numbers, 0 are there"),
        (npy("x" * 20_000), "claims 20,000 bytes"),
        (npy("{}", version=2).replace(b"\x02\x00\x00\x00{", b"\xff\xff\xff\xff{"), "claims 4,294,967,295 bytes"),
        (npy("__import__('os').abort()"), "not that of an array"),
        (npy("{'descr': '<f4'}"), "not that of an array"),
        (npy("[1, 2]"), "not that of an array"),
        (npy("(" * 9000), "not that of an array"),
        (npy("-" * 9000 + "1"), "not that of an array"),
        (npy(b"\xff\xfe{\x00"), "not that of an array"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 4), [] : 1}"), "not that of an array"),
        (b"PK\x03\x04" + bytes(100), "a zip file that cannot be read"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_with_its_reason(places: Path, content: bytes, said: str) -> None:
    assert said in refusal(places, content)


def zipped(*, compression: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def test_a_compressed_member_is_refused_before_it_is_unpacked(places: Path) -> None:
    """400 MB of zeros in 400 kB: nothing of it may come into being."""
    bomb = zipped(compression=zipfile.ZIP_DEFLATED, inputs=npy(header(shape="(100000000,)"), bytes(4 * 100_000_000)))
    tracemalloc.start()
    assert "inputs.npy in it is compressed: write it with numpy.savez" in refusal(places, bomb)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_member_that_the_directory_puts_elsewhere_is_refused(places: Path) -> None:
    good = zipped(inputs=npy(header()))
    directory = good.index(b"PK\x01\x02")
    wrong = bytearray(good)
    wrong[directory + 42 : directory + 46] = struct.pack("<I", 7)
    assert "not where the directory says" in refusal(places, bytes(wrong))
    wrong = bytearray(good)
    wrong[directory + 20 : directory + 28] = struct.pack("<II", 1 << 30, 1 << 30)
    assert "cut off" in refusal(places, bytes(wrong))


def test_a_member_shorter_than_its_header_promises_is_refused(places: Path) -> None:
    """What comes behind it in the file is another member's, and not for it to read."""
    assert "cut off" in refusal(places, zipped(inputs=npy(header(shape="(60, 4)")), targets=npy(header()) * 9))


def test_a_directory_of_gigabytes_is_never_read(places: Path) -> None:
    """A sparse file whose last bytes claim a directory of a gigabyte before them."""
    path = places / "data"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(1 << 30)
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 1 << 30, 0, 0))
    descriptor = os.open(path, os.O_RDONLY)
    tracemalloc.start()
    with pytest.raises(FormatError, match="its directory claims 1,073,741,824 bytes"):
        stored_arrays(descriptor)
    assert tracemalloc.get_traced_memory()[1] < 1 << 21
    tracemalloc.stop()
    os.close(descriptor)


def outcome(content: bytes) -> Any:
    path = Path(os.environ["GDTUI_DATA_DIR"]).parent
    try:
        return found(path, content)
    except FormatError:
        return None


@given(st.binary(max_size=300), st.sampled_from([b"", *arrays.READERS]))
def test_any_bytes_are_arrays_or_a_reason(content: bytes, start: bytes) -> None:
    outcome(start + content)


GOOD = {"npy": npy(header()), "npz": zipped(inputs=npy(header()), targets=npy(header(shape="(6,)")))}


@given(st.sampled_from(list(GOOD)), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=3))
def test_a_file_with_a_few_wrong_bytes_holds_what_fits_into_it_or_is_refused(
    kind: str, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(GOOD[kind])
    for place, value in changes:
        content[place % len(content)] = value
    for array in (outcome(bytes(content)) or {}).values():
        assert array.offset + array.dtype.itemsize * int(np.prod(array.shape)) <= len(content)


@given(st.text(max_size=200) | st.from_regex(r"\{'descr': '<f4', 'fortran_order': False, 'shape': .{0,30}\}"))
def test_any_header_is_an_array_or_a_reason(text: str) -> None:
    outcome(npy(text.encode("utf-8")))
