"""The house as it is drawn: imports point one way, the engine knows no screen, and every file fits into a head."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.method.passes import is_compiler_installed

ROOT = Path(__file__).resolve().parents[1]
GROUPS = ("engine", "presets", "tui")
SOURCES = sorted([ROOT / "gdtui.py", *(path for group in GROUPS for path in (ROOT / group).rglob("*.py"))])
MAXIMUM_LINES = 450

MAY_IMPORT = {"engine": {"engine"}, "presets": {"presets", "engine"}, "tui": {"tui", "presets", "engine"}}
LAYERS = {"engine.subject": 1, "engine.method": 2, "engine.run": 3}
"""Inside the engine; what lies directly in it is the foundation, 0. Nothing imports from a higher layer."""
SCREEN = {"textual", "rich", "plotext", "click", "typer"}


def name_of(path: Path) -> str:
    """A module's dotted name, a package's for its `__init__`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path) for path in SOURCES}


def imports(path: Path) -> Iterator[tuple[int, int, str]]:
    """Every import of a file, also inside a function, as (line, leading dots, absolute name of what is imported)."""
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{source}.{alias.name}"
                yield node.lineno, node.level, full if full in MODULES else source


def layer(name: str) -> int:
    return LAYERS.get(".".join(name.split(".")[:2]), 0)


def faults(wrong: Callable[[str, int, str], bool]) -> list[str]:
    """The places of all imports for which `wrong(own name, dots, imported name)` holds."""
    return [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path in SOURCES
        for line, dots, imported in imports(path)
        if wrong(name_of(path), dots, imported)
    ]


def places_of(names: set[str]) -> list[str]:
    """The places of all imports of these packages."""
    return faults(lambda *found: found[2].split(".")[0] in names)


def test_the_walk_sees_the_imports_that_are_there() -> None:
    """A test that finds nothing wrong must be able to find something."""
    found = {imported for path in SOURCES for _, _, imported in imports(path)}
    assert {"engine.run.events", "engine.method.trainer", "presets.loader", "textual.app", "numpy"} <= found
    assert {name.split(".")[0] for name in MODULES} == {"gdtui", *GROUPS}
    layers = [layer(name) for name in ("engine.text", "engine.subject.spec", "engine.method.spec", "engine.run.worker")]
    assert layers == [0, 1, 2, 3]


def test_imports_point_from_the_screen_to_the_presets_to_the_engine() -> None:
    def wrong(own: str, dots: int, imported: str) -> bool:
        group, other = own.split(".")[0], imported.split(".")[0]
        return group in GROUPS and other in GROUPS and other not in MAY_IMPORT[group]

    assert faults(wrong) == []


def test_inside_the_engine_imports_point_from_run_to_method_to_subject() -> None:
    def wrong(own: str, dots: int, imported: str) -> bool:
        return own.startswith("engine.") and imported.startswith("engine.") and layer(imported) > layer(own)

    assert faults(wrong) == []


def test_engine_and_presets_name_nothing_of_the_screen() -> None:
    assert [place for place in places_of(SCREEN) if not place.startswith(("tui/", "gdtui.py"))] == []


def test_only_one_module_names_plotext() -> None:
    assert {place.partition(":")[0] for place in places_of({"plotext"})} == {"tui/charts/furniture.py"}


def test_inside_a_group_imports_are_relative() -> None:
    def wrong(own: str, dots: int, imported: str) -> bool:
        return own.split(".")[0] in GROUPS and own.split(".")[0] == imported.split(".")[0] and dots == 0

    assert faults(wrong) == []


def test_nothing_that_runs_code_from_a_file_is_ever_imported() -> None:
    """What is opened from disk must not be able to run."""
    assert places_of({"pickle", "marshal", "shelve", "yaml", "dill", "joblib", "cloudpickle"}) == []


def test_nothing_is_evaluated_or_executed() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("eval", "exec", "compile")
    ]
    assert found == []


@pytest.mark.parametrize("module", ["engine.run.worker", "engine.run.client", "presets", "tui.command", "tui.headless"])
def test_training_loads_no_screen(module: str) -> None:
    """In a fresh interpreter, as what is loaded counts and not what is written: over SSH each part costs a second.

    The command line itself may load the reader of the command line, and nothing that draws.
    """
    unwanted = SCREEN - {"click"} if module.startswith("tui") else SCREEN
    script = f"import sys; import {module}; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in found.stdout.split()}
    assert module.split(".")[0] in loaded
    assert loaded & unwanted == set()


def test_every_module_of_engine_and_presets_can_be_loaded_without_the_screen() -> None:
    """The compiled update apart, which is there only for those who have numba."""
    without = set() if is_compiler_installed() else {"engine.method.compiled"}
    modules = sorted(name for name in MODULES - without if name.startswith(("engine", "presets")))
    script = f"import sys; import {', '.join(modules)}; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = found.stdout.split()
    assert set(modules) <= set(loaded)
    assert {name.split(".")[0] for name in loaded} & SCREEN == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_and_is_short_enough_to_hold_in_the_head(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", "?", "!")) or "\n" in docstring
    assert len(text.splitlines()) <= MAXIMUM_LINES


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "base", "misc"])
def test_no_module_is_named_for_being_of_use(word: str) -> None:
    assert [name for name in MODULES if name.rpartition(".")[2] == word] == []


def test_a_users_own_folder_named_engine_is_never_taken_for_ours(tmp_path: Path) -> None:
    """A `PYTHONPATH=.` in a project that has an `engine` is common enough."""
    for name in GROUPS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')")
    shown = subprocess.run(
        [sys.executable, str(ROOT / "gdtui.py"), "presets", "list"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "ravine" in shown.stdout
