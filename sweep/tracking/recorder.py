"""Writes entries as MLflow runs, with public calls of MLflow's client only.

An entry costs three calls: one makes its run, one sends values, parameters and tags together, one sets its state. A process
may be killed after any of them, or lose the server's answer. So the values of a run that is not marked as logged are looked
up before more are added.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recipe_sweep.sweep.tracking.entries import Entry, EntryState, MetricPoint

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

KEY_TAG = "projection_key"
STATE_TAG = "projection_state"
METRICS_PER_CALL = 900  # MLflow takes 1,000 metrics, parameters and tags in one call
PAGE = 1000
LARGEST = 1.7976931348623157e308  # MLflow's databases store this for infinity


@dataclass(frozen=True)
class Shown:
    """An MLflow run as it is: its id, the number of logged metric values, their hash, and its tags and status.

    `unverified` names the metrics of a run that another process wrote. They may have more values than `points`.
    """

    mlflow_id: str
    points: int = 0
    fingerprint: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    state: str = EntryState.RUNNING
    unverified: tuple[str, ...] = ()

    @classmethod
    def of(cls, mlflow_id: str, entry: Entry) -> Shown:
        """Make the record of an MLflow run that shows the whole entry."""
        points = len(entry.metrics)
        return cls(mlflow_id, points, entry.fingerprint(points), entry.tags, entry.state)

    @property
    def mark(self) -> str:
        """The value of `STATE_TAG`, which tells the next process what was logged."""
        return f"{self.points}:{self.fingerprint}"

    def shows(self, entry: Entry) -> bool:
        tagged = set(entry.tags) <= set(self.tags)  # users may add tags of their own
        return tagged and self.state == entry.state and self.points == len(entry.metrics) and self._agrees(entry)

    def is_behind(self, entry: Entry) -> bool:
        """Check whether the logged values are the beginning of the entry's."""
        return self.points == 0 or (self.points <= len(entry.metrics) and self._agrees(entry))

    def _agrees(self, entry: Entry) -> bool:
        return self.fingerprint == entry.fingerprint(self.points)


class Recorder:
    """Writes entries into one experiment. `shown` is what the experiment has, by key, and is kept up to date.

    MLflow cannot remove a logged value. If an entry's values changed, its run goes to MLflow's trash and a new one is made.
    """

    def __init__(self, client: MlflowClient, experiment_id: str) -> None:
        self.experiment_id = experiment_id
        self.shown = shown_runs(client, experiment_id)
        self._client = client

    def write(self, entries: Iterable[Entry]) -> None:
        """Make MLflow show these. After a failure, repeat it with a new recorder, which looks up what MLflow has."""
        for entry in entries:
            present = self.shown.get(entry.key)
            logged = frozenset() if present is None else self._logged(present, entry)
            if present is not None and logged is None:
                self._client.delete_run(self.shown.pop(entry.key).mlflow_id)
                present = None
            missing = [point for point in entry.metrics if point[:2] not in (logged or ())]
            self._log(present or self._create(entry), entry, missing)

    def stop(self, keys: Iterable[str]) -> None:
        """Mark these runs as stopped."""
        for key in self.shown.keys() & set(keys):
            self._client.set_terminated(self.shown[key].mlflow_id, EntryState.KILLED)
            self.shown[key] = replace(self.shown[key], state=EntryState.KILLED)

    def _logged(self, present: Shown, entry: Entry) -> frozenset[tuple[str, int]] | None:
        """Look up the names and steps of an entry that its run has; None if the run has values that the entry does not have."""
        if not present.is_behind(entry):
            return None
        if not present.unverified:
            return frozenset(point[:2] for point in entry.metrics[: present.points])
        wanted = {point[:2]: _as_kept(point) for point in entry.metrics}
        logged = [
            ((key, found.step), repr(found.value))
            for key in present.unverified
            for found in self._client.get_metric_history(present.mlflow_id, key)
        ]
        places = frozenset(place for place, _ in logged)
        agree = all(wanted.get(place) == value for place, value in logged)
        return places if agree and len(places) == len(logged) else None

    def _create(self, entry: Entry) -> Shown:
        tags = {KEY_TAG: entry.key, **dict(entry.tags)}
        run = self._client.create_run(self.experiment_id, start_time=entry.start_time, tags=tags, run_name=entry.name)
        # This is noted before anything else can fail. Else the next pass would create it again.
        self.shown[entry.key] = Shown(run.info.run_id, tags=entry.tags)
        return self.shown[entry.key]

    def _log(self, present: Shown, entry: Entry, missing: Sequence[MetricPoint]) -> None:
        """Append the missing values. The tag that counts them is written last."""
        from mlflow.entities import Metric, Param, RunTag

        *chunks, last = _chunks([Metric(p.key, p.value, p.timestamp, p.step) for p in missing])
        for chunk in chunks:
            self._client.log_batch(present.mlflow_id, metrics=chunk)
        after = Shown.of(present.mlflow_id, entry)
        params = [Param(name, value) for name, value in (*entry.params, *entry.defaults)] if present.points == 0 else []
        changed = [tag for tag in entry.tags if tag not in present.tags]
        tags = [RunTag(name, value) for name, value in (*changed, (STATE_TAG, after.mark))]
        self._client.log_batch(present.mlflow_id, metrics=last, params=params, tags=tags)
        if entry.end_time is not None:
            self._client.set_terminated(present.mlflow_id, entry.state, entry.end_time)
        elif present.state != entry.state:
            self._client.update_run(present.mlflow_id, entry.state)
        self.shown[entry.key] = after


def shown_runs(client: MlflowClient, experiment_id: str) -> dict[str, Shown]:
    """Read what MLflow shows already, by key. If two runs have one key (somebody copied one), delete one."""
    shown: dict[str, Shown] = {}
    token: str | None = None
    while True:
        page = client.search_runs([experiment_id], max_results=PAGE, order_by=["attributes.start_time ASC"], page_token=token)
        for run in page:
            tags: dict[str, str] = run.data.tags
            key = tags.pop(KEY_TAG, None)
            if key is None:
                continue  # a user's own run in our experiment
            if key in shown:
                client.delete_run(shown[key].mlflow_id)
            points, _, fingerprint = tags.pop(STATE_TAG, "0:").partition(":")
            kept = tuple((name, value) for name, value in tags.items() if not name.startswith("mlflow."))
            shown[key] = Shown(run.info.run_id, int(points), fingerprint, kept, run.info.status, tuple(run.data.metrics))
        token = page.token
        if not token:
            return shown


def _as_kept(point: MetricPoint) -> str:
    """Write a value as MLflow returns it, as text, so that NaN equals NaN."""
    return repr(point.value if math.isnan(point.value) else min(max(point.value, -LARGEST), LARGEST))


def _chunks(metrics: list[Metric]) -> list[list[Metric]]:
    """Split metrics into chunks of at most `METRICS_PER_CALL`. There is at least one, which may be empty."""
    return [metrics[start : start + METRICS_PER_CALL] for start in range(0, max(len(metrics), 1), METRICS_PER_CALL)]
