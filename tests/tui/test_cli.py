"""The command line is a contract: what each command prints, how it ends, and one line for whatever is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.run import directory
from engine.run.client import Client
from presets import load, names, read
from tests.tui.commands import ENDLESS, QUICK_S, Command, StartRun, assert_refused

ROOT = Path(__file__).resolve().parents[2]
GDTUI = [sys.executable, str(ROOT / "gdtui.py")]


def process(*arguments: str, **others: Any) -> subprocess.CompletedProcess[str]:
    settings: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 30, "check": False}
    return subprocess.run([*GDTUI, *arguments], **{**settings, **others})


# ---- input that is wrong


WRONG = {
    "an unknown preset": (["run", "canyon"], "preset 'canyon'"),
    "a preset that is nearly right": (["run", "ravin"], "did you mean ravine?"),
    "no preset": (["run"], "Missing argument 'PRESET'"),
    "two presets": (["run", "ravine", "moons"], "unexpected extra argument"),
    "a missing file": (["run", "missing.toml"], "missing.toml: no such file"),
    "a folder": (["run", "/"], "a regular file"),
    "a device": (["run", "/dev/zero"], "a regular file"),
    "an unknown option": (["run", "ravine", "--fast"], "No such option"),
    "a command that is a preset nearly": (["runns"], ""),
    "a negative rate": (
        ["run", "ravine", "--set", "optimizer.lr=-1"],
        "--set optimizer.lr=-1: optimizer.lr = -1; allowed",
    ),
    "a rate of nan": (["run", "ravine", "--set", "optimizer.lr=nan"], "optimizer.lr = nan; allowed"),
    "a rate of inf": (["run", "ravine", "--set", "optimizer.lr=inf"], "optimizer.lr = inf; allowed"),
    "a rate beyond all floats": (["run", "ravine", "--set", "optimizer.lr=1e999"], "optimizer.lr = inf; allowed"),
    "a rate as a word": (["run", "ravine", "--set", "optimizer.lr=fast"], "optimizer.lr = 'fast'; allowed"),
    "a rate as a list": (["run", "ravine", "--set", "optimizer.lr=[1]"], "optimizer.lr = [1]; allowed"),
    "no value": (["run", "ravine", "--set", "optimizer.lr="], "allowed: a TOML value"),
    "no key": (["run", "ravine", "--set", "=1"], "KEY=VALUE is wanted"),
    "no equals sign": (["run", "ravine", "--set", "optimizer.lr"], "KEY=VALUE is wanted"),
    "no setting": (["run", "ravine", "--set"], "requires an argument"),
    "an unknown section": (["run", "ravine", "--set", "engine.power=1"], "engine = {'power': 1}; allowed"),
    "an unknown field": (
        ["run", "ravine", "--set", "optimizer.speed=1"],
        "optimizer.speed = 1; allowed: only name, lr",
    ),
    "another rule's field": (["run", "ravine", "--set", "optimizer.beta1=0.9"], "optimizer.beta1 = 0.9; allowed"),
    "an unknown optimizer": (["run", "ravine", "--set", "optimizer.name=newton"], "optimizer.name = 'newton'; allowed"),
    "an optimizer as a list": (["run", "ravine", "--set", "optimizer.name=[1]"], "optimizer.name = [1]; allowed"),
    "a section as a number": (["run", "ravine", "--set", "optimizer=5"], "optimizer = 5"),
    "layers of no units": (["run", "moons", "--set", "model.hidden=[0]"], "model.hidden.0 = 0; allowed"),
    "100 layers": (["run", "moons", "--set", f"model.hidden={[1] * 100}"], "model.hidden"),
    "an empty batch": (["run", "moons", "--set", "batch.size=0"], "batch.size"),
    "too few samples": (["run", "moons", "--set", "data.samples=1"], "data.samples = 1; allowed"),
    "a loss that does not fit": (["run", "line", "--set", "model.loss=cross_entropy"], "model.loss = 'cross_entropy'"),
    "values 5,000 deep": (["run", "moons", "--set", "model.hidden=" + "[" * 5000], "allowed"),
    "control characters": (["run", "ravine", "--set", "optimizer.\x1b[2J\u202e=\x07"], "allowed"),
    "a negative count of steps": (["run", "ravine", "--steps", "-1"], "--steps"),
    "a count of steps as a word": (["run", "ravine", "--steps", "many"], "--steps"),
    "steps and epochs": (["run", "moons", "--steps", "1", "--epochs", "1"], "--steps and --epochs"),
    "a negative seed": (["run", "moons", "--seed", "-1"], "--seed"),
    "an unknown precision": (["run", "ravine", "--precision", "float16"], "'float32', 'float64'"),
    "every 5th step of no lines": (["run", "ravine", "--every", "5"], "--every 5: allowed only with --json"),
    "every step of no lines": (["run", "ravine", "--every", "1"], "--every 1: allowed only with --json"),
    "every 0th step": (["run", "ravine", "--every", "0"], "--every"),
    "a change without a step": (["run", "ravine", "--at", "optimizer.lr=1"], "--at"),
    "a change at no step": (["run", "ravine", "--at", "x", "optimizer.lr=1"], "--at"),
    "a change before the start": (["run", "ravine", "--at", "-1", "optimizer.lr=1"], "--at"),
    "a change of nothing": (["run", "ravine", "--at", "5", "optimizer.lr"], "--at 5 optimizer.lr: KEY=VALUE"),
    "a change to a wrong value": (
        ["run", "ravine", "--at", "5", "optimizer.lr=-1"],
        "--at 5 optimizer.lr=-1: optimizer.lr",
    ),
    "a change that cannot be made live": (["run", "moons", "--at", "5", "model.hidden=[1]"], "cannot change while"),
    "a change of what the rule does not have by then": (
        ["run", "ravine", "--at", "9", "optimizer.momentum=0.5", "--at", "10", "optimizer.name=momentum"],
        "--at 9 optimizer.momentum=0.5",
    ),
    "a live change of the batch of a landscape": (["run", "ravine", "--at", "5", "batch.size=2"], "has no batches"),
    "a live change of the batch of a typed-in function": (
        ["run", "circuit", "--at", "5", "batch.size=2"],
        'of kind "expression" has no batch',
    ),
    "a live change of a typed-in function": (
        ["run", "circuit", "--at", "5", 'problem.expression="x"'],
        "cannot change while",
    ),
    "a function that is none": (
        ["run", "circuit", "--set", "problem.expression=\"__import__('os')\""],
        "no __import__, as at character 1",
    ),
    "a function of other variables than the start": (
        ["graph", "circuit", "--set", 'problem.expression="a*b"'],
        "problem.start = [1.0, -3.0, 4.0]; allowed: 2 numbers, for a, b",
    ),
    "the graph of a landscape": (["graph", "ravine"], "ravine: problem.kind = 'landscape'; allowed: \"expression\""),
    "the graph of a network": (["graph", "xor", "--json"], "xor: problem.kind = 'dataset'; allowed: \"expression\""),
    "a record and none": (["run", "ravine", "--out", "x", "--no-record"], "--out and --no-record"),
    "a place that is a file": (["run", "ravine", "--out", "/dev/null"], "/dev/null"),
    "a place that is not empty": (["run", "ravine", "--out", "/"], "not empty"),
    "a preset to show that is none": (["presets", "show", "canyon"], "preset 'canyon'"),
    "a file to check that is none": (["presets", "check", "missing.toml"], "missing.toml: no such file"),
    "nothing to check": (["presets", "check"], "Missing argument"),
    "a gradient of nothing": (["check", "canyon"], "preset 'canyon'"),
    "a run to stop that is none": (["stop", "canyon"], "no such run is running"),
    "a run to watch that is none": (["attach", "canyon"], "no such run is running"),
    "a run to remove that is none": (["runs", "rm", "canyon"], "no such run is recorded"),
    "a run with a name of control characters": (["runs", "rm", "\x1b[2J\n"], "no such run"),
    "an unknown command for runs": (["runs", "explode"], "No such command"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_one_line_that_names_it_and_exit_code_2(
    gdtui: Command, monkeypatch: pytest.MonkeyPatch, places: Path, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(places)
    began = time.perf_counter()
    line = assert_refused(gdtui(*arguments))
    assert time.perf_counter() - began < QUICK_S
    assert said in line
    assert not (places / "data").exists(), "nothing was begun"


@pytest.mark.parametrize("value", ["[1]", "{a = 1}", "1979-05-27", "true", "5", '""'])
@pytest.mark.parametrize("key", ["optimizer.name", "optimizer.lr", "clip.norm", "stop.steps"])
def test_a_live_change_to_a_value_of_any_kind_is_refused_or_made(gdtui: Command, key: str, value: str) -> None:
    """None of them is more than an update of no steps, but for what is no value of the field at all."""
    outcome = gdtui("run", "rosenbrock", "--steps", "0", "--no-record", "--at", "5", f"{key}={value}")
    if outcome.code:
        assert f"--at 5 {key}={value}" in assert_refused(outcome)


HOSTILE = {
    "100 kB": b"#" * 100_000,
    "20,000 dots": b"a" + b".a" * 20_000 + b" = 1",
    "a list 10,000 deep": b"x = " + b"[" * 10_000,
    "machine code": bytes(range(256)) * 40,
    "control characters": b'title = "x"\n[problem]\nkind = "\\u001b]0;owned\\u0007\\r\\n"',
    "a rate that is not a number": b'title = "x"\n[problem]\nkind = "landscape"\n[optimizer]\nname = "sgd"\nlr = nan',
    "nothing": b"",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("command", [["run"], ["check"], ["presets", "check"], ["presets", "show"]], ids=" ".join)
def test_a_hostile_file_is_one_line_for_every_command(
    gdtui: Command, places: Path, command: list[str], content: bytes
) -> None:
    path = places / "hostile.toml"
    path.write_bytes(content)
    began = time.perf_counter()
    line = assert_refused(gdtui(*command, str(path)))
    assert time.perf_counter() - began < QUICK_S
    assert "hostile.toml: " in line


def test_a_pipe_is_refused_and_not_waited_for(places: Path) -> None:
    """As a process of its own, so that this test ends even if that does not."""
    os.mkfifo(places / "pipe.toml")
    refused = process("run", str(places / "pipe.toml"), timeout=10)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1


def test_wrong_input_is_the_same_line_from_a_real_process() -> None:
    refused = process("run", "ravine", "--set", "optimizer.lr=-1", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("gdtui: --set optimizer.lr=-1: optimizer.lr = -1; allowed: a number > 0")
    assert refused.stderr.count("\n") == 1


def test_control_characters_of_a_title_never_reach_the_terminal(gdtui: Command, places: Path) -> None:
    path = places / "evil.toml"
    path.write_text('title = "\\u001b[2J\\u009bevil"\nsee = "a\\u0007b"\n[problem]\nkind = "landscape"\n')
    shown = gdtui("presets", "show", str(path))
    assert shown.code == 0
    assert "evil" in shown.out
    assert not any(character in shown.out for character in "\x1b\x9b\x07")


# ---- without a terminal


@pytest.mark.parametrize("arguments", [[], ["ravine"], ["open", "ravine"], ["--steps", "5", "ravine"]], ids=str)
def test_the_dashboard_is_refused_without_a_terminal(gdtui: Command, arguments: list[str]) -> None:
    assert "needs a terminal" in assert_refused(gdtui(*arguments))


def test_a_run_cannot_be_watched_without_a_terminal_and_does_not_notice(gdtui: Command, start_run: StartRun) -> None:
    run, engine = start_run(ENDLESS, await_client=True)
    connection = Client(run, watch="live", engine=engine)
    assert "needs a terminal" in assert_refused(gdtui("attach", run.name))
    assert "needs a terminal" in assert_refused(gdtui("attach"))
    assert gdtui("stop", run.name).code == 0
    connection.close()


def test_of_several_runs_that_have_ended_the_newest_is_told(gdtui: Command, until_ended: Callable[[str], None]) -> None:
    for _ in range(2):
        assert gdtui("run", "ravine", "--steps", "3").code == 0
        newest = directory.all_runs()[0]
        until_ended(newest.name)
    said = assert_refused(gdtui("attach", "ravi"), code=1)
    assert said.startswith(f"gdtui: 2 runs begin so, the newest: run {newest.name}: ended (steps) at step 3 with loss ")


def test_with_no_run_to_watch_the_command_fails(gdtui: Command) -> None:
    assert "no run is running" in assert_refused(gdtui("attach"), code=1)


# ---- presets


def test_the_presets_are_listed_one_a_line_with_their_titles(gdtui: Command) -> None:
    listed = gdtui("presets", "list")
    assert (listed.code, listed.err) == (0, "")
    assert [line.split()[0] for line in listed.lines[1:]] == names()
    assert all(load(name).title in line for name, line in zip(names(), listed.lines[1:], strict=True))
    assert gdtui("presets") == gdtui("list", "lessons") == listed


@pytest.mark.parametrize("name", names())
def test_a_preset_that_is_shown_is_a_file_that_gives_the_same_run(gdtui: Command, places: Path, name: str) -> None:
    shown = gdtui("presets", "show", name)
    assert (shown.code, shown.err) == (0, "")
    path = places / f"{name}.toml"
    path.write_text(shown.out, encoding="utf-8")
    again, original = read(path), load(name)
    assert again.spec.model_dump() == original.spec.model_dump()
    assert (again.title, again.topic, again.see, again.try_) == (
        original.title,
        original.topic,
        original.see,
        original.try_,
    )
    assert gdtui("presets", "show", str(path)).out == shown.out
    assert gdtui("presets", "check", str(path)).code == 0


def test_quotes_and_backslashes_of_a_title_survive_being_shown(gdtui: Command, places: Path) -> None:
    path = places / "quoted.toml"
    path.write_text("title = '''say \"κ\" \\ or 'x' '''\n[problem]\nkind = 'landscape'\n", encoding="utf-8")
    shown = gdtui("presets", "show", str(path)).out
    assert tomllib.loads(shown)["title"] == "say \"κ\" \\ or 'x' "


def test_every_file_is_checked_and_one_that_is_wrong_makes_exit_code_2(gdtui: Command, places: Path) -> None:
    good, wrong = ROOT / "presets" / "moons.toml", places / "wrong.toml"
    wrong.write_text("title = 5")
    checked = gdtui("presets", "check", str(good), str(wrong), str(good))
    assert checked.code == 2
    assert checked.lines == [f"{good}: good"] * 2
    assert checked.err.count("\n") == 1
    assert f"{wrong}: title = 5" in checked.err
    assert gdtui("presets", "check", str(good)).code == 0


# ---- check


def test_the_gradient_of_a_preset_is_checked_tensor_by_tensor(gdtui: Command) -> None:
    checked = gdtui("check", "moons")
    assert (checked.code, checked.err) == (0, "")
    assert {line.split()[0] for line in checked.lines[:-1]} >= {"layer1.weight", "layer2.bias"}
    assert "agrees" in checked.lines[-1]


def test_a_wrong_gradient_is_exit_code_1(gdtui: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient that is off by a thousandth: the check is of what is really trained with."""
    from engine.subject.landscapes import BoundLandscape

    right = BoundLandscape.loss_and_gradient

    def wrong(self: Any, batch: Any) -> float:
        loss = right(self, batch)
        for index, slope in enumerate(self._grad):
            self._grad[index] = 1.001 * slope
        return loss

    monkeypatch.setattr(BoundLandscape, "loss_and_gradient", wrong)
    checked = gdtui("check", "ravine")
    assert checked.code == 1
    assert checked.err.count("\n") == 1
    assert "ravine" in checked.err
    assert "WRONG" in checked.out


