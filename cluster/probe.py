"""A question to a cluster that starts nothing there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _any(answer: str) -> bool:
    return True


@dataclass(frozen=True)
class Probe:
    """A command that asks, and what it asks for.

    `remedy` says what to do if it fails, or if `well` does not accept its answer.
    """

    command: tuple[str, ...]
    subject: str
    remedy: str
    well: Callable[[str], bool] = _any
