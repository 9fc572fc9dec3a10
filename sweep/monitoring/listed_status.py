"""How far a run is, in the words of lists. The module is small, because the help of commands imports it."""

from __future__ import annotations

from enum import StrEnum


class ListedStatus(StrEnum):
    """How far a listed run is."""

    FINISHED = "finished"
    DIVERGED = "diverged"
    PRUNED = "pruned"
    RUNNING = "running"
    FAILED = "failed"
    """Its last attempt failed, whether it is given up or will be tried again."""
    MISSING = "missing"
    """It is still to be trained."""
