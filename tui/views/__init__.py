"""The ways to look at a run: each is a widget of its own, chosen by a number, alone or beside others.

view        what they have in common
looking     how one asks the engine to look at something more closely, no faster than it answers
deck        the tabs and tiles in which they stand
curves      up to six charts of what happens with the steps, over the table of parameters; metrics, lines, chart_grid
            and reading are its parts: what can be shown, as which curves, where the charts stand, the row below
parameters  the table of parameters, and the entries of one tensor; entries says in words what there is to be seen
landscape   the heights of a function, or of a network's loss over a plane, with what moves over them
model       class regions, fitted curves, pictures with predictions, the confusion matrix, the weights
graph       the nodes of a function, or the layers of a network, with what backpropagation puts on them
equation    the update rule with the numbers of the coming step
log         what happened, and what to do about it
schedule    the learning rate's past and future, and how the loss answers to it

A new one is a module here and a line in the table below; what it needs to know of a trainer is an inspection of the
engine (`engine.method.inspections`), as there is no mathematics in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..run_view import RunView
    from .view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewKind:
    """One way to look at a run, which is loaded when somebody first wants it."""

    name: str
    """As it is remembered and configured."""
    title: str
    """As it stands in the tab."""
    place: str
    """Module and class within this package: "curves:CurvesView"."""
    problems: tuple[str, ...] = ("dataset", "expression", "landscape")
    """The kinds of problems of which it has something to show; of others it says why there is nothing."""

    def made(self, run: RunView) -> View:
        """Return a new view of a run."""
        return self.load()(run)

    def load(self) -> type[View]:
        """Return the class."""
        module, _, kind = self.place.partition(":")
        view: type[View] = getattr(import_module(f".{module}", __name__), kind)
        return view


VIEWS = (
    ViewKind(name="curves", title="Curves", place="curves:CurvesView"),
    ViewKind(name="parameters", title="Parameters", place="parameters:ParametersView"),
    ViewKind(name="landscape", title="Landscape", place="landscape:LandscapeView"),
    ViewKind(name="model", title="Model", place="model:ModelView", problems=("dataset",)),
    ViewKind(name="graph", title="Graph", place="graph:GraphView", problems=("dataset", "expression")),
    ViewKind(name="equation", title="Equation", place="equation:EquationView"),
    ViewKind(name="log", title="Log", place="log:LogView"),
    ViewKind(name="schedule", title="Schedule", place="schedule:ScheduleView"),
)
"""Every view in the order of its tabs; the first is chosen by the key 1, and so on."""
