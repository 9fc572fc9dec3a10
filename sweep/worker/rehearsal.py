"""A rehearsal's workload: it makes up results, so that a whole sweep can be tried before it is paid for.

Its numbers follow from the point alone. They are structured like those of a real sweep:

- effects of the data's quality and of the design's parts
- a best alpha in the middle
- a part of the noise that is shared by seeds
- rising curves, and a few runs that diverge

They mean nothing, so everything made from them says REHEARSAL. A rehearsal needs no data. Its settings are in the sweep's own
directory, which is also its data directory.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Extraction, Keep
from recipe_sweep.sweep.errors import DamagedFileError, SweepDirectoryError
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.kinds import CHECKPOINT
from recipe_sweep.sweep.files.overlooked import overlook
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.reading import read_json
from recipe_sweep.sweep.files.sweep_file import Rehearsal, read_sweep_file
from recipe_sweep.sweep.results.schema import REHEARSAL
from recipe_sweep.sweep.worker.world_scores import Drawn, draw, facts_of
from recipe_sweep.sweep.worker.worlds import World, world_named
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.metrics import names
from recipe_sweep.trainers.outcome import Arrays, PackOutcome, PackProgress, until_pruned
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import CurvePoint, RunResult, RunStatus
from recipe_sweep.trainers.task import ReturnScale

SCALE = ReturnScale(0.0, 100.0)
STOP_CHECK_S = 0.5
LEARNED = 0.6
"""Share of its steps after which a run in a world improves no more."""
WOBBLE = 1.5
"""Standard deviation of one evaluation in a world, in units of reward."""
_CHECKPOINT = "rehearsal.json"


def prepare_data(
    points: Iterable[DesignPoint], data_root: Path, pinned: Mapping[str, str], tell: Callable[[str], None]
) -> dict[str, str]:
    """Return hashes that mark a rehearsal, because it uses no data. Every row has such a hash."""
    return {point.dataset_id: f"{REHEARSAL}-{point.dataset_id}" for point in points}


def train_pack(request: TrainRequest) -> PackOutcome:
    """Pretend to train a pack for as long as the sweep's file says. Resume, checkpoint and stop like the trainer."""
    began, cpu_before = time.monotonic(), time.process_time()
    points, progress = request.points, request.progress
    first, run_ids = points[0], tuple(point.run_id for point in points)
    told = _told(request.data_root)
    results = tuple(until_pruned(result, request.floors) for result in results_in(told.world, points))
    seconds = told.seconds_per_run * len(points)
    folders = (request.checkpoint_dir, *request.resume_dirs)
    done = next((step for folder in folders if (step := _saved_step(folder, run_ids)) is not None), 0)
    progress(_progress(points, results, done))
    complete = True
    for step in _evaluations(first) if seconds else ():
        if step <= done:
            continue
        for part in _moments(seconds * (step - done) / first.steps):
            if request.should_stop():
                complete = False
                break
            progress(
                _progress(points, results, done + int(part * (step - done)))
            )  # as often as the trainer does, because a silent pack counts as stuck
        if not complete:
            break
        done = step
        replace_json(request.checkpoint_dir / _CHECKPOINT, {"run_ids": run_ids, "step": step})
        request.saved()
        progress(_progress(points, results, step))
    ended = [result.run_id for result in results if result.status is not RunStatus.PRUNED]
    weights: dict[str, Arrays] = {} if request.keep is Keep.NONE else {run_id: {"actor": np.zeros(1)} for run_id in ended}
    spent = time.monotonic() - began, time.process_time() - cpu_before
    return PackOutcome(complete, results, SCALE, str(request.data_hash), weights, *spent)


def results_in(world: str | None, points: Sequence[DesignPoint]) -> list[RunResult]:
    """Make up results of runs in the world of this name, or plain ones if there is none.

    Raises SweepDirectoryError if no such world is known.
    """
    made = _made_up_in(world, points)
    return [result if point.evaluate.plays else replace(result, curve=()) for point, result in zip(points, made, strict=True)]


