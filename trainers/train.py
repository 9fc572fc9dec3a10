"""Training of one pack, from its points to its results, with any number of interruptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.trainers import checkpoint
from recipe_sweep.trainers.batch import agent_inputs
from recipe_sweep.trainers.checkpoint import Checkpoint, History
from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.data.catalogue import open_dataset
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.divergence import bound_of, tell_bound
from recipe_sweep.trainers.evaluation import Executed, evaluate
from recipe_sweep.trainers.flow_noise import EvaluationNoise
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.lanes import LaneMap
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.metrics import names
from recipe_sweep.trainers.outcome import Arrays, Floors, PackOutcome, PackProgress, is_pruned
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import CurvePoint, RunResult, RunStatus
from recipe_sweep.trainers.sampler import Sampler

POLL_S = 1.0


def lane_order(points: Sequence[DesignPoint]) -> tuple[DesignPoint, ...]:
    """Sort the runs of a pack for training. Runs of one extraction are neighbours, so that they have one loss."""
    return tuple(sorted(points, key=lambda point: (point.extraction, point.actor_norm)))


class PackTrainer:
    """A learner with its data and its history. `advance` takes gradient steps and evaluates."""

    def __init__(
        self,
        points: Sequence[DesignPoint],
        dataset: Dataset,
        *,
        device: str = "cpu",
        kernels: Kernels | None = None,
        threads: int = 1,
        pruned: Collection[str] = (),
    ) -> None:
        first = points[0]
        self.points = lane_order([point for point in points if point.run_id not in pruned])
        self.dataset, self._first = dataset, first
        self._given = tuple(point.run_id for point in points)
        self.lanes = LaneMap.of(self.points)
        place = torch.device(device)
        chosen = replace(kernels, threads=threads) if kernels else Kernels.choose(place, first.precision, threads)
        chosen.set_threads()
        config = LearnerConfig.of(first, chosen, bound_of(first, dataset))
        self.learner = Learner(dataset.spec, config, self.lanes, place)
        models = self.learner.models
        self._sampler = Sampler(
            dataset,
            self.lanes.seeds,
            first.batch,
            models.reads,
            dtype=self.learner.config.dtype,
            device=place,
        )
        self.history = History(curves={point.run_id: [] for point in points})
        self._pending: list[Tensor] = []

    @classmethod
    def over(cls, points: Sequence[DesignPoint], dataset: Dataset, found: Checkpoint) -> PackTrainer:
        """Build the trainer of a pack whose runs were all pruned, from its checkpoint. Its history counts, its lanes do not."""
        trainer = cls(points, dataset)
        trainer.history = found.history
        trainer.learner.steps_taken = found.step
        return trainer

    @property
    def step(self) -> int:
        """Number of gradient steps taken."""
        return self.learner.steps_taken

    @property
    def pack_dependent(self) -> bool:
        """Whether a run's last digits depend on the other runs of its pack."""
        return not self.learner.config.kernels.fused

    @property
    def finished(self) -> bool:
        """Whether all steps were taken, or no run is left."""
        return self.step >= self._first.steps or self.history.pruned.keys() >= set(self._given)

    def advance(self, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Take one gradient step. Evaluate if an evaluation is due, and return whether it was.

        Runs that are not evaluated do nothing then, but their state is saved as often. `meanwhile` is called repeatedly during
        the evaluation, which may take far longer than the step.
        """
        step = self.step
        record = step % self._first.diagnostics_every == 0
        report = self.learner.step(self._sampler.at(step, measured=record), record=record)
        if report.diagnostics is not None:
            self._pending.append(report.diagnostics)
            self.history.diagnostics_steps.append(step)
        due = self.step % self._first.eval_every == 0
        if due and self._first.evaluate.plays:
            self._evaluate(meanwhile)
        return due

    def prune(self, floors: Floors) -> bool:
        """Record the runs whose last evaluation was under their floor as pruned. Return whether there are any."""
        self.fetch()
        last = [(point.run_id, self.history.curves[point.run_id][-1:]) for point in self.points]
        gone = [run_id for run_id, curve in last if any(is_pruned(run_id, each, floors) for each in curve)]
        self.history.pruned |= dict.fromkeys(gone, self.step)
        return bool(gone)

    def fetch(self) -> None:
        """Move the diagnostics recorded since the last call from the device into the history."""
        if not self._pending:
            return
        recorded = torch.stack(self._pending).permute(2, 1, 0).to("cpu", torch.float64).numpy()
        self._pending.clear()
        for point, values in zip(self.points, recorded, strict=True):
            known = self.history.diagnostics.get(point.run_id)
            joined = values if known is None else np.concatenate([_widened(known, len(values)), values], axis=1)
            self.history.diagnostics[point.run_id] = np.ascontiguousarray(joined)

    def results(self) -> tuple[RunResult, ...]:
        """Collect the runs' results so far, in the order in which the runs were given."""
        self.fetch()
        lanes = (point.run_id for point in self.points)
        diverged = {run: step for run, step in zip(lanes, self.learner.diverged_step.tolist(), strict=True) if step >= 0}
        return tuple(self._result(run_id, diverged.get(run_id)) for run_id in self._given)

    def progress(self) -> PackProgress:
        """Report the pack's progress."""
        curves = {run: tuple(curve) for run, curve in self.history.curves.items()}
        return PackProgress(
            self.step, self._first.steps, len(self.points), int((~self.learner.actor_alive).sum()), curves, self.dataset.scale
        )

    def _result(self, run_id: str, diverged_step: int | None) -> RunResult:
        history, spec = self.history, self.dataset.spec
        pruned_step = history.pruned.get(run_id)
        ended = RunStatus.FINISHED if diverged_step is None else RunStatus.DIVERGED
        every = names(spec.n_agents, spec.masked, self._first.decomposition.metrics)
        recorded = zip(every, history.diagnostics.get(run_id, ()), strict=False)
        return RunResult(
            run_id=run_id,
            status=ended if pruned_step is None else RunStatus.PRUNED,
            diverged_step=diverged_step if pruned_step is None else None,
            curve=tuple(history.curves[run_id]),
            diagnostics_steps=tuple(step for step in history.diagnostics_steps if pruned_step is None or step < pruned_step),
            diagnostics={name: tuple(values.tolist()) for name, values in recorded if not np.isnan(values).all()},
        )

    def _noise(self, episodes: int) -> EvaluationNoise | None:
        """Make the noise of an evaluation at this step; None if no policy reads some."""
        if not self.lanes.flows:
            return None
        seeds = [None if lane.flow is None else lane.seed for lane in self.lanes.actors]
        return EvaluationNoise(seeds, self.step, episodes, self.dataset.spec)

    def _evaluate(self, meanwhile: Callable[[], None]) -> None:
        def act(observations: Tensor) -> Tensor:
            return self.learner.act(agent_inputs(observations), noise().to(observations) if noise else None)

        first, seeds = self._first, [point.seed for point in self.points]
        episodes = first.episodes_at_the_end if self.step == first.steps else first.eval_episodes
        noise = self._noise(episodes)
        actors = self.learner.models.actor.flat
        how = Executed(actors.device, actors.dtype, self.learner.config.kernels.threads)
        began = time.monotonic()
        returns = evaluate(act, first.environment, seeds, self.step, episodes, how, meanwhile)
        self.history.evaluation_s += time.monotonic() - began
        rates = [None] * len(seeds) if returns.win_rate is None else returns.win_rate.tolist()
        for point, mean, std, rate in zip(self.points, returns.return_mean, returns.return_std, rates, strict=True):
            self.history.curves[point.run_id].append(CurvePoint(self.step, float(mean), float(std), rate))


def _widened(known: NDArray[np.float64], metrics: int) -> NDArray[np.float64]:
    """Add rows of NaN for metrics that an older checkpoint lacks, (metrics, times)."""
    return np.pad(known, ((0, metrics - len(known)), (0, 0)), constant_values=np.nan)


def train_pack(request: TrainRequest) -> PackOutcome:
    """Train a pack to its end, or until `should_stop`. In both cases its state is on disk afterwards.

    Training resumes from the newest intact checkpoint in `checkpoint_dir`. If there is none, it resumes from the first of
    `resume_dirs` that has all these lanes. Else it begins at step 0. The state is saved at every evaluation, every
    `checkpoint_minutes`, and before an early return. A run whose evaluation is under its floor leaves the pack, which continues
    without it. `progress` is called about every second, evaluations included, and after every step that takes longer. The same
    points on the same kind of machine give bitwise the same results. Interruptions change nothing.

    Raises:
        UserInputError: the dataset is missing, or its content hash is not `data_hash`.
        OSError: a checkpoint cannot be written.
    """
    points, device, checkpoint_dir = request.points, request.device, request.checkpoint_dir
    dataset = open_dataset(points[0], request.data_root, request.data_hash)
    key = points[0].pack_key
    known = (checkpoint_dir, *request.resume_dirs)
    trainer = resumed(points, dataset, known, device, request.threads) or PackTrainer(
        points, dataset, device=device, threads=request.threads
    )
    tell_bound(points[0], trainer.learner.config.divergence_bound)
    trainer.learner.config.kernels.tell(device, points[0].precision)
    clock = _Clock(trainer.history)
    saved_at = polled_at = time.monotonic()

    def save() -> None:
        trainer.fetch()
        clock.stop()
        checkpoint.save(checkpoint_dir, trainer.learner, trainer.history, pack_key=key, data_hash=dataset.content_hash)
        request.saved()

    def report() -> None:
        nonlocal polled_at
        request.progress(trainer.progress())
        polled_at = time.monotonic()

    def report_now_and_then() -> None:
        if time.monotonic() - polled_at >= POLL_S:
            report()

    complete = True
    report()
    while not trainer.finished:
        evaluated = trainer.advance(report_now_and_then)
        pruned = evaluated and trainer.step < points[0].steps and trainer.prune(request.floors)
        now = time.monotonic()
        if evaluated or now - saved_at >= 60.0 * request.checkpoint_minutes:
            save()
            saved_at = time.monotonic()
        if pruned and not trainer.finished:
            left = resumed(points, dataset, (checkpoint_dir,), device, request.threads)
            if left is None:
                raise OSError(f"{checkpoint_dir}: the checkpoint that was just written cannot be read")
            trainer, clock.history = left, left.history
        if evaluated or now - polled_at >= POLL_S:
            report()
            if request.should_stop() and not trainer.finished:
                save()
                complete = False
                break
    clock.stop()
    weights: dict[str, Arrays] = {}
    if complete and request.keep is not Keep.NONE:
        ended = checkpoint.final_weights(trainer.learner, critics=request.keep is Keep.ALL)
        weights = {run: arrays for run, arrays in ended.items() if run not in trainer.history.pruned}
    history = trainer.history
    seconds = history.wall_s, history.cpu_s, history.evaluation_s
    return PackOutcome(
        complete, trainer.results(), dataset.scale, dataset.content_hash, weights, *seconds, trainer.pack_dependent
    )


def resumed(
    points: Sequence[DesignPoint], dataset: Dataset, directories: Sequence[Path], device: str = "cpu", threads: int = 1
) -> PackTrainer | None:
    """Resume the pack, with the recorded kernels, from the first of these directories that has all its lanes; None without."""
    for directory in directories:
        found = checkpoint.load_latest(directory)
        if found is None or found.pack_key != points[0].pack_key or found.data_hash != dataset.content_hash:
            continue
        pruned = found.history.pruned.keys() & {point.run_id for point in points}
        if len(pruned) == len(points):
            return PackTrainer.over(points, dataset, found)
        trainer = PackTrainer(points, dataset, device=device, kernels=found.kernels, threads=threads, pruned=pruned)
        history = checkpoint.restore(trainer.learner, found, pruned)
        if history is not None:
            trainer.history = history
            return trainer
    return None


class _Clock:
    """Adds elapsed seconds to a history, each second once."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def stop(self) -> None:
        wall, cpu = time.monotonic(), time.process_time()
        self.history.wall_s += wall - self._wall
        self.history.cpu_s += cpu - self._cpu
        self._wall, self._cpu = wall, cpu
