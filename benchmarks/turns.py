"""One contender in a process of its own: it waits on its stdin for what to prepare and for its turns.

    {"do": "prepare", "workload": {…}, "optimizer": "adam", "seconds": 0.3}
    {"do": "turn", "seconds": 0.3, "steps": 0}      →  {"steps": 4096, "seconds": 0.31, "cpu_seconds": 0.31}

One JSON object a line both ways. A turn begins at the initial parameters and takes at least so long and so many steps.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, TextIO

from .contenders import Contender, make
from .workloads import Workload

CALLS_A_TURN = 4
"""So often a turn looks at the clock, unless a contender takes more steps in one call than that."""


class Player:
    """A contender that is prepared, and how many steps it takes in one call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._contender: Contender | None = None
        self._steps = 1

    def prepare(self, workload: Workload, optimizer: str, seconds: float) -> dict[str, Any]:
        """Make the contender and let it compile what it compiles; find the steps that take a part of a turn."""
        self._contender = None
        contender = make(self._name, workload, optimizer)
        contender.run(2)
        steps = 1
        while True:
            before = time.perf_counter()
            taken = contender.run(steps)
            took = time.perf_counter() - before
            if took >= seconds / (2 * CALLS_A_TURN):
                break
            steps = max(2 * steps, taken)
        self._contender = contender
        self._steps = max(1, round(taken * seconds / CALLS_A_TURN / took))
        return {"steps": self._steps}

    def turn(self, seconds: float, least_steps: int) -> dict[str, Any]:
        """Take steps for at least so long, from the start; the first, which finds cold caches, are not counted."""
        contender = self._contender
        assert contender is not None, "a turn follows a preparation"
        contender.restart()
        contender.run(max(1, self._steps // 10))
        steps = 0
        cpu, before = time.process_time(), time.perf_counter()
        while True:
            steps += contender.run(max(self._steps, least_steps))
            took = time.perf_counter() - before
            if took >= seconds:
                return {"steps": steps, "seconds": took, "cpu_seconds": time.process_time() - cpu}


def main(name: str, answers: TextIO) -> None:
    """Play until the other end of the pipe closes."""
    player = Player(name)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "prepare":
            shape = asked["workload"]
            workload = Workload(**{**shape, "widths": tuple(shape["widths"])})
            answer = player.prepare(workload, asked["optimizer"], asked["seconds"])
        else:
            answer = player.turn(asked["seconds"], asked["steps"])
        print(json.dumps(answer), file=answers, flush=True)


def stay_on_one_core() -> None:
    """Keep this process to the last of its cores, where the system can: one thread then is one, whatever is asked for.

    Waking a thread on another core also costs some libraries more than a small step.
    """
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


if __name__ == "__main__":
    # What a library prints must not come between the answers.
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if sys.argv[2:] == ["pinned"]:
        stay_on_one_core()
    main(sys.argv[1], pipe)
