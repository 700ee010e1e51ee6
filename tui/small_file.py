"""The first bytes of a small file that a person, or nobody, has put where one is looked for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def first_bytes(path: Path, most: int) -> bytes:
    """Return a file, or its first `most` bytes.

    Raises:
        OSError: It cannot be read, or is no regular file.
    """
    # Opening a FIFO would wait for someone to write into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "this is not a regular file")
        return os.read(descriptor, most)
    finally:
        os.close(descriptor)
