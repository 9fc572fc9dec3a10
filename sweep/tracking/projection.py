"""A sweep's results, shown in MLflow: a projection that may be deleted at any time and rebuilt by `project`.

One MLflow run per configuration with its seeds aggregated (or one per run, on request), found again by a tag, so that
projecting twice changes nothing. Where the seeds behind a mean have changed (more of them are done) its values are replaced.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import is_rehearsal
from recipe_sweep.sweep.locks.lease import current_holder, is_held
from recipe_sweep.sweep.results.schema import REHEARSAL
from recipe_sweep.sweep.tracking.client import TrackingError, masked, quiet_client, refusals, without_password
from recipe_sweep.sweep.tracking.entries import Entry, EntryState, KnownRun, entry_of
from recipe_sweep.sweep.tracking.known_runs import SweepRecords
from recipe_sweep.sweep.tracking.recorder import ClientRecorder, Recorder, Shown
from recipe_sweep.sweep.tracking.sqlite_recorder import SQLITE, SqliteRecorder

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

CONFIGS_AT_ONCE = 64  # a transaction of them takes a fraction of a second, for which others wait
VIEW = "recipe"
_COLUMNS = (
    *("attributes.`Duration`", "metrics.`score_mean`", "metrics.`score_std`", "metrics.`return_mean`", "metrics.`runs/seeds`"),
    *("params.`task`", "params.`dataset`", "params.`design`", "params.`alpha`", "params.`tau`", "tags.`status`"),
)
_EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.experiment.primaryMetric.name": "score_mean",
    "mlflow.experiment.primaryMetric.greaterIsBetter": "True",
    # MLflow shows no metric and no parameter until asked; this is its own format of a shared view.
    f"mlflow.sharedViewState.{VIEW}": json.dumps(
        {"selectedColumns": _COLUMNS, "orderByKey": "metrics.`score_mean`", "orderByAsc": False}
    ),
}


class ProjectionBusyError(UserInputError):
    """Another process is writing this sweep's MLflow runs."""


@dataclass(frozen=True)
class ProjectionSummary:
    """What one pass did. `tracking_uri` has its password masked."""

    tracking_uri: str
    experiment: str
    experiment_id: str | None
    created: int = 0
    extended: int = 0
    replaced: int = 0
    unchanged: int = 0

    @property
    def page(self) -> str:
        """What to append to the address of `mlflow ui` to see the sweep as a table of scores."""
        return f"/#/experiments/{self.experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={VIEW}"

    def __str__(self) -> str:
        return self.counts + (f"\ntable    the address of mlflow ui, then {self.page}" if self.experiment_id else "")

    @property
    def counts(self) -> str:
        """One line for a log."""
        total = self.created + self.extended + self.replaced + self.unchanged
        return (
            f"{total} MLflow runs in experiment '{self.experiment}' at {self.tracking_uri}: {self.created} created, "
            f"{self.extended} extended, {self.replaced} replaced, {self.unchanged} unchanged"
        )


def project(
    sweep_dir: Path, per_run: bool = False, tracking_uri: str | None = None, live: bool | None = None
) -> ProjectionSummary:
    """Bring MLflow up to date with the files of a sweep, once.

    `tracking_uri` defaults to $MLFLOW_TRACKING_URI, then to `mlflow.db` in the sweep's directory. `live` says whether a launch
    is under way, so that unfinished runs are RUNNING rather than KILLED; by default the sweep's lease is asked.

    Raises:
        ProjectionBusyError: another process is at it, e.g. the one that `launch` starts.
        TrackingError: the tracking server or its database could not be reached, or refused.
    """
    paths = SweepPaths(sweep_dir)
    if live is None:
        holder = current_holder(paths.lease)
        live = holder is not None and is_held(paths.lease, holder)
    projection = Projection(sweep_dir, per_run=per_run, tracking_uri=tracking_uri)
    with projection_lock(sweep_dir, wait=False):
        try:
            return projection.update(live=live)
        except refusals() as error:
            raise TrackingError(projection.explain(error)) from error


@contextmanager
def projection_lock(sweep_dir: Path, wait: bool) -> Iterator[None]:
    """Be the only process that writes this sweep's MLflow runs; the lock goes with the process, however it ends."""
    import fcntl

    path = SweepPaths(sweep_dir).logs / "mlflow.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise ProjectionBusyError(
                f"{sweep_dir}: a running launch is writing these MLflow runs already; wait for it to end, then try again"
            ) from None
        yield


