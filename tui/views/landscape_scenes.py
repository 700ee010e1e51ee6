"""What the landscape view knows, as pictures: a map, a curve, a line search, a plane."""

from __future__ import annotations

import numpy as np

from engine.run.events import Seen

from ..charts.axes import compact
from ..charts.bands import Levels
from ..charts.window import Place, Window
from ..key_names import with_keys
from ..lane_view import LaneView
from ..run_view import RunView
from ..widgets.contour_map import Arrow, Mark, Scene, Trail
from ..widgets.height_curve import CurveScene, Line, Point
from ..widgets.status import lane_colour, lane_letter
from .function_sight import FunctionSight, Motion
from .plane_sight import PlaneSight

ALONE = "accent"
"""The colour of a lane that is alone."""


def colour_of(run: RunView, lane: int) -> str:
    """Return the colour of a lane."""
    return lane_colour(lane) if run.is_race else ALONE


def sign_of(run: RunView, lane: int) -> str:
    """Return the sign of a lane's point: its letter in a race."""
    return lane_letter(lane) if run.is_race else "●"


def contours(
    sight: FunctionSight, window: Window, levels: Levels | None, *, aim: Place | None, with_arrows: bool
) -> Scene:
    """Return the map of a function of two variables."""
    run, motion = sight.run, sight.motion()
    return Scene(
        window=window,
        heights=sight.heights,
        levels=levels,
        trails=[
            Trail(points=sight.trail(lane.number), colour=colour_of(run, lane.number), newest=sight.newest(lane.number))
            for lane in _in_order(run)
        ],
        arrows=_arrows(motion) if with_arrows and motion is not None else (),
        marks=_marks(sight, motion),
        cross=aim,
        message=() if sight.heights is not None else (sight.refusal or "the engine computes the map",),
    )


def curve(
    sight: FunctionSight, window: Window, levels: Levels | None, *, aim: Place | None, with_slope: bool
) -> CurveScene:
    """Return the curve of a function of one variable."""
    run, motion, heights = sight.run, sight.motion(), sight.heights
    points = [
        Point(place=(place[0], value), sign=_sign_of_minimum(sight, value), colour="foreground")
        for place, value in sight.minima
    ]
    start = sight.start[0]
    points.append(Point(place=(start, sight.height_at((start, 0.0))), sign="□", colour=colour_of(run, run.lane.number)))
    for lane in _in_order(run):
        here, newest = motion if lane is run.lane else None, sight.newest(lane.number)
        if here is None and newest is None:
            continue
        x = here.point[0] if here is not None else newest[0] if newest is not None else 0.0
        points.append(
            Point(
                place=(x, here.loss if here is not None else sight.height_at((x, 0.0))),
                sign=sign_of(run, lane.number),
                colour=colour_of(run, lane.number),
                slope=here.gradient[0] if here is not None and with_slope else None,
            )
        )
    return CurveScene(
        x=np.zeros(0) if heights is None else heights.x,
        heights=np.zeros(0) if heights is None else heights.values[0],
        limits=window.x,
        is_log=levels is not None and levels.is_log,
        floor=0.0 if levels is None else levels.floor,
        trails=[(sight.trail(lane.number)[:, 0], colour_of(run, lane.number)) for lane in _in_order(run)],
        points=points if heights is not None else (),
        cross=None if aim is None else aim[0],
        message=sight.refusal or "the engine computes the curve",
    )


