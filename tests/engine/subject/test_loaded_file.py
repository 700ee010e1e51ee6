"""Files that are read as a whole: what they hold, and how they are cut and scaled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError, MisfitError
from engine.method.file_spec import examined
from engine.method.objectives import build_objective
from engine.method.spec import checked_spec
from engine.method.trainer import Trainer
from engine.subject.chosen_file import opened
from engine.subject.loaded_file import LoadedFile
from engine.subject.spec import DataSpec

RULE = {"name": "sgd", "lr": 0.5}
FLOWERS = "length,width,kind\n" + "".join(f"{i},{i % 7},{'rose' if i % 3 else 'aster'}\n" for i in range(60))


def spec_of(path: Path, **data: Any) -> Any:
    return checked_spec(
        {"problem": {"kind": "dataset"}, "data": {"file": str(path), **data}, "optimizer": RULE}, "test"
    )


def file_of(folder: Path, content: str, **data: Any) -> LoadedFile:
    path = folder / "data.csv"
    path.write_text(content)
    found = opened(DataSpec(file=str(path), **data))
    assert isinstance(found, LoadedFile)
    return found


def misfit(action: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(MisfitError) as caught:
        action()
    return caught.value.key, caught.value.allowed


def test_a_table_of_texts_and_numbers_is_trained_on_to_the_end(places: Path) -> None:
    (places / "data.csv").write_text("".join(f"{i / 10},{'low' if i < 30 else 'up'}\n" for i in range(60)))
    spec = examined(spec_of(places / "data.csv", scale="standardise"), "test")
    assert spec.data is not None
    assert (spec.data.samples, spec.data.features, spec.data.task, spec.data.classes) == (60, 1, "classification", 2)
    trainer = Trainer(spec, build_objective(spec))
    for _ in range(300):
        trainer.step()
    assert (trainer.evaluate("held_out").accuracy or 0.0) > 0.7


def test_what_is_known_of_a_file_already_is_not_read_for_it_again(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (places / "data.csv").write_text(FLOWERS)
    spec = examined(spec_of(places / "data.csv"), "test")
    monkeypatch.setattr(LoadedFile, "__init__", lambda *_: pytest.fail("it was read"))
    assert examined(spec, "test") == spec


def test_a_file_that_changed_since_is_told_before_it_is_trained_on(places: Path) -> None:
    (places / "data.csv").write_text(FLOWERS)
    spec = examined(spec_of(places / "data.csv"), "test")
    (places / "data.csv").write_text("1,2,3,4\n" * 60)
    with pytest.raises(InputError, match=r"data\.features = 2; allowed: 3, which is what the file has"):
        build_objective(spec)
    (places / "data.csv").write_text("1,2,7\n" * 60)
    with pytest.raises(InputError, match=r"data\.classes = 2; allowed: 8 or more"):
        build_objective(spec)


def test_the_scale_is_measured_on_the_training_part(places: Path) -> None:
    file = file_of(places, FLOWERS)
    parts = file.split(held_out=0.5, seed=0, task="classification", classes=2, scale="standardise")
    assert (parts.train.count, parts.held_out.count) == (30, 30)
    shift = parts.held_out.scaling.shift
    assert shift is not None
    assert shift == pytest.approx(parts.train.inputs.mean(axis=0))


def test_texts_are_classes_and_nothing_else(places: Path) -> None:
    file = file_of(places, FLOWERS)
    assert file.examine(None, None) == ("classification", 2)
    assert file.examine(None, 5) == ("classification", 5)
    assert misfit(lambda: file.examine("regression", None))[0] == "data.task"


def test_classes_that_are_too_few_are_refused(places: Path) -> None:
    file = file_of(places, "1,0\n2,4\n3,1\n4,2\n")
    assert file.examine(None, None) == ("classification", 5)
    assert misfit(lambda: file.examine(None, 4)) == ("data.classes", "5 or more: the greatest target is 4")


def test_numbers_of_any_kind_are_fitted(places: Path) -> None:
    assert file_of(places, "1,0.5\n2,4\n3,1\n4,2\n").examine(None, None) == ("regression", 0)
    assert misfit(lambda: file_of(places, "1,0.5\n2,4\n3,1\n4,2\n").examine("classification", None))[0] == "data.task"


def test_what_the_file_does_not_hold_is_refused(places: Path) -> None:
    assert "it has 3" in misfit(lambda: file_of(places, "1,0\n2,4\n3,1\n"))[1]
    assert misfit(lambda: file_of(places, FLOWERS, samples=99)) == ("data.samples", "at most the 60 that the file has")
    assert misfit(lambda: file_of(places, FLOWERS, scale="unit"))[0] == "data.scale"
    np.save(places / "data.npy", np.zeros((5, 2)))
    assert misfit(lambda: opened(DataSpec(file=str(places / "data.npy"), header=True)))[0] == "data.header"
    assert misfit(lambda: opened(DataSpec(file=str(places / "data.npy"), target="a")))[0] == "data.target"


def test_images_that_are_not_finite_are_refused_with_their_number(places: Path) -> None:
    images = np.zeros((6, 2, 2), ">f4")
    images[4, 1, 0] = np.nan
    (places / "train-images-idx3-ubyte").write_bytes(
        bytes([0, 0, 0x0D, 3]) + np.array([6, 2, 2], ">i4").tobytes() + images.tobytes()
    )
    (places / "train-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 6]) + bytes(6))
    assert "sample 4, counted from 0, has a nan" in misfit(lambda: opened(DataSpec(file=str(places))))[1]
