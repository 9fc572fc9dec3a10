"""Distinguishes the user's own code from ours and from libraries, to say where in a plugin an error arose."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sysconfig
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
"""`recipe_sweep`, by the path under which Python imports it. In a checkout its folders are links."""

_OURS = (_PACKAGE, _PACKAGE.parent / "tests")
_LIBRARIES = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts"))
_LONGEST_MESSAGE = 1_000
_plugins: set[Path] = set()
"""Files and folders of plugins, which may be installed among the libraries."""


def add_plugin(module: str) -> None:
    """Count a module, with all of its package, as the user's code. A module that cannot be found is ignored."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return
    for folder in (spec and spec.submodule_search_locations) or ():
        _plugins.add(Path(folder))
    if spec is not None and spec.origin is not None and not spec.submodule_search_locations:
        _plugins.add(Path(spec.origin))


def is_ours(filename: str) -> bool:
    """Say whether a file is one of this package, or one of its tests."""
    return any(Path(filename).is_relative_to(folder) for folder in _OURS)


def is_users(filename: str) -> bool:
    """Say whether a file is the user's.

    It is not if it belongs to us, to Python or to a library. A library that is a plugin counts as the user's.
    """
    path = Path(filename)
    if filename.startswith("<") or is_ours(filename):
        return False
    if any(path.is_relative_to(place) for place in _plugins):
        return True
    return not any(path.is_relative_to(folder) for folder in _LIBRARIES) and "site-packages" not in path.parts


def users_place(error: BaseException) -> str | None:
    """Find the innermost line of the user's code on the way to an error, as `file:line in name`; None if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    found = next((frame for frame in reversed(frames) if is_users(frame.filename)), None)
    return None if found is None else f"{found.filename}:{found.lineno} in {found.name}"


def place_of(function: Callable[..., object]) -> str | None:
    """Find where a function or class of the user begins, as `file:line in name`; None if Python does not know it."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    if not inspect.isroutine(function) and not inspect.isclass(function):
        function = type(function)  # An object that can be called.
    if inspect.isclass(function):
        # inspect.getsourcelines would read the file again, which may have changed or may be gone.
        methods = [each for each in vars(function).values() if inspect.isfunction(each)]
        if not methods:
            return None
        first = min(methods, key=lambda method: method.__code__.co_firstlineno).__code__
        return f"{first.co_filename}:{first.co_firstlineno} in {function.__qualname__}"
    code = getattr(function, "__code__", None)
    return None if code is None else f"{code.co_filename}:{code.co_firstlineno} in {code.co_qualname}"


def error_text(error: BaseException) -> str:
    """Write an error's type and message in one line."""
    message = ""
    with suppress(Exception):  # The user's `__str__` may raise an error.
        message = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {message[:_LONGEST_MESSAGE]}" if message else f"{name}, without a message"
