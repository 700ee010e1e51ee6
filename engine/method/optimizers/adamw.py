"""AdamW: Adam whose weight decay goes past the adaptive step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from ... import fields
from .adam import AdamArithmetic


class AdamW(AdamArithmetic):
    """AdamW: Adam's step and, beside it, the weights shrink by α·λ: θ ← θ − α·λ·θ − α·m̂ / (√v̂ + ε).

    As L2 in the gradient, decay is divided by √v̂ like everything else, so weights with large gradients hardly decay;
    decoupled, every weight loses the same share. With `decoupled` off, AdamW is Adam.

    By hand, α = 0.1, λ = 0.5, ε → 0, constant g > 0: from θ = 2 the decay takes 0.1·0.5·2 = 0.1 and Adam 0.1, to 1.8;
    then 0.09 and 0.1, to 1.61.

    Forms: as Adam's; "keras" takes 0.004 for λ. optax agrees with "torch" and takes 1e-4.

    Source: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101, algorithm 2, in the
    form of `torch.optim.AdamW`. Deviation, as in all libraries: the paper's decay is η·λ·θ with the schedule's factor
    η alone, here it is α·λ·θ with the whole learning rate.
    """

    title: ClassVar[str] = "AdamW"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {"keras": {"eps": 1e-7, "weight_decay": 0.004}}

    name: Literal["adamw"] = "adamw"
    weight_decay: fields.WeightDecay = 1e-2
    decoupled: fields.Decoupled = True
