"""Fields, changes and endings in the words of people."""

from __future__ import annotations

from engine.fields import Section
from engine.method.optimizers import RULES
from engine.method.spec import SECTIONS, RunSpec
from engine.run import protocol
from engine.text import counted


def section_of(key: str, spec: RunSpec) -> tuple[type[Section], str]:
    """Return the class and the field that a dotted key names."""
    section, _, field = key.partition(".")
    return (RULES[spec.optimizer.name] if section == "optimizer" else SECTIONS[section]), field


def symbol_of(key: str, spec: RunSpec) -> str:
    """Return the field's own sign for a key, such as α, or else its title."""
    if key == "optimizer.name":
        return "optimizer"
    owner, field = section_of(key, spec)
    info = owner.model_fields.get(field)
    if info is None:
        return key
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return str(extra.get("symbol") or info.title or key)


def label_of(changes: tuple[protocol.ChangedField, ...]) -> str:
    """Return the label of a marker: a few characters that say what changed."""
    labels: list[str] = []
    for change in changes:
        if change.key == "optimizer.name":
            labels.insert(0, f"{change.old} → {change.new}")
        else:
            labels.append(f"{_SYMBOLS.get(change.key, change.key.partition('.')[2])} {in_words(change.new)}")
    return ", ".join(labels[:2]) + ("…" if len(labels) > 2 else "")


_SYMBOLS = {
    "optimizer.lr": "α",
    "optimizer.momentum": "μ",
    "optimizer.rho": "ρ",
    "optimizer.beta1": "β₁",
    "optimizer.beta2": "β₂",
    "optimizer.eps": "ε",
    "optimizer.weight_decay": "λ",
    "batch.size": "batch",
    "clip.norm": "clip",
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


def verdict_in_words(judged: protocol.Judged) -> str:
    """Return whether a goal was reached, and when or why not."""
    if judged.reached:
        return f"reached after {counted(judged.step, 'step')}"
    return f"not reached: {judged.reason}"


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
        case "diverged":
            return "the loss is not finite"
        case "stopped":
            return "someone stopped it"
        case _:
            return reason
