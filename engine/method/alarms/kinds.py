"""Every kind of alarm: what it is called, what a person can do about it, and where its threshold comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of alarm."""

    name: str
    title: str
    advice: str
    """What to try, in one sentence without its full stop."""
    source: str
    """Where the threshold comes from."""


_ALL = (
    Kind(
        name="plateau",
        title="plateau",
        advice="try a smaller learning rate where the loss jumps about, and a larger one or momentum where it is still",
        source="PyTorch, ReduceLROnPlateau: ten looks in a row that are no better",
    ),
    Kind(
        name="rising",
        title="loss rises",
        advice="divide the learning rate by ten, or start again",
        source="a loss of twice what it was before the first update is worse than not to train at all",
    ),
    Kind(
        name="overfitting",
        title="overfitting",
        advice="stop here, or try weight decay, dropout, a smaller network or more data",
        source="L. Prechelt, Early Stopping - But When? (1998): generalization loss GL with a threshold of 5 %",
    ),
    Kind(
        name="vanishing",
        title="vanishing gradient",
        advice="try relu in place of sigmoid, a better initialisation, fewer layers, or Adam",
        source="X. Glorot, Y. Bengio (2010), section 4.2: back-propagated gradients are to keep their size",
    ),
    Kind(
        name="exploding",
        title="exploding gradient",
        advice="clip the gradient's norm at about ten times its usual size, or take a smaller learning rate",
        source="R. Pascanu, T. Mikolov, Y. Bengio, arXiv:1211.5063, section 3.2; the threshold is ten times theirs",
    ),
    Kind(
        name="crawling",
        title="far too small a rate",
        advice="multiply the learning rate by ten",
        source="Stanford CS231n: an update is about 1e-3 of the weights' length; this is a thousand times less",
    ),
    Kind(
        name="leaping",
        title="far too large a rate",
        advice="divide the learning rate by ten",
        source="Stanford CS231n: an update is about 1e-3 of the weights' length; this is a hundred times more",
    ),
    Kind(
        name="stalled",
        title="second moment stalls the rate",
        advice="switch to RMSProp or Adam, which forget old gradients, or raise the learning rate",
        source="M. Zeiler, ADADELTA, arXiv:1212.5701, section 3: the sum of squares only grows",
    ),
    Kind(
        name="unstable",
        title="rate beyond 2/λ",
        advice="take a learning rate below 2/λ, or wait for the loss to find a flatter place",
        source="J. Cohen et al., arXiv:2103.00065: full-batch descent hovers at 2/λ; this is half as much again",
    ),
    Kind(
        name="dead",
        title="dead units",
        advice="reset with a smaller learning rate, or try leaky_relu, which always passes some gradient on",
        source="half of a layer; Stanford CS231n tells of networks in which 40 % were dead",
    ),
    Kind(
        name="saturated",
        title="saturated units",
        advice="scale the inputs, start from smaller weights, or try relu",
        source="X. Glorot, Y. Bengio (2010), section 3: units at their asymptotes pass hardly any gradient on",
    ),
)
KINDS = {kind.name: kind for kind in _ALL}
"""All kinds by their names, the most general first."""
