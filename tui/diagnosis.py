"""`gdtui diagnose`: what can be said of a point of training, as a table for people or in JSON lines for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import click
import numpy as np
from threadpoolctl import threadpool_limits

from engine.errors import NotFiniteError
from engine.method.diagnostics.batch_noise import BatchNoise, batch_noise
from engine.method.diagnostics.curvature import MOST_EXACT, Curvature, curvature
from engine.method.diagnostics.memory import Memory, memory
from engine.method.diagnostics.point import CHUNK, Point, point_after
from engine.method.diagnostics.prediction import FLAT, Prediction, Settings, is_quadratic, predict, settings_of
from engine.run.threads import suitable_threads
from engine.text import counted
from presets import Preset

from .json_lines import portable
from .wording import in_words

Row = tuple[str, str, str]
"""A figure's name, the figure, and what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that was measured at one point."""

    point: Point
    grad_norm: float
    settings: Settings | None
    curvature: Curvature
    quadratic: bool
    prediction: Prediction | None
    noise: BatchNoise | None
    memory: Memory | None


def print_diagnosis(preset: Preset, *, after: int, as_json: bool) -> int:
    """Print what is measured where the first `after` updates of a preset lead."""
    try:
        found = _measured(preset, after)
    except NotFiniteError as error:
        raise NotFiniteError(f"{preset.name}: {error}") from None
    if as_json:
        for line in _lines(preset, found):
            click.echo(json.dumps(portable(line), ensure_ascii=False, allow_nan=False))
        return 0
    for heading in _headings(preset, found):
        click.echo(heading)
    sections = {
        "Curvature": _curvature_rows(found),
        "Prediction": _prediction_rows(found),
        "Minibatch noise": _noise_rows(found),
        "Memory of a step": _memory_rows(found),
    }
    names = max(len(row[0]) for rows in sections.values() for row in rows)
    figures = max(len(row[1]) for rows in sections.values() for row in rows)
    for title, rows in sections.items():
        click.echo(f"\n{title}")
        for name, figure, meaning in rows:
            click.echo(f"  {name:<{names}}  {figure:>{figures}}  {meaning}" if name else f"  {meaning}")
    return 0


def _measured(preset: Preset, after: int) -> Diagnosis:
    with threadpool_limits(1, user_api="blas"):
        point = point_after(preset.spec, after)
    noise = preset.spec.noise
    deviation = noise.gradient / math.sqrt(noise.samples)
    product = point.objective.largest_product(min(CHUNK, point.whole.count))
    with threadpool_limits(suitable_threads(preset.spec, largest_product=product, watched=False), user_api="blas"):
        curved = curvature(point)
        quadratic = is_quadratic(point)
        return Diagnosis(
            point=point,
            grad_norm=float(np.linalg.norm(point.gradient(point.theta))),
            settings=settings_of(point),
            curvature=curved,
            quadratic=quadratic,
            prediction=predict(point, curved, deviation=deviation) if quadratic and curved.eigenvalues else None,
            noise=batch_noise(point),
            memory=memory(point),
        )


def _lines(preset: Preset, found: Diagnosis) -> Iterator[dict[str, Any]]:
    """Yield one object for every section that there is something to say about."""
    point, rule = found.point, found.point.spec.optimizer.name
    yield {
        "event": "point",
        "preset": preset.name,
        "step": point.steps,
        "parameters": point.theta.size,
        "samples": point.objective.samples().count,
        "samples_used": point.whole.count,
        "optimizer": rule,
        "lr": point.lr,
        "momentum": found.settings.momentum if found.settings is not None else None,
        "loss": point.loss,
        "grad_norm": found.grad_norm,
    }
    own = found.settings.largest_stable_lr(found.curvature.largest) if found.settings is not None else None
    yield {
        "event": "curvature",
        **asdict(found.curvature),
        "largest_stable_lr": found.curvature.largest_stable_lr,
        "largest_stable_lr_of_rule": own,
    }
    prediction = asdict(found.prediction) if found.prediction is not None else {}
    yield {"event": "prediction", "quadratic": found.quadratic, **prediction}
    if found.noise is not None:
        yield {"event": "batch_noise", **asdict(found.noise)}
    if found.memory is not None:
        yield {"event": "memory", **asdict(found.memory), "step": found.memory.step}


