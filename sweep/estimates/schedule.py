"""How long packs take on slots side by side: list scheduling, as a launch hands them out."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def makespan(seconds: Sequence[float], slots: int) -> float:
    """Seconds until all are done, where each in turn is started on the slot that is free first.

    Never less than the longest nor than all of them divided by `slots`; never more than that quotient plus
    (1 - 1/slots) of the longest (Graham 1969).
    """
    free_at = [0.0] * min(slots, len(seconds))
    for each in seconds:
        heapq.heapreplace(free_at, free_at[0] + each)
    return max(free_at, default=0.0)
