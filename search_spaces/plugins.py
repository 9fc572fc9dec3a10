"""Code from outside this package that adds tasks and datasets.

A plugin is a Python module that registers what it brings when it is imported (see `recipe_sweep.trainers.plugins`). It is
imported once, when the tasks are first looked at.

The environment variable RECIPE_SWEEP_PLUGINS names plugins, separated by commas. Each is a `package.module` or the path of a
.py file. An installed package can also name its plugin as an entry point of the group `recipe_sweep.plugins`. Such a plugin
reaches other machines, too.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

from recipe_sweep.search_spaces.errors import PluginCodeError as PluginCodeError  # Plugins import both from here.
from recipe_sweep.search_spaces.errors import PluginError as PluginError
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.old_plugin_names import old_names
from recipe_sweep.search_spaces.user_code import add_plugin, error_text, users_place

PLUGINS_VARIABLE = "RECIPE_SWEEP_PLUGINS"
ENTRY_POINT_GROUP = "recipe_sweep.plugins"


@dataclass
class _Once:
    """Whether this process has begun to import plugins. Plugins look at the tasks themselves while they register.

    `problems` are kept, so that every look reports the same. A second import would fail, because the first one already took the
    names.
    """

    begun: bool = False
    problems: tuple[Problem, ...] = ()


_once = _Once()


def load_plugins() -> None:
    """Import every named plugin at the first call. Raises PluginError naming all that fail."""
    if _once.begun:
        if _once.problems:
            raise PluginError(*_once.problems)
        return
    _once.begun = True
    problems: list[Problem] = []
    for name, place in _named():
        try:
            with plugin_code(f"{place}: {name}", "a plugin that can be imported"):
                _import(name)
        except UserInputError as error:
            problems += error.problems
        except PluginCodeError as error:
            problems.append(error.problem)
    if problems:
        _once.problems = tuple(problems)
        raise PluginError(*problems)


@contextmanager
def plugin_code(what: str, expected: str, where: str | None = None) -> Iterator[None]:
    """Run code of a plugin and convert its errors to ours.

    An error names `what` the code is, and the file and line in the plugin. `where` is the place if no line of the plugin is on
    the way to the error. Errors of the user that our own functions find keep their type; `what` and the place are added.

    Raises PluginCodeError for every other error, because a plugin may even call `sys.exit`. KeyboardInterrupt passes through.
    """
    try:
        with old_names():
            yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except PluginCodeError:
        raise  # An inner call has already named its place.
    except UserInputError as error:
        kind = type(error) if type(error).__init__ is UserInputError.__init__ else UserInputError
        raise kind(*(_placed(problem, what, users_place(error) or where) for problem in error.problems)) from error
    except BaseException as error:
        problem = Problem(what, found=error_text(error), expected=expected)
        place = users_place(error) or where
        raise PluginCodeError(_placed(problem, what, place), place) from error


def _placed(problem: Problem, what: str, place: str | None) -> Problem:
    """Add to a problem what it is about, and where in the plugin it arose."""
    at = None if place is None else f"in the plugin: {place}"
    hint = "; ".join(text for text in (problem.hint, at) if text) or None
    return replace(problem, file=what if problem.file is None else problem.file, hint=hint)


def _named() -> list[tuple[str, str]]:
    """List the names of modules or files, each with who named it."""
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
        add_plugin(name)
        importlib.import_module(name)
        return
    path = Path(name)
    spec = importlib.util.spec_from_file_location(f"recipe_sweep_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the module of a class
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]  # A module that is only half imported must not be used.
        raise
