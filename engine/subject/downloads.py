"""Data sets that are fetched when they are first wanted, and kept: known by their sha256, wherever they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..errors import MisfitError, RunError
from ..places import data_home
from ..text import clean

MAXIMUM_BYTES = 64 << 20
"""Of one file: a mirror that sends without end is left."""
TIMEOUT_S = 30.0
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A data set in the format of MNIST that somebody serves."""

    title: str
    description: str
    """One sentence: what it looks like and what it is good for."""
    samples: int
    features: int
    classes: int
    image_shape: tuple[int, int]
    """(rows, columns) of a picture, row by row."""
    source: str
    url: str
    """The folder that the files are fetched from, with a slash at its end."""
    mirror_variable: str
    """The environment variable that names another one."""
    files: Mapping[str, str]
    """The sha256 of each file by its name."""


DOWNLOADS: Mapping[str, Download] = {
    "mnist": Download(
        title="MNIST",
        description="60,000 handwritten digits of 28 × 28 pixels, and 10,000 by other people for the test.",
        samples=60_000,
        features=784,
        classes=10,
        image_shape=(28, 28),
        source="Y. LeCun, C. Cortes, C. J. C. Burges (1998), The MNIST database of handwritten digits",
        url="https://ossci-datasets.s3.amazonaws.com/mnist/",
        mirror_variable="GDTUI_MNIST_URL",
        files={
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion_mnist": Download(
        title="Fashion-MNIST",
        description="60,000 pieces of clothing of 28 × 28 pixels, and 10,000 for the test: harder than digits.",
        samples=60_000,
        features=784,
        classes=10,
        image_shape=(28, 28),
        source="H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747, MIT licence",
        url="https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        mirror_variable="GDTUI_FASHION_MNIST_URL",
        files={
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
}
"""Every fetched set by its name."""


def fetched(name: str) -> Path:
    """Return the folder with the files of a set, fetching those that are not there or not right.

    Raises:
        MisfitError: They are to be fetched, and what fetches them is not installed.
        RunError: They cannot be fetched, or are not those that were asked for.
    """
    download = DOWNLOADS[name]
    folder = data_home() / "datasets" / name
    for file, sha256 in download.files.items():
        if not _is_there(folder / file, sha256):
            _fetch(name, download, folder, file)
    return folder


def _is_there(path: Path, sha256: str) -> bool:
    import hashlib  # loads OpenSSL: who fetches nothing need not wait for it

    try:
        if not path.is_file() or path.stat().st_size > MAXIMUM_BYTES:
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _fetch(name: str, download: Download, folder: Path, file: str) -> None:
    try:
        import pooch
        import requests
    except ImportError:
        raise MisfitError(
            "data.name", name, 'another set, as this one is to be fetched first: pip install "gdtui[download]"'
        ) from None
    mirror = os.environ.get(download.mirror_variable) or download.url
    if not mirror.startswith(("http://", "https://")):
        raise RunError(
            f"{download.mirror_variable}: {clean(repr(mirror), 200)}; allowed: an address with http or https"
        )
    url = f"{mirror.rstrip('/')}/{file}"
    pooch.get_logger().setLevel("ERROR")
    try:
        pooch.retrieve(url, f"sha256:{download.files[file]}", fname=file, path=folder, downloader=_download)
    except requests.exceptions.HTTPError as error:
        answer = "an error" if error.response is None else f"HTTP {error.response.status_code}"
        raise _not_fetched(url, download, f"the server answers {answer}") from None
    except requests.exceptions.Timeout:
        raise _not_fetched(url, download, f"no answer in {TIMEOUT_S:.0f} s") from None
    except requests.exceptions.ChunkedEncodingError:
        raise _not_fetched(url, download, "the connection broke off, and what came is thrown away") from None
    except requests.exceptions.ConnectionError:
        raise _not_fetched(url, download, "no connection") from None
    except requests.exceptions.RequestException as error:
        raise _not_fetched(url, download, type(error).__name__) from None
    except ValueError:
        raise _not_fetched(url, download, "it is another file than it must be by its sha256, and not kept") from None
    except OSError as error:
        raise RunError(f"{clean(str(folder))}: {file} cannot be kept there: {error.strerror}") from None


def _download(url: str, output_file: str, pooch: Any) -> None:
    """Write what an address gives to a file, up to a limit."""
    from pooch import HTTPDownloader

    with Path(output_file).open("wb") as file:
        HTTPDownloader(timeout=TIMEOUT_S, chunk_size=CHUNK)(url, _Limited(file, url), pooch)


class _Limited:
    """A file that takes so much and no more."""

    def __init__(self, file: IO[bytes], url: str) -> None:
        self._file, self._url, self._left = file, url, MAXIMUM_BYTES

    def write(self, part: bytes) -> None:
        """Write, or raise `RunError`."""
        self._left -= len(part)
        if self._left < 0:
            raise RunError(
                f"{clean(self._url, 200)}: sends more than {MAXIMUM_BYTES >> 20} MB, and nothing of it is kept"
            )
        self._file.write(part)

    def flush(self) -> None:
        """Do as a file does."""
        self._file.flush()


def _not_fetched(url: str, download: Download, reason: str) -> RunError:
    return RunError(f"{clean(url, 200)}: {reason}; {download.mirror_variable} can name another mirror")
