"""How a screen steers its run: a key, a click or a command of the palette asks, and the engine answers."""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.events import Key

from engine.method.locks import BY_LESSON, NONE
from engine.run import commands

from ..notices import is_end_locked
from ..run_view import Answer, RunView
from ..undo import Way
from ..wording import in_words, symbol_of
from .dialogs import OptimizerDialog, ScheduleDialog
from .run_screen import RunScreen, unseen_key
from .settings import SettingsForm

USUAL_PACE = 200.0
"""The pace that is halved while nothing moves and there is none."""
FULL_SPEED = 20_000.0
"""A pace beyond this is no pace at all."""
SEEDS = 1_000_000
"""A seed that is drawn is below this: people write it down and type it in again."""
CONTROLS = {
    "toggle_pause": "pause",
    "step": "step",
    "epoch": "epoch",
    "turn": "optimizer.lr",
    "optimizer": "optimizer.name",
    "schedule": "schedule.name",
    "pace": "pace.steps_per_second",
    "reset": "reset",
    "new_seed": "seed",
    "find_rate": "sweep",
}
"""What each action needs: a lesson may have locked it."""
_CHANCE = SystemRandom()


class Steering(RunScreen):
    """A screen with the keys that steer; nothing is shown as changed before the engine has said so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        unseen_key("n", "epoch", "One epoch", "train to the end of the epoch, and pause", id="run.epoch"),
        unseen_key("N", "new_seed", "New seed", "start again from other weights, settings as now", id="run.new-seed"),
        unseen_key("u", "travel('undo')", "Undo", "take your last live change back", id="run.undo"),
        unseen_key("U", "travel('redo')", "Redo", "make it again", id="run.redo"),
        unseen_key("S", "schedule", "Schedule", "choose the schedule of the learning rate", id="run.schedule"),
    ]

    def __init__(self, view: RunView) -> None:
        """Steer this run."""
        super().__init__()
        self.view = view

    def draw(self) -> None:
        """Show what stands now."""
        raise NotImplementedError

    def tell(self) -> None:
        """Show what has come of a key, and no more: it is not to wait for the views."""
        raise NotImplementedError

    # ---- what the lesson has locked

    def is_locked(self, action: str) -> bool:
        """Return whether the lesson has locked what an action is for: to go on after the end lifts a stop rule."""
        control = CONTROLS.get(action)
        if control is None:
            return False
        if action == "toggle_pause" and self.view.state != "running":
            finished = self.view.lane.finished if self.view.state == "ended" else None
            return finished is not None and is_end_locked(finished, self.view.welcome.locks)
        if action == "reset" and self.view.is_gone:
            return False  # the same run is started anew, which takes nothing from the lesson
        return self.view.welcome.locks.holds(control)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is there; None where it is locked, and grey in the footer."""
        return None if self.is_locked(action) else super().check_action(action, parameters)

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing, one of the view in focus as well: what is locked is not asked of the engine."""
        if self.view.welcome.locks == NONE:
            return  # to find out what a key means takes a millisecond
        active = self.active_bindings.get(event.key)
        if active is None or active.enabled:
            return
        event.stop()
        beyond = active.binding.action == "toggle_pause" and self.view.state == "ended"
        what = "to train on beyond the end" if beyond else active.binding.description
        self.view.say(f"{what}: {BY_LESSON}")
        self.tell()

    # ---- the run as a whole

    def action_toggle_pause(self) -> None:
        """Pause or resume; after the end, train on without the rule that ended it."""
        view, sequence = self.view, self.view.next_sequence()
        if view.state == "running":
            self.send(commands.Pause(seq=sequence), "pause")
        else:
            # A lane that has ended or diverged alone goes on only when it is named.
            alone = view.meant if view.lane.state in ("ended", "diverged") else None
            self.send(commands.Resume(seq=sequence, lane=alone), "go on")

    def begin(self) -> None:
        """Let a run begin that was told to wait, if it still waits; one that was found is left as it is."""
        if self.view.state == "waiting":
            self.send(commands.Resume(seq=self.view.next_sequence()), "begin")

    def action_step(self) -> None:
        """Make one step."""
        self.send(commands.StepOnce(seq=self.view.next_sequence()), "one step")

    def action_epoch(self) -> None:
        """Train to the end of the epoch, and pause."""
        self.send(commands.FinishEpoch(seq=self.view.next_sequence()), "on to the end of the epoch")

    def action_reset(self, keep: bool) -> None:
        """Go back to the same start."""
        if self.view.is_gone:
            self.start_anew()
            return
        self.send(commands.Reset(seq=self.view.next_sequence(), keep=keep), "reset")

    def action_new_seed(self) -> None:
        """Start again with other weights and another order of the batches, and the settings of now."""
        seed = _CHANCE.randrange(SEEDS)
        self.send(commands.Reset(seq=self.view.next_sequence(), keep=True, seed=seed), f"reset with seed {seed}")

    def start_anew(self) -> None:
        """Start the same run again, as its engine has gone."""
        raise NotImplementedError

    def action_find_rate(self) -> None:
        """Sweep the learning rate, and leave everything as it is."""
        command = commands.FindRate(seq=self.view.next_sequence(), lane=self.view.lane.number)
        self.send(command, "a sweep of the learning rate")

    def action_pace(self, factor: float) -> None:
        """Halve or double the limit of the speed."""
        view, key = self.view, "pace.steps_per_second"
        pace = view.spec.pace.steps_per_second
        if pace is None:
            if factor > 1.0:
                self.notify("already at full speed", timeout=2)
                return
            rate = view.lane.progress.steps_per_second if view.lane.progress is not None else 0.0
            self.set_fields({key: float(f"{(rate or USUAL_PACE) * factor:.3g}")}, {})
        elif pace * factor > FULL_SPEED:
            self.set_fields({key: None}, {})
        else:
            command = commands.Turn(seq=view.next_sequence(), key=key, factor=factor)
            self.send(command, "faster" if factor > 1.0 else "slower")

    # ---- what a lane does

    def action_turn(self, factor: float) -> None:
        """Multiply the learning rate."""
        view, words = self.view, f"{self.view.whom}learning rate × {factor:g}"
        command = commands.Turn(seq=view.next_sequence(), lane=view.meant, key="optimizer.lr", factor=factor)
        self.send(command, words)

    def action_lane(self, step: int) -> None:
        """Speak of the next lane, or of the one before."""
        self.view.choose_lane(self.view.lane.number + step)
        self.draw()

    def action_all_lanes(self) -> None:
        """Let the keys steer all lanes, or again the one that is shown."""
        self.view.steers_all = not self.view.steers_all
        self.view.changes += 1
        self.draw()

    def action_optimizer(self) -> None:
        """Choose another optimizer."""

        def chosen(choice: tuple[str, bool] | None) -> None:
            if choice is not None:
                self.switch_optimizer(choice[0], carry=choice[1])

        self.app.push_screen(OptimizerDialog(self.view.spec.optimizer, self.view.scope), chosen)

    def switch_optimizer(self, name: str, *, carry: bool) -> None:
        """Ask for another optimizer."""
        view = self.view
        words = f"{view.whom}{name}, {'state carried over' if carry else 'started anew'}"
        values: dict[str, Any] = {"optimizer.name": name}
        command = commands.SetFields(seq=view.next_sequence(), lane=view.meant, values=values, carry=carry)
        self.send(command, words)

    def action_schedule(self) -> None:
        """Choose another schedule."""

        def chosen(name: str | None) -> None:
            if name is not None:
                self.switch_schedule(name)

        self.app.push_screen(ScheduleDialog(self.view.spec.schedule), chosen)

    def switch_schedule(self, name: str) -> None:
        """Ask for another schedule of the learning rate."""
        self.set_fields({"schedule.name": name}, {})

    def action_settings(self, key: str = "") -> None:
        """Open the form with all hyperparameters, at the field `key` if there is such a one."""
        view = self.view
        form = SettingsForm(
            lambda: view.spec,
            self.set_fields,
            locks=view.welcome.locks,
            at=key,
            scope=view.scope,
            others=lambda: [lane.spec for lane in view.lanes] if view.scope else [],
        )
        self.app.push_screen(form)

    def set_fields(
        self,
        values: dict[str, Any],
        expected: dict[str, Any],
        then: Callable[[Answer], None] | None = None,
        drag: object = None,
    ) -> None:
        """Ask for new values of fields; those that are sent with one `drag` are undone together."""
        view = self.view
        told = ", ".join(f"{symbol_of(key, view.spec)} {in_words(value)}" for key, value in values.items())
        if view.is_race and view.steers_all:
            expected = {}  # what was seen is one lane's, and the others may stand elsewhere
        command = commands.SetFields(seq=view.next_sequence(), lane=view.meant, values=values, expected=expected)
        if drag is not None:
            view.undoing.begin_drag(command.seq, drag)
        self.send(command, view.whom + told, then)

    def action_travel(self, way: Way) -> None:
        """Undo the last live change of this dashboard, or redo what was undone last."""
        refusal = self.view.undoing.travel(way, self.send)
        if refusal:
            self.view.say(refusal)
            self.tell()

    def send(self, command: commands.Steering, words: str, then: Callable[[Answer], None] | None = None) -> None:
        """Send a command, and show that it is asked."""
        self.view.send(command, words, then)
        self.tell()
