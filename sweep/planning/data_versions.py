"""Which versions of home-made data a sweep keeps: those of its file; without a file, those of its results."""

from __future__ import annotations

from functools import partial

from recipe_sweep.search_spaces.data_versions import DataVersions
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import fields_of_text
from recipe_sweep.sweep.files.sweep_file import read_sweep_file
from recipe_sweep.sweep.results.read import read_rows, readable, result_files


def kept_versions(paths: SweepPaths) -> DataVersions:
    """Read the versions that a sweep keeps; none if it has neither a file nor results.

    A damaged file is no error here, because the commands that need the file name it. Without the file the results say which
    versions their runs have.
    """
    try:
        sweep = read_sweep_file(paths)
    except DamagedFileError:
        sweep = None
    return _versions_of_results(paths) if sweep is None else sweep.versions


def _versions_of_results(paths: SweepPaths) -> DataVersions:
    """Read the versions of all rows. Files that cannot be read are overlooked."""
    found: dict[str, str] = {}
    for table in readable(result_files(paths.results), partial(read_rows, columns=("source", "task", "point"))):
        for row in table.to_pylist():
            if row["source"] == Source.HOMEGROWN:
                found.setdefault(row["task"], fields_of_text(row["point"])["dataset_version"])
    return DataVersions(found)
