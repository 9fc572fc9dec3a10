"""How long packs take on several slots: list scheduling, as a launch hands them out."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def makespan(seconds: Sequence[float], slots: int) -> float:
    """Compute the seconds until all are done, if each in turn starts on the slot that is free first.

    The result is at least the longest, and at least the sum divided by `slots`. It is at most that quotient plus
    (1 - 1/slots) of the longest (Graham 1969).
    """
    free_at = [0.0] * min(slots, len(seconds))
    for each in seconds:
        heapq.heapreplace(free_at, free_at[0] + each)
    return max(free_at, default=0.0)
