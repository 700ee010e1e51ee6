"""The format of MNIST: a file of images and a file of labels, for training and perhaps for the test, in one folder.

A file begins with two zero bytes, a byte for the type, a byte for the number of dimensions and their lengths in 32
bits, the high byte first; then come the numbers. It may be compressed with gzip.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "file formats".
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import MisfitError
from .opening import MAXIMUM_BYTES, TOO_LARGE, FormatError, Loaded, Source, Wanted, image_shape

GZIP = b"\x1f\x8b"
TYPES: Mapping[int, str] = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAXIMUM_DIMENSIONS = 8
CHUNK = 1 << 20
TRAINING, TEST = "train", "t10k"


def is_idx(start: bytes) -> bool:
    """Return whether a file that begins so is of this format, or compressed."""
    return start.startswith(GZIP) or (len(start) > 3 and start[:2] == b"\0\0" and start[2] in TYPES and start[3] > 0)


def read_idx(source: Source, wanted: Wanted) -> Loaded:
    """Return the samples in a folder, or in the folder of one of its four files; those for the test are held out."""
    if wanted.target is not None:
        raise MisfitError("data.target", wanted.target, "nothing: the targets of IDX images are a file of their own")
    folder = source.path if source.is_folder else source.path.parent
    known = [name for part in (TRAINING, TEST) for kind in ("images", "labels") for name in _names(part, kind)]
    if not source.is_folder and source.path.name not in known:
        raise FormatError(f"a file of IDX must have the name that it has in MNIST, such as {known[0]}")
    loaded = _part(folder, TRAINING)
    if loaded is None:
        raise FormatError(f"there is no {known[0]} in it")
    test = _part(folder, TEST)
    if test is not None and test.inputs.shape[1] != loaded.inputs.shape[1]:
        sizes = f"{test.inputs.shape[1]:,} numbers, those for training {loaded.inputs.shape[1]:,}"
        raise FormatError(f"its images for the test have {sizes}")
    count = len(loaded.inputs) if wanted.samples is None else wanted.samples
    return replace(loaded, inputs=loaded.inputs[:count], targets=loaded.targets[:count], held_out=test)


def _names(part: str, kind: str) -> list[str]:
    dimensions = 3 if kind == "images" else 1
    stems = (f"{part}-{kind}-idx{dimensions}-ubyte", f"{part}-{kind}.idx{dimensions}-ubyte")
    return [stem + ending for stem in stems for ending in ("", ".gz")]


def _part(folder: Path, part: str) -> Loaded | None:
    """Return images and labels of one part; None where there are neither."""
    paths = []
    for kind in ("images", "labels"):
        names = _names(part, kind)
        # lexists, so that a link to nowhere is told and not overlooked.
        paths.append(next((folder / name for name in names if os.path.lexists(folder / name)), folder / names[0]))
    if not any(os.path.lexists(path) for path in paths):
        return None
    images, labels = (_array(path) for path in paths)
    features = math.prod(images.shape[1:])
    if labels.ndim != 1 or images.ndim < 2 or len(labels) != len(images) or not features:
        raise FormatError(f"its {part} images are {images.shape} and its labels {labels.shape}")
    return Loaded(inputs=images.reshape(len(images), features), targets=labels, image_shape=image_shape(images.shape))


def _array(path: Path) -> NDArray[Any]:
    try:
        with Source(str(path)) as source:
            if source.is_folder:
                raise FormatError("this is not a regular file")
            return _Bytes(source).array()
    except (FormatError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{path.name}: {reason}") from None


class _Bytes:
    """The bytes of a file, decompressed as they are asked for and no further."""

    def __init__(self, source: Source) -> None:
        self._source, self._place = source, 0
        # 31: the largest window, and a gzip header that must be there.
        self._inflater = zlib.decompressobj(31) if source.start().startswith(GZIP) else None
        self._left = b""

    def array(self) -> NDArray[Any]:
        """Return the array that these are."""
        head = self._exactly(4, "header")
        kind, dimensions = TYPES.get(head[2]), head[3]
        if head[:2] != b"\0\0" or kind is None or not 1 <= dimensions <= MAXIMUM_DIMENSIONS:
            raise FormatError("its first bytes are not those of IDX")
        shape = struct.unpack(f">{dimensions}i", self._exactly(4 * dimensions, "header"))
        if min(shape) < 0:
            raise FormatError(f"its header has a length below 0: {shape}")
        dtype = np.dtype(kind)
        wanted = dtype.itemsize * math.prod(shape)
        if wanted > MAXIMUM_BYTES:
            raise FormatError(f"its header promises {wanted:,} bytes of numbers, {TOO_LARGE}")
        if self._inflater is None and wanted > self._source.size - self._place:
            raise FormatError(f"it is cut off: its header promises {wanted:,} bytes of numbers")
        numbers = np.frombuffer(self._exactly(wanted, f"{wanted:,} bytes of numbers"), dtype=dtype).reshape(shape)
        if self._take(1):
            raise FormatError("it has more bytes than its header promises")
        if self._inflater is not None and not self._inflater.eof:
            raise FormatError("it is cut off: the end of its compressed bytes is missing")
        return numbers.astype(dtype.newbyteorder("="), copy=False)

    def _exactly(self, wanted: int, what: str) -> bytearray:
        found = bytearray()
        while len(found) < wanted:
            part = self._take(min(CHUNK, wanted - len(found)))
            if not part:
                raise FormatError(f"it is cut off: of its {what} {len(found):,} bytes are there")
            found += part
        return found

    def _take(self, most: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""
        if self._inflater is None:
            return self._read(most)
        while not self._inflater.eof:
            packed = self._left or self._read(CHUNK)
            try:
                found = self._inflater.decompress(packed, most)
            except zlib.error as error:
                raise FormatError(f"its compressed bytes are damaged ({error})") from None
            self._left = self._inflater.unconsumed_tail
            if found or not packed:
                return found
        return b""

    def _read(self, most: int) -> bytes:
        found = os.pread(self._source.descriptor, most, self._place)
        self._place += len(found)
        return found
