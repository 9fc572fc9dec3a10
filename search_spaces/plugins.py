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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

from recipe_sweep.search_spaces.errors import PluginCodeError as PluginCodeError  # Who writes a plugin finds both here.
from recipe_sweep.search_spaces.errors import PluginError as PluginError
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.old_plugin_names import old_names
from recipe_sweep.search_spaces.user_code import add_plugin, error_text, users_place

PLUGINS_VARIABLE = "RECIPE_SWEEP_PLUGINS"
ENTRY_POINT_GROUP = "recipe_sweep.plugins"


@dataclass
class _Once:
    """Whether this process has begun to import plugins; these look at the tasks themselves while they register.

    `problems` are kept, so that every look says the same. A second import would find names taken that the first one took.
    """

    begun: bool = False
    problems: tuple[Problem, ...] = ()


_once = _Once()


def load_plugins() -> None:
    """Import every plugin that is named, the first time this is called; raises PluginError naming all that fail."""
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
    """Run code of a plugin, whose errors become ours. They name `what` it is, and the file and line in the plugin.

    `where` stands in where no line of the plugin is on the way to the error. The user's mistakes that our own functions find
    keep their type, and get `what` and the place. Raises PluginCodeError for all else but KeyboardInterrupt, because a plugin
    may even call `sys.exit`.
    """
    try:
        with old_names():
            yield
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except PluginCodeError:
        raise  # It was named nearer to its place.
    except UserInputError as error:
        kind = type(error) if type(error).__init__ is UserInputError.__init__ else UserInputError
        raise kind(*(_placed(problem, what, users_place(error) or where) for problem in error.problems)) from error
    except BaseException as error:
        problem = Problem(what, found=error_text(error), expected=expected)
        place = users_place(error) or where
        raise PluginCodeError(_placed(problem, what, place), place) from error


def _placed(problem: Problem, what: str, place: str | None) -> Problem:
    """The problem with what it is about, and where in the plugin it arose."""
    at = None if place is None else f"in the plugin: {place}"
    hint = "; ".join(text for text in (problem.hint, at) if text) or None
    return replace(problem, file=what if problem.file is None else problem.file, hint=hint)


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
        del sys.modules[spec.name]  # Half of a module is worse than none.
        raise
