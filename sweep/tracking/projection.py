"""Writes a sweep's results to MLflow. This copy may be deleted at any time, and `project` writes it again.

There is one MLflow run per configuration, aggregated over seeds (or one per run, on request). A tag identifies it, so writing
twice changes nothing. If more seeds of a mean are done than before, its values are replaced.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.sweep.errors import ProjectionBusyError, TrackingError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import is_rehearsal
from recipe_sweep.sweep.locks.lease import visible_launch
from recipe_sweep.sweep.results.schema import REHEARSAL
from recipe_sweep.sweep.tracking.client import masked, quiet_client, refusals, without_password
from recipe_sweep.sweep.tracking.database import SQLITE, fault_of, file_of, make, put_aside
from recipe_sweep.sweep.tracking.entries import Entry, EntryState, KnownRun, entry_of
from recipe_sweep.sweep.tracking.experiment import VIEW, experiment_id_of
from recipe_sweep.sweep.tracking.known_runs import SweepRecords
from recipe_sweep.sweep.tracking.recorder import Recorder, Shown

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONFIGS_AT_ONCE = 8  # half a second of calls to MLflow; then the writer checks whether its launch has ended

Progress = Callable[[int, int], None]
"""Called with (runs looked at, all runs)."""


def unheard(*_: object) -> None:
    """Ignore all arguments, and do nothing."""


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
        """Text to append to the address of `mlflow ui` to see the sweep as a table of scores."""
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
    sweep_dir: Path,
    per_run: bool = False,
    tracking_uri: str | None = None,
    live: bool | None = None,
    tell: Callable[[str], None] = unheard,
    progress: Progress = unheard,
) -> ProjectionSummary:
    """Bring MLflow up to date with the files of a sweep, once. If interrupted, the same call continues.

    `tracking_uri` defaults to $MLFLOW_TRACKING_URI, then to `mlflow.db` in the sweep's directory. `live` says whether a launch
    runs, so that unfinished runs are RUNNING and not KILLED; by default the sweep's lease decides. `tell` is called with
    sentences for the user.

    Raises:
        ProjectionBusyError: another process writes, e.g. the one that `launch` starts.
        TrackingError: the tracking server or its database cannot be reached, or refuses.
    """
    paths = SweepPaths(sweep_dir)
    if live is None:
        live = visible_launch(paths.lease) is not None
    projection = Projection(sweep_dir, per_run=per_run, tracking_uri=tracking_uri, tell=tell)
    with projection_lock(sweep_dir, wait=False):
        while True:
            recorded = 0

            def heard(done: int, total: int) -> None:
                nonlocal recorded
                recorded = done
                progress(done, total)

            try:
                return projection.update(live=live, progress=heard)
            except refusals() as error:
                if not recorded:  # Else the failure may be temporary, and the rest is tried again.
                    raise TrackingError(projection.explain(error)) from error


@contextmanager
def projection_lock(sweep_dir: Path, wait: bool) -> Iterator[None]:
    """Be the only process that writes this sweep's MLflow runs. The system releases the lock if the process dies."""
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
    """Writes the entries of one sweep. It remembers what it has written, so that a pass without news costs no query.

    If MLflow cannot use the sweep's own database, the file is renamed and a new one made. `tell` is called with a sentence.
    """

    def __init__(
        self,
        sweep_dir: Path,
        per_run: bool = False,
        tracking_uri: str | None = None,
        tell: Callable[[str], None] = unheard,
    ) -> None:
        self._sweep_dir = sweep_dir.resolve()
        self._per_run = per_run
        given = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        self._uri = given or f"{SQLITE}{SweepPaths(self._sweep_dir).mlflow_db}"
        self._ours = file_of(self._uri) == SweepPaths(self._sweep_dir).mlflow_db
        self._tell = tell
        self._records = SweepRecords(self._sweep_dir)
        self._rehearsal = is_rehearsal(SweepPaths(self._sweep_dir))
        self._client: MlflowClient | None = None
        self._connected: Recorder | None = None
        self._opened = False
        self._pending: set[str] = set()
        self._under_way: set[str] = set()
        self._live: bool | None = None
        self.waiting = 0
        """Runs of the sweep that the last pass did not reach"""

    @property
    def experiment(self) -> str:
        """Name of the sweep's experiment. Single runs have another, so that they are not listed among aggregates."""
        name = f"{REHEARSAL} {self._sweep_dir.name}" if self._rehearsal else self._sweep_dir.name
        return f"{name} (every run)" if self._per_run else name

    @property
    def database_vanished(self) -> bool:
        """Whether the SQLite file was deleted while it was open. MLflow would go on writing into the deleted file."""
        file = file_of(self._uri)
        return self._opened and file is not None and not file.exists()

    def explain(self, error: Exception) -> str:
        """Write an error's message in one line, without the password of the address in it."""
        return without_password(" ".join(str(error).split()), self._uri)

    def reach(self) -> MlflowClient:
        """Load MLflow and open its database, if not done yet. Raises TrackingError or one of `refusals`."""
        if self._client is None:
            self._prepare_file()
            self._client = quiet_client(self._uri)
            self._opened = True
        return self._client

    def update(self, live: bool, progress: Progress = unheard, enough: Callable[[], bool] = lambda: False) -> ProjectionSummary:
        """Make one pass: read what is new, write what differs. Safe to repeat after a failure; ends early once `enough`."""
        # They are kept until written, so that a pass that fails half way does not lose the rest.
        self._pending |= self._records.refresh()
        groups = self._records.by_config()
        if live != self._live:  # Only the state of unfinished runs depends on it.
            self._pending |= {config_id for config_id, runs in groups.items() if any(run.status is None for run in runs)}
            self._live = live
        sizes = {config_id: len(groups.get(config_id, ())) for config_id in self._pending}
        total = self.waiting = sum(sizes.values())
        counts: Counter[str] = Counter()
        progress(0, total)
        try:
            for config_ids in _portions(sorted(self._pending), CONFIGS_AT_ONCE):
                if enough():
                    break
                entries = [entry for config_id in config_ids for entry in self._entries(groups.get(config_id, []), live)]
                counts += self._write(entries)
                self._pending -= set(config_ids)
                self.waiting -= sum(sizes[config_id] for config_id in config_ids)
                progress(total - self.waiting, total)
            known = {run.run_id if self._per_run else config_id for config_id, runs in groups.items() for run in runs}
            if vanished := self._under_way - known:  # shown as running, but without any file: they failed
                self._recorder().stop(vanished)
                self._under_way -= vanished
        except refusals():
            self._client = self._connected = None  # Nobody knows what reached MLflow, so the next pass looks it up.
            raise
        experiment_id = self._connected.experiment_id if self._connected else None
        return ProjectionSummary(masked(self._uri), self.experiment, experiment_id, **counts)

    def _recorder(self) -> Recorder:
        if self._connected is None:
            client = self.reach()
            experiment_id = experiment_id_of(client, self.experiment, self._sweep_dir)
            if not experiment_id:
                raise TrackingError(f"{masked(self._uri)}: what answers there is no MLflow server")
            self._connected = Recorder(client, experiment_id)
        return self._connected

    def _prepare_file(self) -> None:
        """Make sure that MLflow can use the SQLite file. Raises TrackingError if it cannot and the file is not ours."""
        file = file_of(self._uri)
        if file is None:
            return
        if fault := fault_of(file):
            if not self._ours:
                raise TrackingError(f"{file}: {fault}; move it away, or set MLFLOW_TRACKING_URI to another address")
            aside = put_aside(file)
            self._tell(
                f"mlflow.db is unreadable ({fault}); it is kept as {aside.name}, and a new one is rebuilt from the results"
            )
            if self._opened:  # MLflow keeps files open as long as the process lives.
                raise TrackingError(f"{file}: was renamed; the same command makes a new one")
        make(file)

    def _entries(self, runs: list[KnownRun], live: bool) -> Iterator[Entry]:
        groups: Iterable[list[KnownRun]] = ([run] for run in runs) if self._per_run else [runs]
        for group in groups:
            if group:
                entry = entry_of(group, sweep=self._sweep_dir.name, live=live, per_run=self._per_run)
                yield replace(entry, name=f"{REHEARSAL} {entry.name}") if self._rehearsal else entry

    def _write(self, entries: Sequence[Entry]) -> Counter[str]:
        """Make MLflow show the entries; return how many belong to each count of the summary."""
        if not entries:
            return Counter()
        recorder = self._recorder()
        outcomes = {entry.key: _outcome(entry, recorder.shown.get(entry.key)) for entry in entries}
        recorder.write([entry for entry in entries if outcomes[entry.key] != "unchanged"])
        running = {entry.key for entry in entries if entry.state is EntryState.RUNNING}
        self._under_way = (self._under_way - outcomes.keys()) | running
        return Counter(outcomes.values())


def _outcome(entry: Entry, shown: Shown | None) -> str:
    if shown is None:
        return "created"
    if shown.shows(entry):
        return "unchanged"
    return "extended" if shown.is_behind(entry) else "replaced"


def _portions(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
