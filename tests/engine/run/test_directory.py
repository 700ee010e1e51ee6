"""Where runs live: names, locks and folders, and that nothing of anyone else's is ever touched."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, RunError
from engine.run import directory
from engine.run.directory import RUN_NAME, RunDirectory


def recorded(name: str) -> RunDirectory:
    """A run that has ended, as far as its folder tells."""
    path = directory.data_root() / name
    path.mkdir(parents=True)
    run = RunDirectory(name=name, path=path)
    for file in (run.launch, run.record, run.lock, run.log):
        file.write_text("")
    return run


@contextmanager
def live(name: str, path: Path) -> Iterator[None]:
    """A run with an engine, as far as its lock and its pointer tell."""
    path.mkdir(parents=True, exist_ok=True)
    run = RunDirectory(name=name, path=path)
    run.launch.write_text("")
    run.pointer.write_text(f"{path}\n")
    descriptor = run.take_lock()
    try:
        yield
    finally:
        os.close(descriptor)


@given(st.text(max_size=100))
def test_every_preset_gives_a_run_a_name_that_can_be_typed(preset: str) -> None:
    """Whatever a file is called: no slash, no dot in front, no space, and short enough for a socket."""
    run = directory.create(preset, recorded=False)
    assert RUN_NAME.fullmatch(run.name)
    assert run.path.name == run.name
    run.path.rmdir()


def test_a_run_is_private_and_no_two_share_a_name() -> None:
    runs = [directory.create("ravine") for _ in range(50)]
    assert len({run.name for run in runs}) == 50
    assert all(stat.S_IMODE(run.path.stat().st_mode) == 0o700 for run in runs)
    assert all(run.path.parent == directory.data_root() for run in runs)


@pytest.mark.parametrize("recorded", [True, False])
def test_a_name_that_another_run_has_is_not_taken(monkeypatch: pytest.MonkeyPatch, recorded: bool) -> None:
    letters = iter("abcdabcdefgh")
    monkeypatch.setattr(directory, "_CHANCE", SimpleNamespace(choice=lambda _: next(letters)))
    names = [directory.create("ravine", recorded=recorded).name for _ in range(2)]
    assert names == ["ravine-abcd", "ravine-efgh"]


def test_a_run_that_is_not_recorded_makes_no_folder_among_the_recorded_ones() -> None:
    directory.create("ravine", recorded=False)
    assert not directory.data_root().exists()


def test_the_sockets_folder_is_made_private_even_if_it_was_open(places: Path) -> None:
    (places / "run").mkdir(mode=0o755)
    assert stat.S_IMODE(directory.runtime_root().stat().st_mode) == 0o700


def test_a_sockets_folder_that_is_a_link_is_refused(places: Path) -> None:
    (places / "elsewhere").mkdir()
    (places / "run").symlink_to(places / "elsewhere")
    with pytest.raises(RunError, match="must be a folder of your own"):
        directory.runtime_root()


def test_a_sockets_folder_of_someone_else_is_refused(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: own + 1)
    with pytest.raises(RunError, match="must be a folder of your own"):
        directory.runtime_root()


def test_a_sockets_folder_that_cannot_be_made_is_a_sentence(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (places / "file").write_text("")
    monkeypatch.setenv("GDTUI_RUNTIME_DIR", str(places / "file" / "run"))
    with pytest.raises(RunError, match="cannot be made"):
        directory.runtime_root()


def test_a_path_too_long_for_a_socket_is_refused_with_the_remedy_and_leaves_no_run(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDTUI_RUNTIME_DIR", str(places / ("long" * 25)))
    with pytest.raises(RunError, match="GDTUI_RUNTIME_DIR to a shorter path"):
        directory.create("ravine")
    assert not directory.data_root().exists()


def test_a_chosen_folder_is_used_if_it_is_new_or_empty_and_keeps_its_mode(places: Path) -> None:
    (places / "empty").mkdir(mode=0o755)
    assert directory.create("x", out=places / "empty").path == places / "empty"
    assert stat.S_IMODE((places / "empty").stat().st_mode) == 0o755
    assert directory.create("x", out=places / "a b" / "new").path.is_dir()


def test_a_chosen_folder_with_something_in_it_is_refused_and_left_alone(places: Path) -> None:
    (places / "full").mkdir()
    (places / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        directory.create("x", out=places / "full")
    assert [path.name for path in (places / "full").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_chosen_folder_that_is_a_file_is_refused(places: Path, path: str) -> None:
    (places / "file").write_text("mine")
    with pytest.raises(InputError, match=r"not a folder|cannot be made"):
        directory.create("x", out=places / path)
    assert (places / "file").read_text() == "mine"


def test_a_second_engine_is_refused_while_the_first_has_the_lock() -> None:
    run = recorded("ravine-aaaa")
    assert not run.is_live()
    descriptor = run.take_lock()
    assert run.is_live()
    assert int(run.lock.read_text()) == os.getpid()
    with pytest.raises(RunError, match="another engine is at work"):
        run.take_lock()
    os.close(descriptor)
    assert not run.is_live()


def test_looking_whether_a_run_is_live_never_keeps_its_engine_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lists the runs tries the lock for an instant; an engine that starts at that very instant must get it."""
    run = recorded("ravine-aaaa")
    faults: list[Exception] = []
    descriptors: list[int] = []
    looking = threading.Event()

    def start() -> None:
        looking.set()
        try:
            descriptors.append(run.take_lock())
        except RunError as error:
            faults.append(error)

    engine = threading.Thread(target=start)

    def flock(descriptor: int, operation: int) -> None:
        fcntl.flock(descriptor, operation)
        if threading.current_thread() is threading.main_thread():
            engine.start()
            looking.wait()
            engine.join(0.03)

    monkeypatch.setattr(directory, "fcntl", SimpleNamespace(**{**vars(fcntl), "flock": flock}))
    run.is_live()
    engine.join()
    for descriptor in descriptors:
        os.close(descriptor)
    assert faults == []


