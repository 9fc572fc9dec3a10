"""Keys of a store: only the names that we write there.

A key becomes a path in the sweep's directory. Others who may write into a bucket must not choose that path. So every key is
matched against the pattern of its folder first: before it is listed, fetched, stored or removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import StoreKeyError

LONGEST = 200
"""Characters of a key. Our keys have at most 112."""

_PACK = "[0-9a-f]{16}"
_NUMBER = "[0-9]{6,12}"

PATTERNS = {
    "sweep.json": r"sweep\.json",
    "cluster.json": r"cluster\.json",
    "lease": rf"lease/{_NUMBER}\.(?:json|heartbeat|released)",
    "packs": rf"packs/{_PACK}\.json",
    "search": rf"search/{_NUMBER}\.json",
    "launches": rf"launches/{_NUMBER}(?:\.estimate|\.outcome)?\.json",
    "code": r"code/[0-9][0-9A-Za-z.+_-]{0,60}\+src\.[0-9a-f]{12}\.tar\.gz",
    "checkpoints": rf"checkpoints/{_PACK}/(?:step-[0-9]{{1,18}}\.(?:safetensors|json)|state\.json)",
    "weights": rf"weights/{_PACK}\.[0-9]{{1,12}}-[0-9]{{1,9}}\.safetensors",
    "results": rf"results/{_PACK}\.parquet",
    "datasets": r"datasets/[0-9a-f]{64}/(?:card\.json|[a-z][a-z0-9_]{0,40}\.npy)",
}
"""The names that we write, by their folder."""

_OURS = {folder: re.compile(pattern, re.ASCII) for folder, pattern in PATTERNS.items()}


def is_ours(key: str) -> bool:
    """Say whether a key is a name that we write."""
    pattern = _OURS.get(key.partition("/")[0])
    return len(key) <= LONGEST and pattern is not None and pattern.fullmatch(key) is not None


def checked(address: str, key: str) -> str:
    """Return the key, if it is a name that we write. Raises StoreKeyError."""
    if not is_ours(key):
        raise _refused(address, [key])
    return key


def ours(address: str, listed: Iterable[str], prefix: str = "") -> frozenset[str]:
    """Select the keys of a listing that begin with a prefix. Names outside our folders, and markers of folders, are ignored.

    Raises StoreKeyError for a name in one of our folders that we never write. It is also raised for every name that `_steers`
    finds.
    """
    found = {key for key in listed if key and not key.endswith("/")}
    foreign = sorted(key for key in found if not is_ours(key) and (key.partition("/")[0] in PATTERNS or _steers(key)))
    if foreign:
        raise _refused(address, foreign)
    return frozenset(key for key in found if key.startswith(prefix) and is_ours(key))


def inside(root: Path, key: str) -> Path:
    """Return the path of one of our keys under a directory. Raises StoreKeyError if a part of the path is a link."""
    path = root
    for part in key.split("/"):
        path = path / part
        if path.is_symlink():
            problem = Problem(
                str(path),
                found="a link",
                expected="a file or a directory: links in a sweep with a store, or in a store, are not followed",
                hint="replace the link by what it points to",
            )
            raise StoreKeyError(problem)
    return path


def _steers(key: str) -> bool:
    """Say whether a name would lead a path elsewhere: upwards, to the root, or by another system's separator."""
    return key.startswith("/") or "\\" in key or any(part in ("", ".", "..") for part in key.split("/"))


def _refused(address: str, keys: list[str]) -> StoreKeyError:
    more = f", and {len(keys) - 1:,} more such names" if len(keys) > 1 else ""
    return StoreKeyError(
        Problem(
            address,
            key=ascii(keys[0][:LONGEST]),
            found=f"a name that recipe-sweep never writes{more}; nothing was fetched",
            expected="names such as results/0123456789abcdef.parquet",
            hint="find out who else can write into this store, then remove these objects and try again",
        )
    )
