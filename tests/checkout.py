"""The checkout that the tests run in."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TAKEN_BY_USERS = ("sweep", "trainers", "search_spaces", "analysis", "cluster")
"""Names of folders that users have as modules of their own: none of our processes may have a module of such a name."""