def test_a_run_is_found_by_its_name_its_beginning_its_path_or_as_the_newest(places: Path) -> None:
    for age, name in enumerate(["ravine-bbbb", "ravine-aaaa", "digits-cccc"]):
        os.utime(recorded(name).launch, (1e9 - age, 1e9 - age))
    path = directory.data_root() / "ravine-aaaa"
    assert directory.find("ravine-aaaa", live=False).name == "ravine-aaaa"
    assert directory.find("dig", live=False).name == "digits-cccc"
    assert directory.find(str(path), live=False).name == "ravine-aaaa"
    assert directory.find(None, live=False).name == "ravine-bbbb"
    with pytest.raises(InputError, match=r"more than one run begins so; there are: ravine-bbbb, ravine-aaaa"):
        directory.find("ravine", live=False)
    with pytest.raises(InputError, match="no such run is recorded"):
        directory.find("spiral", live=False)
    with pytest.raises(RunError, match="no run is running"):
        directory.find(None, live=True)


def test_a_name_that_is_the_beginning_of_another_is_that_run_itself() -> None:
    recorded("ravine-a")
    recorded("ravine-ab")
    assert directory.find("ravine-a", live=False).name == "ravine-a"


def test_a_live_run_is_found_wherever_its_folder_is(places: Path) -> None:
    with live("far-aaaa", places / "some where" / "else"):
        assert [run.path for run in directory.all_runs()] == [places / "some where" / "else"]
        assert directory.find("far", live=True).name == "far-aaaa"
    assert directory.all_runs() == []


def test_a_name_typed_by_an_enemy_is_cleaned_in_the_message() -> None:
    with pytest.raises(InputError) as caught:
        directory.find("\x1b[2J\u202e", live=False)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("content", [b"", b"/nowhere\n", b"\n\n", b"x" * 10_000], ids=repr)
def test_a_pointer_that_says_nothing_hides_no_run(content: bytes) -> None:
    recorded("ravine-aaaa")
    (directory.runtime_root() / "stale-aaaa.at").write_bytes(content)
    assert [run.name for run in directory.all_runs()] == ["ravine-aaaa"]


@pytest.mark.parametrize("content", [b"\xff\xfe/nowhere\n", b"/no\x00where\n"], ids=repr)
def test_a_pointer_that_is_no_path_hides_no_run(content: bytes) -> None:
    recorded("ravine-aaaa")
    (directory.runtime_root() / "stale-aaaa.at").write_bytes(content)
    assert [run.name for run in directory.all_runs()] == ["ravine-aaaa"]


def test_a_live_run_in_a_folder_whose_name_ends_in_a_space_is_found(places: Path) -> None:
    with live("far-aaaa", places / "trailing "):
        assert [run.name for run in directory.all_runs()] == ["far-aaaa"]


def test_folders_that_are_no_runs_are_not_listed() -> None:
    recorded("ravine-aaaa")
    (directory.data_root() / ".hidden").mkdir()
    (directory.data_root() / "notes").mkdir()
    (directory.data_root() / "file").write_text("")
    assert [run.name for run in directory.all_runs()] == ["ravine-aaaa"]


def test_a_run_that_is_removed_leaves_nothing_and_its_neighbour_stays() -> None:
    run, other = recorded("ravine-aaaa"), recorded("ravine-bbbb")
    directory.remove(run)
    assert not run.path.exists()
    assert other.record.exists()


def test_what_a_person_put_into_a_runs_folder_outlives_the_run() -> None:
    run = recorded("ravine-aaaa")
    (run.path / "notes.txt").write_text("mine")
    directory.remove(run)
    assert [path.name for path in run.path.iterdir()] == ["notes.txt"]