def _made_up_in(world: str | None, points: Sequence[DesignPoint]) -> list[RunResult]:
    if world is None:
        return [made_up(point) for point in points]
    try:
        known = world_named(world)
    except KeyError:
        raise SweepDirectoryError(
            Problem(
                "sweep.json",
                key="rehearsal.world",
                found=ascii(world[:80]),
                expected="a world of this version",
                hint="a newer version of recipe-sweep may know it",
            )
        ) from None
    return world_results(known, points, draw(known, facts_of(points)))


def world_results(world: World, points: Sequence[DesignPoint], drawn: Drawn) -> list[RunResult]:
    """Make results of runs from one draw of a world. The score of a run is that of its last evaluation."""
    returns = SCALE.minimum + (SCALE.maximum - SCALE.minimum) * drawn.scores * drawn.spans
    errors = (SCALE.maximum - SCALE.minimum) * drawn.evaluation_errors * drawn.spans
    wobble = 0.0 if world.chance.tied else WOBBLE
    return [
        _with_last_error(point, _with_end(point, final, wobble, diverged=diverged), error)
        for point, final, error, diverged in zip(
            points, returns.tolist(), errors.tolist(), drawn.diverged.tolist(), strict=True
        )
    ]


def _with_last_error(point: DesignPoint, result: RunResult, error: float) -> RunResult:
    """State a standard deviation over episodes of the last evaluation that gives its mean this standard error."""
    spread = error * math.sqrt(max(point.episodes_at_the_end - 1, 0))
    return replace(result, curve=(*result.curve[:-1], replace(result.curve[-1], return_std=spread)))


def _with_end(point: DesignPoint, final: float, wobble: float, *, diverged: bool) -> RunResult:
    """Make up a run that ends with the return `final`. It has learned everything after `LEARNED` of its steps."""
    noise = generator(point.seed, REHEARSAL, "world", point.run_id)
    stopped = int(point.steps * noise.uniform(LEARNED, 0.9)) if diverged else None
    steps = _evaluations(point)
    lack = np.maximum(0.0, 1.0 - np.array(steps) / (LEARNED * point.steps))
    means = final - 0.8 * abs(final) * lack + noise.normal(0.0, wobble, len(steps))
    means[-1] = final
    spreads = noise.uniform(0.5, 1.5, len(steps)) * wobble * math.sqrt(point.eval_episodes)
    curve = tuple(
        CurvePoint(step, mean, spread) for step, mean, spread in zip(steps, means.tolist(), spreads.tolist(), strict=True)
    )
    recorded = tuple(range(0, point.steps, point.diagnostics_every))
    status = RunStatus.DIVERGED if diverged else RunStatus.FINISHED
    return RunResult(point.run_id, status, stopped, curve, recorded, _diagnostics(point, len(recorded), noise))


def made_up(point: DesignPoint) -> RunResult:
    """Make up the result of one run. It depends on the point and on nothing else."""
    noise = generator(point.seed, REHEARSAL, point.run_id)
    final = _score(point) + float(noise.normal(0.0, 0.03))
    diverged = noise.random() < _divergence(point)
    stopped = int(point.steps * noise.uniform(0.2, 0.9)) if diverged else None
    steps = _evaluations(point)
    time_left = np.exp(-4.0 * np.array([min(step, stopped or step) for step in steps]) / point.steps)
    scores = final * (1.0 - 0.8 * time_left) + noise.normal(0.0, 0.01, len(steps))
    scores = np.where(np.array(steps) > (stopped or point.steps), 0.2 * scores, scores)
    curve = tuple(
        CurvePoint(step, float(mean), float(std))
        for step, mean, std in zip(steps, SCALE.maximum * scores, noise.uniform(2.0, 8.0, len(steps)), strict=True)
    )
    recorded = tuple(range(0, point.steps, point.diagnostics_every))
    return RunResult(
        point.run_id,
        RunStatus.DIVERGED if diverged else RunStatus.FINISHED,
        stopped,
        curve,
        recorded,
        _diagnostics(point, len(recorded), noise),
    )


