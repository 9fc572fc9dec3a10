"""Entries written straight into MLflow's SQLite tables: many configurations in one transaction.

MLflow's calls make seven transactions of a configuration and look every object up again, 37 ms of processor time; a sweep has
thousands. The tables are MLflow's own definitions, made and migrated by MLflow before we touch them, and a transaction leaves
an entry whole or not at all. What is written here reads as if MLflow had logged it, which the tests compare.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from recipe_sweep.sweep.tracking.entries import Entry, EntryState, MetricPoint
from recipe_sweep.sweep.tracking.recorder import KEY_TAG, STATE_TAG, Shown, shown_runs

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy import Connection

SQLITE = "sqlite:///"
LARGEST = 1.7976931348623157e308  # what MLflow writes for infinity, which SQL has not

Row = dict[str, Any]


class SqliteRecorder:
    """As `ClientRecorder`, but where an entry's values changed its run stays, with the new ones."""

    def __init__(self, client: MlflowClient, experiment_id: str, tracking_uri: str) -> None:
        from sqlalchemy import create_engine

        self.experiment_id = experiment_id
        self.shown = shown_runs(client, experiment_id)
        self._experiment: Row = {"experiment_id": int(experiment_id)}
        self._artifacts = client.get_experiment(experiment_id).artifact_location.rstrip("/")
        self._engine = create_engine(tracking_uri)

    def write(self, entries: Sequence[Entry]) -> None:
        rows, after = _Rows(), {}
        for entry in entries:
            present = self.shown.get(entry.key)
            shown = after[entry.key] = Shown.of(present.mlflow_id if present else uuid.uuid4().hex, entry)
            if present is None:
                rows.create(entry, shown, self._experiment | {"artifact_uri": f"{self._artifacts}/{shown.mlflow_id}/artifacts"})
            rows.log(entry, shown, present)
        with self._engine.begin() as connection:
            rows.execute(connection)
        self.shown |= after

    def stop(self, keys: Collection[str]) -> None:
        after = {key: replace(self.shown[key], state=EntryState.KILLED) for key in keys}
        rows = _Rows(states=[_state_row(shown, time.time_ns() // 1_000_000) for shown in after.values()])
        with self._engine.begin() as connection:
            rows.execute(connection)
        self.shown |= after


@dataclass
class _Rows:
    """What one transaction writes, by table; `stale` are the ids of runs whose values all go first."""

    stale: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    states: list[Row] = field(default_factory=list)
    metrics: list[Row] = field(default_factory=list)
    params: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)

    def create(self, entry: Entry, shown: Shown, place: Row) -> None:
        """A run as MLflow's own call makes it."""
        self.runs.append(
            {"run_uuid": shown.mlflow_id, "name": entry.name, "start_time": entry.start_time, **place}
            | {"source_type": "UNKNOWN", "source_name": "", "source_version": "", "entry_point_name": "", "user_id": "unknown"}
        )
        self._tag(shown, KEY_TAG, entry.key)
        self._tag(shown, "mlflow.runName", entry.name)

    def log(self, entry: Entry, shown: Shown, present: Shown | None) -> None:
        """Everything that the entry has and its run, as it is at present, lacks."""
        logged = present.points if present is not None and present.is_behind(entry) else 0
        if present is not None and not logged:
            self.stale.append({"id": shown.mlflow_id})
        self.states.append(_state_row(shown, entry.end_time))
        self.metrics += [_metric_row(shown, point) for point in entry.metrics[logged:]]
        if not logged:
            self.params += [{"run_uuid": shown.mlflow_id, "key": name, "value": value} for name, value in entry.params]
        for name, value in (*entry.tags, (STATE_TAG, shown.mark)):
            self._tag(shown, name, value)

    def execute(self, connection: Connection) -> None:
        from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
        from sqlalchemy import bindparam

        models = (SqlRun, SqlMetric, SqlLatestMetric, SqlParam, SqlTag)
        runs, metrics, latest, params, tags = (model.__table__ for model in models)
        # Values come in the order of their steps, so the last of a name is its latest.
        newest = {(row["run_uuid"], row["key"]): row for row in self.metrics}
        for statement, rows in (
            (metrics.delete().where(metrics.c.run_uuid == bindparam("id")), self.stale),
            (latest.delete().where(latest.c.run_uuid == bindparam("id")), self.stale),
            (runs.insert(), self.runs),
            (runs.update().where(runs.c.run_uuid == bindparam("id")), self.states),
            (metrics.insert(), self.metrics),
            (latest.insert().prefix_with("OR REPLACE"), list(newest.values())),
            (params.insert().prefix_with("OR REPLACE"), self.params),
            (tags.insert().prefix_with("OR REPLACE"), self.tags),
        ):
            if rows:
                connection.execute(statement, rows)

    def _tag(self, shown: Shown, key: str, value: str) -> None:
        self.tags.append({"run_uuid": shown.mlflow_id, "key": key, "value": value})


def _state_row(shown: Shown, end_time: int | None) -> Row:
    return {"id": shown.mlflow_id, "status": str(shown.state), "end_time": end_time}


def _metric_row(shown: Shown, point: MetricPoint) -> Row:
    is_nan = math.isnan(point.value)
    value = 0.0 if is_nan else min(max(point.value, -LARGEST), LARGEST)
    place = {"run_uuid": shown.mlflow_id, "key": point.key, "step": point.step, "timestamp": point.timestamp}
    return place | {"value": value, "is_nan": is_nan}
