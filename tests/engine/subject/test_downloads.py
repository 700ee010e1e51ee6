"""Sets that are fetched: from a real server on this machine, kept when right, and never half."""

from __future__ import annotations

import gzip
import hashlib
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError, MisfitError, RunError
from engine.method.file_spec import examined
from engine.method.objectives import build_objective
from engine.method.spec import checked_spec
from engine.method.trainer import Trainer
from engine.subject import downloads
from engine.subject.downloads import DOWNLOADS, fetched

pytest.importorskip("pooch")


def idx(array: np.ndarray[Any, Any]) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.astype(np.uint8).tobytes(), mtime=0)


GENERATOR = np.random.default_rng(0)
FILES = {
    "train-images-idx3-ubyte.gz": idx(GENERATOR.integers(0, 256, (60, 28, 28))),
    "train-labels-idx1-ubyte.gz": idx(np.arange(60) % 10),
    "t10k-images-idx3-ubyte.gz": idx(GENERATOR.integers(0, 256, (20, 28, 28))),
    "t10k-labels-idx1-ubyte.gz": idx(np.arange(20) % 10),
}


class Server:
    """A mirror, and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler, bytes], None] = whole


def whole(request: BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def half(request: BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content[: len(content) // 2])


def missing(request: BaseHTTPRequestHandler, content: bytes) -> None:
    request.send_error(404)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A mirror of a small set under the name of MNIST, and the variable that names it."""
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path.rpartition("/")[2])
            told.answer(self, FILES[told.asked[-1]])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    small = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    given = {key: getattr(DOWNLOADS["mnist"], key) for key in DOWNLOADS["mnist"].__slots__}
    kind = downloads.Download(**{**given, "samples": 60, "files": small})
    monkeypatch.setitem(DOWNLOADS, "mnist", kind)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("GDTUI_MNIST_URL", f"http://127.0.0.1:{http.server_port}/mirror")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield told
        http.shutdown()
        thread.join()


def kept(places: Path) -> list[str]:
    folder = places / "data" / "datasets" / "mnist"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_set_is_fetched_once_and_kept(places: Path, server: Server) -> None:
    folder = fetched("mnist")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert fetched("mnist") == folder
    assert sorted(server.asked) == sorted(FILES)


def test_a_kept_file_that_was_damaged_is_fetched_again(places: Path, server: Server) -> None:
    path = fetched("mnist") / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(b"x")
    server.asked.clear()
    fetched("mnist")
    assert server.asked == ["t10k-labels-idx1-ubyte.gz"]
    assert path.read_bytes() == FILES[path.name]


def test_another_file_than_the_known_one_is_not_kept(places: Path, server: Server) -> None:
    server.answer = lambda request, content: whole(request, content[:-1] + b"!")
    with pytest.raises(RunError, match=r"another file than it must be by its sha256.*GDTUI_MNIST_URL can name"):
        fetched("mnist")
    assert kept(places) == []


def test_nothing_of_half_a_file_stays(places: Path, server: Server) -> None:
    server.answer = half
    with pytest.raises(RunError, match=r"train-images-idx3-ubyte\.gz: .*(broke off|sha256)"):
        fetched("mnist")
    assert kept(places) == []


def test_a_mirror_that_sends_without_end_is_left(places: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAXIMUM_BYTES", 1000)
    with pytest.raises(RunError, match="sends more than"):
        fetched("mnist")
    assert kept(places) == []


def test_a_server_that_does_not_have_it_and_no_server_at_all_are_one_line(
    places: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = missing
    with pytest.raises(RunError, match="the server answers HTTP 404"):
        fetched("mnist")
    monkeypatch.setenv("GDTUI_MNIST_URL", "http://127.0.0.1:9/")
    with pytest.raises(RunError, match=r"^http://127\.0\.0\.1:9/train-images-idx3-ubyte\.gz: no connection"):
        fetched("mnist")
    monkeypatch.setenv("GDTUI_MNIST_URL", "file:///etc")
    with pytest.raises(RunError, match=r"^GDTUI_MNIST_URL: 'file:///etc'; allowed: an address with http"):
        fetched("mnist")
    assert kept(places) == []


def test_without_pooch_one_line_says_what_to_install_and_kept_files_need_none(
    places: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pooch", None)
        with pytest.raises(MisfitError) as caught:
            fetched("mnist")
        assert 'pip install "gdtui[download]"' in caught.value.allowed
        with pytest.raises(InputError, match=r"^test: data\.name = 'mnist'; allowed: .*gdtui\[download\]"):
            examined(spec_of(), "test")
    fetched("mnist")
    monkeypatch.setitem(sys.modules, "pooch", None)
    fetched("mnist")


def spec_of(**data: Any) -> Any:
    return checked_spec({"problem": {"kind": "dataset"}, "data": {"name": "mnist", **data}}, "test")


@pytest.mark.parametrize("held_out", [0.5, 0.0])
def test_it_is_trained_on_with_its_own_test_part_held_out(places: Path, server: Server, held_out: float) -> None:
    """Pixels from 0 to 1 as everyone has them, and 20 samples for the test whatever the share, unless it is 0."""
    spec = examined(spec_of(held_out=held_out), "test")
    trainer = Trainer(spec, build_objective(spec))
    trainer.step()
    samples = trainer.objective.samples()
    everything = samples.batch(0, samples.count)
    assert (samples.count, everything.inputs.shape) == (60, (60, 785))
    assert (everything.inputs.min(), everything.inputs.max()) == (0.0, 1.0)
    assert trainer.objective.splits == (("train", "held_out") if held_out else ("train",))
    if held_out:
        assert trainer.evaluate("held_out").complete


def test_what_cannot_be_turned_about_a_fetched_set_is_refused(places: Path) -> None:
    for field, value in (("noise", 0.1), ("flips", 0.1), ("samples", 60_001)):
        with pytest.raises(InputError, match=rf"^test: data\.{field} = {value}; allowed: "):
            spec_of(**{field: value})


def test_every_fetched_set_has_four_files_with_their_sha256() -> None:
    for download in DOWNLOADS.values():
        assert download.files.keys() == FILES.keys()
        assert all(len(bytes.fromhex(sha256)) == 32 for sha256 in download.files.values())
        assert download.url.startswith("http")
        assert download.url.endswith("/")
