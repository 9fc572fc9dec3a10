"""Trains one point in this process, so that a debugger can step in. Nothing is published."""

from __future__ import annotations

import csv
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.launch_file import REAL
from recipe_sweep.sweep.files.sweep_file import NO_PINS, DataPins
from recipe_sweep.sweep.worker.data_check import prepared_data
from recipe_sweep.sweep.worker.workload import load_workload
from recipe_sweep.trainers.allocator import keep_memory
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import RunResult
from recipe_sweep.trainers.task import ReturnScale


@dataclass(frozen=True)
class LoneRun:
    """One run to train in this process. `pinned` are the data of its sweep."""

    point: DesignPoint
    data_root: Path
    device: str
    threads: int
    workload: str = REAL
    pinned: DataPins = NO_PINS


class Alone(NamedTuple):
    """The result of one run, and its cost: CPU-seconds of this process while it trained, and the most bytes in use."""

    result: RunResult
    scale: ReturnScale
    cpu_s: float
    peak_bytes: int


def run_alone(lone: LoneRun, tell: Callable[[str], None], advanced: Callable[[int, int], None]) -> Alone:
    """Train one point from its start. `tell` is called with every evaluation, `advanced` with steps done and all steps.

    Raises DataError if its dataset is not the pinned one. Raises UserInputError for a missing device, before data are made.
    """
    from recipe_sweep.sweep.worker.device import check_device, choose_device
    from recipe_sweep.trainers.outcome import PackProgress

    point = lone.point
    check_device(lone.device)
    told = 0

    def progress(progress: PackProgress) -> None:
        nonlocal told
        advanced(progress.step, progress.steps)
        curve = progress.curves.get(point.run_id, ())
        for evaluation in curve[told:]:
            score = progress.scale.score(evaluation.return_mean)
            tell(f"step {evaluation.step:,} of {progress.steps:,}: return {evaluation.return_mean:.2f}, score {score:.3f}")
        told = len(curve)

    keep_memory()
    load = load_workload(lone.workload)
    hashes = prepared_data(load, [point], lone.data_root, lone.pinned, tell, "").contents
    with TemporaryDirectory(prefix="recipe-sweep-run-") as scratch:
        request = TrainRequest(
            points=[point],
            data_root=lone.data_root,
            data_hash=hashes[point.dataset_id],
            checkpoint_dir=Path(scratch),
            device=choose_device(lone.device),
            threads=lone.threads,
            keep=Keep.NONE,
            checkpoint_minutes=60.0,
            progress=progress,
        )
        outcome = load.train_pack(request)
    return Alone(outcome.results[0], outcome.scale, outcome.cpu_s, _peak_bytes())


def write_curve(path: Path, alone: Alone) -> None:
    """Write the run's evaluations as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("step", "return_mean", "return_std", "score"))
        for at in alone.result.curve:
            rows.writerow((at.step, at.return_mean, at.return_std, alone.scale.score(at.return_mean)))


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
