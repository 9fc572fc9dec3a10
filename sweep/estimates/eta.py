"""When a sweep will be done, and how sure that is.

Work is counted in operations: a run's cost is its share of what all runs of its kind (those that could share a pack) cost
trained together. Every pack seen gives one pace, seconds per operation: those that this launch finished, over their whole
training, and those that run now, over this attempt so far. The mean pace, every pack weighed by the work that was seen of
it, times the work that is left, over as many packs as run side by side now, is the estimate; but never less than the
slowest running pack needs by its own pace.

The interval is where the truth lies nine times in ten if the packs to come are like those seen: the prediction interval of
Student's t for the mean of m further paces after k seen ones, with m the packs that the remaining work amounts to. Under
four paces there is not enough to say, and none is given. It knows nothing of machines that come and go, nor of kinds of
packs not yet seen.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST_PACES = 4
_Z = statistics.NormalDist().inv_cdf(0.95)


@dataclass(frozen=True)
class Seen:
    """What was seen of one pack: operations done, in how many seconds."""

    work: float
    seconds: float


@dataclass(frozen=True)
class Eta:
    """Seconds to go; `low` and `high` are None where too few packs were seen."""

    seconds: float
    low: float | None = None
    high: float | None = None


def estimate(seen: Sequence[Seen], left: float, side_by_side: int, longest: float = 0.0) -> Eta | None:
    """Seconds until `left` operations are done by so many packs side by side; None where nothing was seen of any pack.

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
    """The 0.95 quantile of Student's t, by the expansion of Cornish and Fisher: within 2 % from three degrees of freedom on."""
    z, n = _Z, freedom
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
