"""Keep the policies that data are made of: `python -m recipe_sweep.trainers.behaviour.choose runs/3hopper-0 runs/3hopper-1`.

The checkpoint with the best mean return of all these trainings becomes the expert. Medium is an earlier checkpoint of the same
training: its return is the nearest to half of the expert's. Only checkpoints before the first that passes three quarters of
the expert's return count. Expert and medium act with exploration noise, reduced until it costs at most a fifth of their return.
The stages for medium-replay lead from the first checkpoint to medium. They act with the full noise that they had in training.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterable, Sequence
from itertools import chain, count, takewhile
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.trainers.behaviour.library import POLICIES, RECORD_FILE, Kept, Record
from recipe_sweep.trainers.behaviour.policy import Policy, load_policy, save_policy
from recipe_sweep.trainers.behaviour.settings import Checkpoint, Training
from recipe_sweep.trainers.behaviour.training import RECORD_FILE as TRAINING_FILE
from recipe_sweep.trainers.behaviour.training import play_returns
from recipe_sweep.trainers.environments.mujoco_robots import Robot
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS

EPISODES = 50
"""Episodes that each candidate plays."""
CANDIDATES = 3
"""Checkpoints that are played again before one is chosen, because a learning curve is noisy."""
STAGES = 8
"""Stages of learning in medium-replay."""
NOISE_SCALES = (1.0, 0.75, 0.5, 0.25)
"""Scales of the noise, tried in this order. After them the last is halved again and again."""
COST_OF_NOISE = 0.2
"""Largest share of the return that noise may cost. Without noise in the data clones never learn to recover from errors."""
ON_THE_WAY = 0.75
"""Share of the expert's return. Later checkpoints with half of that return are accidents and no stage of learning."""


class Run(NamedTuple):
    """A training and the directory of its checkpoints."""

    directory: Path
    training: Training

    @classmethod
    def of(cls, directory: Path) -> Run:
        """Read a training's record."""
        return cls(directory, Training.model_validate_json((directory / TRAINING_FILE).read_text(encoding="utf-8")))

    def policy(self, checkpoint: Checkpoint) -> Policy:
        """Load the policy of a checkpoint."""
        return load_policy(self.directory / checkpoint.file)


class _Candidate(NamedTuple):
    run: Run
    checkpoint: Checkpoint
    kept: Kept


def choose(runs: Sequence[Run], command: str) -> Record:
    """Choose among trainings of one robot, write the chosen policies into the package, and return their record."""
    robot = MUJOCO_TASKS[runs[0].training.task].robot
    every = [(run, checkpoint) for run in runs for checkpoint in run.training.curve]
    promising = sorted(every, key=lambda pair: pair[1].mean)[-CANDIDATES:]
    best = max((_play(robot, *pair, "expert", 0.0) for pair in promising), key=lambda candidate: candidate.kept.mean)
    expert = _with_noise(robot, best)
    earlier = list(takewhile(lambda point: point.mean < ON_THE_WAY * expert.kept.mean, expert.run.training.curve))
    medium = _medium(robot, expert.run, earlier, expert.kept.mean / 2.0)
    stages = [point for point in earlier if point.steps <= medium.checkpoint.steps]
    replay = [_play(robot, expert.run, point, f"replay-{number}", 1.0) for number, point in enumerate(_spread(stages, STAGES))]
    chosen = (expert, medium, *replay)
    directory = POLICIES / robot.name
    directory.mkdir(parents=True, exist_ok=True)
    for candidate in chosen:
        save_policy(candidate.run.policy(candidate.checkpoint), directory / candidate.kept.file)
    record = Record(
        chosen_by=command,
        robot=robot.name,
        episodes=EPISODES,
        expert=expert.kept,
        medium=medium.kept,
        replay=tuple(candidate.kept for candidate in replay),
        training=expert.run.training,
        others=tuple(run.training for run in runs if run is not expert.run),
    )
    (directory / RECORD_FILE).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return record


def _medium(robot: Robot, run: Run, earlier: Iterable[Checkpoint], target: float) -> _Candidate:
    """Find the checkpoint with the return nearest to `target`, by playing the likely ones again."""
    likely = sorted(earlier, key=lambda point: abs(point.mean - target))[:CANDIDATES]
    played = [_play(robot, run, point, "medium", 0.0) for point in likely]
    return _with_noise(robot, min(played, key=lambda candidate: abs(candidate.kept.mean - target)))


def _with_noise(robot: Robot, silent: _Candidate) -> _Candidate:
    """Reduce a policy's exploration noise until it costs at most `COST_OF_NOISE` of the return."""
    halves = (NOISE_SCALES[-1] / 2.0**k for k in count(1))
    for noise_scale in chain(NOISE_SCALES, halves):
        noisy = _play(robot, silent.run, silent.checkpoint, silent.kept.name, noise_scale)
        if silent.kept.mean - noisy.kept.mean <= COST_OF_NOISE * abs(silent.kept.mean):
            break
    return noisy._replace(kept=noisy.kept.model_copy(update={"mean_without_noise": silent.kept.mean}))


def _play(robot: Robot, run: Run, checkpoint: Checkpoint, name: str, noise_scale: float) -> _Candidate:
    policy = run.policy(checkpoint)
    returns = play_returns(robot, policy, EPISODES, noise_scale, ("behaviour", "choice"))
    print(
        f"{name:<10}{checkpoint.steps:>11,} steps, noise x {noise_scale:<6g}{returns.mean():>8,.0f} +- {returns.std():,.0f}",
        flush=True,
    )
    kept = Kept(
        name=name,
        steps=checkpoint.steps,
        noise_scale=noise_scale,
        exploration=tuple((noise_scale * policy.std).tolist()),
        mean=float(returns.mean()),
        std=float(returns.std()),
        min=float(returns.min()),
        max=float(returns.max()),
        mean_without_noise=checkpoint.mean,
    )
    return _Candidate(run, checkpoint, kept)


def _spread(points: Sequence[Checkpoint], count: int) -> list[Checkpoint]:
    """Pick at most `count` of the points, evenly by number, with the first and the last among them."""
    if len(points) <= count:
        return list(points)
    return [points[round(number * (len(points) - 1) / (count - 1))] for number in range(count)]


def main(arguments: list[str] | None = None) -> None:
    """Choose policies and write them into the package."""
    parser = argparse.ArgumentParser(prog="python -m recipe_sweep.trainers.behaviour.choose", description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="directories of trainings of one robot")
    given = parser.parse_args(arguments)
    runs = [Run.of(directory) for directory in given.runs]
    if len({run.training.task for run in runs}) > 1:
        parser.error(f"trainings of several tasks: {', '.join(sorted({run.training.task for run in runs}))}; give those of one")
    choose(
        runs,
        shlex.join(
            ["python", "-m", "recipe_sweep.trainers.behaviour.choose", *(sys.argv[1:] if arguments is None else arguments)]
        ),
    )


if __name__ == "__main__":
    main()
