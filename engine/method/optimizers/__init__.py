"""The update rules, one module each: read `rule` first, then from plain to rich.

    sgd → momentum → nesterov
        → adagrad → rmsprop → adadelta
        → adam → adamw → amsgrad → adamax → nadam
        → radam · adabelief · yogi · adan · lion · muon · rprop · lbfgs

Each rule has a module here and a line in the table below; the contract tests, the spec, the form and
`gdtui run --set optimizer.name=` all read that table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from ...catalogue import Catalogue, ChosenBy
from ...subject.objective import Vector
from .rule import Dials, Moments, Rule, State, stretches

RULES: Mapping[str, type[Rule]] = Catalogue(
    __name__,
    {
        "sgd": "sgd:Sgd",
        "momentum": "momentum:Momentum",
        "nesterov": "nesterov:Nesterov",
        "adagrad": "adagrad:Adagrad",
        "rmsprop": "rmsprop:Rmsprop",
        "adadelta": "adadelta:Adadelta",
        "adam": "adam:Adam",
        "adamw": "adamw:AdamW",
        "amsgrad": "amsgrad:Amsgrad",
        "adamax": "adamax:Adamax",
        "nadam": "nadam:Nadam",
        "radam": "radam:Radam",
        "adabelief": "adabelief:Adabelief",
        "yogi": "yogi:Yogi",
        "adan": "adan:Adan",
        "lion": "lion:Lion",
        "muon": "muon:Muon",
        "rprop": "rprop:Rprop",
        "lbfgs": "lbfgs:Lbfgs",
    },
)
"""Every rule by its name, from plain to rich: the table that everything else is made from."""

AnyRule = Annotated[Rule, ChosenBy(RULES)]
"""Any of the rules, told apart by `name`."""


def successor(rule: Rule, name: str) -> Rule:
    """Return the rule `name` with what was set on purpose on `rule`, as far as it knows those hyperparameters.

    What nobody set takes the new rule's own default; so a learning rate that a person chose survives the switch, and
    RMSProp's default of 0.01 does not become Adam's.
    """
    kept = understood(name, {key: getattr(rule, key) for key in sorted(rule.model_fields_set)})
    return RULES[name].model_validate({**kept, "name": name})


def understood(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return those of another rule's hyperparameters that the rule `name` has as well, and its form if it has that."""
    rule = RULES[name]
    return {
        key: value
        for key, value in values.items()
        if key in rule.model_fields and (key != "form" or value in rule.forms())
    }


def carried_state(old: Rule, state: State, new: Rule, theta: Vector) -> State:
    """Return `new`'s state, made from what `old` has learnt; what has no meaning for `new` is dropped."""
    return new.adopted_state(theta, old.moments(state))


__all__ = [
    "RULES",
    "AnyRule",
    "Dials",
    "Moments",
    "Rule",
    "State",
    "carried_state",
    "stretches",
    "successor",
    "understood",
]
