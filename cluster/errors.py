"""Errors in a description of machines, or in what is asked of them."""

from __future__ import annotations


class ClusterError(Exception):
    """The described machines are not suitable: at `key`, `found` was found. `hint` says what to do, or is None."""

    def __init__(self, key: str, found: str, expected: str, hint: str | None = None) -> None:
        advice = "" if hint is None else f"; {hint}"
        super().__init__(f"{key}: found {found}, expected {expected}{advice}")
        self.key, self.found, self.expected, self.hint = key, found, expected, hint


class StartsNothingError(Exception):
    """A backend was asked to start, show or end machines, but it only uses machines that already run."""


class NoJobError(Exception):
    """The job was never submitted. `expected` is the kind of job."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"found a job that was never submitted, expected {expected}")
        self.expected = expected
