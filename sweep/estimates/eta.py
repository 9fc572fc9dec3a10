"""Estimates when a sweep will be done, and how sure that is.

Work is counted in operations. All runs that could share a pack are costed as if trained together; a run's cost is its share.
Every pack seen gives one pace, in seconds per operation. A pack that this launch finished gives the pace of its whole
training. A running pack gives the pace of this attempt, once it has made enough steps (`shows_pace`).

The estimate is the mean pace times the work that is left, divided by the number of running packs. In the mean, each
pack weighs as much as the work that was seen of it. The estimate is never less than what the slowest running pack needs.

The interval holds the truth nine times in ten if the packs to come are like those seen. It is the prediction interval of
Student's t: for the mean of m further paces after k seen ones. The remaining work amounts to m packs. There is no interval
below four paces. It does not account for machines that come and go, nor for kinds of packs not yet seen.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST_PACES = 4
# Before its first step a pack imports libraries and reads its data. These seconds count as time of its pace, so its first steps
# seem far too slow. Example: after 5 s of start and a step of 10 ms, 10,000 steps seem to take 14 hours. They take 100 s.
# After a tenth of the steps that error is small. A long pack need not wait for that, because two minutes outweigh its start.
LEAST_SHARE = 0.1
"""Share of its steps after which a running pack shows its pace."""
LEAST_SHARE_LATER = 0.01
"""The same after `LATER_S`."""
LATER_S = 120.0
_Z = statistics.NormalDist().inv_cdf(0.95)


@dataclass(frozen=True)
class Seen:
    """What was seen of one pack: operations done, and their seconds."""

    work: float
    seconds: float


@dataclass(frozen=True)
class Eta:
    """Seconds to go; `low` and `high` are None if too few packs were seen."""

    seconds: float
    low: float | None = None
    high: float | None = None


def shows_pace(made: int, wanted: int, seconds: float) -> bool:
    """Decide whether an attempt has `made` enough of its `wanted` steps, in so many seconds, to estimate the rest."""
    share = made / max(wanted, 1)
    return share >= LEAST_SHARE or (seconds >= LATER_S and share >= LEAST_SHARE_LATER)


def estimate(seen: Sequence[Seen], left: float, side_by_side: int, longest: float = 0.0) -> Eta | None:
    """Estimate the seconds until so many packs side by side have done `left` operations; None if no pack was seen.

    `longest` is what the slowest of the running packs needs, in seconds.
    """
    seen = [pack for pack in seen if pack.work > 0 and pack.seconds > 0]
    if not seen or side_by_side < 1:
        return None
    done = sum(pack.work for pack in seen)
    pace = sum(pack.seconds for pack in seen) / done
    seconds = left * pace / side_by_side
    if len(seen) < FEWEST_PACES:
        return Eta(max(seconds, longest))
    to_come = max(left / (done / len(seen)), 1.0)
    spread = statistics.stdev(pack.seconds / pack.work for pack in seen) * math.sqrt(1 / len(seen) + 1 / to_come)
    margin = _student(len(seen) - 1) * spread * left / side_by_side
    return Eta(*(max(bound, longest) for bound in (seconds, seconds - margin, seconds + margin)))


def _student(freedom: int) -> float:
    """Compute the 0.95 quantile of Student's t by the expansion of Cornish and Fisher.

    It is exact within 2 % from three degrees of freedom on.
    """
    z, n = _Z, freedom
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
