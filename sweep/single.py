"""One point trained in this very process, to look at it: nothing is published, and a debugger can step in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from search_spaces.point import DesignPoint
from search_spaces.vocabulary import Keep
from sweep.workload import REAL, load_workload
from trainers.results import RunResult
from trainers.task import ReturnScale


def run_alone(
    point: DesignPoint, data_root: Path, device: str, threads: int, tell: Callable[[str], None], workload: str = REAL
) -> tuple[RunResult, ReturnScale]:
    """Train one point from its start, telling every evaluation; returns its result and the scale of its scores."""
    from sweep.device import choose_device
    from trainers.train import PackProgress

    told = 0

    def progress(progress: PackProgress) -> None:
        nonlocal told
        curve = progress.curves.get(point.run_id, ())
        for evaluation in curve[told:]:
            score = progress.scale.score(evaluation.return_mean)
            tell(f"step {evaluation.step:,} of {progress.steps:,}: return {evaluation.return_mean:.2f}, score {score:.3f}")
        told = len(curve)

    load = load_workload(workload)
    hashes = load.prepare_data([point], data_root, {}, tell)
    with TemporaryDirectory(prefix="recipe-sweep-run-") as scratch:
        outcome = load.train_pack(
            [point],
            data_root=data_root,
            data_hash=hashes[point.dataset_id],
            checkpoint_dir=Path(scratch),
            resume_dirs=(),
            device=choose_device(device),
            threads=threads,
            keep=Keep.NONE,
            checkpoint_minutes=60.0,
            progress=progress,
            should_stop=lambda: False,
        )
    return outcome.results[0], outcome.scale
