"""Keeps plugins working that were written before this package had one import name.

They import `trainers.plugins` and `trainers.environments`. While a plugin's code runs, these two names lead to their
successors. A user's own modules of these names come first. Afterwards the names are free again.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_SUCCESSORS = {
    "trainers": "recipe_sweep.trainers",
    "trainers.plugins": "recipe_sweep.trainers.plugins",
    "trainers.environments": "recipe_sweep.trainers.environments.registry",
}


class _Successor(Loader):
    """Gives a module with the public names of its successor."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        found = importlib.import_module(_SUCCESSORS[module.__name__])
        module.__dict__.update({name: value for name, value in vars(found).items() if not name.startswith("__")})


class _OldNames(MetaPathFinder):
    """Finds the old names, and no other name."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        # A user may have a package `trainers`. Its modules are not ours.
        parent = sys.modules.get("trainers")
        if fullname not in _SUCCESSORS or not (parent is None or _is_ours(parent)):
            return None
        return ModuleSpec(fullname, _Successor(), is_package=fullname == "trainers")


@contextmanager
def old_names() -> Iterator[None]:
    """Answer to the old names while a plugin's code runs."""
    finder = _OldNames()
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in _SUCCESSORS:
            if name in sys.modules and _is_ours(sys.modules[name]):
                del sys.modules[name]


def _is_ours(module: ModuleType) -> bool:
    spec = getattr(module, "__spec__", None)
    return spec is not None and isinstance(spec.loader, _Successor)
