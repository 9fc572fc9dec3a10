"""A sweep's results, shown in MLflow: a projection that may be deleted at any time and rebuilt by `project`.

One MLflow run per configuration with its seeds aggregated (or one per run, on request), found again by a tag, so that
projecting twice changes nothing. MLflow cannot take a logged value back; where the seeds behind a mean have changed (a
grid was given more of them) the MLflow run is replaced by a new one and the old one moves to MLflow's trash.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from search_spaces.errors import UserInputError
from sweep.lease import current_holder, is_held
from sweep.lock_file import is_rehearsal
from sweep.mlflow_client import TrackingError, masked, quiet_client, refusals, without_password
from sweep.mlflow_content import Entry, EntryState, KnownRun, entry_of
from sweep.mlflow_records import SweepRecords
from sweep.paths import SweepPaths
from sweep.result_schema import REHEARSAL

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

log = logging.getLogger(__name__)

KEY_TAG = "projection_key"
STATE_TAG = "projection_state"
METRICS_PER_CALL = 900  # MLflow takes 1,000 metrics, parameters and tags in one call
PAGE = 1000
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


@dataclass(frozen=True)
class _Written:
    """An MLflow run as it stands: its id, how many metric values were logged, the hash of these, and its tags and status."""

    mlflow_id: str
    points: int = 0
    fingerprint: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    state: str = EntryState.RUNNING

    def shows(self, entry: Entry) -> bool:
        tagged = set(entry.tags) <= set(self.tags)  # people may add tags of their own
        return tagged and self.state == entry.state and self.points == len(entry.metrics) and self._agrees(entry)

    def is_behind(self, entry: Entry) -> bool:
        """Whether what was logged is the beginning of what should be."""
        return self.points == 0 or (self.points <= len(entry.metrics) and self._agrees(entry))

    def _agrees(self, entry: Entry) -> bool:
        return self.fingerprint == entry.fingerprint(self.points)


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
        self._connection: tuple[MlflowClient, str] | None = None
        self._written: dict[str, _Written] = {}
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
        prefix = "sqlite:///"
        return (
            self._connection is not None and self._uri.startswith(prefix) and not Path(self._uri.removeprefix(prefix)).exists()
        )

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
        counts = dict.fromkeys(("created", "extended", "replaced", "unchanged"), 0)
        for config_id in sorted(self._pending):
            for entry in self._entries(groups.get(config_id, []), live):
                counts[self._write(entry)] += 1
            self._pending.discard(config_id)
        self._live = live
        known = {run.run_id if self._per_run else config_id for config_id, runs in groups.items() for run in runs}
        if self._under_way - known:
            self._end_vanished(known)
        experiment_id = self._connection[1] if self._connection else None
        return ProjectionSummary(masked(self._uri), self.experiment, experiment_id, **counts)

    def _entries(self, runs: list[KnownRun], live: bool) -> Iterator[Entry]:
        groups: Iterable[list[KnownRun]] = ([run] for run in runs) if self._per_run else [runs]
        for group in groups:
            if group:
                entry = entry_of(group, sweep=self._sweep_dir.name, live=live, per_run=self._per_run)
                yield replace(entry, name=f"{REHEARSAL} {entry.name}") if self._rehearsal else entry

    def _write(self, entry: Entry) -> str:
        """Make MLflow show the entry; returns which count of the summary it belongs to."""
        client, experiment_id = self._connect()
        written = self._written.get(entry.key)
        outcome = "created" if written is None else "extended"
        if written is not None and written.shows(entry):
            return "unchanged"
        if written is not None and not written.is_behind(entry):
            client.delete_run(self._written.pop(entry.key).mlflow_id)
            outcome, written = "replaced", None
        if written is None:
            tags = {KEY_TAG: entry.key, **dict(entry.tags)}
            run = client.create_run(experiment_id, start_time=entry.start_time, tags=tags, run_name=entry.name)
            # Remembered before anything else can fail, or the next pass would create it again.
            written = self._written[entry.key] = _Written(run.info.run_id, tags=entry.tags)
        self._log(written, entry)
        return outcome

    def _end_vanished(self, known: set[str]) -> None:
        """A run that this process showed as under way, and of which no file is left, failed: say that it stopped."""
        client, _ = self._connect()
        for key in self._under_way - known:
            client.set_terminated(self._written[key].mlflow_id, EntryState.KILLED)
            self._written[key] = replace(self._written[key], state=EntryState.KILLED)
            self._under_way.discard(key)

    def _log(self, written: _Written, entry: Entry) -> None:
        """Append the values that are missing. The tag that counts them goes last: until it is there they are sent again,
        and MLflow drops a value that it has."""
        from mlflow.entities import Metric, Param, RunTag

        client, _ = self._connect()
        *chunks, last = _chunks([Metric(p.key, p.value, p.timestamp, p.step) for p in entry.metrics[written.points :]])
        for chunk in chunks:
            client.log_batch(written.mlflow_id, metrics=chunk)
        params = [Param(name, value) for name, value in entry.params] if written.points == 0 else []
        progress = f"{len(entry.metrics)}:{entry.fingerprint(len(entry.metrics))}"
        changed = [tag for tag in entry.tags if tag not in written.tags]
        tags = [RunTag(name, value) for name, value in (*changed, (STATE_TAG, progress))]
        client.log_batch(written.mlflow_id, metrics=last, params=params, tags=tags)
        if entry.end_time is not None:
            client.set_terminated(written.mlflow_id, entry.state, entry.end_time)
        elif written.state != entry.state:
            client.update_run(written.mlflow_id, entry.state)
        if entry.state is EntryState.RUNNING:
            self._under_way.add(entry.key)
        else:
            self._under_way.discard(entry.key)
        points, fingerprint = progress.split(":")
        self._written[entry.key] = replace(
            written, points=int(points), fingerprint=fingerprint, tags=entry.tags, state=entry.state
        )

    def _connect(self) -> tuple[MlflowClient, str]:
        if self._connection is None:
            client = quiet_client(self._uri)
            experiment_id = _experiment(client, self.experiment, self._sweep_dir)
            self._written = _written_runs(client, experiment_id)
            self._connection = client, experiment_id
        return self._connection


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


def _written_runs(client: MlflowClient, experiment_id: str) -> dict[str, _Written]:
    """What MLflow shows already, by key; of two runs with one key (somebody copied one) one is dropped."""
    written: dict[str, _Written] = {}
    token: str | None = None
    while True:
        page = client.search_runs([experiment_id], max_results=PAGE, order_by=["attributes.start_time ASC"], page_token=token)
        for run in page:
            tags: dict[str, str] = run.data.tags
            key = tags.pop(KEY_TAG, None)
            if key is None:
                continue  # somebody's own run in our experiment
            if key in written:
                client.delete_run(written[key].mlflow_id)
            points, _, fingerprint = tags.pop(STATE_TAG, "0:").partition(":")
            shown = tuple((name, value) for name, value in tags.items() if not name.startswith("mlflow."))
            written[key] = _Written(run.info.run_id, int(points), fingerprint, shown, run.info.status)
        token = page.token
        if not token:
            return written


def _chunks(metrics: list[Metric]) -> list[list[Metric]]:
    """At least one, the last of which may be empty."""
    return [metrics[start : start + METRICS_PER_CALL] for start in range(0, max(len(metrics), 1), METRICS_PER_CALL)]
