"""Reads every file of a sweep as its readers do, and finds what is damaged, foreign or no regular file.

The doctor checks the points of results itself, because it reads them anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.estimates.calibration import check_calibration
from recipe_sweep.sweep.estimates.estimate_file import check_estimate, check_outcome
from recipe_sweep.sweep.files import kinds
from recipe_sweep.sweep.files.attempt_file import check_attempt
from recipe_sweep.sweep.files.failure_file import check_failure
from recipe_sweep.sweep.files.kinds import FileKind
from recipe_sweep.sweep.files.launch_file import read_launch
from recipe_sweep.sweep.files.pack_file import read_record
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import check_progress
from recipe_sweep.sweep.files.reading import check_regular
from recipe_sweep.sweep.locks.lease import read_lease
from recipe_sweep.sweep.planning.search_rounds import check_round

_TIMES = (kinds.ESTIMATE.pattern, kinds.OUTCOME.pattern)
"""Files beside those of launches, with longer names."""


def damaged_files(paths: SweepPaths) -> Iterator[DamagedFileError]:
    """Find every damaged file of a sweep."""
    for kind, check in _checks():
        for path in _files(paths.root, kind):
            if kind is kinds.LAUNCH and any(path.match(pattern) for pattern in _TIMES):
                continue
            try:
                check(path)
            except FileNotFoundError:  # Removed since, as files of running packs are.
                continue
            except DamagedFileError as error:
                yield error


def _files(root: Path, kind: FileKind) -> Iterator[Path]:
    """List the files of a kind, with broken links, which `glob` leaves out."""
    folder, _, name = kind.pattern.rpartition("/")
    for directory in sorted(root.glob(folder)) if folder else [root]:
        if directory.is_dir():
            yield from (path for path in sorted(directory.iterdir()) if fnmatchcase(path.name, name))


def _checks() -> tuple[tuple[FileKind, Callable[[Path], object]], ...]:
    from recipe_sweep.sweep.results.weights import check_weights
    from recipe_sweep.sweep.worker.source import check_archive

    def regular(kind: FileKind) -> tuple[FileKind, Callable[[Path], object]]:
        return kind, lambda path: check_regular(path, kind)

    return (
        (kinds.RESULTS, _check_results),
        (kinds.WEIGHTS, check_weights),
        (kinds.PACK, read_record),
        (kinds.ATTEMPT, check_attempt),
        (kinds.FAILURE, check_failure),
        (kinds.LEASE, read_lease),
        (kinds.LAUNCH, read_launch),
        (kinds.ESTIMATE, check_estimate),
        (kinds.OUTCOME, check_outcome),
        (kinds.ROUND, check_round),
        (kinds.CODE, check_archive),
        (kinds.CALIBRATION, check_calibration),
        (kinds.PROGRESS, check_progress),
        *map(regular, (kinds.CLAIM, kinds.LOCK, kinds.HEARTBEAT, kinds.CHECKPOINT, kinds.INDEX, kinds.STORED, kinds.LOG)),
    )


def _check_results(path: Path) -> None:
    from recipe_sweep.sweep.results.done import check_result

    if not path.name.startswith("."):
        check_result(path)
