"""Who is told how a launch goes, and how long the machines of the launch live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Notice:
    """The environment variable that has the address to tell, and the budget in hours. None where the file says nothing.

    The budget counts from `up_since`. None counts it from the start of the launch.
    """

    variable: str | None = None
    budget_hours: float | None = None
    up_since: datetime | None = None
