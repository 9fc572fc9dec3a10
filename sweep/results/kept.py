"""Finds the weights that a sweep kept of one run, and says what to do if it kept none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import SweepDirectoryError, UnknownRunError
from recipe_sweep.sweep.files.kinds import RESULTS
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import meaningful
from recipe_sweep.sweep.results.done import ResultFile, read_done

if TYPE_CHECKING:
    from recipe_sweep.trainers.play.episode import Trained


class EvaluatedPolicy(NamedTuple):
    """A finished run with its weights, the mean return of its last evaluation, and the device that computed it."""

    trained: Trained
    return_mean: float | None
    """None if the run was not evaluated"""
    device: str


def kept_file(paths: SweepPaths, point: DesignPoint, named: str) -> ResultFile:
    """Find the results file of a finished run whose weights were kept. `named` is how the user named the run.

    Raises UnknownRunError if the run is not done, SweepDirectoryError if it was rehearsed or its weights were not kept.
    """
    done = read_done(paths)
    file = done.file_of.get(point.run_id)
    if file is None or point.run_id in done.pruned:
        state = "a run that is not done" if file is None else "a run that the search pruned"
        raise UnknownRunError(Problem(named, found=state, expected="a finished run"))
    check_trained(paths, file)
    if file.keep is Keep.NONE:
        raise SweepDirectoryError(
            Problem(
                str(paths.lock_file),
                key="keep",
                found="none: no weights were kept",
                expected="actor or all",
                hint="a sweep's first launch fixes this: launch the grid again with --keep actor and another --dir",
            )
        )
    return file


def check_trained(paths: SweepPaths, file: ResultFile) -> None:
    """Raise SweepDirectoryError if a rehearsal made the results up, because then nobody must take its weights for a policy."""
    if file.rehearsal:
        found = "a rehearsal, which trains nothing"
        raise SweepDirectoryError(Problem(str(paths.root), found=found, expected="a sweep whose runs were trained"))


def evaluated_policy(paths: SweepPaths, point: DesignPoint, named: str) -> EvaluatedPolicy:
    """Read a finished run's weights and its last evaluation. Raises as `kept_file`."""
    from recipe_sweep.sweep.results.read import read_rows
    from recipe_sweep.sweep.results.weights import run_weights
    from recipe_sweep.trainers.play.episode import Trained

    file = kept_file(paths, point, named)
    weights = run_weights(paths.pack_weights(file.pack_id, file.epoch, file.attempt), point.run_id)
    path = paths.pack_result(file.pack_id)
    table = read_rows(path, ("run_id", "return_final", "device"))
    with meaningful(path, RESULTS):
        row = next(row for row in table.to_pylist() if row["run_id"] == point.run_id)
        return EvaluatedPolicy(Trained(point, weights), row["return_final"], row["device"])