class Projection:
    """Writes the entries of one sweep; keeps in memory what it has written, so that a quiet pass costs no query."""

    def __init__(self, sweep_dir: Path, per_run: bool = False, tracking_uri: str | None = None) -> None:
        self._sweep_dir = sweep_dir.resolve()
        self._per_run = per_run
        self._uri = (
            tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{SweepPaths(self._sweep_dir).mlflow_db}"
        )
        self._records = SweepRecords(self._sweep_dir)
        self._rehearsal = is_rehearsal(SweepPaths(self._sweep_dir))
        self._connected: Recorder | None = None
        self._pending: set[str] = set()
        self._under_way: set[str] = set()
        self._live: bool | None = None

    @property
    def experiment(self) -> str:
        """One experiment per sweep, and another for its single runs: their rows must not stand among the aggregates."""
        name = f"{REHEARSAL} {self._sweep_dir.name}" if self._rehearsal else self._sweep_dir.name
        return f"{name} (every run)" if self._per_run else name

    @property
    def database_vanished(self) -> bool:
        """Whether the SQLite file was deleted under our feet; MLflow would go on writing into the deleted file."""
        written = self._connected is not None and self._uri.startswith(SQLITE)
        return written and not Path(self._uri.removeprefix(SQLITE)).exists()

    def explain(self, error: Exception) -> str:
        """An error's message, fit for a log: MLflow puts the whole address into it."""
        return without_password(str(error), self._uri)

    def update(self, live: bool) -> ProjectionSummary:
        """One pass: read what is new, write what differs. Safe to repeat after any failure."""
        # Kept until written: a pass that fails half way must not forget the rest.
        self._pending |= self._records.refresh()
        groups = self._records.by_config()
        if live != self._live:
            self._pending |= set(groups)
        counts: Counter[str] = Counter()
        for config_ids in _portions(sorted(self._pending), CONFIGS_AT_ONCE):
            entries = [entry for config_id in config_ids for entry in self._entries(groups.get(config_id, []), live)]
            counts += self._write(entries)
            self._pending -= set(config_ids)
        self._live = live
        known = {run.run_id if self._per_run else config_id for config_id, runs in groups.items() for run in runs}
        if vanished := self._under_way - known:  # shown as under way, and no file is left: they failed
            self._recorder.stop(vanished)
            self._under_way -= vanished
        experiment_id = self._connected.experiment_id if self._connected else None
        return ProjectionSummary(masked(self._uri), self.experiment, experiment_id, **counts)

    def _entries(self, runs: list[KnownRun], live: bool) -> Iterator[Entry]:
        groups: Iterable[list[KnownRun]] = ([run] for run in runs) if self._per_run else [runs]
        for group in groups:
            if group:
                entry = entry_of(group, sweep=self._sweep_dir.name, live=live, per_run=self._per_run)
                yield replace(entry, name=f"{REHEARSAL} {entry.name}") if self._rehearsal else entry

    def _write(self, entries: Sequence[Entry]) -> Counter[str]:
        """Make MLflow show the entries; returns how many belong to each count of the summary."""
        if not entries:
            return Counter()
        outcomes = {entry.key: _outcome(entry, self._recorder.shown.get(entry.key)) for entry in entries}
        self._recorder.write([entry for entry in entries if outcomes[entry.key] != "unchanged"])
        running = {entry.key for entry in entries if entry.state is EntryState.RUNNING}
        self._under_way = (self._under_way - outcomes.keys()) | running
        return Counter(outcomes.values())

    @property
    def _recorder(self) -> Recorder:
        if self._connected is None:
            client = quiet_client(self._uri)
            experiment_id = _experiment(client, self.experiment, self._sweep_dir)
            ours = self._uri.startswith(SQLITE)
            self._connected = (
                SqliteRecorder(client, experiment_id, self._uri) if ours else ClientRecorder(client, experiment_id)
            )
        return self._connected


def _outcome(entry: Entry, shown: Shown | None) -> str:
    if shown is None:
        return "created"
    if shown.shows(entry):
        return "unchanged"
    return "extended" if shown.is_behind(entry) else "replaced"


def _experiment(client: MlflowClient, name: str, sweep_dir: Path) -> str:
    """The experiment's id; made, or fetched back from the trash, where need be."""
    from mlflow.entities import LifecycleStage

    present = client.get_experiment_by_name(name)
    if present is None:
        note = f"Projected from {sweep_dir / 'results'}: rows are configurations, aggregated over seeds. Safe to delete."
        experiment_id: str = client.create_experiment(name, tags={"mlflow.note.content": note, **_EXPERIMENT_TAGS})
        return experiment_id
    if present.lifecycle_stage == LifecycleStage.DELETED:
        client.restore_experiment(present.experiment_id)
    return str(present.experiment_id)


def _portions(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
