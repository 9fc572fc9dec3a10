"""Publishes a complete pack: its rows and weights, in one step that happens at most once.

The weights go first, under a name of their own attempt. Then the rows go under the name of the pack, which must be new. They
are published only while this launch's epoch is the current one. So if a results file exists, everything that it names exists,
too. A process that comes too late leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.points import canonical_text
from recipe_sweep.sweep.results.schema import KEEP_METADATA, POINT_COLUMNS, SCHEMA
from recipe_sweep.sweep.results.weights import publish_weights
from recipe_sweep.trainers.outcome import PackOutcome
from recipe_sweep.trainers.results import RunResult, RunStatus
from recipe_sweep.trainers.task import ReturnScale

COLUMNS_OF_THE_POINT = tuple(field.name for field in POINT_COLUMNS if field.name != "point")
LAST_EVALUATIONS = 3


class Provenance(NamedTuple):
    """How a pack was run. This is recorded with its rows and is never part of a run's identity.

    `machine` is the kind of machine. `pack_dependent` means that the last digits of a run depend on the others of its pack.
    """

    epoch: int
    attempt: int
    code_version: str
    torch_version: str
    device: str
    threads: int
    host: str
    started_at: datetime
    finished_at: datetime
    machine: str | None = None
    pack_dependent: bool = False


class Publisher(Protocol):
    """Makes rows and weights of a pack visible, in one step that happens at most once."""

    @property
    def paths(self) -> SweepPaths: ...

    def publish(self, write_rows: Callable[[Path], None], weights: Path | None) -> None: ...


def publish(files: Publisher, pack: Pack, outcome: PackOutcome, provenance: Provenance, keep: Keep) -> None:
    """Publish the results of a complete pack by way of its files.

    Raises LeaseLostError if another launch has taken over the sweep. Raises AlreadyPublishedError if the pack's results already
    exist. Raises ValueError if the outcome is not this pack's. After an error nothing is left behind.
    """
    table = results_table(pack, outcome, provenance, keep)
    weights = files.paths.pack_weights(pack.pack_id, provenance.epoch, provenance.attempt)
    if keep is not Keep.NONE:
        missing = {result.run_id for result in outcome.results if result.status is not RunStatus.PRUNED} - set(outcome.weights)
        if missing:
            raise ValueError(f"{len(missing)} runs came without the weights that are to be kept, e.g. {min(missing)}")
        publish_weights(weights, outcome.weights, keep)
    published = False

    def write_rows(path: Path) -> None:
        pq.write_table(table, path.absolute(), compression="zstd")  # pyarrow reads a leading ~ as the home directory

    try:
        files.publish(write_rows, None if keep is Keep.NONE else weights)
        published = True
    finally:
        if not published:
            weights.unlink(missing_ok=True)


def results_table(pack: Pack, outcome: PackOutcome, provenance: Provenance, keep: Keep) -> pa.Table:
    """Build the rows of a complete pack, in lane order, of schema `SCHEMA`. Raises ValueError if the outcome does not fit."""
    run_ids = tuple(result.run_id for result in outcome.results)
    if not outcome.complete or run_ids != pack.run_ids:
        raise ValueError(f"outcome of {len(run_ids)} runs (complete: {outcome.complete}) does not fit pack {pack.pack_id}")
    lanes = len(pack.points)
    shared = {
        "pack_id": pack.pack_id,
        "lanes": lanes,
        "data_hash": outcome.data_hash,
        "wall_s": outcome.wall_s / lanes,
        "cpu_s": outcome.cpu_s / lanes,
        "evaluation_s": None if outcome.evaluation_s is None else outcome.evaluation_s / lanes,
        **provenance._asdict(),
    }
    rows = [
        _point_columns(point) | _outcome_columns(result, outcome.scale) | shared
        for point, result in zip(pack.points, outcome.results, strict=True)
    ]
    schema = SCHEMA.with_metadata({**SCHEMA.metadata, KEEP_METADATA: keep.value.encode()})
    return pa.Table.from_pylist(rows, schema=schema)


def _point_columns(point: DesignPoint) -> dict[str, object]:
    return {name: getattr(point, name) for name in COLUMNS_OF_THE_POINT} | {"point": canonical_text(point)}


def _outcome_columns(result: RunResult, scale: ReturnScale) -> dict[str, object]:
    returns = [evaluation.return_mean for evaluation in result.curve]
    rates = [evaluation.win_rate for evaluation in result.curve if evaluation.win_rate is not None]
    return {
        "status": result.status,
        "diverged_step": result.diverged_step,
        **_scores(returns, scale),
        "scale_min": scale.minimum,
        "scale_max": scale.maximum,
        "curve_step": [evaluation.step for evaluation in result.curve],
        "curve_return": returns,
        "curve_return_std": [evaluation.return_std for evaluation in result.curve],
        "diagnostics_step": list(result.diagnostics_steps),
        "diagnostics": list(result.diagnostics.items()),
        "win_rate": rates[-1] if rates else None,
        "curve_win_rate": rates or None,
    }


def _scores(returns: Sequence[float], scale: ReturnScale) -> dict[str, float | None]:
    """Score a run by its evaluations. A run that was not evaluated has no score."""
    if not returns:
        return dict.fromkeys(("score", "score_best", "score_last3", "return_final"))
    last = returns[-LAST_EVALUATIONS:]
    return {
        "score": scale.score(returns[-1]),
        "score_best": scale.score(max(returns)),
        "score_last3": scale.score(sum(last) / len(last)),
        "return_final": returns[-1],
    }
