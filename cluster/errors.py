"""What can be wrong with a description of machines, or with what is asked of them."""

from __future__ import annotations


class ClusterError(Exception):
    """The machines described do not do: at `key`, `found` was found, and `hint` (None where there is none) is what to do."""

    def __init__(self, key: str, found: str, expected: str, hint: str | None = None) -> None:
        advice = "" if hint is None else f"; {hint}"
        super().__init__(f"{key}: found {found}, expected {expected}{advice}")
        self.key, self.found, self.expected, self.hint = key, found, expected, hint


class StartsNothingError(Exception):
    """A backend was asked to start, show or end machines, but it only uses machines that run already."""


class NoJobError(Exception):
    """The job was never submitted; `expected` is what it would have been."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"found a job that was never submitted, expected {expected}")
        self.expected = expected