def elsewhere(places: Path, preset: str = "far") -> RunDirectory:
    """A run that has ended in a folder that a person chose, as far as its files tell."""
    run = directory.create(preset, out=places / preset)
    run.launch.write_text('{"preset": "far", "spec": {}}')
    for file in (run.record, run.lock, run.log):
        file.write_text("")
    return run


def test_a_run_in_a_chosen_folder_is_known_by_its_name_after_its_end(places: Path) -> None:
    recorded("ravine-aaaa")
    run = elsewhere(places)
    assert {found.name: found.path for found in directory.all_runs()} == {
        "ravine-aaaa": directory.data_root() / "ravine-aaaa",
        run.name: places / "far",
    }
    assert directory.find("far", live=False) == run
    assert directory.find(str(run.path), live=False) == run, "by its path it has its own name as well"


def test_a_chosen_folder_among_the_recorded_runs_is_one_run(places: Path) -> None:
    run = directory.create("far", out=directory.data_root() / "mine")
    run.launch.write_text('{"preset": "far", "spec": {}}')
    assert directory.all_runs() == [run]
    with live(run.name, run.path):
        assert directory.all_runs() == [run]


def test_a_run_whose_chosen_folder_has_gone_is_forgotten(places: Path) -> None:
    run = elsewhere(places)
    assert run.signpost.exists()
    run.path.rename(places / "moved")
    assert directory.all_runs() == []
    assert not run.signpost.exists()
    assert (places / "moved" / "run.db").exists()


def test_a_run_in_a_chosen_folder_is_removed_with_its_signpost_and_nothing_of_the_persons(places: Path) -> None:
    run, other = elsewhere(places), elsewhere(places, "near")
    own = {"thesis.txt", "run.db.backup", "run.db-notes", "launch.json.old"}
    for name in own:
        (run.path / name).write_text("mine")
    directory.remove(run)
    assert {path.name for path in run.path.iterdir()} == own
    assert not run.signpost.exists()
    assert directory.all_runs() == [other]


def test_a_folder_that_holds_something_else_by_now_is_no_run(places: Path) -> None:
    """Others call a file launch.json, too: an editor does."""
    run = elsewhere(places)
    run.launch.write_text('{"version": "0.2.0", "configurations": []}')
    assert directory.all_runs() == []
    for name in (run.name, str(run.path)):
        with pytest.raises(InputError):
            directory.find(name, live=False)


def test_a_chosen_folder_that_was_cleared_by_hand_belongs_to_the_newest_run_in_it_alone(places: Path) -> None:
    first = elsewhere(places)
    for path in first.path.iterdir():
        path.unlink()
    # The folder is there, so that the first run's signpost is as well.
    assert first.signpost.exists()
    second = elsewhere(places)
    assert directory.all_runs() == [second]
    assert second.name != first.name


@pytest.mark.parametrize("content", [b"", b"here\n", b"\xff\xfe\n", b"/no\x00where\n"], ids=repr)
def test_a_signpost_that_names_no_place_hides_no_run(
    places: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    run = elsewhere(places)
    monkeypatch.chdir(run.path)
    (directory.data_root() / "stale-aaaa.at").write_bytes(content)
    assert directory.all_runs() == [run]


def test_a_data_root_that_cannot_be_written_does_not_keep_a_run_from_a_chosen_folder(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (places / "file").write_text("")
    monkeypatch.setenv("GDTUI_DATA_DIR", str(places / "file"))
    assert directory.create("far", out=places / "far").path.is_dir()


def test_a_run_that_an_engine_works_on_cannot_be_removed() -> None:
    run = recorded("ravine-aaaa")
    with live("ravine-aaaa", run.path), pytest.raises(RunError, match="stop it first"):
        directory.remove(run)
    assert run.record.exists()


def test_an_engines_last_words_are_one_clean_line() -> None:
    run = recorded("ravine-aaaa")
    assert run.last_words() == ""
    run.log.write_bytes(b"Traceback\nMemoryError: \x1b[31mtoo much\xff\n\n")
    assert run.last_words().startswith("MemoryError: ")
    assert run.last_words().isprintable()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file without room, as Linux has")
def test_a_run_for_which_there_is_no_room_is_one_sentence_and_no_run() -> None:
    run = directory.create("line")
    run.launch.symlink_to("/dev/full")
    with pytest.raises(RunError) as said:
        directory.put_in(run, "{}")
    assert str(said.value) == f"{run.path}: cannot be written: no room on the disk"
    assert not run.path.exists()


def test_an_engine_whose_log_had_no_room_is_told_by_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    run = recorded("ravine-aaaa")
    assert run.lack_of_room() == ""
    monkeypatch.setattr("os.statvfs", lambda _: SimpleNamespace(f_bavail=3, f_frsize=4096))
    assert run.lack_of_room() == f"{run.path}: no room on the disk"
