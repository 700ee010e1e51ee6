"""What a person can look at in a trainer that is at work: nothing here changes how it goes on.

Each is computed when it is asked for, in stretches of a few milliseconds between two steps, and what takes long comes
coarse first. A new one is a module here, a line in the table, and a view in `tui/views` that shows it.

inspection   what all of them have in common
survey       what those over a window have in common
landscape    the height of a function over a window
motion       gradient, momentum and look-ahead point where the parameters are
path         where the parameters have been
model        a network as it was after one step, and what is fitted to what
boundary     what it says over two of its inputs
fit          what it says over its one input
predictions  what it makes of the samples that are held out
weights      its weights, between units and as pictures
graph        the nodes of a typed-in function, or the layers of a network, with values and gradients
equation     the coming step of one parameter, as its rule works it out
course       what the schedule makes of the learning rate from here on
tensor       the entries of one tensor: how they are spread, and where they are
plane        the loss of a network over a plane through its parameters
search       the last line search
"""

from __future__ import annotations

from ...catalogue import Catalogue
from .inspection import Finding, Inspection

__all__ = ["INSPECTIONS", "Finding", "Inspection"]

INSPECTIONS: Catalogue[type[Inspection]] = Catalogue(
    __name__,
    {
        "landscape": "landscape:LandscapeInspection",
        "motion": "motion:MotionInspection",
        "path": "path:PathInspection",
        "model": "model:ModelInspection",
        "boundary": "boundary:BoundaryInspection",
        "fit": "fit:FitInspection",
        "predictions": "predictions:PredictionsInspection",
        "weights": "weights:WeightsInspection",
        "pictures": "weights:PicturesInspection",
        "graph": "graph:GraphInspection",
        "equation": "equation:EquationInspection",
        "course": "course:CourseInspection",
        "tensor": "tensor:TensorInspection",
        "plane": "plane:PlaneInspection",
        "search": "search:SearchInspection",
    },
)
"""Every inspection by the name under which it is asked for."""
