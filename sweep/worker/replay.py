"""Trains finished runs again, in the setting of their recorded pack, and compares the numbers. Nothing is published.

A run that is trained alone has the recorded bits, with the same code, PyTorch, device, and kind of machine. On a GPU, and with
numerics 1, the order of sums depends on which runs share a pack. There the whole pack is trained again.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.point import NUMERICS_VERSION, DesignPoint
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import DataPins
from recipe_sweep.sweep.planning.search_rounds import floors_of
from recipe_sweep.sweep.results.recorded import RecordedPack, RecordedRun
from recipe_sweep.sweep.worker.data_check import prepared_data
from recipe_sweep.sweep.worker.device import kind_of_machine, torch_version
from recipe_sweep.sweep.worker.source import code_version
from recipe_sweep.sweep.worker.workload import load_workload
from recipe_sweep.trainers.allocator import keep_memory
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import CurvePoint, RunResult, RunStatus

if TYPE_CHECKING:
    from recipe_sweep.trainers.outcome import Arrays, PackOutcome, PackProgress


@dataclass(frozen=True)
class Replay:
    """How to train again: on which data and device, by which workload, and whether each run without its pack in any case."""

    paths: SweepPaths
    data_root: Path
    pinned: DataPins
    device: str
    workload: str
    alone: bool

    def trains_alone(self, pack: RecordedPack) -> bool:
        """Say whether each run of the pack is trained without the others: if asked for, or if that gives the same bits."""
        return self.alone or pack.same_alone


class Compared(NamedTuple):
    """One run, as recorded and as trained again. Differences are the largest ones; None where there is nothing to compare."""

    run_id: str
    pack_id: str
    recorded: float | None
    """score; None if the run was not evaluated"""
    again: float | None
    curve: float | None
    """in units of return"""
    weights: float | None
    equal: bool
    """whether status, curve and kept weights have the same bits"""
    doubts: tuple[str, ...]
    """why other bits would be no fault; empty if the same bits are promised"""

    @property
    def difference(self) -> float | None:
        """Difference of the scores; None without a score."""
        return None if self.recorded is None or self.again is None else self.again - self.recorded

    @property
    def broken(self) -> bool:
        """Whether the promise of the same bits is broken."""
        return not self.equal and not self.doubts


def replay_pack(
    pack: RecordedPack, wanted: Collection[str], how: Replay, advanced: Callable[[int, int], None]
) -> Iterator[Compared]:
    """Train the `wanted` runs of a recorded pack again and compare: each alone, or the whole pack if bits depend on it.

    `advanced` is called with steps done and all steps. Raises DataError if the data are not the recorded ones.
    """
    doubts = tuple(_doubts(pack, how))
    runs = [run for run in pack.runs if run.point.run_id in wanted]
    alone = how.trains_alone(pack)
    for group in ([run] for run in runs) if alone else [runs]:
        points = tuple(run.point for run in group) if alone else pack.points
        outcome = _trained(points, pack, how, advanced)
        results = {result.run_id: result for result in outcome.results}
        for run in group:
            yield _compared(run, results[run.point.run_id], outcome, pack, doubts)


def _trained(
    points: tuple[DesignPoint, ...], pack: RecordedPack, how: Replay, advanced: Callable[[int, int], None]
) -> PackOutcome:
    def progress(progress: PackProgress) -> None:
        advanced(progress.step, progress.steps)

    keep_memory()
    load = load_workload(how.workload)
    prepared_data(load, points[:1], how.data_root, how.pinned, _tell_nobody, "")
    with TemporaryDirectory(prefix="recipe-sweep-replay-") as scratch:
        return load.train_pack(
            TrainRequest(
                points=points,
                data_root=how.data_root,
                data_hash=pack.data_hash,
                checkpoint_dir=Path(scratch),
                device=how.device,
                threads=pack.setting.threads or 1,
                keep=pack.keep,
                checkpoint_minutes=60.0,
                floors=floors_of(how.paths, points),
                progress=progress,
            )
        )


def _tell_nobody(text: str) -> None:
    """Ignore what the data say, because the runs were trained on them before."""


def _doubts(pack: RecordedPack, how: Replay) -> Iterator[str]:
    """Find what may change the last digits."""
    if pack.numerics != NUMERICS_VERSION:
        yield f"numerics {pack.numerics}, here {NUMERICS_VERSION}"
    then = pack.setting
    facts = [
        ("code", then.code_version, code_version()),
        ("torch", then.torch_version, torch_version()),
        ("device", then.device, how.device),
        ("threads", then.threads, then.threads),
        # Files of older versions name the machine, but not its kind.
        ("machine", then.host, socket.gethostname()) if then.machine is None else
        ("kind of machine", then.machine, kind_of_machine(how.device)),
    ]  # fmt: skip
    for name, recorded, now in facts:
        if recorded is None or recorded != now:
            yield f"{name} {'not recorded' if recorded is None else recorded}, here {now}"
    if pack.same_alone:
        return
    if how.alone and len(pack.runs) > 1:
        yield f"trained without the other {counted(len(pack.runs) - 1, 'run')} of its pack"
    if pack.cut:
        yield "cut from a larger pack, in which its first steps may have been taken"


def _compared(
    run: RecordedRun, result: RunResult, outcome: PackOutcome, pack: RecordedPack, doubts: tuple[str, ...]
) -> Compared:
    run_id = run.point.run_id
    curve = _curve_difference(run.curve, result.curve)
    kept, weights = _kept(pack, run_id), outcome.weights.get(run_id, {})
    same_end = (run.status, run.diverged_step) == (result.status.value, result.diverged_step)
    return Compared(
        run_id=run_id,
        pack_id=pack.pack_id,
        recorded=run.score,
        again=outcome.scale.score(result.curve[-1].return_mean) if result.curve else None,
        curve=curve,
        weights=_weights_difference(kept, weights),
        equal=same_end and _bits(run.curve) == _bits(result.curve) and _same(kept, weights),
        doubts=doubts,
    )


def _bits(curve: tuple[CurvePoint, ...]) -> list[tuple[int, str, str, str]]:
    return [(each.step, each.return_mean.hex(), each.return_std.hex(), str(each.win_rate)) for each in curve]


def _curve_difference(then: tuple[CurvePoint, ...], now: tuple[CurvePoint, ...]) -> float | None:
    """Find the largest difference of two curves at the steps that both have."""
    known = {each.step: each.return_mean for each in then}
    return _largest(abs(known[each.step] - each.return_mean) for each in now if each.step in known)


def _kept(pack: RecordedPack, run_id: str) -> Arrays:
    """Read the recorded final weights of a run; none if they were not kept or are gone."""
    from recipe_sweep.sweep.results.weights import run_weights

    pruned = any(run.point.run_id == run_id and run.status == RunStatus.PRUNED for run in pack.runs)
    if pack.weights is None or pruned:
        return {}
    return run_weights(pack.weights, run_id, "np")


def _weights_difference(then: Arrays, now: Arrays) -> float | None:
    import numpy as np

    both = [(then[name], now[name]) for name in then.keys() & now.keys() if then[name].shape == now[name].shape]
    return _largest(float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max(initial=0.0)) for a, b in both)


def _same(then: Arrays, now: Arrays) -> bool:
    return _array_bits(then) == _array_bits(now)


def _array_bits(arrays: Arrays) -> Mapping[str, tuple[str, bytes]]:
    return {name: (str(array.dtype), array.tobytes()) for name, array in arrays.items()}


def _largest(differences: Iterator[float]) -> float | None:
    """Return the largest difference. NaN counts as the largest."""
    found = list(differences)
    return max(found, key=lambda each: (math.isnan(each), each)) if found else None
