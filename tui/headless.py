"""`gdtui run`: a client of the engine without a screen, in JSON lines for programs or in a few lines for people."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

import click

from engine.errors import RunError
from engine.run import client, commands, events
from engine.text import clean, counted

from .json_lines import portable
from .opening import Opening
from .outcomes import divergence_in_words, verdict_in_words, warning_in_words

if TYPE_CHECKING:
    from engine.method.spec import RunSpec

GOODBYE_S = 10.0
"""How long the engine may take to end in order when someone interrupts."""


def run_headless(opening: Opening, *, as_json: bool, every: int) -> int:
    """Follow a run to its end and return the exit code."""
    try:
        connection = opening.connect(watch="all", name="run")
    except KeyboardInterrupt:
        opening.abandon()
        raise
    reporter: Reporter = JsonReporter(every) if as_json else LineReporter()
    try:
        with _interruptible(connection) as interruption:
            finished = _follow(connection, reporter)
    finally:
        connection.close()
    reporter.close(connection.welcome)
    if interruption.signal_number:
        return 128 + interruption.signal_number
    from engine.method.stopping import FAILURES

    # A race in which a lane diverges is no failure: that may be what it is there to show.
    return 1 if all(end.reason in FAILURES for end in finished) else 0


class Reporter(Protocol):
    """Takes what the engine tells and prints it."""

    def started(self, welcome: events.Welcomed) -> None:
        """Print what is about to be trained."""
        ...

    def message(self, message: events.Heard) -> None:
        """Print what has happened."""
        ...

    def close(self, welcome: events.Welcomed) -> None:
        """Print how it ended, as told by a message of each lane."""
        ...


class JsonReporter:
    """One JSON object a line on stdout."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._tensors: list[str] = []

    def started(self, welcome: events.Welcomed) -> None:
        """Print the `started` line."""
        self._tensors = [tensor.name for tensor in welcome.tensors]
        tensors = [{"name": tensor.name, "shape": list(tensor.shape)} for tensor in welcome.tensors]
        parameters = sum(math.prod(tensor.shape) for tensor in welcome.tensors)
        lanes = [{"lane": number, "title": lane.title} for number, lane in enumerate(welcome.lanes)]
        self._print(
            {
                "event": "started",
                "run": welcome.run,
                "preset": welcome.preset,
                "parameters": parameters,
                "tensors": tensors,
                **({"lanes": lanes} if len(lanes) > 1 else {}),
            }
        )

    def message(self, message: events.Heard) -> None:
        """Print the line or the lines of a message."""
        match message:
            case events.Steps():
                self._print_steps(message)
            case events.Figures(lane=lane, figures=figures):
                # Figures of other steps are measured too, for a dashboard that may be attached.
                if figures.step % self._every == 0:
                    tensors = [
                        {
                            "name": name,
                            "weight_norm": weight_norm,
                            "grad_norm": grad_norm,
                            "rms": None if math.isnan(rms) else rms,
                            "effective_lr": effective_lr,
                            "update_ratio": update_ratio,
                        }
                        for name, (weight_norm, grad_norm, rms, effective_lr, update_ratio) in zip(
                            self._tensors, figures.values.tolist(), strict=True
                        )
                    ]
                    self._print({"event": "telemetry", "lane": lane, "step": figures.step, "tensors": tensors})
            case events.Evaluated():
                self._print(
                    {
                        "event": "evaluated",
                        "lane": message.lane,
                        "step": message.step,
                        "split": message.split,
                        "loss": message.loss,
                        "accuracy": message.accuracy,
                    }
                )
            case events.Applied():
                for change in message.changes:
                    self._print(
                        {
                            "event": "applied",
                            "lane": message.lane,
                            "step": message.step,
                            "key": change.key,
                            "old": change.old,
                            "new": change.new,
                        }
                    )
            case events.Judged():
                wanting = {} if message.reached else {"reason": message.reason}
                self._print(
                    {
                        "event": "goal",
                        "lane": message.lane,
                        "reached": message.reached,
                        "step": message.step,
                        "text": message.text,
                        **wanting,
                    }
                )
            case events.Finished():
                self._print(
                    {
                        "event": "finished",
                        "lane": message.lane,
                        "step": message.step,
                        "reason": message.reason,
                        "loss": message.loss,
                        "steps_per_second": message.steps_per_second,
                        "parameters": list(message.parameters) if message.parameters is not None else None,
                        "rate_sum": message.rate_sum,
                        "rate_squares": message.rate_squares,
                        "evaluations": message.evaluations,
                        "updates": message.updates,
                    }
                )
            case _:
                pass

    def close(self, welcome: events.Welcomed) -> None:
        """See that everything is out."""
        sys.stdout.flush()

    def _print_steps(self, message: events.Steps) -> None:
        block, every = message.block, self._every
        first = -block.first_step % every
        rows = block.values[:, first::every].T.tolist()
        lines = [
            f'{{"event": "step", "lane": {message.lane}, "step": {block.first_step + first + every * index}, '
            f'"epoch": {int(epoch)}, "loss": {_number(loss)}, "lr": {_number(lr)}, '
            f'"grad_norm": {_number(grad_norm)}, "update_norm": {_number(update_norm)}}}\n'
            for index, (epoch, loss, lr, grad_norm, update_norm) in enumerate(rows)
        ]
        sys.stdout.write("".join(lines))

    def _print(self, value: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(portable(value), ensure_ascii=False, allow_nan=False) + "\n")


