"""Evaluation of policies: episodes of all lanes are played side by side in one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.environments.sums import mean_over_agents
from recipe_sweep.trainers.policies.registry import policy_of
from recipe_sweep.trainers.randomness import generator

_CPU = torch.device("cpu")


class Evaluation(NamedTuple):
    """Returns of one evaluation, lane by lane, in units of reward."""

    return_mean: NDArray[np.float64]
    """(L,)"""
    return_std: NDArray[np.float64]
    """(L,): population standard deviation over the episodes"""
    undefined_actions: NDArray[np.int64]
    """(L,): number of components of `mu` that were NaN and were executed as zero; 0 for a healthy policy"""


def evaluate(
    act: Callable[[Tensor], Tensor],
    task: str,
    seeds: Sequence[int],
    step: int,
    episodes: int,
    device: torch.device = _CPU,
    dtype: torch.dtype = torch.float32,
    meanwhile: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Play `episodes` episodes of each lane's deterministic policy and sum the mean reward of the agents over time.

    `act` maps observations (L, episodes, N, O), on `device` and of `dtype`, to `mu` (L, episodes, N, A). The task's policy
    turns `mu` into the executed action (trainers/policies/). Starts come from (seed, step, episode). So lanes of one seed have
    the same starts, and a lane's result never depends on other lanes. A NaN in `mu` is executed as zero and counted. So a
    broken lane has a finite score and does not affect other lanes. `meanwhile` is called after every step of the episodes.
    Raises UnknownTaskError.
    """
    lanes = len(seeds)
    environment = make_environment(task, lanes * episodes, threads=torch.get_num_threads())
    spec = environment.spec
    policy = policy_of(spec)
    starts = [generator(seed, "evaluation", step, episode) for seed in seeds for episode in range(episodes)]
    observations = environment.reset(starts)
    returns = np.zeros(lanes * episodes)
    running = np.ones(lanes * episodes, dtype=np.bool_)
    undefined = np.zeros(lanes, dtype=np.int64)
    while running.any():
        seen = torch.from_numpy(observations).to(device, dtype)
        with torch.no_grad():
            mu = act(seen.reshape(lanes, episodes, spec.n_agents, spec.obs_dim))
        wished = mu.to(_CPU, torch.float64).numpy().reshape(lanes * episodes, spec.n_agents, spec.action_dim)
        undefined += np.isnan(wished).reshape(lanes, -1).sum(axis=1)
        observations, rewards, done = environment.step(policy.executable(wished, None))
        returns += np.where(running, mean_over_agents(rewards), 0.0)
        running &= ~done
        meanwhile()
    by_lane = returns.reshape(lanes, episodes)
    # Each row has its own call, because the order of a joint sum may depend on the number of rows.
    return Evaluation(np.array([row.mean() for row in by_lane]), np.array([row.std() for row in by_lane]), undefined)
