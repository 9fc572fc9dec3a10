"""Thousands of offline multi-agent RL trainings, each run exactly once, and the recipe they teach.

The folders of this package lie at the top of the repository; what stands for them here are links.
"""

from __future__ import annotations

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Find a public name when it is first used, so that importing the package loads nothing else."""
    if name == "__version__":
        from importlib.metadata import version

        return version("recipe-sweep")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
