"""Fields, changes and endings in the words of people."""

from __future__ import annotations

from engine.fields import Section
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.method.spec import SECTIONS, RunSpec
from engine.run import events
from engine.text import counted

from .charts.labels import Change, Label


def section_of(key: str, spec: RunSpec) -> tuple[type[Section], str]:
    """Return the class and the field that a dotted key names."""
    section, _, field = key.partition(".")
    named = {"optimizer": RULES.get(spec.optimizer.name), "schedule": SCHEDULES.get(spec.schedule.name)}
    return named.get(section) or SECTIONS[section], field


def symbol_of(key: str, spec: RunSpec) -> str:
    """Return the field's own sign for a key, such as α, or else its title."""
    if key in ("optimizer.name", "schedule.name"):
        return key.partition(".")[0]
    owner, field = section_of(key, spec)
    info = owner.model_fields.get(field)
    if info is None:
        return key
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return str(extra.get("symbol") or info.title or key)


def label_of(changes: tuple[events.ChangedField, ...]) -> Label:
    """Return the label of a marker: a few characters that say what changed."""
    told = [
        Change(key=change.key, sign=_sign(change.key), old=in_words(change.old), new=in_words(change.new))
        for change in changes
    ]
    words = [change.words for change in sorted(told, key=lambda change: change.sign is not None)]
    return Label(", ".join(words[:2]) + ("…" if len(words) > 2 else ""), told)


def _sign(key: str) -> str | None:
    return None if key in ("optimizer.name", "schedule.name") else _SYMBOLS.get(key, key.partition(".")[2])


_SYMBOLS = {
    "optimizer.lr": "α",
    "optimizer.momentum": "μ",
    "schedule.hold": "α held",
    "optimizer.rho": "ρ",
    "optimizer.beta1": "β₁",
    "optimizer.beta2": "β₂",
    "optimizer.eps": "ε",
    "optimizer.weight_decay": "λ",
    "optimizer.lr_decay": "k",
    "optimizer.initial_accumulator": "G₀",
    "optimizer.momentum_decay": "ψ",
    "batch.size": "batch",
    "clip.norm": "clip",
    "clip.value": "clip |∂L|",
    "line_search.name": "search",
    "line_search.initial": "α₀",
    "averaging.decay": "EMA",
    "averaging.start": "EMA from",
    "noise.gradient": "noise σ",
    "noise.samples": "noise B",
    "pace.steps_per_second": "pace",
    "compute.threads": "threads",
    "compute.update": "update",
}


def in_words(value: object) -> str:
    """Return a value of a field as people write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        mantissa, exponent, power = f"{value:.4g}".partition("e")
        return f"{mantissa}e{int(power)}" if exponent else mantissa
    return str(value)


def reason_in_words(reason: str, spec: RunSpec) -> str:
    """Return why a run has ended."""
    match reason:
        case "steps" if spec.stop.steps is not None:
            return f"{counted(spec.stop.steps, 'step')} made"
        case "epochs" if spec.stop.epochs is not None:
            return f"{counted(spec.stop.epochs, 'epoch')} done"
        case "update_norm" if spec.stop.update_norm is not None:
            return f"a step was shorter than {spec.stop.update_norm:g}"
        case "loss" if spec.stop.loss is not None:
            return f"the loss has reached {spec.stop.loss:g}"
        case "grad_norm" if spec.stop.grad_norm is not None:
            return f"a gradient was shorter than {spec.stop.grad_norm:g}"
        case "plateau" if spec.stop.plateau is not None:
            return f"no better loss for {counted(spec.stop.plateau, 'step')}"
        case "divergence" if spec.stop.divergence is not None:
            return f"the loss was more than {spec.stop.divergence:g} times that of the first step"
        case "diverged":
            return "the loss is not finite"
        case "stopped":
            return "someone stopped it"
        case _:
            return reason


def found_rates(swept: events.RatesSwept) -> str:
    """Return what a sweep of the learning rate has found."""
    if not swept.suggestions:
        return "no learning rate stands out: the loss does not fall within the sweep"
    rates = ", ".join(f"{each.name} {in_words(each.lr)}" for each in swept.suggestions)
    end = f"; at {in_words(swept.lr[-1])} the loss exploded" if swept.has_exploded else ""
    return f"learning rates to begin with: {rates}{end}. The run stands where it stood"
