"""How long to wait after a failure before the next try."""

from __future__ import annotations

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 120.0


def wait_s(failures: int) -> float:
    """Compute the seconds to wait after so many failures: twice as long after each, up to a bound."""
    return min(FIRST_WAIT_S * 2.0 ** (min(failures, 30) - 1), LONGEST_WAIT_S)
