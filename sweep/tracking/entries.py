"""What MLflow should show of a sweep: one entry per configuration (or per run), computed from results and progress.

This module does not use MLflow. The same files always give the same entries, so the database may be deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from recipe_sweep.search_spaces.vocabulary import ActorNorm, Decomposition
from recipe_sweep.sweep.files.points import fields_of_text
from recipe_sweep.sweep.results.settings import settings_of
from recipe_sweep.trainers.results import CurvePoint, RunStatus
from recipe_sweep.trainers.task import ReturnScale

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EntryState(StrEnum):
    """MLflow's words for the state of a run. A later launch resumes a KILLED one."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    KILLED = "KILLED"


@dataclass(frozen=True)
class KnownRun:
    """One run of the sweep, as its files are now. `status` and `wall_s` are None while it is being trained."""

    run_id: str
    config_id: str
    seed: int
    point: str
    pack_id: str
    curve: tuple[CurvePoint, ...]
    scale: ReturnScale
    status: RunStatus | None
    started_at: datetime
    seen_at: datetime
    wall_s: float | None


class MetricPoint(NamedTuple):
    """One value of one metric. `timestamp` is in milliseconds since 1970."""

    key: str
    step: int
    value: float
    timestamp: int


@dataclass(frozen=True)
class Entry:
    """One MLflow run as it should be. While the same runs train, `metrics` only grows at its end."""

    key: str
    name: str
    params: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    metrics: tuple[MetricPoint, ...]
    state: EntryState
    start_time: int
    end_time: int | None
    defaults: tuple[tuple[str, str], ...] = ()
    """Further params: settings at the default that a point's JSON leaves out."""

    def fingerprint(self, points: int) -> str:
        """Hash everything but times and `defaults`, with the first `points` metric values.

        Runs that an earlier version wrote lack `defaults`. They are not written again because of that.
        """
        values = [metric[:3] for metric in self.metrics[:points]]
        return _digest([self.name, self.params, values])


def entry_of(runs: Sequence[KnownRun], *, sweep: str, live: bool, per_run: bool) -> Entry:
    """Make the entry of one configuration's runs, or of a single run if `per_run`.

    The curve has only the steps that every known run has reached. So all means are over the same seeds.
    """
    runs = sorted(runs, key=lambda run: (run.seed, run.run_id))
    content = fields_of_text(runs[0].point)
    if not per_run:
        content.pop("seed", None)
    done = all(run.status is not None for run in runs)
    state = EntryState.FINISHED if done else EntryState.RUNNING if live else EntryState.KILLED
    steps = min((tuple(point.step for point in run.curve) for run in runs), key=len)
    metrics = [metric for index, step in enumerate(steps) for metric in _curve_metrics(runs, index, step)]
    if done and steps:
        metrics += _final_metrics(runs, steps[-1])
    return Entry(
        key=runs[0].run_id if per_run else runs[0].config_id,
        name=_name(content),
        params=(("design", _design(content)), *sorted((name, _text(value)) for name, value in content.items())),
        tags=(
            ("config_id", runs[0].config_id),
            ("run_ids", ",".join(run.run_id for run in runs)),
            ("seeds", ",".join(str(run.seed) for run in runs)),
            ("pack_ids", ",".join(sorted({run.pack_id for run in runs}))),
            ("sweep", sweep),
            ("status", _status(runs, state)),
        ),
        metrics=tuple(metrics),
        state=state,
        start_time=_milliseconds(min(run.started_at for run in runs)),
        end_time=None if state is EntryState.RUNNING else _milliseconds(max(run.seen_at for run in runs)),
        defaults=tuple(
            sorted(
                (name, _text(value))
                for name, value in settings_of(content).items()
                if name not in content and value is not None
            )
        ),
    )


def _curve_metrics(runs: Sequence[KnownRun], index: int, step: int) -> list[MetricPoint]:
    """Summarise scores and returns over seeds at one step. The deviation is the sample's (n - 1), absent for one seed."""
    time = max(_time_of(run, index) for run in runs)
    returns = np.array([run.curve[index].return_mean for run in runs])
    scores = np.array([run.scale.score(run.curve[index].return_mean) for run in runs])
    points: list[MetricPoint] = []
    for name, column in (("score", scores), ("return", returns)):
        values = {"mean": column.mean(), "min": column.min(), "max": column.max()}
        if len(column) > 1:
            values["std"] = column.std(ddof=1)
        points += [MetricPoint(f"{name}_{statistic}", step, float(value), time) for statistic, value in values.items()]
    return points


def _final_metrics(runs: Sequence[KnownRun], step: int) -> list[MetricPoint]:
    """Make metrics about the runs behind the means. MLflow shows names with the same part before a slash as a section."""
    time = max(_milliseconds(run.seen_at) for run in runs)
    diverged, pruned = (sum(run.status is ended for run in runs) for ended in (RunStatus.DIVERGED, RunStatus.PRUNED))
    facts = {"seeds": len(runs), "diverged": diverged, "wall_s": sum(run.wall_s or 0.0 for run in runs)}
    facts |= {"pruned": pruned} if pruned else {}
    return [MetricPoint(f"runs/{name}", step, float(value), time) for name, value in facts.items()]


def _time_of(run: KnownRun, index: int) -> int:
    """Determine the time of an evaluation: spread evenly over a finished run's time, else when the live curve was last seen."""
    end = _milliseconds(run.seen_at)
    if run.status is None:
        return end
    start = _milliseconds(run.started_at)
    return start + (end - start) * run.curve[index].step // max(run.curve[-1].step, 1)


def _name(content: dict[str, object]) -> str:
    """Name a configuration for MLflow's narrow column, the most important parts first; normalisations only if unusual."""
    usual = (Decomposition.of(str(content["decomposition"])).critic_norms[0], ActorNorm.ABSMEAN)
    norms = (content["critic_norm"], content["actor_norm"])
    parts = [
        _design(content),
        *([f"a={content['alpha']:g}"] if "alpha" in content else []),
        *([f"t={content['tau']:g}"] if "tau" in content else []),
        *([f"r={content['regularisation']:g}"] if "regularisation" in content else []),
        *([f"{norms[0]}/{norms[1]}"] if norms != usual else []),
        *([f"seed {content['seed']}"] if "seed" in content else []),
        f"{content['task']}/{content['dataset']}",
    ]
    return " ".join(parts)


def _design(content: dict[str, object]) -> str:
    return f"{content['decomposition']}-{content['value_learning']}-{content['extraction']}"


def _status(runs: Sequence[KnownRun], state: EntryState) -> str:
    ends = {ended: sum(run.status is ended for run in runs) for ended in (RunStatus.DIVERGED, RunStatus.PRUNED)}
    words = {EntryState.RUNNING: "running", EntryState.KILLED: "stopped", EntryState.FINISHED: "finished"}
    if state is not EntryState.FINISHED or not any(ends.values()):
        return words[state]
    counts = ((ended.value, count) for ended, count in ends.items() if count)
    return ", ".join(word if count == len(runs) else f"{word} {count} of {len(runs)}" for word, count in counts)


def _text(value: object) -> str:
    return ",".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)  # downwards, as results files do, so that both agree


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:16]
