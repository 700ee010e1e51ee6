"""The update rules, one module each: read `rule` first, then from plain to rich.

    sgd → momentum → rmsprop → adam · lbfgs

Nesterov, Adagrad, Adadelta, AdaMax, NAdam, AMSGrad and the later ones each get a module here and a line in
`AnyRule`; the contract tests, the spec, the form and `gdtui run --set optimizer.name=` all read the table below.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from ...subject.objective import Vector
from .adam import Adam
from .lbfgs import Lbfgs
from .momentum import Momentum
from .rmsprop import Rmsprop
from .rule import Dials, Moments, Rule, State, stretches
from .sgd import Sgd

AnyRule = Annotated[Sgd | Momentum | Rmsprop | Adam | Lbfgs, Field(discriminator="name")]
"""Any of the rules, told apart by `name`."""

RULES: dict[str, type[Rule]] = {
    rule.model_fields["name"].default: rule for rule in (Sgd, Momentum, Rmsprop, Adam, Lbfgs)
}
"""Every rule by its name, from plain to rich."""

_RULE: TypeAdapter[Any] = TypeAdapter(AnyRule)


def successor(rule: Rule, name: str) -> Rule:
    """Return the rule `name` with what was set on purpose on `rule`, as far as it knows those hyperparameters.

    What nobody set takes the new rule's own default; so a learning rate that a person chose survives the switch, and
    RMSProp's default of 0.01 does not become Adam's.
    """
    known = RULES[name].model_fields
    kept = {key: getattr(rule, key) for key in sorted(rule.model_fields_set) if key in known and key != "name"}
    chosen: Rule = _RULE.validate_python({**kept, "name": name})
    return chosen


def carried_state(old: Rule, state: State, new: Rule, theta: Vector) -> State:
    """Return `new`'s state, made from what `old` has learnt; what has no meaning for `new` is dropped."""
    return new.adopted_state(theta, old.moments(state))


__all__ = ["RULES", "AnyRule", "Dials", "Moments", "Rule", "State", "carried_state", "stretches", "successor"]
