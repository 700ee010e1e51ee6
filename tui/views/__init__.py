"""The ways to look at a run: each is a widget of its own, chosen by a number, alone or beside others.

view      what they have in common
looking   how one asks the engine to look at something more closely, no faster than it answers
deck      the tabs and tiles in which they stand
curves    loss, gradient norm and learning rate against the step, and the table of parameters
log       what happened, and what to do about it

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
    ViewKind(name="log", title="Log", place="log:LogView"),
)
"""Every view in the order of its tabs; the first is chosen by the key 1, and so on."""
