"""A workload that behaves like the trainer without learning: checkpoints, resumes, slices, stops, fails on demand.

Its numbers are a function of a run's id and step alone, so every test can say what a run's curve must be. What it should do
wrong stands in `behaviour.json` in the data directory, which reaches every process of a launch.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.trainers.outcome import NO_FLOORS, Floors, PackOutcome, PackProgress, until_pruned
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import CurvePoint, RunResult, RunStatus
from recipe_sweep.trainers.task import ReturnScale
from tests.checkout import TAKEN_BY_USERS

NAME = "tests.sweep.stand_in"
SCALE = ReturnScale(0.0, 100.0)
PACK_DEPENDENT = False
"""What its outcomes say of themselves"""


@dataclass(frozen=True)
class Behaviour:
    """`step_s` seconds per gradient step; runs whose pack raises, or is killed, once it reaches half its steps.

    `killing` kills the process, `cutting` raises what nobody catches, for launches inside a test's own process. `times` is how
    many attempts of a pack raise before it goes well, None is for ever; `kills` is how many are killed. `hanging` waits in
    the first attempt for a lock that nobody gives back; `refused` raises what a full disk does, as often as `times` says;
    `terminating` is sent SIGTERM in the first attempt.
    """

    step_s: float = 0.0
    raising: tuple[str, ...] = ()
    killing: tuple[str, ...] = ()
    cutting: tuple[str, ...] = ()
    times: int | None = None
    kills: int = 1
    diverging: tuple[str, ...] = ()
    hanging: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    terminating: tuple[str, ...] = ()


class Cut(BaseException):
    """The end of a process, as far as a test inside it can tell."""


def behave(data_root: Path, behaviour: Behaviour) -> None:
    data_root.mkdir(parents=True, exist_ok=True)
    (data_root / "behaviour.json").write_text(json.dumps(asdict(behaviour)))


def data_hash(point: DesignPoint) -> str:
    return f"hash-of-{point.dataset_id}"


def value_at(run_id: str, step: int) -> float:
    """The return of a run at a step."""
    return int(run_id[:6], 16) % 50 + step / 100


def prepare_data(
    points: Iterable[DesignPoint], data_root: Path, pinned: Mapping[str, str], tell: Callable[[str], None]
) -> dict[str, str]:
    return {point.dataset_id: data_hash(point) for point in points}


def train_pack(request: TrainRequest) -> PackOutcome:
    assert not set(TAKEN_BY_USERS) & sys.modules.keys(), "this process has a module under a name that belongs to users"
    points, data_root, progress = request.points, request.data_root, request.progress
    file = data_root / "behaviour.json"
    behaviour = Behaviour(**json.loads(file.read_text())) if file.exists() else Behaviour()
    run_ids = [point.run_id for point in points]
    folders = (request.checkpoint_dir, *request.resume_dirs)
    step = next((_load(folder) for folder in folders if _has(folder, run_ids)), 0)
    first = points[0]
    tried = trainings(data_root)
    kill = any(tried.count(run) < behaviour.kills for run in run_ids if run in behaviour.killing)
    cut = bool(set(behaviour.cutting) & set(run_ids))
    due = [run for run in run_ids if behaviour.times is None or tried.count(run) < behaviour.times]
    bad = [run for run in due if run in behaviour.raising]
    refused = [run for run in due if run in behaviour.refused]
    hang = any(run in behaviour.hanging and run not in tried for run in run_ids)
    terminate = any(run in behaviour.terminating and run not in tried for run in run_ids)
    _note(data_root, "trained", *run_ids)
    progress(_progress(points, step))
    complete, asked_at = True, time.monotonic()
    while step < first.steps:
        time.sleep(behaviour.step_s)
        step += 1
        if step == first.steps // 2:
            if kill:
                os.kill(os.getpid(), 9)
            if terminate:
                os.kill(os.getpid(), signal.SIGTERM)
            if cut:
                raise Cut
            if hang:
                _hang()
            if refused:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if bad:
                raise ArithmeticError(f"run {min(bad)} went wrong at step {step}")
        if step % first.eval_every == 0:
            _save(request.checkpoint_dir, run_ids, step)
            request.saved()
            progress(_progress(points, step))
        if time.monotonic() - asked_at > 0.1:
            asked_at = time.monotonic()
            if request.should_stop() and step < first.steps:
                _save(request.checkpoint_dir, run_ids, step)
                request.saved()
                complete = False
                break
    results = tuple(_result(point, behaviour, request.floors) for point in points)
    ended = [result.run_id for result in results if result.status is not RunStatus.PRUNED]
    kept = [] if request.keep is Keep.NONE else ended
    weights = {run: {"actor": np.full((2,), value_at(run, step), np.float32)} for run in kept}
    return PackOutcome(complete, results, SCALE, str(request.data_hash), weights, 1.0, 0.5, pack_dependent=PACK_DEPENDENT)


def _hang() -> None:
    lock = threading.Lock()
    with lock:
        lock.acquire()


def trainings(data_root: Path) -> list[str]:
    """Every run id once for each time a process began to train it."""
    return [line for path in sorted(data_root.glob("trained-*")) for line in path.read_text().split()]


def _curve(point: DesignPoint, until: int) -> tuple[CurvePoint, ...]:
    steps = range(point.eval_every, until + 1, point.eval_every)
    return tuple(CurvePoint(step, value_at(point.run_id, step), 1.0) for step in steps)


def _result(point: DesignPoint, behaviour: Behaviour, floors: Floors = NO_FLOORS) -> RunResult:
    diverged = point.run_id in behaviour.diverging
    status = RunStatus.DIVERGED if diverged else RunStatus.FINISHED
    diagnostics = {"q_mean": (0.5,)}
    curve = _curve(point, point.steps)
    return until_pruned(RunResult(point.run_id, status, 1 if diverged else None, curve, (0,), diagnostics), floors)


def _progress(points: Sequence[DesignPoint], step: int) -> PackProgress:
    return PackProgress(step, points[0].steps, len(points), 0, {point.run_id: _curve(point, step) for point in points}, SCALE)


def _save(folder: Path, run_ids: Sequence[str], step: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{os.getpid()}.tmp"
    temporary.write_text(json.dumps({"runs": list(run_ids), "step": step}))
    temporary.replace(folder / "state.json")


def _has(folder: Path, run_ids: Sequence[str]) -> bool:
    file = folder / "state.json"
    return file.exists() and set(run_ids) <= set(json.loads(file.read_text())["runs"])


def _load(folder: Path) -> int:
    return int(json.loads((folder / "state.json").read_text())["step"])


def _note(data_root: Path, kind: str, *words: str) -> None:
    with (data_root / f"{kind}-{os.getpid()}").open("a") as file:
        file.write(" ".join(words) + "\n")