def _headings(preset: Preset, found: Diagnosis) -> Iterator[str]:
    point, spec = found.point, found.point.spec
    yield (
        f"{preset.name} after {counted(point.steps, 'update')}: loss {in_words(point.loss)}, "
        f"‖∇L‖ {in_words(found.grad_norm)}, {counted(point.theta.size, 'parameter')}"
    )
    momentum = f", momentum {in_words(point.momentum)}" if found.settings and found.settings.momentum else ""
    total = point.objective.samples().count
    first = f"the first {point.whole.count:,} of {total:,}" if point.whole.count < total else f"all {total:,}"
    samples = f"; the full gradient is that of {first} samples" if spec.data is not None else ""
    yield f"{spec.optimizer.name}, lr {in_words(point.lr)}{momentum}{samples}"


def _curvature_rows(found: Diagnosis) -> list[Row]:
    curved, settings, lr = found.curvature, found.settings, found.point.lr
    if curved.eigenvalues:
        how = "the steepest curvature; all eigenvalues are known"
    elif curved.is_settled:
        how = f"the steepest curvature, by power iteration with {curved.products} Hessian-vector products"
    else:
        how = f"at least this: power iteration had not settled after {curved.products} Hessian-vector products"
    rows = [("λmax", in_words(curved.largest), how)]
    if curved.smallest is not None:
        falls = curved.smallest < -FLAT * abs(curved.largest)
        meaning = "negative: a direction that falls ever more steeply" if falls else "the flattest"
        rows.append(("λmin", in_words(curved.smallest), meaning))
    limit = curved.largest_stable_lr
    if settings is None:
        rule = found.point.spec.optimizer.name
        meaning = f"the limit of plain gradient descent; {rule} scales every coordinate by itself and has another one"
        return [*rows, ("2/λmax", in_words(limit), meaning)]
    if not settings.momentum and not settings.weight_decay and settings.lr == lr:
        return [*rows, ("2/λmax", in_words(limit), _verdict(lr, limit, found.quadratic))]
    rows.append(("2/λmax", in_words(limit), "the limit of plain gradient descent"))
    # What is damped away of the gradient is as if the learning rate were lower.
    own = settings.largest_stable_lr(curved.largest) * lr / settings.lr
    return [*rows, ("own limit", in_words(own), f"of {_described(settings)}: {_verdict(lr, own, found.quadratic)}")]


def _verdict(lr: float, limit: float, quadratic: bool) -> str:
    """Return what a limit of the learning rate means for the one at hand."""
    place = "" if quadratic else " here"
    if limit == math.inf:
        return f"nothing curves upwards{place}: no lr is thrown back"
    if math.isclose(lr, limit, rel_tol=1e-6):
        return f"lr {in_words(lr)} is at it: the steepest direction swings for ever"
    if lr < limit:
        return f"lr {in_words(lr)} is below it: stable{place}"
    if quadratic:
        return f"lr {in_words(lr)} is above it: the steepest direction explodes"
    return f"lr {in_words(lr)} is above it: the steepest direction is thrown out, to where it is less steep or for good"


def _described(settings: Settings) -> str:
    parts = [f"momentum {in_words(settings.momentum)}"] if settings.momentum else []
    if settings.weight_decay:
        parts.append(f"weight decay {in_words(settings.weight_decay)}")
    return " and ".join(parts) or "this rule"


