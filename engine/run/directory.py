"""Where runs live: a directory on disk each, a lock in it, and a socket in a place only the user can enter.

    <data>/runs/RUN/launch.json    what to train, written before the engine starts
    <data>/runs/RUN/run.lock       locked by the engine for as long as it lives
    <data>/runs/RUN/run.db         the record
    <data>/runs/RUN/engine.log     what the engine has to say when something goes wrong
    <data>/runs/RUN.at             the path of a run's directory that a person has chosen to lie elsewhere
    <runtime>/RUN.sock             the engine's socket; its path must be short, so it does not lie in the directory
    <runtime>/RUN.at               the path of a live run's directory

`GDTUI_DATA_DIR` and `GDTUI_RUNTIME_DIR` move the two roots.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

from ..errors import InputError, RunError
from ..places import data_home
from ..text import clean

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAXIMUM_SOCKET_PATH = 100
"""A socket's address holds 108 bytes on Linux and 104 on macOS."""
LOCK_PATIENCE_S = 0.5
LEAST_ROOM = 64 * 1024
"""Bytes without which no record can begin."""
FULL = (errno.ENOSPC, errno.EDQUOT)
"""How a system says that there is no room."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_CHANCE = SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDirectory:
    """The places that belong to one run."""

    name: str
    path: Path

    @property
    def launch(self) -> Path:
        """What to train."""
        return self.path / "launch.json"

    @property
    def lock(self) -> Path:
        """Locked while an engine lives."""
        return self.path / "run.lock"

    @property
    def record(self) -> Path:
        """Every step."""
        return self.path / "run.db"

    @property
    def log(self) -> Path:
        """What the engine printed."""
        return self.path / "engine.log"

    @property
    def socket(self) -> Path:
        """Where the engine listens."""
        return runtime_root() / f"{self.name}.sock"

    @property
    def pointer(self) -> Path:
        """Says where the directory of a live run is."""
        return runtime_root() / f"{self.name}.at"

    @property
    def signpost(self) -> Path:
        """Says where the directory is, also of a run that has ended, when it does not lie under the data root."""
        return data_root() / f"{self.name}.at"

    @property
    def is_temporary(self) -> bool:
        """Whether the directory goes with its engine, because nothing is to be kept."""
        return self.path.parent == runtime_root()

    def is_live(self) -> bool:
        """Return whether an engine holds the lock."""
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def take_lock(self) -> int:
        """Lock the run for this process and return the descriptor that holds it; `RunError` if another has it."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # Who only asks whether the run is alive holds the lock for an instant.
                if time.monotonic() > end:
                    os.close(descriptor)
                    raise RunError(f"run {self.name}: another engine is at work on it") from None
                time.sleep(0.01)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def is_empty(self) -> bool:
        """Return whether an engine that has gone left nothing to look into: no record, and no traceback."""
        try:
            return not self.record.exists() and b"Traceback" not in self.log.read_bytes()
        except OSError:
            return False

    def lack_of_room(self) -> str:
        """Return that the disk is full, where the engine's log had no room to say so; nothing where it is not."""
        try:
            disk = os.statvfs(self.path)
        except OSError:
            return ""
        return f"{clean(str(self.path))}: no room on the disk" if disk.f_bavail * disk.f_frsize < LEAST_ROOM else ""

    def last_words(self) -> str:
        """Return the last line that the engine logged, or nothing."""
        try:
            lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        except OSError:
            return ""
        return clean(lines[-1]) if lines else ""


def data_root() -> Path:
    """Return the folder with the directories of all runs."""
    return data_home() / "runs"


def runtime_root() -> Path:
    """Return the folder for sockets, made for this user alone; `RunError` if it is not safe."""
    chosen = os.environ.get("GDTUI_RUNTIME_DIR")
    session = os.environ.get("XDG_RUNTIME_DIR")
    if chosen:
        root = Path(chosen).expanduser().absolute()
    elif session and Path(session).is_dir() and len(session) < MAXIMUM_SOCKET_PATH - 80:
        root = Path(session) / "gdtui"
    else:
        import tempfile  # brings more than all of this module, and is hardly ever needed

        root = Path(tempfile.gettempdir()) / f"gdtui-{os.getuid()}"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = root.lstat()
    except OSError as error:
        raise RunError(f"{clean(str(root))}: cannot be made for the engine's socket: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise RunError(f"{clean(str(root))}: must be a folder of your own; set GDTUI_RUNTIME_DIR to another place")
    if stat.S_IMODE(status.st_mode) & 0o077:
        root.chmod(0o700)
    return root


def create(preset: str, *, out: Path | None = None, recorded: bool = True) -> RunDirectory:
    """Return a new, empty run directory.

    Args:
        preset: The name that the run's own begins with.
        out: The directory to use instead of one under the data root; it may exist if it is empty.
        recorded: Whether anything is to be kept; otherwise it is made beside the socket and goes with the engine.
    """
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", preset).strip("-_")[:40] or "run"
    runtime = runtime_root()
    for _ in range(1000):
        name = f"{stem}-{''.join(_CHANCE.choice(_LETTERS) for _ in range(4))}"
        path = out.absolute() if out is not None else (data_root() if recorded else runtime) / name
        if any(place.exists() for place in (runtime / f"{name}.at", data_root() / name, data_root() / f"{name}.at")):
            continue
        if len(os.fsencode(runtime / f"{name}.sock")) > MAXIMUM_SOCKET_PATH:
            raise RunError(f"{clean(str(runtime))}: too long for a socket; set GDTUI_RUNTIME_DIR to a shorter path")
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=out is not None)
            if any(path.iterdir()):
                raise InputError(f"{clean(str(path))}: not empty; a run is recorded in a new or an empty folder")
        except FileExistsError:
            if out is None:
                continue  # another run that is not recorded has the name, or took it just now
            raise InputError(f"{clean(str(path))}: not a folder; a run is recorded in a new or an empty one") from None
        except OSError as error:
            raise InputError(f"{clean(str(path))}: cannot be made: {error.strerror}") from None
        run = RunDirectory(name=name, path=path)
        if out is not None and recorded:
            _put_up_signpost(run)
        return run
    raise RunError(f"{clean(str(data_root()))}: no free name for a run of {stem}")


