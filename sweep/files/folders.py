"""Whether a sweep's folders can be used: found out before anything is trained, not when the results are there."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.atomic import TEMPORARY_SUFFIX
from recipe_sweep.sweep.files.paths import SweepPaths


def folders(paths: SweepPaths) -> tuple[Path, ...]:
    """The folders that a launch writes to."""
    return (
        paths.results, paths.weights, paths.packs, paths.attempts, paths.checkpoints, paths.progress, paths.failures,
        paths.logs, paths.lease, paths.launch_file(1).parent,
    )  # fmt: skip


def unusable(wanted: Iterable[Path]) -> Iterator[Problem]:
    """What is wrong with folders of a sweep as they are: links to nowhere, and files in their place."""
    for folder in wanted:
        if folder.is_symlink() and not folder.exists():
            yield Problem(
                str(folder),
                found=f"a link to {ascii(str(folder.readlink()))[1:-1]}, which is not there",
                expected="a directory",
                hint="mount the disk that it points to, or remove the link; what was done is where it points to",
            )
        elif folder.exists() and not folder.is_dir():
            yield Problem(str(folder), found="a file", expected="a directory", hint="move it away")


def check_usable(wanted: Iterable[Path]) -> None:
    """Raise SweepDirectoryError with every one of these folders that cannot be used; makes and writes nothing."""
    problems = tuple(unusable(wanted))
    if problems:
        raise SweepDirectoryError(*problems)


def check_writable(paths: SweepPaths) -> None:
    """Make the folders that a launch writes to, and write into each. Raises SweepDirectoryError with every one that refuses.

    A full disk is not refused: a launch waits for room.
    """
    check_usable(folders(paths))
    problems = []
    for folder in folders(paths):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(suffix=TEMPORARY_SUFFIX, dir=folder)
            os.close(handle)
            Path(name).unlink()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                continue
            found = f"a directory that cannot be written ({error.strerror})"
            problems.append(
                Problem(str(folder), found=found, expected="one that this launch can write", hint="see who owns it")
            )
    if problems:
        raise SweepDirectoryError(*problems)
