"""Thousands of offline multi-agent RL trainings, each run exactly once, and the recipe that follows from them.

    >>> import recipe_sweep
    >>> sweep = recipe_sweep.open("sweeps/demo")
    >>> sweep.runs["score"].count()
    np.int64(16)

The folders of this package are at the top of the repository. The entries here are links to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recipe_sweep.search_spaces.errors import RecipeSweepError, UserInputError
    from recipe_sweep.sweep.interface.advice import Advice
    from recipe_sweep.sweep.interface.launching import launch
    from recipe_sweep.sweep.interface.opened import Sweep, open
    from recipe_sweep.trainers.acting import Policy

    __version__: str

__all__ = ["Advice", "Policy", "RecipeSweepError", "Sweep", "UserInputError", "__version__", "launch", "open"]

_PLACES = {
    "Advice": "sweep.interface.advice",
    "Policy": "trainers.acting",
    "RecipeSweepError": "search_spaces.errors",
    "Sweep": "sweep.interface.opened",
    "UserInputError": "search_spaces.errors",
    "launch": "sweep.interface.launching",
    "open": "sweep.interface.opened",
}

if not TYPE_CHECKING:  # Else a type checker would believe in every name.

    def __getattr__(name: str) -> object:
        """Find a public name when it is first used, so that importing the package loads nothing else."""
        if name == "__version__":
            from importlib.metadata import version

            return version("recipe-sweep")
        if name in _PLACES:
            from importlib import import_module

            return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return sorted(__all__)
