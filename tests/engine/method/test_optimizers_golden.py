"""The rules against figures that were computed elsewhere: PyTorch's rules, checked against optax, and Keras'.

Those beyond the lecture are PyTorch's own (RAdam, Rprop), optax' own (Lion, AdaBelief), or the paper's formula for one
number, written out in plain Python (Yogi, Adan).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.optimizers.amsgrad import Amsgrad
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

Point = tuple[float, float]

LECTURE = (
    *("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta"),
    *("adam", "adamw", "amsgrad", "adamax", "nadam"),
)

ROWS: dict[str, tuple[dict[str, Any], Point, Point, Point]] = {
    "sgd": ({"name": "sgd", "lr": 0.05}, (0.95, 0.5), (0.9025, 0.25), (0.7737809375, 0.03125)),
    "momentum": (
        {"name": "momentum", "lr": 0.05, "momentum": 0.9},
        (0.95, 0.5),
        (0.8575, -0.2),
        (0.4171559375, -0.5218),
    ),
    "momentum, dampening 0.5": (
        {"name": "momentum", "lr": 0.05, "momentum": 0.9, "dampening": 0.5},
        (0.95, 0.5),
        (0.88125, -0.075),
        (0.598442871094, -0.934284375),
    ),
    "nesterov": (
        {"name": "nesterov", "lr": 0.05, "momentum": 0.9},
        (0.905, 0.05),
        (0.778525, -0.4025),
        (0.315942305066, -0.0111371875),
    ),
    "rmsprop, torch's defaults": (
        {"name": "rmsprop", "lr": 0.01, "rho": 0.99},
        (0.90000001, 0.900000001),
        (0.832917975265, 0.832917962134),
        (0.696465799281, 0.696465780304),
    ),
    "rmsprop, centered, momentum 0.9": (
        {"name": "rmsprop", "lr": 0.01, "rho": 0.99, "centered": True, "momentum": 0.9},
        (0.899496228575, 0.899496219484),
        (0.741305992821, 0.741305971334),
        (0.134701949648, 0.134701893053),
    ),
    "adagrad": (
        {"name": "adagrad"},
        (0.990000000001, 0.99),
        (0.982964554022, 0.982964554021),
        (0.96787387265, 0.967873872648),
    ),
    "adadelta": (
        {"name": "adadelta"},
        (0.996837738151, 0.996837722498),
        (0.993598198408, 0.993598166293),
        (0.983631387349, 0.983631303667),
    ),
    "adam 0.001": (
        {"name": "adam"},
        (0.99900000001, 0.999000000001),
        (0.998000026224, 0.998000026206),
        (0.995000436077, 0.995000436032),
    ),
    "adam 0.1": (
        {"name": "adam", "lr": 0.1},
        (0.900000001, 0.9000000001),
        (0.800412229712, 0.800412227875),
        (0.507963661927, 0.507963657134),
    ),
    "amsgrad 0.5": (
        {"name": "amsgrad", "lr": 0.5},
        (0.500000005, 0.5000000005),
        (0.0339101907591, 0.0339101816108),
        (-0.585470100415, -0.58547010319),
    ),
    "adamw 0.1": (
        {"name": "adamw", "lr": 0.1},
        (0.899000001, 0.8990000001),
        (0.798519028189, 0.798519026352),
        (0.504080092747, 0.504080087961),
    ),
    "adamax": (
        {"name": "adamax"},
        (0.99800000002, 0.998000000002),
        (0.996000105409, 0.996000105373),
        (0.99000177446, 0.99000177437),
    ),
    "nadam": (
        {"name": "nadam"},
        (0.997887096464, 0.997887096445),
        (0.9963211968, 0.996321196767),
        (0.99191124918, 0.991911249107),
    ),
    "radam": (
        {"name": "radam", "lr": 0.01},
        (0.99, 0.9),
        (0.980052631578947, 0.805263157894737),
        (0.950541706493242, 0.552364195101898),
    ),
    "rprop": (
        {"name": "rprop", "lr": 0.01},
        (0.99, 0.99),
        (0.978, 0.978),
        (0.925584, 0.925584),
    ),
    "lion": (
        {"name": "lion"},
        (0.9999, 0.9999),
        (0.9998, 0.9998),
        (0.9995, 0.9995),
    ),
    "adabelief": (
        {"name": "adabelief"},
        (0.998888888888889, 0.998888888888889),
        (0.997720921773212, 0.997720921773212),
        (0.993870236288669, 0.993870236288668),
    ),
    "yogi": (
        {"name": "yogi"},
        (0.990014976288064, 0.990001049889637),
        (0.980032792480753, 0.980007349593301),
        (0.95013333174127, 0.950076674693332),
    ),
    "adan": (
        {"name": "adan"},
        (0.99900000001, 0.999000000001),
        (0.998000019893459, 0.998000019875451),
        (0.995000135387253, 0.995000135342187),
    ),
}

KERAS: dict[str, Point] = {
    "rmsprop": (0.9893736635, 0.9893736605),
    "adagrad": (0.9968537005, 0.996771097),
    "adadelta": (0.9999927941, 0.9999927941),
    "adam": (0.9950004463, 0.9950004371),
    "adamax": (0.9949954361, 0.9949954357),
    "nadam": (0.9960424745, 0.9960424741),
}
"""Where keras 3.15.1 with its own defaults is after five steps, rounded to ten digits."""


def trainer_with(optimizer: dict[str, Any]) -> Trainer:
    """Return a trainer on ½x² + 5y² from (1, 1) in float64."""
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", "function": "ravine", "condition": 10.0, "start": [1.0, 1.0]},
            "optimizer": optimizer,
            "precision": "float64",
        }
    )
    return Trainer(spec, build_objective(spec))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_rule_takes_the_path_that_is_known(row: tuple[dict[str, Any], Point, Point, Point]) -> None:
    """The figures are rounded to twelve digits."""
    optimizer, *points = row
    trainer = trainer_with(optimizer)
    for steps, point in zip((1, 2, 5), points, strict=True):
        while trainer.step_count < steps:
            trainer.step()
        assert trainer.theta == pytest.approx(point, rel=0.0, abs=1e-12)


@pytest.mark.parametrize("name", KERAS)
def test_the_form_of_keras_alone_is_that_librarys_optimizer_as_it_comes(name: str) -> None:
    """Arithmetic and defaults; the figures are rounded to ten digits."""
    trainer = trainer_with({"name": name, "form": "keras"})
    for _ in range(5):
        trainer.step()
    assert trainer.theta == pytest.approx(KERAS[name], rel=0.0, abs=6e-11)


def test_the_maximum_of_amsgrad_is_where_the_libraries_part() -> None:
    """Gradients of 5, then 1 four times, with α = 0.1: PyTorch's point is −0.3916, that of optax −0.2716."""
    ends = {}
    for form in ("torch", "optax"):
        rule = Amsgrad.model_validate({"lr": 0.1, "form": form})
        update, point = np.zeros(1), 0.0
        bound = rule.bind(rule.fresh_state(update), update)
        for gradient in (5.0, 1.0, 1.0, 1.0, 1.0):
            update[:] = gradient
            bound.advance()
            point -= float(update[0])
        ends[form] = round(point, 4)
    assert ends == {"torch": -0.3916, "optax": -0.2716}


