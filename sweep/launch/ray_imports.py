"""Imports Ray Tune without pandas and Ray Data. They take half of its time, and a launch uses neither.

This file imports nothing of ours, because a worker reads it before anything else.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

LEFT_OUT = ("pandas", "ray.data")
_OF_TUNE = ("ray.tune", "ray.air", "ray.train")


def import_tune() -> None:
    """Import Ray Tune. If it cannot be imported without these libraries, import it with them."""
    with without_collection():
        try:
            with left_out(LEFT_OUT):
                importlib.import_module("ray.tune")
        except Exception:  # noqa: BLE001 (A changed Ray may fail in any way.)
            for name in [name for name in sys.modules if _within(name, _OF_TUNE)]:
                del sys.modules[name]
            importlib.import_module("ray.tune")


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Stop garbage collection during imports, because a fifth of their time goes into it, and exempt what was imported."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def left_out(names: Sequence[str]) -> Iterator[None]:
    """Let an empty module stand for each of these libraries. Later it passes on to the library, which is imported only then."""
    finder = _Finder(tuple(name for name in names if name not in sys.modules))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        finder.close()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds empty modules."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._made: list[_Empty] = []

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if _within(name, self._names) else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        self._made.append(_Empty(spec.name))
        return self._made[-1]

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module empty."""

    def close(self) -> None:
        """Take the empty modules out of Python's table, so that the next import of each finds the library."""
        for module in self._made:
            sys.modules.pop(module.__name__, None)
            parent, _, name = module.__name__.rpartition(".")
            if vars(sys.modules.get(parent, module)).get(name) is module:
                delattr(sys.modules[parent], name)
            module.pass_on()


class _Empty(ModuleType):
    """A module that has every name, as a class without content, until it passes on to the library."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        vars(self).update(_promised=set(), _passes_on=False)

    def __getattr__(self, name: str) -> Any:
        if vars(self)["_passes_on"]:
            return getattr(importlib.import_module(self.__name__), name)
        if name.startswith("__"):
            raise AttributeError(name)
        self._promised.add(name)
        setattr(self, name, type(name, (), {}))
        return vars(self)[name]

    def pass_on(self) -> None:
        """Forget the classes that stood for the library's names."""
        for name in self._promised:
            vars(self).pop(name, None)
        vars(self)["_passes_on"] = True


def _within(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)
