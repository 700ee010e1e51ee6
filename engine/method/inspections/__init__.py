"""What a person can look at in a trainer that is at work: nothing here changes how it goes on.

Each is computed when it is asked for, in stretches of a few milliseconds between two steps, and what takes long comes
coarse first. A new one is a module here, a line in the table, and a view in `tui/views` that shows it.

inspection   what all of them have in common
landscape    the height of a function over a window
motion       gradient, momentum and look-ahead point where the parameters are
path         where the parameters have been
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
        "plane": "plane:PlaneInspection",
        "search": "search:SearchInspection",
    },
)
"""Every inspection by the name under which it is asked for."""