def _score(point: DesignPoint) -> float:
    """Make up the mean score of a configuration with this seed: main effects, interactions, and noise that seeds share."""
    alpha = point.extraction.rehearsed_alpha if point.alpha is None else point.alpha
    off = abs(math.log10(alpha / point.extraction.rehearsed_alpha)) if alpha > 0.0 else 2.0
    return (
        point.decomposition.rehearsed
        + point.value_learning.rehearsed
        + point.extraction.rehearsed
        - 0.08 * min(off, 2.0)
        + _drawn(0.3, 0.8, 0, "dataset", point.task, point.dataset)
        + _drawn(-0.06, 0.06, 0, "design", point.task, point.decomposition, point.value_learning, point.extraction)
        + _drawn(-0.05, 0.05, point.seed, "seed", point.task, point.dataset)
    )


@cache
def _drawn(low: float, high: float, seed: int, *purpose: str) -> float:
    return float(generator(seed, REHEARSAL, *purpose).uniform(low, high))


def _divergence(point: DesignPoint) -> float:
    """Return the chance that a run diverges. It is larger if a critic without a norm follows the actor."""
    return 0.05 if point.value_learning.follows_actor and point.critic_norm.is_plain else 0.002


def _diagnostics(point: DesignPoint, count: int, noise: np.random.Generator) -> dict[str, tuple[float, ...]]:
    """Make up every metric that the trainer would record of such a run, as often."""
    spec = task_spec(point.task)
    every = names(spec.n_agents, spec.masked, point.decomposition.metrics)
    recorded = [name for name in every if not name.startswith(_absent(point))]
    values = np.exp(np.linspace(0.0, 1.0, count) + noise.normal(0.0, 0.1, (len(recorded), count)))
    return {
        name: tuple((np.minimum(row / 4.0, 1.0) if name == "head_share" else row).tolist())
        for name, row in zip(recorded, values, strict=True)
    }


def _absent(point: DesignPoint) -> tuple[str, ...]:
    """List the beginnings of the names of metrics that such a run does not have."""
    others = {one.metrics for one in Extraction.members()} - {point.extraction.metrics, ""}
    return (*others, *(() if point.decomposition.mixes else ("mixer_", "grad_norm/mixer")))


def _evaluations(point: DesignPoint) -> range:
    return range(point.eval_every, point.steps + 1, point.eval_every)


def _progress(points: Sequence[DesignPoint], results: Sequence[RunResult], step: int) -> PackProgress:
    curves = {result.run_id: tuple(at for at in result.curve if at.step <= step) for result in results}
    diverged = sum(result.diverged_step is not None and result.diverged_step <= step for result in results)
    return PackProgress(step, points[0].steps, len(points), diverged, curves, SCALE)


def _moments(seconds: float) -> Iterator[float]:
    """Wait for so many seconds, and yield the share that has passed, from time to time."""
    began = time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0.0:
        yield 1.0 - left / seconds
        time.sleep(min(left, STOP_CHECK_S))


def _told(root: Path) -> Rehearsal:
    """Read what the sweep's file says of the rehearsal."""
    sweep = read_sweep_file(SweepPaths(root))
    return Rehearsal() if sweep is None or sweep.rehearsal is None else sweep.rehearsal


def _saved_step(folder: Path, run_ids: Sequence[str]) -> int | None:
    """Read the step of a checkpoint that holds all of these runs; None if there is none."""
    try:
        saved = read_json(folder / _CHECKPOINT, _Saved, CHECKPOINT)
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        overlook(error)
        return None
    return saved.step if set(run_ids) <= set(saved.run_ids) else None


@dataclass(frozen=True)
class _Saved:
    """The checkpoint of a rehearsal."""

    step: int
    run_ids: tuple[str, ...]
