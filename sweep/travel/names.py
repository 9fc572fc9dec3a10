"""The names of files that travel. A worker on another machine may ask for these and write these, and no others.

A name comes from another process, so it is matched against a pattern before it becomes a path. Every name has the id of one
pack, and a worker may touch only the pack that it has claimed. Rounds of a search and the sweep's file are only read.
"""

from __future__ import annotations

import re
from pathlib import Path

from recipe_sweep.sweep.errors import TravelError

LONGEST = 200
"""Characters of a name."""

CHECKPOINTS = "checkpoints/"
"""How the names of checkpoints begin."""

_PACK = r"(?P<pack>[0-9a-f]{16})"
_FILE = r"[A-Za-z0-9][\w.+-]{0,80}"

_OF_A_PACK = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"attempts/{_PACK}/[0-9]{{4,9}}\.json",
        rf"failures/{_PACK}/[0-9]{{4,9}}(?:\.hindered)?\.(?:json|forgiven)",
        rf"progress/{_PACK}\.json",
        rf"{CHECKPOINTS}{_PACK}/{_FILE}",
        rf"logs/{_PACK}/[0-9]{{4,9}}\.log",
        rf"weights/{_PACK}\.[0-9]{{1,12}}-[0-9]{{1,9}}\.safetensors",
        rf"results/{_PACK}\.parquet",
    )
)
_READ = tuple(
    re.compile(pattern, re.ASCII) for pattern in (rf"packs/{_PACK}\.json", r"search/[0-9]{6,12}\.json", r"sweep\.json")
)
COLUMN = re.compile(r"card\.json|[a-z][a-z0-9_]{0,40}\.npy", re.ASCII)
"""A file of a dataset."""
TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)
PACK = re.compile(r"[0-9a-f]{16}", re.ASCII)


def name_of(root: Path, path: Path) -> str:
    """Return the name of a file below `root`."""
    return path.relative_to(root).as_posix()


def checked(name: str, pack_id: str) -> str:
    """Return a name that the worker of this pack may write. Raises TravelError for every other name."""
    if len(name) <= LONGEST and any((found := each.fullmatch(name)) and found["pack"] == pack_id for each in _OF_A_PACK):
        return name
    raise TravelError(f"{name[:LONGEST]!a} is no file of pack {pack_id[:LONGEST]!a}")


def readable(name: str, pack_id: str) -> str:
    """Return a name that the worker of this pack may be sent. Raises TravelError for every other name.

    Some are of other packs, because a pack resumes from the packs that it was cut from.
    """
    if len(name) <= LONGEST and any(each.fullmatch(name) for each in (*_OF_A_PACK, *_READ)):
        return name
    return checked(name, pack_id)