def _prediction_rows(found: Diagnosis) -> list[Row]:
    known = found.prediction
    if not found.quadratic:
        return [
            ("", "", "The loss is no quadratic: its curvature changes from place to place, so no rate is foretold.")
        ]
    if known is None and not found.curvature.eigenvalues:
        return [
            ("", "", f"The loss is a quadratic, but of more than {MOST_EXACT} parameters: rates need all eigenvalues.")
        ]
    if known is None:
        return [("", "", "The loss is a plane: nothing curves, and no step ends.")]
    flat = f"; {counted(known.flat, 'flat direction')} left out" if known.flat else ""
    meaning = f"the loss is a quadratic: steepest over flattest curvature{flat}"
    if known.best is None:
        meaning = f"the loss is a quadratic without a minimum: one direction falls for ever{flat}"
    rows = [("κ", in_words(known.condition), meaning)]
    if known.rate is not None:
        rows.append(("rate", _precisely(known.rate), _rate_in_words(found, known.rate)))
    if known.best is not None and known.best_momentum is not None and known.search_ratio is not None:
        best, heavy = known.best, known.best_momentum
        rows.append(
            ("best lr", in_words(best.lr), f"without momentum: rate {_precisely(best.rate)}, {_steps(best.rate)}")
        )
        rows.append(
            (
                "best momentum",
                in_words(heavy.momentum),
                f"with lr {in_words(heavy.lr)}: rate {_precisely(heavy.rate)}, {_steps(heavy.rate)}",
            )
        )
        if known.critical_momentum is not None and found.settings is not None and found.settings.momentum:
            above = found.settings.momentum > known.critical_momentum
            does = (
                "above it: the flattest direction overshoots" if above else "not above it: no overshoot along the floor"
            )
            meaning = f"critical at this lr; momentum {in_words(found.settings.momentum)} is {does}"
            rows.append(("damping", in_words(known.critical_momentum), meaning))
        meaning = "by which exact line search lowers the loss above its minimum at a step, at worst"
        rows.append(("line search", _precisely(known.search_ratio), meaning))
    if known.ball is not None:
        rows.append(
            ("noise ball", in_words(known.ball), "mean squared distance from the minimum at which noise holds it")
        )
    return rows


def _rate_in_words(found: Diagnosis, rate: float) -> str:
    on_average = ", on average over minibatches" if found.noise is not None else ""
    return f"what a step leaves of the distance at worst{on_average}: {_steps(rate)}"


def _steps(rate: float) -> str:
    """Return how long a tenth of the way takes."""
    if math.isclose(rate, 1.0, rel_tol=1e-9):
        return "it stays as far away for ever"
    if rate > 1.0:
        return f"it is ten times as far away after {counted(math.ceil(math.log(10.0) / math.log(rate)), 'step')}"
    steps = math.ceil(math.log(0.1) / math.log(rate)) if rate > 0.0 else 1
    return f"a tenth is left after {counted(steps, 'step')}"


def _precisely(value: float) -> str:
    """Return a factor near 1, whose distance from 1 is what counts."""
    return f"{value:.6g}"


def _noise_rows(found: Diagnosis) -> list[Row]:
    noise = found.noise
    if noise is None:
        return [("", "", "A step uses all there is: its gradient is the full one.")]
    whole = found.point.whole.count
    if not noise.full_norm:
        return [("", "", "The full gradient is 0: all that a minibatch has is noise.")]
    angle = f"mean between a batch of {noise.size:,} and all {whole:,}; at 90° a batch knows nothing of the way down"
    if noise.size < noise.scale:
        meaning = f"batch {noise.size:,} is below it: a step is mostly noise, twice the batch bears nearly twice the lr"
    else:
        meaning = (
            f"batch {noise.size:,} is above it: a step has more signal than noise, more samples bring less and less"
        )
    return [
        ("angle", f"{noise.angle:.1f}°", angle),
        ("‖g‖/‖G‖", in_words(noise.ratio), "mean length of a batch's gradient over that of the full one"),
        ("noise scale", in_words(noise.scale), meaning),
    ]


def _memory_rows(found: Diagnosis) -> list[Row]:
    held = found.memory
    if held is None:
        return [("", "", "No layers: there is no Jacobian to do without.")]
    rows = [
        (
            layer.name,
            _bytes(layer.nbytes),
            f"the Jacobian of {layer.inputs:,} → {layer.outputs:,} units for {counted(held.batch, 'sample')}, in full",
        )
        for layer in held.layers
    ]
    parts = ("activations", "slopes", "deltas", "gradient")
    listed = ", ".join(f"{name} {_bytes(getattr(held, name))}" for name in parts)
    return [*rows, ("a step", _bytes(held.step), f"what it really holds: {listed}")]


def _bytes(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if size < 1024.0:
            break
        size, unit = size / 1024.0, larger
    return f"{size:.4g} {unit}"
