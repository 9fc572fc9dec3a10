"""Code from outside this package that adds tasks and datasets: found by name, imported once, at the first look at the tasks.

A plugin is a Python module that registers what it brings when it is imported (see `recipe_sweep.trainers.plugins`). It is named
by the environment variable RECIPE_SWEEP_PLUGINS, as `package.module` or as the path of a .py file, several separated by commas;
or an installed package names it as an entry point of the group `recipe_sweep.plugins`, which also reaches other machines.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem, UserInputError

PLUGINS_VARIABLE = "RECIPE_SWEEP_PLUGINS"
ENTRY_POINT_GROUP = "recipe_sweep.plugins"


class PluginError(UserInputError):
    """A plugin cannot be imported, or registers something that contradicts what is there."""


@dataclass
class _Once:
    """Whether this process has begun to import plugins; these look at the tasks themselves while they register."""

    begun: bool = False


_once = _Once()


def load_plugins() -> None:
    """Import every plugin that is named, the first time this is called; raises PluginError naming all that fail."""
    if _once.begun:
        return
    _once.begun = True
    problems = []
    for name, place in _named():
        try:
            _import(name)
        except (ImportError, OSError, SyntaxError) as error:
            found = f"{type(error).__name__}: {error}"
            problems.append(
                Problem(file=place, key=name, found=found, expected="an importable module, or the path of a .py file")
            )
    if problems:
        _once.begun = False  # so that the next look says it again, rather than that a task is unknown
        raise PluginError(*problems)


def _named() -> list[tuple[str, str]]:
    """Names of modules or files, each with who named it."""
    listed = [name.strip() for name in os.environ.get(PLUGINS_VARIABLE, "").split(",")]
    by_variable = [_absolute(name) for name in listed if name]
    if by_variable:
        os.environ[PLUGINS_VARIABLE] = ",".join(by_variable)  # processes started from here may run in another directory
    installed = [(point.module, f"entry point {point.name}") for point in entry_points(group=ENTRY_POINT_GROUP)]
    return [*((name, f"${PLUGINS_VARIABLE}") for name in by_variable), *installed]


def _absolute(name: str) -> str:
    return str(Path(name).expanduser().resolve()) if name.endswith(".py") else name


def _import(name: str) -> None:
    if not name.endswith(".py"):
        importlib.import_module(name)
        return
    path = Path(name)
    spec = importlib.util.spec_from_file_location(f"recipe_sweep_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the module of a class
    spec.loader.exec_module(module)
