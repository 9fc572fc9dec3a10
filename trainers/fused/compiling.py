"""How the functions of this folder are compiled: when first used, and then kept on disk beside the file, for this processor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache

inner = numba.njit(error_model="numpy", nogil=True)
"""Compile a function that other compiled functions call."""


def entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that Python calls, and keep what was compiled."""
    compiled = inner(function)
    compiled._cache = _Cache(function)
    return compiled


class _Cache(FunctionCache):  # type: ignore[misc]
    """A cache in which other sources of this folder are other functions.

    numba looks only at the file of the function itself. So it would go on with what was compiled from an older tile.
    """

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        return *super()._index_key(signature, codegen), sources()


@cache
def sources() -> str:
    """Hash the files of this folder."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
