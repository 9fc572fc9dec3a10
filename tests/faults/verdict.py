"""What must hold of a sweep that was killed again and again: everything once, and bit for bit that of an undisturbed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
from safetensors.torch import load_file
from torch import Tensor

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.failure_file import START_ERROR, read_failures
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.monitoring.doctor import Severity, examine
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.schema import OUTCOME_COLUMNS, POINT_COLUMNS
from recipe_sweep.sweep.tracking.client import quiet_client
from recipe_sweep.sweep.tracking.projection import project
from tests.faults.moments import Moment, read_moments
from tests.faults.slow_disk import MOMENTS

COLUMNS = [field.name for field in (*POINT_COLUMNS, *OUTCOME_COLUMNS)]


def faults_in(paths: SweepPaths, calm: SweepPaths, points: tuple[DesignPoint, ...]) -> Iterator[str]:
    """Everything that is wrong with a finished sweep, `calm` being the undisturbed one of the same points, in any packs."""
    rows = Counter(
        run_id
        for path in paths.results.glob("*.parquet")
        for run_id in pq.read_table(path, columns=["run_id"])["run_id"].to_pylist()
    )
    wanted = {point.run_id for point in points}
    yield from (f"run {run_id} was lost" for run_id in wanted - rows.keys())
    yield from (f"run {run_id} has {count} rows" for run_id, count in rows.items() if count > 1 or run_id not in wanted)
    yield from (f"doctor: {finding.text}" for finding in examine(paths) if finding.severity is Severity.PROBLEM)
    counted = Counter(each.pack_id for each in read_failures(paths) if not each.hindered and each.cause.error != START_ERROR)
    yield from (f"{count} kills counted as failures of pack {pack}" for pack, count in counted.items())
    yield from _differences(paths, calm)
    yield from _done_again(paths, points[0].eval_every)


def redone_steps(paths: SweepPaths) -> list[int]:
    """How many gradient steps each further try at a pack did again."""
    return [max(before.step - after.resumed, 0) for before, after in _successions(paths)]


def mlflow_faults(paths: SweepPaths, points: tuple[DesignPoint, ...]) -> Iterator[str]:
    """What is wrong with MLflow once it is brought up to date: each configuration has to be there once, and finished."""
    project(paths.root)
    client = quiet_client(f"sqlite:///{paths.mlflow_db}")
    [experiment] = [found for found in client.search_experiments() if found.name.endswith(paths.root.name)]
    states = Counter(run.info.status for run in client.search_runs([experiment.experiment_id], max_results=5000))
    configurations = len({point.config_id for point in points})
    if states != {"FINISHED": configurations}:
        yield f"MLflow has {dict(states)} of {configurations} configurations"


def store_faults(paths: SweepPaths, stored: SweepPaths) -> Iterator[str]:
    """What is wrong with the copy of a sweep in a folder store: it has to have every row and weight as they are."""
    for ours, theirs in ((paths.results, stored.results), (paths.weights, stored.weights)):
        here, there = _contents(ours), _contents(theirs)
        yield from (f"{ours.name}/{name} is not stored" for name in here.keys() - there.keys())
        both = here.keys() & there.keys()
        yield from (f"{ours.name}/{name} is another one in the store" for name in both if here[name] != there[name])


def _contents(folder: Path) -> dict[str, bytes]:
    """Its files, without what a kill left half-written under a name of its own."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}


def _differences(paths: SweepPaths, calm: SweepPaths) -> Iterator[str]:
    """Rows and final parameters that are not those of the undisturbed sweep, whose packs may be others."""
    rows, expected_rows = _rows(paths), _rows(calm)
    for run_id in rows.keys() & expected_rows.keys():
        if repr(rows[run_id]) != repr(expected_rows[run_id]):  # NaN equals NaN, and every bit of the rest counts.
            yield f"the row of run {run_id} differs from the undisturbed one"
    weights, expected = _weights(paths), _weights(calm)
    yield from (f"{name} is only in one of both sweeps" for name in weights.keys() ^ expected.keys())
    for name in weights.keys() & expected.keys():
        if not weights[name].equal(expected[name]):
            yield f"{name} differs from the undisturbed one"


def _rows(paths: SweepPaths) -> dict[str, dict[str, object]]:
    files = (paths.pack_result(file.pack_id) for file in read_done(paths).files)
    return {row["run_id"]: row for file in files for row in pq.read_table(file, columns=COLUMNS).to_pylist()}


def _weights(paths: SweepPaths) -> dict[str, Tensor]:
    files = (paths.pack_weights(file.pack_id, file.epoch, file.attempt) for file in read_done(paths).files)
    return {name: weights for file in files for name, weights in load_file(file).items()}


def _done_again(paths: SweepPaths, interval: int) -> Iterator[str]:
    for before, after in _successions(paths):
        if after.resumed < max(before.saved, before.resumed):
            yield f"pack {after.pack_id} went on from step {after.resumed}, though step {before.saved} was saved"
        if before.step - after.resumed > interval:
            yield f"pack {after.pack_id} did {before.step - after.resumed} steps again, the interval being {interval}"


def _successions(paths: SweepPaths) -> Iterator[tuple[Moment, Moment]]:
    """Tries at one pack that followed upon each other, those that did not get to train left out."""
    of_pack: dict[str, list[Moment]] = {}
    for moment in read_moments(paths.root / MOMENTS):
        if moment.trained:
            of_pack.setdefault(moment.pack_id, []).append(moment)
    for tries in of_pack.values():
        yield from pairwise(tries)
