"""A whole training, with its evaluations: a run has bitwise the numbers that it has alone, whatever its pack.

The long form takes a random pack of every family of designs, at several sizes, for hundreds of steps.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Precision, ValueLearning
from recipe_sweep.trainers.cost import step_flops
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.fused.unit import UNIT
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.probe import random_dataset
from recipe_sweep.trainers.train import PackTrainer
from tests.trainers.builders import family

pytestmark = pytest.mark.skipif(UNIT is None, reason="this processor has no unit for compiled functions")

DESIGNS = list(itertools.product(Decomposition.members(), ValueLearning.members()))
WIDTHS = ((64, 64), (256, 256), (512, 512), (61,))
SIZES = (64, 61, 608)
LANES = (2, 3, 7, 33)
LONG, EVERY = 300, 100
MOST_OPERATIONS = 2.5e12
"""Of one long training of a pack: about half a minute on one processor. A wide network is trained in a smaller pack."""


def trained(runs: Sequence[DesignPoint], threads: int) -> tuple[PackTrainer, dict[str, list[np.ndarray]]]:
    """Train runs to their end. Return the trainer, and every array of each run."""
    trainer = PackTrainer(runs, random_dataset(task_spec(runs[0].task)), kernels=Kernels(fused=True), threads=threads)
    while not trainer.finished:
        trainer.advance()
    models, found = trainer.learner.models, {}
    heads = trainer.learner.config.heads
    for i, lane in enumerate(trainer.lanes.actors):
        v = lane.value
        rows = [
            (models.actors.of(i).stack.flat, models.actors.of(i).row, 1),
            (models.critic.flat, v * heads, heads),
            (models.target_critic.flat, v * heads, heads),
        ]
        rows += [(each.flat, v, 1) for each in (models.mixer, models.value, models.target_mixer) if each is not None]
        found[lane.key] = [flat[at : at + count].numpy().copy() for flat, at, count in rows]
    return trainer, found


def differences(runs: Sequence[DesignPoint], alone: Sequence[DesignPoint], threads: int) -> list[str]:
    """Name the runs that have other weights, curves or diagnostics than alone."""
    pack, arrays = trained(runs, threads)
    of_pack = {result.run_id: result for result in pack.results()}
    different = []
    for run in alone:
        single, own = trained([run], 1)
        equal = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(arrays[run.run_id], own[run.run_id], strict=True))
        # The text of a result shows every digit, and NaN is equal to NaN there.
        if not equal or repr(of_pack[run.run_id]) != repr(single.results()[0]):
            different.append(run.run_id)
    return different


def fallen(runs: Sequence[DesignPoint]) -> set[float]:
    """The means of all evaluations, which differ where robots fall at different times."""
    return {point.return_mean for result in trained(runs, 1)[0].results() for point in result.curve}


def test_evaluations_whose_episodes_end_at_different_times_depend_on_the_pack() -> None:
    runs = [
        dataclasses.replace(run, task="3hopper", steps=20, eval_every=10, eval_episodes=3, batch=16)
        for run in family(Decomposition.MIX, ValueLearning.TD)
    ]
    assert len(fallen(runs)) > len(runs), "the episodes must end at different times, or this test sees nothing"
    assert differences(runs, runs[:: len(runs) // 3], threads=2) == []


@pytest.mark.faults
@pytest.mark.parametrize("width", WIDTHS, ids=str)
@pytest.mark.parametrize(("decomposition", "learning"), DESIGNS)
def test_a_long_training_depends_on_the_pack(
    decomposition: Decomposition, learning: ValueLearning, width: tuple[int, ...]
) -> None:
    drawn = random.Random(f"{decomposition} {learning} {width}")
    size, precision = drawn.choice(SIZES), drawn.choice((Precision.FLOAT32, Precision.FLOAT64))
    runs = [
        dataclasses.replace(
            run, task="3hopper", hidden=width, batch=size, precision=precision, steps=LONG, eval_every=EVERY, eval_episodes=2
        )
        for run in family(decomposition, learning, seeds=(0, 1, 2))
    ]
    drawn.shuffle(runs)
    cost = {count: step_flops(runs[:count]) * LONG * (1 if precision is Precision.FLOAT32 else 2) for count in LANES}
    count = max((each for each in LANES if cost[each] <= MOST_OPERATIONS), default=LANES[0])
    print(f"{count} runs, hidden {width}, batch {size}, {precision}")
    torch.set_num_threads(1)
    chosen = drawn.sample(runs[:count], 2)
    assert differences(runs[:count], chosen, threads=drawn.choice((1, 2))) == []
