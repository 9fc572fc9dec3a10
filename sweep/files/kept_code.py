"""Writes commands that run with the source of a version, as a sweep keeps it in `code/<version>.tar.gz`."""

from __future__ import annotations

import shlex
from pathlib import Path

from recipe_sweep.search_spaces.pasted import pasted

_SUFFIX = ".tar.gz"


def with_archive(archive: Path, *words: object) -> str:
    """Write a command that unpacks an archive into a new folder, and runs `words` with its code."""
    folder = shlex.quote(f"recipe-sweep-{archive.name.removesuffix(_SUFFIX)}")
    return (
        f"mkdir {folder} && {pasted('tar', '-xzf', archive, '-C')} {folder} && "
        f'PYTHONPATH="$PWD"/{folder} python -m {pasted("recipe_sweep.sweep.cli.main", *words)}'
    )
