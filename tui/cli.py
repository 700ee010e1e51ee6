"""The command line.

Click reads it, because it alone among the well-kept readers takes `--at STEP KEY=VALUE` as what it is, a pair that
can be repeated. Nothing heavy is imported here: each command loads what it needs when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import GdtuiError, InputError, RunError

if TYPE_CHECKING:
    from engine.run.directory import RunDirectory


DONE, FAILED, WRONG_INPUT = 0, 1, 2


class PresetFirst(click.Group):
    """A group whose first word may be a preset instead of a command: `gdtui digits` opens the dashboard."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command in front that opens the dashboard, where no command is named."""
        known = args[:1] and (args[0] in self.commands or args[0] in ("--help", "-h", "--version"))
        if not known:
            args = ["open", *args]
        return super().parse_args(ctx, args)


class DashboardCommand(click.Command):
    """The command that nobody types: `gdtui digits` is what its help has to say."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage as people type it."""
        path = ctx.command_path.removesuffix(f" {self.name}")
        formatter.write_usage(path, " ".join(self.collect_usage_pieces(ctx)))


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        import gdtui

        click.echo(f"gdtui {gdtui.__version__}")
        context.exit()


@click.group(
    cls=PresetFirst,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="[PRESET | COMMAND] [ARGS]...",
    epilog="PRESET is a name from `gdtui presets` or the path of a .toml file. Without a command, `gdtui` opens the "
    "gallery and `gdtui PRESET` the dashboard; both take the options --set, --steps, --epochs, --seed and --precision "
    "of `gdtui run`.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
def application() -> None:
    """Gradient descent in your terminal: watch a real model learn, and steer it while it does."""


COUNT = click.IntRange(min=0)


def _spec_options(command: Any) -> Any:
    """Add the options that change a preset's spec."""
    for option in (
        click.option("--epochs", type=COUNT, metavar="N", help="Stop after N passes through the training set."),
        click.option("--steps", type=COUNT, metavar="N", help="Stop after N updates."),
    ):
        command = option(command)
    return _endless_spec_options(command)


def _endless_spec_options(command: Any) -> Any:
    """Add the options that change a preset's spec, and not how long a run is."""
    for option in (
        click.option("--precision", type=click.Choice(["float32", "float64"]), help="Arithmetic of the run."),
        click.option("--seed", type=COUNT, metavar="N", help="Seed of data, initial weights and batch order."),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="Any field of the spec, such as optimizer.lr=0.01; VALUE is TOML, a bare word, or empty. Repeatable.",
        ),
    ):
        command = option(command)
    return command


@application.command("open", hidden=True, cls=DashboardCommand)
@click.argument("preset", required=False)
@_spec_options
def open_dashboard(preset: str | None, **options: Any) -> int:
    """Open the gallery, or the dashboard of a preset."""
    if not _has_terminal() and preset is not None:
        _preset(preset, **options)  # what is wrong with the preset is said first
    _refuse_without_terminal()
    if preset is None:
        from .app import open_gallery
        from .preferences import preferences

        return open_gallery(options, preferences())
    from .opening import shown

    opening = shown(preset, options)
    try:
        # The engine checks the preset while the screen is loaded, and the screen is not taken before that is done.
        from .app import open_run
        from .preferences import preferences

        wanted = preferences()
        opening.run()
    except (KeyboardInterrupt, InputError):
        opening.abandon()
        raise
    return open_run(opening, wanted)


@application.command()
@click.argument("preset")
@_spec_options
@click.option(
    "--at",
    "changes",
    nargs=2,
    type=(click.IntRange(min=0), str),
    multiple=True,
    metavar="STEP KEY=VALUE",
    help="Change a field live, after STEP updates. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, and nothing else, on stdout.")
