"""Results and progress files as a launch would write them, made up in milliseconds, with numbers that are easy to check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import (
    CriticNorm,
    Decomposition,
    Extraction,
    Precision,
    ValueLearning,
)
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import PackProgressFile, RunProgress, write_progress
from recipe_sweep.sweep.results.schema import SCHEMA
from recipe_sweep.trainers.results import CurvePoint, RunStatus
from tests.builders import design_point

START = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)  # results files keep milliseconds only
MINUTES = timedelta(minutes=10)
SCALE = (100.0, 300.0)
STEPS = (100, 200, 300)

POINT = design_point(
    dataset_size=1000,
    decomposition=Decomposition.MIX,
    value_learning=ValueLearning.IQL,
    tau=0.9,
    extraction=Extraction.AWR,
    alpha=3.0,
    critic_norm=CriticNorm.SVN,
    steps=300,
    batch=64,
    hidden=(64, 64),
    eval_every=100,
    eval_episodes=10,
    diagnostics_every=100,
    divergence_bound=1e8,
    precision=Precision.FLOAT32,
)


def points(alphas: Sequence[float] = (1.0, 3.0), seeds: Sequence[int] = (0, 1)) -> list[DesignPoint]:
    """One configuration per alpha, one run per seed."""
    return [replace(POINT, alpha=alpha, seed=seed) for alpha in alphas for seed in seeds]


def return_of(point: DesignPoint, step: int) -> float:
    """What a made-up run scores at a step: easy to aggregate by hand."""
    return 100.0 + step / 10 + 10.0 * point.seed + point.alpha


def curve(point: DesignPoint, steps: Sequence[int] = STEPS) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(step, return_of(point, step), 5.0) for step in steps)


def publish(
    sweep_dir: Path,
    pack_id: str,
    members: Sequence[DesignPoint],
    *,
    steps: Sequence[int] = STEPS,
    diverged: Sequence[int] = (),
    epoch: int = 1,
    shift: float = 0.0,
) -> Path:
    """Write one pack's results; runs whose seed is in `diverged` did, and `shift` is added to every return."""
    rows = [_row(point, pack_id, steps, diverged=point.seed in diverged, epoch=epoch, shift=shift) for point in members]
    path = SweepPaths(sweep_dir).pack_result(pack_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return path


def report_progress(sweep_dir: Path, pack_id: str, members: Sequence[DesignPoint], steps: Sequence[int]) -> Path:
    """Write one pack's progress: every member has been evaluated at `steps`."""
    progress = PackProgressFile(
        pack_id=pack_id,
        runs=tuple(
            RunProgress(point.run_id, point.config_id, json.dumps(point.canonical()), curve(point, steps)) for point in members
        ),
        step=steps[-1] if steps else 0,
        steps=STEPS[-1],
        scale_min=SCALE[0],
        scale_max=SCALE[1],
        started_at=START,
        updated_at=START + len(steps) * timedelta(minutes=1),
    )
    return write_progress(SweepPaths(sweep_dir).progress, progress)


def _row(
    point: DesignPoint, pack_id: str, steps: Sequence[int], *, diverged: bool, epoch: int, shift: float
) -> dict[str, object]:
    returns = [return_of(point, step) + shift for step in steps]
    scores = [(value - SCALE[0]) / (SCALE[1] - SCALE[0]) for value in returns]
    axes = {field: getattr(point, field) for field in ("task", "dataset", "tau", "alpha", "seed")}
    words = ("source", "decomposition", "value_learning", "extraction", "critic_norm", "actor_norm")
    return {
        **axes,
        **{word: str(getattr(point, word)) for word in words},
        "run_id": point.run_id,
        "config_id": point.config_id,
        "point": json.dumps(point.canonical()),
        "status": RunStatus.DIVERGED if diverged else RunStatus.FINISHED,
        "diverged_step": steps[0] if diverged else None,
        "score": scores[-1],
        "score_best": max(scores),
        "score_last3": sum(scores[-3:]) / len(scores[-3:]),
        "return_final": returns[-1],
        "scale_min": SCALE[0],
        "scale_max": SCALE[1],
        "curve_step": list(steps),
        "curve_return": returns,
        "curve_return_std": [5.0] * len(steps),
        "diagnostics_step": [steps[0]],
        "diagnostics": [("q_mean", [1.0])],
        "pack_id": pack_id,
        "lanes": 4,
        "epoch": epoch,
        "attempt": 1,
        "data_hash": "0" * 64,
        "code_version": "0.1.0",
        "torch_version": "2.13.0",
        "device": "cpu",
        "threads": 1,
        "host": "test",
        "started_at": _whole_milliseconds(START),
        "finished_at": _whole_milliseconds(START + MINUTES),
        "wall_s": 60.0,
        "cpu_s": 60.0,
    }


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
