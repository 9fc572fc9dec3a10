"""A step as a graph: what can be shown without a GPU, and, where there is one, that it learns the same."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from recipe_sweep.search_spaces.vocabulary import Decomposition, Precision, ValueLearning
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.train import PackTrainer
from tests.trainers.builders import batch, dataset, family, learner

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here: a graph cannot be recorded")


@pytest.mark.parametrize("learning", ValueLearning.members())
def test_a_step_whose_number_lies_in_memory_is_the_same_step(learning: ValueLearning) -> None:
    runs = family(Decomposition.MIX, learning)
    numbered, stored = learner(runs), learner(runs)
    number = torch.zeros((), dtype=torch.int64)
    for step in range(6):
        drawn = batch(numbered.lanes.seeds, step)
        if step == 4:
            drawn.rewards[1, 0] = torch.nan
        numbered.step(drawn)
        stored._take(drawn, number.fill_(step))
    assert torch.equal(numbered.diverged_step, stored.diverged_step)
    assert numbered.diverged_step.max() == 4
    for name in ("actor", "critic", "mixer"):
        found, expected = getattr(stored.models, name).flat, getattr(numbered.models, name).flat
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_a_step_leaves_its_state_where_a_graph_will_look_for_it() -> None:
    built = learner(family(Decomposition.MIX, ValueLearning.TD))
    state = (built.actor_alive, built.value_alive, built.diverged_step, built.models.actor.flat, built.models.critic.exp_avg)
    before = [tensor.data_ptr() for tensor in state]
    built.step(batch(built.lanes.seeds, 0))
    after = (built.actor_alive, built.value_alive, built.diverged_step, built.models.actor.flat, built.models.critic.exp_avg)
    assert [tensor.data_ptr() for tensor in after] == before


@needs_gpu
@pytest.mark.parametrize("learning", ValueLearning.members())
def test_on_a_gpu_a_graph_learns_what_single_steps_learn(learning: ValueLearning) -> None:
    runs = [dataclasses.replace(run, precision=Precision.FLOAT32) for run in family(Decomposition.MIX, learning)]
    one_by_one, graphed = (PackTrainer(runs, dataset(), device="cuda", kernels=Kernels(graph=graph)) for graph in (False, True))
    for _ in range(20):
        one_by_one.advance()
        graphed.advance()
    torch.testing.assert_close(graphed.learner.models.actor.flat, one_by_one.learner.models.actor.flat, rtol=1e-4, atol=1e-6)
