"""The checkout that the tests run in."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TAKEN_BY_USERS = ("sweep", "trainers", "search_spaces", "analysis", "cluster")
"""Names of folders that users have as modules of their own: none of our processes may have a module of such a name."""


def python_files() -> list[Path]:
    """The files of the package, tests, scripts and benchmarks not."""
    return [file for folder in TAKEN_BY_USERS for file in sorted((ROOT / folder).rglob("*.py"))]
