"""Which numerics a sweep has, and that no code trains runs of others.

A launch with new code would train such runs with other numbers. Then results of two kinds would stand under one kind of id.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from recipe_sweep.search_spaces.abridged import listing
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import FIRST_NUMERICS, NUMERICS_VERSION, DesignPoint
from recipe_sweep.sweep.errors import DamagedFileError, SweepDirectoryError
from recipe_sweep.sweep.files.kept_code import with_archive
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import fields_of_text
from recipe_sweep.sweep.files.sweep_file import read_sweep_file
from recipe_sweep.sweep.results.read import read_rows, readable, result_files


def kept_numerics(paths: SweepPaths) -> int:
    """Read the numerics of a sweep; those of this code if it has neither a file nor results.

    A damaged file is no error here, because the commands that need the file name it. Without the file the newest of its
    results count.
    """
    try:
        sweep = read_sweep_file(paths)
    except DamagedFileError:
        sweep = None
    return max(_numerics_of_results(paths), default=NUMERICS_VERSION) if sweep is None else sweep.numerics


def _numerics_of_results(paths: SweepPaths) -> Iterable[int]:
    for table in readable(result_files(paths.results), partial(read_rows, columns=("point",))):
        yield fields_of_text(table["point"][0].as_py()).get("numerics", FIRST_NUMERICS)


def refuse_numerics(points: Iterable[DesignPoint], paths: SweepPaths) -> None:
    """Refuse to train points of other numerics than this code has. Raises SweepDirectoryError."""
    other = next((point.numerics for point in points if point.numerics != NUMERICS_VERSION), None)
    if other is not None:
        raise SweepDirectoryError(_problem(other, paths))


def _problem(numerics: int, paths: SweepPaths) -> Problem:
    code = _its_code(paths)
    anew = (
        f"`launch --renumber` trains the grid anew with numerics {NUMERICS_VERSION}, and keeps the old results under their ids"
    )
    return Problem(
        str(paths.root),
        found=f"a sweep of numerics {numerics}, to which this code would add runs of numerics {NUMERICS_VERSION}",
        expected=f"a sweep of numerics {NUMERICS_VERSION}, because the numbers of both do not compare",
        hint=f"{anew}; {code}" if numerics < NUMERICS_VERSION else code,
    )


def _its_code(paths: SweepPaths) -> str:
    """Say how to go on with the code that trained a sweep."""
    kept = sorted(paths.code.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not kept:
        versions = _versions(paths)
        by = f" that trained it ({listing(versions)})" if versions else " that trained it"
        return f"no code is kept in it, so go on with the release of recipe-sweep{by}"
    return f"the code that trained it is kept in {paths.code} and goes on: {with_archive(kept[-1], 'launch', paths.root)}"


def _versions(paths: SweepPaths) -> list[str]:
    tables = readable(result_files(paths.results), partial(read_rows, columns=("code_version",)))
    return sorted({str(version) for table in tables for version in table["code_version"].to_pylist() if version})