@click.option(
    "--every",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --json, print every Nth step instead of each.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Record the run in this new or empty folder.")
@click.option("--no-record", is_flag=True, help="Keep nothing on disk.")
def run(
    preset: str,
    changes: Sequence[tuple[int, str]],
    as_json: bool,
    every: int | None,
    out: Path | None,
    no_record: bool,
    **options: Any,
) -> int:
    """Train PRESET without a screen.

    `gdtui attach` can watch and steer it meanwhile.
    """
    if no_record and out is not None:
        raise InputError("--out and --no-record: allowed is one of the two")
    if every is not None and not as_json:
        raise InputError(f"--every {every}: allowed only with --json")
    from .opening import started

    opening = started(
        preset,
        options,
        unwatched={
            "changes": changes,
            "measure_every": every or 1 if as_json else None,
            "keeps_pace": any(setting.startswith("pace.") for setting in options["settings"]),
        },
        out=str(out) if out is not None else None,
        recorded=not no_record,
    )
    opening.greet(watch="all", name="run")
    # The engine checks the preset and begins while this is loaded.
    from .headless import run_headless

    return run_headless(opening, as_json=as_json, every=every or 1)


@application.command()
@click.argument("run_name", metavar="[RUN]", required=False)
def attach(run_name: str | None) -> int:
    """Come back to a run that is under way.

    RUN is its name or the beginning of it; without one, the newest.
    """
    found = _live_run(run_name)
    _refuse_without_terminal()
    from .app import open_run
    from .opening import Opening
    from .preferences import preferences

    return open_run(Opening(run=found), preferences())


@application.command()
@click.argument("run_name", metavar="RUN")
def stop(run_name: str) -> int:
    """End a run; what it recorded stays."""
    from engine.run import client

    found = _live_run(run_name)
    client.stop(found)
    click.echo(f"{found.name} has ended")
    return DONE


@application.command()
@click.argument("preset")
@_spec_options
@click.option("--after", type=COUNT, default=0, metavar="N", help="Train for N updates first; 0 by default.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, and nothing else, on stdout.")
def diagnose(preset: str, after: int, as_json: bool, **options: Any) -> int:
    """Measure what decides how PRESET trains.

    The curvature and the largest stable learning rate, what theory predicts, the noise of a minibatch, and the memory
    of a step.
    """
    from .diagnosis import print_diagnosis

    return print_diagnosis(_preset(preset, **options), after=after, as_json=as_json)


@application.command()
@click.argument("preset")
@_spec_options
def check(preset: str, **options: Any) -> int:
    """Check PRESET's gradient.

    It is compared with central differences; exit code 1 if they disagree.
    """
    from .reports import print_gradient_check

    return print_gradient_check(_preset(preset, **options))


@application.command()
@click.argument("preset")
@_spec_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, and nothing else, on stdout.")
def graph(preset: str, as_json: bool, **options: Any) -> int:
    """Print the graph of PRESET's typed-in function.

    Each node with its value at the start, its gradient, and the local gradients to its operands.
    """
    from .graph import print_graph

    return print_graph(_preset(preset, **options), as_json=as_json)


@application.command("find-lr")
@click.argument("preset")
@_endless_spec_options
@click.option("--from", "low", type=float, metavar="RATE", help="The first learning rate; 1e-7 by default.")
@click.option("--to", "high", type=float, metavar="RATE", help="The last learning rate; 10 by default.")
@click.option(
    "--steps", type=click.IntRange(min=20, max=100_000), metavar="N", help="Steps of the sweep; 100 by default."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, and nothing else, on stdout.")
def find_lr(
    preset: str, low: float | None, high: float | None, steps: int | None, as_json: bool, **options: Any
) -> int:
    """Look for a good learning rate for PRESET.

    A sweep from far too low a rate to one at which the loss explodes; nothing is recorded.
    """
    from .rate_search import print_rate_search

    bounds = {"low": low, "high": high, "steps": steps}
    given = {name: value for name, value in bounds.items() if value is not None}
    return print_rate_search(_preset(preset, **options), as_json=as_json, **given)


@application.command("list")
@click.argument(
    "what",
    type=click.Choice(["lessons", "optimizers", "schedules", "landscapes", "data", "activations", "losses", "keys"]),
    required=False,
    metavar="[WHAT]",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the tables as they stand in the README.")
def list_everything(what: Any, as_markdown: bool) -> int:
    """List all that a preset can name, with its source.

    WHAT is lessons, optimizers, schedules, landscapes, data, activations, losses or keys; without it, all of them.
    """
    from .catalogue import print_tables

    return print_tables([what] if what else [], as_markdown=as_markdown)


@application.group(invoke_without_command=True)
@click.pass_context
def presets(context: click.Context) -> int:
    """List, show or check presets."""
    return int(context.invoke(list_presets)) if context.invoked_subcommand is None else DONE


@presets.command("list")
def list_presets() -> int:
    """List the presets that come with gdtui, as `gdtui list lessons` does."""
    from .catalogue import print_tables

    return print_tables(["lessons"])


@presets.command("show")
@click.argument("name")
def show_preset(name: str) -> int:
    """Print what a preset says about itself, and its spec as TOML."""
    from .reports import print_preset

    return print_preset(_preset(name))


@presets.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
def check_presets(files: Sequence[str]) -> int:
    """Check preset files; exit code 2 if one is wrong."""
    from .reports import print_preset_checks

    return print_preset_checks(files)


@application.group(invoke_without_command=True)
@click.pass_context
def runs(context: click.Context) -> int:
    """List runs, or remove recorded ones."""
    return int(context.invoke(list_runs)) if context.invoked_subcommand is None else DONE


@runs.command("list")
def list_runs() -> int:
    """List the runs under way and the recorded ones, the newest first."""
    from .reports import print_runs

    return print_runs()


@runs.command("rm")
@click.argument("run_name", metavar="RUN")
def remove_run(run_name: str) -> int:
    """Delete the record of a run that has ended.

    Of a folder that was chosen with --out, only what gdtui wrote is deleted.
    """
    from engine.run import directory

    found = directory.find(run_name, live=False)
    directory.remove(found)
    click.echo(f"{found.name} is removed")
    return DONE


def _live_run(name: str | None) -> RunDirectory:
    """Return the run that `directory.find` finds; of one that has ended, say with what result and where it lies."""
    from engine.run import directory

    try:
        return directory.find(name, live=True)
    except GdtuiError as error:
        from .reports import ended_run

        told = ended_run(name)
        if told is None:
            raise
        raise RunError(f"{error}; {told}" if name is None else told) from None


def _preset(name: str, **options: Any) -> Any:
    """Return the preset with the options of the command line on top."""
    from presets import chosen_preset

    return chosen_preset(name, **options)


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _refuse_without_terminal() -> None:
    """Textual spins on a stdin that is no terminal, and draws into a pipe."""
    if not _has_terminal():
        raise InputError("the dashboard needs a terminal; allowed without one: gdtui run PRESET")
