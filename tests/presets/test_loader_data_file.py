"""A preset whose samples come from a file: where that is looked for, and what it says that the preset does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.method.spec import RunSpec
from presets import load, parsed_setting, read
from tests.presets.files import complaint, written

FILE_PRESET = """
title = "A file"
[problem]
kind = "dataset"
[data]
file = "data.npy"
"""


def with_data(folder: Path) -> Path:
    """Write a table of two classes beside a preset that names it; return the preset's path."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "data.npy", np.tile(np.array([[0.5, 0.0], [1.5, 1.0]], np.float32), (5, 1)))
    return written(folder, FILE_PRESET)


def test_the_path_of_a_data_file_is_meant_from_where_it_was_written(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a preset from the preset's folder, in an option from the folder in which one works."""
    preset = with_data(places / "a")
    with_data(places / "b")
    monkeypatch.chdir(places / "b")
    for settings, folder in (([], "a"), (["data.file=data.npy"], "b"), (['data={file = "data.npy"}'], "b")):
        data = read(preset, [parsed_setting(text) for text in settings]).spec.data
        assert data is not None
        assert data.file == str(places / folder / "data.npy")
    monkeypatch.chdir(places)
    data = read(Path("a/test.toml")).spec.data
    assert data is not None
    assert data.file == str(places / "a" / "data.npy")


def test_what_a_data_file_says_is_in_the_spec_from_then_on(places: Path) -> None:
    spec = read(with_data(places / "a")).spec
    assert spec.data is not None
    assert (spec.data.samples, spec.data.features, spec.data.task, spec.data.classes) == (10, 1, "classification", 2)
    assert spec.loss_name == "cross_entropy"
    assert RunSpec.model_validate(spec.as_given()) == spec


def test_a_data_file_in_place_of_a_presets_data_set_and_the_other_way(places: Path) -> None:
    preset = with_data(places / "a")
    data = load("spiral", [parsed_setting(f'data.file="{places}/a/data.npy"')]).spec.data
    assert data is not None
    assert (data.name, data.samples) == (None, 10)
    data = read(preset, [parsed_setting("data.name=moons")]).spec.data
    assert data is not None
    assert (data.name, data.file, data.samples) == ("moons", None, None)


def test_what_a_preset_says_of_its_own_set_is_left_out_for_another_one(places: Path) -> None:
    preset = written(places, FILE_PRESET.replace('file = "data.npy"', 'name = "spiral"\nturns = 2.5\nflips = 0.1'))
    data = read(preset, [parsed_setting("data.name=plane")]).spec.data
    assert data is not None
    assert (data.name, data.turns, data.flips) == ("plane", None, None)
    data = read(preset, [parsed_setting("data.name=circle"), parsed_setting("data.gap=0.3")]).spec.data
    assert data is not None
    assert (data.name, data.gap) == ("circles", 0.3)


@pytest.mark.parametrize(
    ("settings", "start", "said"),
    [
        ([], "data.file = ", "a .npy file of one array"),
        (["data.file=gone.npy"], "--set data.file=gone.npy: data.file = ", "No such file"),
        (["data.file=./"], "--set data.file=./: data.file = ", "there is no train-images-idx3-ubyte in it"),
        (["data.file=5"], "--set data.file=5: data.file = 5", "text"),
        (["data.file=a/data.npy", "data.target=9"], "--set data.target=9: data.target = 9", "from 0 to 1"),
        (["data.file=a/data.npy", "data.features=9"], "--set data.features=9: data.features = 9", "1, which is"),
        (["data.file=a/data.npy", "data.samples=99"], "--set data.samples=99: data.samples = 99", "at most the 10"),
        (["data.file=a/data.npy", "data.scale=unit"], "--set data.scale=unit: data.scale = 'unit'", '"none" or'),
        (["data.file=a/data.npy", "data.noise=1"], "--set data.noise=1: data.noise = 1", "nothing without data.name"),
        (
            ["data.file=a/data.npy", "data.target=0", "data.task=classification"],
            "--set data.task=classification: data.task = 'classification'",
            "of sample 0 is 0.5",
        ),
        (
            ["data.file=a/data.npy", "data.task=regression", "model.loss=cross_entropy"],
            "--set model.loss=cross_entropy: model.loss = 'cross_entropy'",
            "for data set data.npy one of mean_squared_error",
        ),
    ],
)
def test_a_data_file_that_does_not_fit_is_one_line_about_the_field(
    places: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str], start: str, said: str
) -> None:
    with_data(places / "a")
    monkeypatch.chdir(places)
    text = complaint(written(places, FILE_PRESET), *settings)
    assert text.startswith(start)
    assert said in text.partition("; allowed: ")[2]
