"""Thousands of offline multi-agent RL trainings, each run exactly once, and the recipe that follows from them.

The folders of this package are at the top of the repository. The entries here are links to them.
"""

from __future__ import annotations

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Find a public name when it is first used, so that importing the package loads nothing else."""
    if name == "__version__":
        from importlib.metadata import version

        return version("recipe-sweep")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