# ---- runs


# ---- help


@pytest.mark.parametrize(
    "command", [[], ["run"], ["presets"], ["runs"], ["attach"], ["stop"], ["check"], ["graph"], ["list"]], ids=str
)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(gdtui: Command, command: list[str], option: str) -> None:
    shown = gdtui(*command, option)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("Usage: gdtui")
    assert all(len(line) <= 100 for line in shown.lines)


@pytest.mark.parametrize("preset", [[], ["digits"], ["my.toml"]], ids=str)
def test_the_help_of_a_dashboard_is_what_people_type(gdtui: Command, preset: list[str]) -> None:
    shown = gdtui(*preset, "--steps", "3", "--help")
    assert shown.code == 0
    assert shown.lines[0] == "Usage: gdtui [OPTIONS] [PRESET]"


def test_the_help_of_run_names_every_option_of_the_contract(gdtui: Command) -> None:
    text = gdtui("run", "--help").out
    for option in (
        "--set KEY=VALUE",
        "--at STEP KEY=VALUE",
        "--steps",
        "--epochs",
        "--seed",
        "--precision [float32|float64]",
        "--json",
        "--every",
        "--out",
        "--no-record",
    ):
        assert option in text


def test_the_version_is_the_programs_and_loads_nothing() -> None:
    import gdtui as launcher

    shown = process("--version")
    assert (shown.returncode, shown.stdout) == (0, f"gdtui {launcher.__version__}\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device here")
@pytest.mark.parametrize("arguments", [["presets", "list"], ["run", "ravine", "--steps", "3", "--json"]], ids=" ".join)
def test_a_full_disk_behind_stdout_is_one_line_and_exit_code_1(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        failed = process(*arguments, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert "space" in failed.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device here")
def test_what_cannot_be_complained_about_still_has_its_exit_code() -> None:
    """A terminal that has gone takes no words either, and what waits for it must not change the code at the end."""
    with Path("/dev/full").open("w") as full:
        refused = process("run", "nonsense", stdout=subprocess.PIPE, stderr=full, capture_output=False)
    assert (refused.returncode, refused.stdout) == (2, "")