class LineReporter:
    """A progress bar on a terminal, and a few lines at the end; of a race a table."""

    def __init__(self) -> None:
        self._specs: list[dict[str, Any]] = []
        self._step = 0
        self._losses: dict[int, float] = {}
        self._evaluated: dict[tuple[int, str], events.Evaluated] = {}
        self._judged: dict[int, events.Judged] = {}
        self._finished: dict[int, events.Finished] = {}
        self._bar: Any = None

    def started(self, welcome: events.Welcomed) -> None:
        """Begin the bar, where stderr is a terminal."""
        self._specs = [lane.spec for lane in welcome.lanes]
        if not sys.stderr.isatty():
            return
        from engine.method.spec import RunSpec

        lengths = [_length(RunSpec.model_validate(spec), welcome.samples) for spec in self._specs]
        length = None if None in lengths else max(length for length in lengths if length is not None)
        self._bar = click.progressbar(
            length=length or 1,
            label=clean(f"{welcome.run}", 40),
            file=sys.stderr,
            item_show_func=lambda _: f"step {self._step:,}  loss {min(self._losses.values(), default=math.nan):.4g}",
            show_pos=False,
            show_eta=length is not None,
            show_percent=length is not None,
        )
        self._bar.__enter__()

    def message(self, message: events.Heard) -> None:
        """Move the bar."""
        match message:
            case events.Steps(block=block):
                before, self._step = self._step, max(self._step, block.last_step)
                self._losses[message.lane] = float(block.values[1, -1])
                if self._bar is not None:
                    self._bar.update(self._step - before, self._step)
            case events.Evaluated():
                self._evaluated[message.lane, message.split] = message
            case events.Judged():
                self._judged[message.lane] = message
            case events.Finished():
                self._finished[message.lane] = message
            case events.Warned():
                whose = f" lane {message.lane}:" if len(self._specs) > 1 else ""
                advice = f"; {message.advice}" if message.advice else ""
                self._say(f"step {message.step:,}:{whose} {warning_in_words(message)}{advice}")
            case events.Applied(changes=changes):
                self._specs[message.lane] = message.spec
                whose = f" lane {message.lane}:" if len(self._specs) > 1 else ""
                for change in changes:
                    self._say(f"step {message.step:,}:{whose} {change.key} {change.old} → {change.new}")
            case _:
                pass

    def close(self, welcome: events.Welcomed) -> None:
        """Print the result."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        if len(welcome.lanes) > 1:
            from .race_table import race_table

            print(f"{welcome.run}:")
            titles = [lane.title for lane in welcome.lanes]
            for row in race_table(titles, self._finished, self._evaluated, self._judged):
                print(row)
        else:
            self._print_result(welcome, self._finished[0])
        for number, judged in sorted(self._judged.items()):
            whose = f" {clean(welcome.lanes[number].title, 40)}:" if len(welcome.lanes) > 1 else ""
            print(f"goal:{whose} {judged.text}: {verdict_in_words(judged)}")
        if welcome.recorded:
            print(f"recorded in {clean(welcome.directory)}")

    def _print_result(self, welcome: events.Welcomed, finished: events.Finished) -> None:
        from engine.method.spec import checked_spec
        from engine.method.stopping import StopSpec

        how = f"ended by {finished.reason}" if finished.reason in StopSpec.model_fields else finished.reason
        trials = f" with {finished.evaluations:,} evaluations" if finished.evaluations > finished.step else ""
        print(
            f"{welcome.run}: {counted(finished.step, 'step')}{trials}, {finished.steps_per_second:,.0f} a second; "
            f"{how}; training loss {finished.loss:.6g}"
        )
        held_out = self._evaluated.get((0, "held_out"))
        if held_out is not None:
            right = "" if held_out.accuracy is None else f", {held_out.accuracy:.1%} right"
            print(f"held-out loss {held_out.loss:.6g}{right}")
        schedule = checked_spec(self._specs[0], "the engine").schedule
        if not schedule.is_constant:
            print(f"{schedule.sentence()}: Σα = {finished.rate_sum:.6g}, Σα² = {finished.rate_squares:.6g}")
            print(f"Robbins and Monro, if it went on for ever: {schedule.verdict().words}")
        if finished.parameters is not None and len(finished.parameters) <= 8:
            print("parameters " + ", ".join(f"{value:.8g}" for value in finished.parameters))

    def _say(self, text: str) -> None:
        if self._bar is not None:
            click.echo("\r\x1b[K", nl=False, err=True)
        click.echo(clean(text), err=True)


def _length(spec: RunSpec, samples: int) -> int | None:
    """Return how many steps a lane makes; None where nobody knows."""
    stop, size = spec.stop, spec.batch.size
    if stop.steps is not None or stop.epochs is None:
        return stop.steps
    return stop.epochs * (1 if size == "full" else -(-samples // size))


class _Interruption:
    """Remembers the signal that asked the run to end."""

    def __init__(self) -> None:
        self.signal_number = 0


@contextlib.contextmanager
def _interruptible(connection: client.Client) -> Iterator[_Interruption]:
    """Turn the first Ctrl-C, or SIGTERM, into a stop in order; a second one does not wait for it."""
    interruption = _Interruption()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if interruption.signal_number:
            raise KeyboardInterrupt
        interruption.signal_number = number
        connection.send(commands.Stop(seq=connection.next_sequence()))

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interruption
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _follow(connection: client.Client, reporter: Reporter) -> list[events.Finished]:
    """Hand everything to the reporter until every lane has finished, and return how."""
    step, lanes, name = 0, connection.welcome.lanes, clean(connection.welcome.preset)
    finished: dict[int, events.Finished] = {}
    try:
        reporter.started(connection.welcome)
        while connection.open:
            for message in connection.wait(1.0):
                match message:
                    case events.Finished():
                        reporter.message(message)
                        finished[message.lane] = message
                        if len(finished) == len(lanes):
                            sys.stdout.flush()
                            return list(finished.values())
                    case events.Failed(text=text):
                        raise RunError(f"run {connection.run.name}: the engine failed: {clean(text)}")
                    case events.Diverged():
                        whose = f"lane {message.lane} ({clean(lanes[message.lane].title, 40)}): " * (len(lanes) > 1)
                        what, remedy = divergence_in_words(message)
                        print(f"gdtui: {name}: {whose}{what}; {remedy}", file=sys.stderr)
                    case events.Rejected(seq=0, reason=reason):
                        print(f"gdtui: {name}: refused: {clean(reason)}", file=sys.stderr)
                    case events.Steps(block=block):
                        step = block.last_step
                        reporter.message(message)
                    case _:
                        reporter.message(message)
            sys.stdout.flush()
    except OSError:
        # Nobody can read on: the pipe is closed, or the disk behind stdout is full.
        connection.ask(commands.Stop(seq=connection.next_sequence()), GOODBYE_S)
        raise
    death = connection.engine.death() if connection.engine is not None else None
    raise RunError(f"run {connection.run.name}: the engine is gone after step {step}: {death or 'no reason given'}")


def _number(value: float) -> str:
    """Return a number as JSON, or one that is not finite as its name in quotes."""
    if math.isfinite(value):
        return repr(value)
    return '"nan"' if math.isnan(value) else '"inf"' if value > 0 else '"-inf"'
