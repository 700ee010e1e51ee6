"""What a preset locks, and that an option of the command line does not open it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import InputError
from presets import Setting, read
from presets.launches import Unwatched, launch_of

GOOD = """
title = "A test"

[problem]
kind = "landscape"
function = "ravine"

[optimizer]
name = "momentum"
lr = 0.01
"""
LOCKED = GOOD + '\n[locks]\ncontrols = ["optimizer.lr", "pace", "reset"]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "test.toml"
    path.write_text(text)
    return path


def test_a_preset_can_lock_controls(tmp_path: Path) -> None:
    locks = read(written(tmp_path, LOCKED)).locks
    assert [name for name in ("optimizer.lr", "pace.steps_per_second", "reset") if locks.holds(name)] == [
        "optimizer.lr",
        "pace.steps_per_second",
        "reset",
    ]
    assert not locks.holds("optimizer.momentum")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('controls = "optimizer"', "locks.controls = 'optimizer'; allowed: a list of at most 100 names"),
        ('controls = ["optimiser"]', "locks.controls = 'optimiser'; allowed: settings, pause, step, epoch, reset, "),
        ('controls = ["optimizer.rate"]', "locks.controls = 'optimizer.rate'; allowed: "),
        ('but = ["reset"]', "locks.but = 'reset'; allowed: optimizer, schedule, "),
        ("fields = []", "locks.fields = []; allowed: a table with controls and but"),
    ],
)
def test_a_wrong_lock_is_one_line(tmp_path: Path, table: str, complaint: str) -> None:
    with pytest.raises(InputError) as refusal:
        read(written(tmp_path, f"{GOOD}\n[locks]\n{table}\n"))
    assert complaint in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("key", ["optimizer.lr", "pace.steps_per_second", "lanes.0.optimizer.lr"])
def test_the_command_line_opens_no_lock(tmp_path: Path, key: str) -> None:
    lanes = '\n[[lanes]]\ntitle = "one"\n'
    with pytest.raises(InputError) as refusal:
        read(written(tmp_path, LOCKED + lanes), [Setting(key=key, value=1.0, source="--set")])
    assert str(refusal.value).startswith(f"--set: {key}: locked by the lesson; allowed: ")
    read(written(tmp_path, LOCKED), [Setting(key="optimizer.momentum", value=0.9, source="--set")])


def test_a_change_ordered_in_advance_opens_no_lock_either(tmp_path: Path) -> None:
    preset = read(written(tmp_path, LOCKED))
    with pytest.raises(InputError, match=r"--at 5 optimizer.lr=1: optimizer.lr: locked by the lesson"):
        launch_of(preset, Unwatched(changes=[(5, "optimizer.lr=1")]))
    assert launch_of(preset).locks == preset.locks
