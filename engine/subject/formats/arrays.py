"""Where the arrays of a file lie in it: headers are read and checked, and of the numbers nothing.

A file from a stranger is data and never code: an array of objects is refused, and no header is believed before it
fits the size of the file.
"""

from __future__ import annotations

import ast
import io
import math
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .opening import MAXIMUM_BYTES, TOO_LARGE, FormatError

NUMBERS = re.compile(r"[<>|=]?(b1|u1|u2|u4|u8|i1|i2|i4|i8|f2|f4|f8)")
MAXIMUM_HEADER = 10_000
"""Bytes of an array's header; one of three dimensions has 128."""
MAXIMUM_DIMENSIONS = 32
COPIED_AT_ONCE = 1 << 18
BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, UnicodeDecodeError)
MAXIMUM_DIRECTORY = 1 << 20
"""Bytes of a zip file's directory; one of two arrays has 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArray:
    """An array in a file, in C order and without gaps."""

    offset: int
    """The byte at which its numbers begin."""
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def is_array(start: bytes) -> bool:
    """Return whether a file that begins so is one of NumPy's."""
    return start.startswith(tuple(READERS))


def unpacked(file: int) -> int | None:
    """Return an open file without a name that has the compressed arrays of a .npz file as they are.

    None where nothing in the file is compressed. It lies in the folder for temporary files, and is gone when it is
    closed, however that comes about.

    Raises:
        FormatError: It cannot be read, or is too large.
        OSError: It cannot be written.
    """
    if not os.pread(file, 4, 0).startswith(b"PK\x03\x04"):
        return None
    with _opened_zip(file, os.fstat(file).st_size) as archive:
        members = [member for member in archive.infolist() if member.filename in WANTED_MEMBERS]
        if not any(member.compress_type == zipfile.ZIP_DEFLATED for member in members):
            return None
        size = sum(member.file_size for member in members)
        if size > MAXIMUM_BYTES:
            raise FormatError(
                f"its arrays have {size:,} bytes, {TOO_LARGE.replace('.npy', '.npy or uncompressed .npz')}"
            )
        with tempfile.TemporaryFile() as copy:
            try:
                with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as plain:
                    for member in members:
                        with (
                            archive.open(member) as packed,
                            plain.open(member.filename, "w", force_zip64=True) as whole,
                        ):
                            while part := packed.read(COPIED_AT_ONCE):
                                whole.write(part)
            except (*BROKEN_ZIP, RuntimeError, zlib.error, EOFError) as error:
                raise FormatError(f"it is a zip file that cannot be unpacked ({error})") from None
            return os.dup(copy.fileno())


def stored_arrays(file: int) -> dict[str, StoredArray]:
    """Return the arrays in an open file by their names; the only one of a .npy file has the name "".

    Raises:
        FormatError: What the file is instead.
        OSError: It cannot be read.
    """
    start = os.pread(file, 8, 0)
    for magic, read in READERS.items():
        if start.startswith(magic):
            return read(file, os.fstat(file).st_size)
    raise FormatError("its first bytes are those of neither")


def _npy(file: int, size: int) -> dict[str, StoredArray]:
    return {"": _array(file, 0, size)}


def _npz(file: int, size: int) -> dict[str, StoredArray]:
    with _opened_zip(file, size) as archive:
        members = archive.infolist()
    return {
        member.filename.removesuffix(".npy"): _member(file, size, member)
        for member in members
        if member.filename in WANTED_MEMBERS
    }


READERS: Mapping[bytes, Callable[[int, int], dict[str, StoredArray]]] = {b"\x93NUMPY": _npy, b"PK\x03\x04": _npz}
"""By their first bytes, what reads the headers of a file."""
INPUT_NAMES, TARGET_NAMES = ("inputs", "x", "X"), ("targets", "y", "Y")
WANTED_MEMBERS = frozenset(f"{name}.npy" for name in (*INPUT_NAMES, *TARGET_NAMES))
"""What else is in a .npz file is left alone, whatever it is."""


def _opened_zip(file: int, size: int) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(_ShortReads(file, size))
    except BROKEN_ZIP as error:
        raise FormatError(f"it is a zip file that cannot be read ({error})") from None


def _member(file: int, size: int, member: zipfile.ZipInfo) -> StoredArray:
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise FormatError(f"{member.filename} in it is compressed: write it with numpy.savez")
    header = os.pread(file, 30, member.header_offset) if member.header_offset >= 0 else b""
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise FormatError(f"{member.filename} in it is not where the directory says")
    name_bytes, extra_bytes = struct.unpack("<HH", header[26:])
    start = member.header_offset + 30 + name_bytes + extra_bytes
    stop = start + member.file_size
    if stop > size:
        raise FormatError(f"it is cut off: {member.filename} needs {stop - size:,} bytes more")
    return _array(file, start, stop)


def _array(file: int, start: int, stop: int) -> StoredArray:
    """Return the array whose header begins at `start` and whose numbers must end at `stop`."""
    prefix = os.pread(file, 12, start)
    if len(prefix) < 12 or not prefix.startswith(b"\x93NUMPY") or prefix[6] not in (1, 2, 3):
        raise FormatError("its header is not that of an array")
    long = prefix[6] > 1
    (length,) = struct.unpack("<I", prefix[8:12]) if long else struct.unpack("<H", prefix[8:10])
    if length > MAXIMUM_HEADER:
        raise FormatError(f"its header claims {length:,} bytes, more than {MAXIMUM_HEADER:,}")
    offset = start + (12 if long else 10) + length
    dtype, shape = _described(os.pread(file, length, offset - length))
    wanted, there = dtype.itemsize * math.prod(shape), stop - offset
    if wanted > there:
        raise FormatError(
            f"it is cut off: its header promises {wanted:,} bytes of numbers, {max(there, 0):,} are there"
        )
    return StoredArray(offset=offset, dtype=dtype, shape=shape)


def _described(header: bytes) -> tuple[np.dtype[Any], tuple[int, ...]]:
    try:
        # Of literals alone, which compute nothing.
        told = ast.literal_eval(header.decode("latin1").strip())
        descr, fortran, shape = told["descr"], told["fortran_order"], told["shape"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise FormatError("its header is not that of an array") from None
    if not isinstance(descr, str) or not NUMBERS.fullmatch(descr):
        kind = "objects, which are code" if descr == "|O" else "something else"
        raise FormatError(f"its entries must be bool, whole numbers, float16, float32 or float64, and are {kind}")
    if not isinstance(shape, tuple) or not 1 <= len(shape) <= MAXIMUM_DIMENSIONS:
        raise FormatError("its shape must be that of samples")
    if not all(type(length) is int and 0 <= length < 1 << 62 for length in shape):
        raise FormatError("its shape is not made of whole numbers from 0")
    if fortran is not False and len(shape) > 1:
        raise FormatError("it is in Fortran order, column after column: write numpy.ascontiguousarray of it")
    return np.dtype(descr), shape


class _ShortReads(io.RawIOBase):
    """A file for the reader of zip files, who would otherwise read a directory of any size into memory."""

    def __init__(self, file: int, size: int) -> None:
        super().__init__()
        self._file, self._size, self._place = file, size, 0

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if origin + offset < 0:
            raise OSError("before the beginning")
        self._place = origin + offset
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, no more than a directory of honest size has."""
        left = max(0, self._size - self._place)
        wanted = left if size < 0 else min(size, left)
        if wanted > MAXIMUM_DIRECTORY:
            raise ValueError(f"its directory claims {wanted:,} bytes")
        found = os.pread(self._file, wanted, self._place)
        self._place += len(found)
        return found
