"""The images of MNIST: found in their folder, and never believed before they are there."""

from __future__ import annotations

import contextlib
import gzip
import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MisfitError
from engine.subject.formats import FormatError, Loaded, Source, Wanted, format_of
from engine.subject.formats.idx import TYPES, read_idx

IMAGES = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
LABELS = np.array([3, 1, 0, 2, 1, 0], dtype=np.uint8)


def idx(array: np.ndarray[Any, Any], kind: int = 0x08) -> bytes:
    head = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(TYPES[kind]).tobytes()


def folder_with(place: Path, *, ending: str = "", **files: bytes) -> Path:
    """Write images and labels, and what else is given, as one of the four files; return their folder."""
    names = {"images": "train-images-idx3-ubyte", "labels": "train-labels-idx1-ubyte"}
    names |= {"test_images": "t10k-images-idx3-ubyte", "test_labels": "t10k-labels-idx1-ubyte"}
    for name, content in {"images": idx(IMAGES), "labels": idx(LABELS), **files}.items():
        (place / (names[name] + ending)).write_bytes(gzip.compress(content) if ending else content)
    return place


def loaded(path: Path, **wanted: Any) -> Loaded:
    with Source(str(path)) as source:
        kind = format_of(source)
        assert kind.load is read_idx
        return kind.load(source, Wanted(**wanted))


def refusal(path: Path, **wanted: Any) -> str:
    with pytest.raises(FormatError) as caught:
        loaded(path, **wanted)
    return str(caught.value)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("named", ["", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_images_and_labels_are_those_of_the_folder(places: Path, ending: str, named: str) -> None:
    folder_with(places, ending=ending)
    found = loaded(places / (named + ending) if named else places)
    assert np.array_equal(found.inputs, IMAGES.reshape(6, 4))
    assert found.inputs.dtype == np.uint8
    assert found.targets.tolist() == LABELS.tolist()
    assert found.held_out is None


def test_what_is_there_for_the_test_is_held_out_and_fewer_samples_are_the_first_for_training(places: Path) -> None:
    folder_with(places, test_images=idx(IMAGES[:2] + 100), test_labels=idx(LABELS[:2]))
    found = loaded(places, samples=4)
    assert found.inputs.shape == (4, 4)
    assert found.held_out is not None
    assert np.array_equal(found.held_out.inputs, IMAGES[:2].reshape(2, 4) + 100)
    assert found.held_out.targets.tolist() == [3, 1]


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_the_format_is_read(places: Path, kind: int) -> None:
    found = loaded(folder_with(places, images=idx(IMAGES, kind)))
    assert np.array_equal(found.inputs, IMAGES.reshape(6, 4))
    assert found.inputs.dtype.isnative


def test_the_names_with_a_point_are_known_too(places: Path) -> None:
    folder_with(places)
    (places / "train-images-idx3-ubyte").rename(places / "train-images.idx3-ubyte")
    assert len(loaded(places).inputs) == 6


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (b"", "cut off: of its header 0 bytes"),
        (b"\0\0\x08", "cut off: of its header 3 bytes"),
        (b"\0\1\x08\3" + bytes(12), "not those of IDX"),
        (b"\0\0\x0a\3" + bytes(12), "not those of IDX"),
        (b"\0\0\x08\xff" + bytes(2000), "not those of IDX"),
        (b"\0\0\x08\3" + struct.pack(">iii", -6, 2, 2) + bytes(24), "a length below 0: (-6, 2, 2)"),
        (b"\0\0\x08\3" + struct.pack(">iii", 2**31 - 1, 2**31 - 1, 2**31 - 1), "more than the 2 GB"),
        (idx(IMAGES)[:-1], "cut off"),
        (idx(IMAGES) + b"\0", "more bytes than its header promises"),
        (idx(IMAGES[:5]), "its train images are (5, 2, 2) and its labels (6,)"),
        (idx(LABELS), "its train images are (6,)"),
    ],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_header_that_does_not_fit_is_told(places: Path, images: bytes, said: str, ending: str) -> None:
    assert said in refusal(folder_with(places, ending=ending, images=images))


def test_a_folder_without_images_and_a_file_of_another_name_are_refused(places: Path) -> None:
    assert "there is no train-images-idx3-ubyte in it" in refusal(places)
    (places / "mine.gz").write_bytes(gzip.compress(idx(IMAGES)))
    assert "must have the name that it has in MNIST" in refusal(places / "mine.gz")
    with pytest.raises(MisfitError, match=r"data\.target"):
        loaded(folder_with(places), target=1)


def test_damaged_and_cut_off_gzip_is_refused(places: Path) -> None:
    folder_with(places, ending=".gz")
    path = places / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    assert "the end of its compressed bytes is missing" in refusal(places)
    path.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    assert "damaged" in refusal(places)
    path.write_bytes(whole[:30])
    assert "cut off" in refusal(places)


def test_a_gzip_bomb_is_not_unpacked(places: Path) -> None:
    """500 MB of zeros in 500 kB behind a header of 24 bytes."""
    folder_with(places)
    (places / "train-images-idx3-ubyte").unlink()
    (places / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES) + bytes(500 << 20), 1))
    tracemalloc.start()
    assert "more bytes than its header promises" in refusal(places)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_links_in_a_circle_fifos_and_folders_in_the_place_of_images_are_refused(places: Path) -> None:
    folder_with(places)
    path = places / "train-images-idx3-ubyte"
    path.unlink()
    path.symlink_to(path)
    assert "symbolic links" in refusal(places)
    path.unlink()
    os.mkfifo(path)
    assert "not a regular file" in refusal(places)
    path.unlink()
    path.mkdir()
    assert "not a regular file" in refusal(places)


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_images_or_a_sentence(content: bytes, compressed: bool) -> None:
    place = Path(os.environ["GDTUI_DATA_DIR"]).parent
    path = folder_with(place) / "train-images-idx3-ubyte"
    path.write_bytes(
        gzip.compress(b"\0\0\x08\3" + content)[: 10 + len(content)] if compressed else b"\0\0\x08" + content
    )
    with contextlib.suppress(FormatError):
        found = loaded(place)
        assert len(found.inputs) == len(found.targets)
