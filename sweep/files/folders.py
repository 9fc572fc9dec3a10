"""Checks that a sweep's folders can be used. It does so before anything is trained, because afterwards would be too late."""

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
    """List the folders that a launch writes to."""
    return (
        paths.results, paths.weights, paths.packs, paths.attempts, paths.checkpoints, paths.progress, paths.failures,
        paths.logs, paths.lease, paths.launch_file(1).parent, paths.code,
    )  # fmt: skip


def unusable(wanted: Iterable[Path]) -> Iterator[Problem]:
    """Yield what is wrong with folders of a sweep: broken links, and files in their place."""
    for folder in wanted:
        if folder.is_symlink() and not folder.exists():
            yield Problem(
                str(folder),
                found=f"a link to {ascii(str(folder.readlink()))[1:-1]}, which does not exist",
                expected="a directory",
                hint="mount the disk that it points to, because the sweep's results are there; or remove the link",
            )
        elif folder.exists() and not folder.is_dir():
            yield Problem(str(folder), found="a file", expected="a directory", hint="move it away")


def check_usable(wanted: Iterable[Path]) -> None:
    """Raise SweepDirectoryError with every one of these folders that cannot be used. It makes and writes nothing."""
    problems = tuple(unusable(wanted))
    if problems:
        raise SweepDirectoryError(*problems)


def check_writable(paths: SweepPaths) -> None:
    """Make the folders that a launch writes to, and write into each.

    Raises SweepDirectoryError with every folder that cannot be written. A full disk raises no error, because a launch waits for
    room.
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
