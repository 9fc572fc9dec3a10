"""SMAC's vaults as they are published, for tests: made-up battles by SMAC's rules, in the layout of OG-MARL's files."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.data.stored.columns import Bytes, Columns, Floats
from recipe_sweep.trainers.environments.smac import NO_OP
from recipe_sweep.trainers.task import TaskSpec
from tests.trainers.data.vaults import Leaves


class Battle(NamedTuple):
    """One episode: arrays of T steps, as they are stored."""

    observations: Floats
    actions: Bytes
    rewards: Floats
    states: Floats
    legals: Bytes


def battle(spec: TaskSpec, seed: int, steps: int) -> Battle:
    """Make up an episode in which agents die one after the other. The last step pays as a win does."""
    drawn = np.random.default_rng([seed, steps])
    agents, actions = spec.n_agents, spec.action_dim
    dies = drawn.integers(1, 2 * steps, agents)
    dies[0] = steps  # somebody lives to the end
    alive = np.arange(steps)[:, None] < dies
    legals = (drawn.random((steps, agents, actions)) < 0.6).astype(np.uint8)
    legals[..., NO_OP] = 0
    legals[..., NO_OP + 1] = 1  # the living can always stop
    legals[~alive] = np.eye(actions, dtype=np.uint8)[NO_OP]
    chosen = np.where(legals == 1, drawn.random(legals.shape), -1.0).argmax(axis=2)
    observations = drawn.uniform(0.1, 1.0, (steps, agents, spec.obs_dim)) * alive[..., None]
    rewards = drawn.uniform(0.0, 0.2, steps)
    rewards[-1] += 11.67
    return Battle(
        observations=observations.astype(np.float32),
        actions=chosen.astype(np.uint8),
        rewards=np.repeat(rewards[:, None], agents, axis=1).astype(np.float32),
        states=drawn.uniform(-1.0, 1.0, (steps, spec.state_dim)).astype(np.float32),
        legals=legals,
    )


def battles(spec: TaskSpec, lengths: tuple[int, ...], seed: int = 0) -> list[Battle]:
    """Make up episodes of these lengths."""
    return [battle(spec, seed + number, steps) for number, steps in enumerate(lengths)]


def expected_columns(episodes: list[Battle]) -> Columns:
    """Join episodes as a dataset stores them."""
    observations, actions, rewards, states, legals = (np.concatenate(parts) for parts in zip(*episodes, strict=True))
    return Columns(observations, actions, rewards, _ends(episodes), states, legals)


def smac_leaves(episodes: list[Battle]) -> Leaves:
    """Join episodes as OG-MARL's files have them: terminals in the last transition's row, numbers of actions, float masks."""
    joined = expected_columns(episodes)
    assert joined.states is not None
    assert joined.legals is not None
    agents = joined.rewards.shape[1]
    terminals = np.repeat(joined.terminals[:, None], agents, axis=1).astype(np.float32)
    return {
        "observations": joined.observations[None].copy(),
        "actions": joined.actions[None].astype(np.int32),
        "rewards": joined.rewards[None].copy(),
        "terminals": terminals[None],
        "truncations": np.zeros_like(terminals)[None],
        "infos.state": joined.states[None].copy(),
        "infos.legals": joined.legals[None].astype(np.float32),
    }


def _ends(episodes: list[Battle]) -> NDArray[np.bool_]:
    ends = np.zeros(sum(len(one.rewards) for one in episodes), np.bool_)
    ends[np.cumsum([len(one.rewards) for one in episodes]) - 1] = True
    return ends