@pytest.mark.parametrize(
    ("form", "path"), [("torch", [0.716, 0.699, 0.680]), ("keras", [0.614, 0.506, 0.405])], ids=["torch", "keras"]
)
def test_after_a_turn_of_the_learning_rate_a_velocity_slows_down_or_keeps_its_speed(
    form: str, path: list[float]
) -> None:
    """½x² from 1 with μ = 0.9 and α = 0.05, which becomes 0.005 after three steps."""
    trainer = trainer_with({"name": "momentum", "lr": 0.05, "momentum": 0.9, "form": form})
    for _ in range(3):
        trainer.step()
    trainer.apply({"optimizer.lr": 0.005})
    found = []
    for _ in range(3):
        trainer.step()
        found.append(round(float(trainer.theta[0]), 3))
    assert found == path


def test_the_default_settings_are_those_that_the_figures_and_the_lecture_stand_for() -> None:
    """RMSProp's rho is the lecture's 0.9, not PyTorch's 0.99; everything else is PyTorch's."""
    problem = {"kind": "landscape"}
    defaults = {
        name: RunSpec.model_validate({"problem": problem, "optimizer": {"name": name}}).optimizer.model_dump()
        for name in LECTURE
    }
    lr = {name: values["lr"] for name, values in defaults.items()}
    assert {name: lr.pop(name) for name in ("adagrad", "rmsprop", "adadelta", "adamax", "nadam")} == {
        "adagrad": 1e-2,
        "rmsprop": 1e-2,
        "adadelta": 1.0,
        "adamax": 2e-3,
        "nadam": 2e-3,
    }
    assert set(lr.values()) == {1e-3}
    assert {defaults[name]["momentum"] for name in ("momentum", "nesterov")} == {0.9}
    rmsprop, adadelta = defaults["rmsprop"], defaults["adadelta"]
    assert (rmsprop["rho"], rmsprop["eps"], rmsprop["centered"], rmsprop["momentum"]) == (0.9, 1e-8, False, 0.0)
    assert (adadelta["rho"], adadelta["eps"]) == (0.9, 1e-6)
    adagrad = defaults["adagrad"]
    assert (adagrad["lr_decay"], adagrad["initial_accumulator"], adagrad["eps"]) == (0.0, 0.0, 1e-10)
    for name in ("adam", "adamw", "amsgrad", "adamax", "nadam"):
        assert [defaults[name][key] for key in ("beta1", "beta2", "eps")] == [0.9, 0.999, 1e-8]
    assert defaults["adam"]["bias_correction"]
    assert defaults["nadam"]["momentum_decay"] == 4e-3
    decays = {name: (values["weight_decay"], values["decoupled"]) for name, values in defaults.items()}
    assert decays.pop("adamw") == (0.01, True)
    assert set(decays.values()) == {(0.0, False)}
