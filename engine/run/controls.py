"""What people change of the lanes' fields: checked as a whole before anything is done, and never past a lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from ..method.changes import Change, changed_spec, differences, flat
from ..method.locks import BY_LESSON, Locks
from ..method.optimizers import Rule
from ..method.race import SHARED_SECTIONS
from ..method.spec import RunSpec, SeedSpec, shown
from ..method.swats import suggested_rate
from . import actors, commands
from .lane import Lane

Changes = list[tuple[Lane, list[Change]]]
"""What a command changed in the spec of each lane that it concerns."""
DRAWN = ("init", "batches", "dropout")
"""The seeds that a new seed is for: the data stay as they are."""


class Controls:
    """The fields of all lanes, and who turned each of them last."""

    def __init__(self, lanes: Sequence[Lane], locks: Locks) -> None:
        """Look after these lanes; what `locks` holds nobody can change."""
        self._lanes, self._locks = lanes, locks
        self._changed_by: dict[tuple[int, str], str] = {}
        self._advice: dict[int, str] = {}

    def check_command(self, command: commands.Changing | commands.FindRate) -> None:
        """Raise `InputError` if the lesson has locked a command."""
        match command:
            case commands.Pause() | commands.StepOnce() | commands.FinishEpoch() | commands.Reset():
                self._locks.check([command.kind])
                if isinstance(command, commands.Reset) and command.seed is not None:
                    self._locks.check(["seed"])
            case commands.FindRate():
                self._locks.check(["sweep"])
            case _:
                pass

    def set_fields(self, values: dict[int, dict[str, Any]], *, carry: bool) -> Changes:
        """Change fields of lanes by their numbers, or nothing where one of them cannot; what is shared, for all."""
        shared = {key: value for part in values.values() for key, value in part.items() if _is_shared(key)}
        wanted = [(lane, {**values.get(lane.number, {}), **shared}) for lane in self._lanes]
        wanted = [(lane, part) for lane, part in wanted if part]
        self._advice = {}
        for lane, part in wanted:
            self._locks.check(part)
            try:
                spec = changed_spec(lane.trainer.spec, part)
            except InputError as error:
                raise InputError(f"{lane.called}{error}") from None
            self._check_unnamed(lane, spec)
            if carry and "optimizer.lr" not in part:
                self._advise(lane, spec)
        return [(lane, lane.trainer.apply(part, carry=carry)) for lane, part in wanted]

    def advice(self, lane: Lane) -> str:
        """Return what the last change of fields suggests to do next in a lane, a sentence without its full stop."""
        return self._advice.get(lane.number, "")

    def _advise(self, lane: Lane, spec: RunSpec) -> None:
        rule: Rule = spec.optimizer
        rate = suggested_rate(lane.trainer, rule.name, rule.dials().momentum)
        if rate is not None:
            self._advice[lane.number] = (
                f"to keep up with {lane.trainer.rule.title}'s steps, SWATS suggests α = {rate:.3g}"
            )

    def lift_stops(self, lane: Lane) -> list[Change]:
        """Take away the stop rules that hold for a lane, and return what that changed."""
        lifted: list[Change] = []
        while lane.trainer.ended is not None:
            key = f"stop.{lane.trainer.ended}"
            self._locks.check([key])
            lifted += lane.trainer.apply({key: None})
        return lifted

    def ways_on(self, lanes: Sequence[Lane]) -> str:
        """Return what can be done that is not locked where these lanes have all ended or diverged."""
        resumes = any(
            lane.trainer.ended is None or not self._locks.holds(f"stop.{lane.trainer.ended}") for lane in lanes
        )
        ways = ["resume it to train on"] if resumes else []
        if not self._locks.holds("reset"):
            ways.append("reset it to start again")
        return ", or ".join(ways) or f"to train on and to start again are {BY_LESSON}"

    def check_expected(self, lane: Lane, expected: dict[str, Any], actor: str) -> None:
        """Raise `InputError` if one of the fields is no longer what `actor` saw."""
        present = flat(lane.trainer.spec)
        for key, value in expected.items():
            if key not in present or present[key] != value:
                now = shown(present[key]) if key in present else "gone"
                who = actors.in_words(self._changed_by.get((lane.number, key), ""), to=actor)
                raise InputError(f"{key} is {now} by now, not {shown(value)}: changed by {who}; look again")

    def note(self, lane: Lane, changes: Sequence[Change], actor: str) -> None:
        """Remember who has changed these fields."""
        self._changed_by |= {(lane.number, change.key): actor for change in changes}

    def seeds(self, seed: int) -> list[SeedSpec]:
        """Return every lane's seeds from `seed` on: lanes that had the same one have the same one again.

        Raises:
            InputError: Nothing of this run is drawn by chance.
        """
        specs = [lane.trainer.spec for lane in self._lanes]
        if not any(_has_chance(spec) for spec in specs):
            raise InputError("another seed changes nothing here: neither the start nor the order is drawn by chance")
        drawn: list[dict[str, int]] = [spec.seed.model_dump() for spec in specs]
        for name in DRAWN:
            known = sorted({seeds[name] for seeds in drawn})
            for seeds in drawn:
                seeds[name] = seed + known.index(seeds[name])
        return [SeedSpec.model_validate(seeds) for seeds in drawn]

    def _check_unnamed(self, lane: Lane, spec: RunSpec) -> None:
        """Refuse what would change a locked field beside those that are named, as another rule does."""
        for change in differences(lane.trainer.spec, spec):
            if self._locks.holds(change.key):
                raise InputError(f"{lane.called}{change.key} would become {shown(change.new)}, and is {BY_LESSON}")


def _has_chance(spec: RunSpec) -> bool:
    """Return whether anything of a run is drawn from the seeds that can be changed."""
    return spec.problem.kind == "dataset" or (spec.has_batches and spec.batch.shuffle) or spec.noise.gradient > 0.0


def _is_shared(key: str) -> bool:
    return key.partition(".")[0] in SHARED_SECTIONS