def line_search(seen: Seen | None) -> CurveScene:
    """Return φ(α) with the trials of the last search in their order, and the step that was accepted."""
    trials = np.zeros((0, 3)) if seen is None else seen.arrays["trials"].astype(np.float64)
    if seen is None or not len(trials):
        nothing, message = np.zeros(0), "no line search made yet"
        if seen is not None and seen.facts["step"]:
            # It looks for a step only where the loss falls at first.
            message = (
                f"step {seen.facts['step']:,} needed no search: φ′(0) = {compact(seen.facts['slope'])}, no way down"
            )
        return CurveScene(x=nothing, heights=nothing, limits=(0.0, 1.0), message=message)
    facts, accepted = seen.facts, seen.facts["accepted"]
    alphas, heights = (seen.arrays[name].astype(np.float64) for name in ("alphas", "values"))
    if not len(alphas):
        # Only the trials are known: lines between them, in the order of their α.
        order = np.argsort(trials[:, 0])
        alphas = np.concatenate([[0.0], trials[order, 0]])
        heights = np.concatenate([[float(facts["value"])], trials[order, 1]])
    points = [Point(place=(0.0, float(facts["value"])), sign="□", colour="foreground", slope=float(facts["slope"]))]
    for number, (alpha, height, _) in enumerate(trials.tolist(), start=1):
        is_end = alpha == accepted
        sign = "●" if is_end else str(number) if number < 10 else "○"
        points.append(Point(place=(alpha, height), sign=sign, colour="accent" if is_end else "warning"))
    lines = []
    if facts["promise"] is not None:
        start = 0.0, float(facts["value"])
        words = "Armijo: φ(0) + c₁·α·φ′(0)", "Armijo"
        lines = [Line(start=start, slope=float(facts["promise"]), labels=words, colour="secondary")]
    return CurveScene(
        x=alphas,
        heights=heights,
        limits=(0.0, float(alphas[-1]) or 1.0),
        lines=lines,
        points=points,
        title=" φ(α) along the step ",
    )


def plane(sight: PlaneSight, window: Window, levels: Levels | None) -> Scene:
    """Return the map of a network's loss over a plane, or how to come by one."""
    trail, heights = sight.trail, sight.heights
    marks: list[Mark] = []
    if len(trail) > 1:
        marks.append(Mark(place=(float(trail[0, 0]), float(trail[0, 1])), sign="□", colour=ALONE))
    if heights is not None:
        marks.append(Mark(place=(0.0, 0.0), sign="●", colour=ALONE, shows_way=True))
    message: tuple[str, ...] = ()
    if heights is None:
        how = (with_keys(HOW), sight.wanted, "", with_keys(OTHERS), sight.has_no_path)
        message = (sight.progress(),) if sight.progress() else how
    return Scene(
        window=window,
        heights=heights,
        levels=levels,
        trails=[Trail(points=trail, colour=ALONE)],
        marks=marks,
        message=message,
    )


HOW, OTHERS = "<landscape.compute> computes the loss over", "<landscape.directions> takes other directions"


def _in_order(run: RunView) -> list[LaneView]:
    """Return the lanes, the one that the keys speak of last, so that it lies on top."""
    return sorted(run.lanes, key=lambda lane: lane is run.lane)


def _arrows(motion: Motion) -> list[Arrow]:
    downhill = -motion.gradient[0], -motion.gradient[1]
    arrows = [Arrow(place=motion.point, way=downhill, share=1.0, letter="−∇", colour="success")]
    if motion.coast is not None:
        arrows.append(Arrow(place=motion.point, way=motion.coast, share=0.75, letter="m", colour="warning"))
    return arrows


def _sign_of_minimum(sight: FunctionSight, value: float) -> str:
    """Return the sign of a minimum: whether none is known that is lower."""
    return "◆" if sight.floor is not None and value <= sight.floor + 1e-9 else "◇"


def _marks(sight: FunctionSight, motion: Motion | None) -> list[Mark]:
    """Return the minima, the start, and where every lane is."""
    run = sight.run
    marks = [
        Mark(place=place, sign=_sign_of_minimum(sight, value), colour="foreground") for place, value in sight.minima
    ]
    marks.append(Mark(place=sight.start, sign="□", colour=colour_of(run, run.lane.number)))
    for lane in _in_order(run):
        newest, colour, sign = sight.newest(lane.number), colour_of(run, lane.number), sign_of(run, lane.number)
        if lane is run.lane and motion is not None:
            if motion.ball is not None:
                # The rule's point is ahead of its ball.
                marks.append(Mark(place=motion.ball, sign=sign, colour=colour))
                sign = "◉"
            marks.append(Mark(place=motion.point, sign=sign, colour=colour, shows_way=True))
        elif newest is not None:
            marks.append(Mark(place=newest, sign=sign, colour=colour, shows_way=True))
    return marks
