"""What a preset says about itself, and what it trains, in words."""

from __future__ import annotations

from textual.content import Content

from engine.method.optimizers import RULES
from engine.method.spec import RunSpec
from engine.subject.losses import LOSSES
from engine.subject.spec import ExpressionProblem, LandscapeProblem
from engine.text import clean, counted
from presets import Preset

from .charts.glyphs import spelled
from .wording import in_words, symbol_of

QUIET = ("decoupled", "lr_decay", "initial_accumulator", "form")
"""Hyperparameters that go without saying as long as they are what they usually are."""


def preview(preset: Preset) -> Content:
    """Return what a preset says about itself, and what it trains."""
    lines = [Content.assemble((spelled(preset.title), "bold $primary"), f"\n{preset.topic}\n")]
    for heading, text in (("You will see", preset.see), ("Try", preset.try_)):
        if text:
            lines.append(Content.assemble((heading, "bold $accent"), f"\n{spelled(text)}\n"))
    for heading, text in described(preset.spec):
        lines.append(Content.assemble((f"{heading:<11}", "bold $success"), text))
    return Content("\n").join(lines)


def described(spec: RunSpec) -> list[tuple[str, str]]:
    """Return problem, model, optimizer and the rest of a spec in words."""
    rows: list[tuple[str, str]] = []
    if isinstance(spec.problem, LandscapeProblem):
        kind = spec.problem.landscape
        start = spec.problem.start if spec.problem.start is not None else kind.start
        rows.append(("problem", f"{kind.title}: f = {kind.formula}"))
        rows.append(("start", "(" + ", ".join(f"{value:g}" for value in start) + ")"))
    elif isinstance(spec.problem, ExpressionProblem):
        point = spec.problem.point
        rows.append(("problem", f"f({', '.join(point)}) = {' '.join(spec.problem.expression.split())}"))
        rows.append(("start", ", ".join(f"{name} = {value:g}" for name, value in point.items())))
    elif spec.data is not None and (data := spec.data.shape) is not None:
        title, count = clean(data.title), counted(data.samples, "sample")
        kept = "others for the test" if data.has_test else f"{spec.data.held_out:.0%} of them held out"
        rows.append(("problem", f"{title}: {count}, {kept}"))
        outputs = 1 if spec.loss_name == "binary_cross_entropy" else data.most_outputs
        widths = "-".join(str(width) for width in (data.features, *spec.model.hidden, outputs))
        activation = f", {spec.model.activation}" if spec.model.hidden else ", a linear model"
        rows.append(("model", f"{widths}{activation}"))
        rows.append(("loss", LOSSES[spec.loss_name].title))
    if spec.has_batches:
        size = spec.batch.size
        rows.append(("batch", "full: all samples" if size == "full" else counted(size, "sample")))
    rule = spec.optimizer
    quiet = {name: field.default for name, field in type(rule).model_fields.items() if name in QUIET}
    figures = ", ".join(
        f"{symbol_of(f'optimizer.{name}', spec)} {in_words(value)}"
        for name, value in rule.model_dump().items()
        if name != "name" and (value if name == "weight_decay" else value != quiet.get(name))
    )
    rows.append(("optimizer", f"{RULES[rule.name].title}: {figures}"))
    stop = spec.stop
    ends = [counted(count, noun) for count, noun in ((stop.steps, "step"), (stop.epochs, "epoch")) if count is not None]
    norms = (("loss", stop.loss), ("step of length", stop.update_norm))
    ends += [f"{name} {in_words(value)}" for name, value in norms if value is not None]
    rows.append(("ends at", ", ".join(ends) or "your word"))
    return [(heading, spelled(text)) for heading, text in rows]