def put_in(run: RunDirectory, launch: str) -> None:
    """Put into a new run's directory what is to be trained; `RunError`, and no run, where there is no room for it."""
    try:
        run.launch.write_text(launch, encoding="utf-8")
    except OSError as error:
        forget(run)
        reason = "no room on the disk" if error.errno in FULL else error.strerror
        raise RunError(f"{clean(str(run.path))}: cannot be written: {reason}") from None


def all_runs() -> list[RunDirectory]:
    """Return every run that is alive, recorded under the data root or signposted there, the newest first."""
    found: dict[str, RunDirectory] = {}
    for pointer in runtime_root().glob("*.at"):
        try:
            run = RunDirectory(name=pointer.stem, path=_path_in(pointer))
            live = run.is_live()
        except (OSError, ValueError):  # a path with a NUL in it is none
            continue
        if RUN_NAME.fullmatch(run.name) and live:
            found[run.name] = run
        else:
            _forget_killed(run)
    for run in _signposted():
        if _is_launch(run.launch):
            found.setdefault(run.name, run)
    root, known = data_root(), {run.path for run in found.values()}
    if root.is_dir():
        for path in root.iterdir():
            if RUN_NAME.fullmatch(path.name) and path not in known and (path / "launch.json").is_file():
                found.setdefault(path.name, RunDirectory(name=path.name, path=path))
    return sorted(found.values(), key=_age, reverse=True)


def find(name: str | None, *, live: bool) -> RunDirectory:
    """Return the run with this name, or the only one whose name begins so; None means the newest.

    Args:
        name: A run's name, its beginning, or the path of its directory.
        live: Whether only runs with an engine count.

    Raises:
        InputError: There is none with this name, or more than one.
        RunError: There is none at all.
    """
    runs = [run for run in all_runs() if not live or run.is_live()]
    kind = "running" if live else "recorded"
    if name is None:
        if not runs:
            raise RunError(f"no run is {kind}")
        return runs[0]
    if "/" in name:
        path = Path(name).absolute()
        runs = [run for run in runs if run.path == path]
        if runs or live or not _is_launch(path / "launch.json"):
            if not runs:
                raise InputError(f"{clean(name)}: no run is {kind} there")
            return runs[0]
        return RunDirectory(name=path.name, path=path)
    exact = [run for run in runs if run.name == name]
    matching = exact or [run for run in runs if name and run.name.startswith(name)]
    if len(matching) != 1:
        those = ", ".join(run.name for run in (matching or runs)[:8]) or "none"
        problem = "more than one run begins so" if matching else f"no such run is {kind}"
        raise InputError(f"run {clean(repr(name), 80)}: {problem}; there are: {those}")
    return matching[0]


def remove(run: RunDirectory) -> None:
    """Delete everything of a run that has ended; `RunError` while an engine is at work."""
    if run.is_live():
        raise RunError(f"run {run.name}: still running; stop it first with `gdtui stop {run.name}`")
    forget(run)
    run.signpost.unlink(missing_ok=True)


def forget(run: RunDirectory) -> None:
    """Delete what an engine writes, and the folder if nothing else is in it: it may be one that a person chose."""
    _forget_killed(run)
    # By their very names: a run.db.backup is a person's own.
    records = (run.path / f"{run.record.name}{ending}" for ending in ("", "-wal", "-shm", "-journal"))
    for path in (run.launch, run.lock, run.log, *records):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        run.path.rmdir()


def _put_up_signpost(run: RunDirectory) -> None:
    # A data root that cannot be written is a reason to record elsewhere, and none to refuse that.
    with contextlib.suppress(OSError):
        run.signpost.parent.mkdir(parents=True, exist_ok=True)
        for other in _signposted():
            if other.path == run.path:  # its record was taken away by hand
                other.signpost.unlink(missing_ok=True)
        run.signpost.write_bytes(os.fsencode(run.path) + b"\n")


def _signposted() -> list[RunDirectory]:
    """Return what the signposts point to; one to a folder that has gone is taken down."""
    found: list[RunDirectory] = []
    for signpost in data_root().glob("*.at"):
        try:
            run = RunDirectory(name=signpost.stem, path=_path_in(signpost))
            run.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            signpost.unlink(missing_ok=True)
        except (OSError, ValueError):  # out of reach for now, or no path
            continue
        else:
            if RUN_NAME.fullmatch(run.name):
                found.append(run)
    return found


def _path_in(pointer: Path) -> Path:
    path = Path(os.fsdecode(pointer.read_bytes().removesuffix(b"\n")))
    if not path.is_absolute():
        raise ValueError(f"{pointer} holds no path")
    return path


def _is_launch(path: Path) -> bool:
    """Return whether a file outside the data root is ours: others call theirs launch.json, too."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"preset", "spec"} <= content.keys()


def _forget_killed(run: RunDirectory) -> None:
    """Remove what an engine that was killed has left beside its socket."""
    for path in (run.pointer, run.socket):
        with contextlib.suppress(OSError):
            path.unlink()


def _age(run: RunDirectory) -> float:
    try:
        return run.launch.stat().st_mtime
    except OSError:
        return 0.0
