"""What can be wrong with a description of machines."""

from __future__ import annotations


class ClusterError(Exception):
    """The machines described cannot hold even one pack: at `key`, `found` was found, and `hint` is what to do."""

    def __init__(self, key: str, found: str, expected: str, hint: str) -> None:
        super().__init__(f"{key}: found {found}, expected {expected}; {hint}")
        self.key, self.found, self.expected, self.hint = key, found, expected, hint
