"""The gallery: every preset with what one will see, and a preview of what it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import GdtuiError
from engine.method.optimizers import RULES
from engine.method.spec import RunSpec
from engine.subject.landscapes import LANDSCAPES
from engine.subject.losses import LOSSES
from engine.subject.spec import LandscapeProblem
from engine.text import clean, counted
from presets import Preset, names

from ..wording import in_words, symbol_of
from .sizes import NewestSizeOnly


class Gallery(NewestSizeOnly, Screen[None]):
    """A list at the left, the chosen preset at the right."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow")]  # noqa: RUF012  Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (10, "-flat")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "start", "Start", priority=True),
        Binding("q,escape", "app.quit", "Quit"),
    ]

    class Chosen(Message):
        """A preset is to be started."""

        def __init__(self, preset: Preset) -> None:
            """Say which."""
            super().__init__()
            self.preset = preset

    def __init__(self, load: Callable[[str], Preset]) -> None:
        """Show the presets that `load` returns by their names."""
        super().__init__()
        self._presets: list[Preset] = []
        self._problems: list[str] = []
        for name in names():
            try:
                self._presets.append(load(name))
            except GdtuiError as error:
                self._problems.append(str(error))

    def compose(self) -> ComposeResult:
        """Put the list beside the preview."""
        yield Static(Content("gdtui · choose a lesson"), id="gallery-title")
        with Horizontal():
            yield OptionList(
                *(
                    Option(Content.assemble((f"{preset.name}\n", "bold"), f"{preset.title}\n"), id=preset.name)
                    for preset in self._presets
                ),
                id="presets",
            )
            with VerticalScroll(id="preview"):
                yield Static(id="preview-text")
        yield Static(Content("\n".join(self._problems)), id="problems", classes="" if self._problems else "-hidden")
        yield Footer(compact=True, show_command_palette=False)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show what the highlighted preset trains."""
        self.query_one("#preview-text", Static).update(preview(self._presets[event.option_index]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Start by a click."""
        self.post_message(self.Chosen(self._presets[event.option_index]))

    def action_start(self) -> None:
        """Start the highlighted preset."""
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.post_message(self.Chosen(self._presets[index]))


def preview(preset: Preset) -> Content:
    """Return what a preset says about itself, and what it trains."""
    lines = [Content.assemble((preset.title, "bold $primary"), f"\n{preset.topic}\n")]
    for heading, text in (("You will see", preset.see), ("Try", preset.try_)):
        if text:
            lines.append(Content.assemble((heading, "bold $accent"), f"\n{text}\n"))
    for heading, text in described(preset.spec):
        lines.append(Content.assemble((f"{heading:<11}", "bold $success"), text))
    return Content("\n").join(lines)


def described(spec: RunSpec) -> list[tuple[str, str]]:
    """Return problem, model, optimizer and the rest of a spec in words."""
    rows: list[tuple[str, str]] = []
    if isinstance(spec.problem, LandscapeProblem):
        kind = LANDSCAPES[spec.problem.function]
        start = spec.problem.start if spec.problem.start is not None else kind.start
        rows.append(("problem", f"{kind.title}: f = {kind.formula}"))
        rows.append(("start", "(" + ", ".join(f"{value:g}" for value in start) + ")"))
    elif spec.data is not None and (data := spec.data.shape) is not None:
        title, count = clean(data.title), counted(data.samples, "sample")
        rows.append(("problem", f"{title}: {count}, {spec.data.held_out:.0%} of them held out"))
        outputs = 1 if spec.loss_name == "binary_cross_entropy" or not data.classes else data.classes
        widths = "-".join(str(width) for width in (data.features, *spec.model.hidden, outputs))
        activation = f", {spec.model.activation}" if spec.model.hidden else ", a linear model"
        rows.append(("model", f"{widths}{activation}"))
        rows.append(("loss", LOSSES[spec.loss_name].title))
        size = spec.batch.size
        rows.append(("batch", "full: all samples" if size == "full" else counted(size, "sample")))
    rule = spec.optimizer
    figures = ", ".join(
        f"{symbol_of(f'optimizer.{name}', spec)} {in_words(value)}"
        for name, value in rule.model_dump().items()
        if name not in ("name", "weight_decay") or (name == "weight_decay" and value)
    )
    rows.append(("optimizer", f"{RULES[rule.name].title}: {figures}"))
    stop = spec.stop
    ends = [counted(count, noun) for count, noun in ((stop.steps, "step"), (stop.epochs, "epoch")) if count is not None]
    norms = (("loss", stop.loss), ("step of length", stop.update_norm))
    ends += [f"{name} {in_words(value)}" for name, value in norms if value is not None]
    rows.append(("ends at", ", ".join(ends) or "your word"))
    return rows
