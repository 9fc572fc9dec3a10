"""Batches belong to a seed and a step, and to nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from recipe_sweep.trainers.sampler import BLOCK, Reads, Sampler
from tests.trainers.builders import dataset


def sampler(seeds: Sequence[int]) -> Sampler:
    return Sampler(dataset(), seeds, 16, Reads(next_actions=True, states=True), dtype=torch.float32, device=torch.device("cpu"))


def test_a_seed_draws_the_same_batches_whoever_else_is_in_the_pack_and_wherever_it_resumes() -> None:
    together, alone = sampler((3, 5)), sampler((5,))
    for step in (0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 7, 2):
        assert torch.equal(together.at(step).obs[1], alone.at(step).obs[0])
        assert torch.equal(sampler((5,)).at(step).rewards, alone.at(step).rewards)
    assert not torch.equal(together.at(0).obs[0], together.at(0).obs[1])
    assert not torch.equal(alone.at(0).obs, alone.at(1).obs)


def test_a_batch_holds_whole_transitions() -> None:
    data, drawn = dataset(), sampler((0,)).at(4)
    observations = data.observations.flatten(1)
    for i in range(16):
        row = int((observations == drawn.obs[0, i].flatten()).all(1).nonzero())
        following = min(row + 1, len(observations) - 1)
        assert torch.equal(drawn.actions[0, i], data.actions[row])
        assert torch.equal(drawn.rewards[0, i], data.rewards[row])
        assert torch.equal(drawn.next_obs[0, i], data.observations[following])
        assert drawn.next_actions is not None
        assert torch.equal(drawn.next_actions[0, i], data.actions[following])
        assert float(drawn.mask[0, i]) == (0.0 if (row + 1) % 25 == 0 else 1.0)
        assert drawn.state is not None
        assert torch.equal(drawn.state[0, i], observations[row])


def test_every_transition_can_be_drawn() -> None:
    drawn = sampler((0,))
    seen = {float(value) for step in range(200) for value in drawn.at(step).rewards[0, :, 0]}
    assert len(seen) == 200
