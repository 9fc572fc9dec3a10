"""Evaluation of policies: episodes of all lanes are played side by side in one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.environments.sums import mean_over_agents
from recipe_sweep.trainers.policies.registry import policy_of
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import BatchedEnvironment, FloatArray, MaskedEnvironment, WinnableEnvironment

_CPU = torch.device("cpu")


class Evaluation(NamedTuple):
    """Returns of one evaluation, lane by lane, in units of reward."""

    return_mean: NDArray[np.float64]
    """(L,)"""
    return_std: NDArray[np.float64]
    """(L,): population standard deviation over the episodes"""
    undefined_actions: NDArray[np.int64]
    """(L,): number of components of `mu` that were NaN and were executed as zero; 0 for a healthy policy"""
    win_rate: NDArray[np.float64] | None
    """(L,): share of the episodes that were won; None for a task without winners"""


class Executed(NamedTuple):
    """Where `act` computes, with which numbers, and how many threads play the environments."""

    device: torch.device = _CPU
    dtype: torch.dtype = torch.float32
    threads: int = 1


HERE = Executed()
"""On the CPU, in float32, with one thread."""


def evaluate(
    act: Callable[[Tensor], Tensor],
    task: str,
    seeds: Sequence[int],
    step: int,
    episodes: int,
    how: Executed = HERE,
    meanwhile: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Play `episodes` episodes of each lane's deterministic policy and sum the mean reward of the agents over time.

    `act` maps observations (L, episodes, N, O), on its device and of its type, to `mu` (L, episodes, N, A). The task's policy
    turns `mu` into the executed action (trainers/policies/). Starts come from (seed, step, episode). So lanes of one seed have
    the same starts, and a lane's result never depends on other lanes. A NaN in `mu` is executed as zero and counted. So a
    broken lane has a finite score and does not affect other lanes. `meanwhile` is called after every step of the episodes.
    Raises UnknownTaskError and UnplayableTaskError.
    """
    lanes = len(seeds)
    environment = make_environment(task, lanes * episodes, threads=how.threads)
    starts = [evaluation_start(seed, step, episode) for seed in seeds for episode in range(episodes)]
    returns = np.zeros(lanes * episodes)
    undefined, won = np.zeros(lanes, dtype=np.int64), np.zeros(lanes * episodes, dtype=np.bool_)
    winnable = isinstance(environment, WinnableEnvironment)
    for moment in played(acts_on(act, lanes, how.device, how.dtype), environment, starts):
        undefined += np.isnan(moment.wished).reshape(lanes, -1).sum(axis=1)
        returns += moment.rewards
        if isinstance(environment, WinnableEnvironment):
            won |= moment.running & environment.won()
        meanwhile()
    by_lane = returns.reshape(lanes, episodes)
    # Each row has its own call, because the order of a joint sum may depend on the number of rows.
    means, deviations = np.array([row.mean() for row in by_lane]), np.array([row.std() for row in by_lane])
    return Evaluation(means, deviations, undefined, won.reshape(lanes, episodes).mean(axis=1) if winnable else None)


class Moment(NamedTuple):
    """One step of E episodes that are played side by side."""

    observations: FloatArray
    """(E, N, O): what the agents saw before the step"""
    wished: FloatArray
    """(E, N, A): `mu`, before it became an action"""
    actions: FloatArray
    """(E, N, A): the executed actions"""
    rewards: NDArray[np.float64]
    """(E,): mean over the agents; 0 for an episode that was over before"""
    running: NDArray[np.bool_]
    """(E,): whether the episode was not over before the step"""
    after: FloatArray
    """(E, N, O): observations after the step"""


def evaluation_start(seed: int, step: int, episode: int) -> np.random.Generator:
    """Make the generator of one episode's start in the evaluation after `step` gradient steps."""
    return generator(seed, "evaluation", step, episode)


def played(
    act: Callable[[FloatArray], FloatArray], environment: BatchedEnvironment, starts: Sequence[np.random.Generator]
) -> Iterator[Moment]:
    """Play one episode per start until all are over, and yield every step. `act` maps observations (E, N, O) to `mu`."""
    policy = policy_of(environment.spec)
    observations = environment.reset(starts)
    running = np.ones(len(starts), dtype=np.bool_)
    while running.any():
        wished = act(observations)
        actions = policy.executable(wished, _legal(environment))
        after, rewards, done = environment.step(actions)
        paid = np.where(running, mean_over_agents(rewards), 0.0)
        yield Moment(observations, wished, actions, paid, running, after)
        observations, running = after, running & ~done


def _legal(environment: BatchedEnvironment) -> NDArray[np.uint8] | None:
    """Ask a masked task's environment for the legal actions (E, N, A)."""
    if not environment.spec.masked:
        return None
    assert isinstance(environment, MaskedEnvironment), f"the environment of {environment.spec.name} tells no legal actions"
    return environment.legal()


def acts_on(
    act: Callable[[Tensor], Tensor], lanes: int, device: torch.device, dtype: torch.dtype
) -> Callable[[FloatArray], FloatArray]:
    """Turn a policy of tensors (L, episodes, N, O) into one of arrays (E, N, O)."""

    def acts(observations: FloatArray) -> FloatArray:
        seen = torch.from_numpy(observations).to(device, dtype)
        with torch.no_grad():
            mu = act(seen.reshape(lanes, -1, *seen.shape[1:]))
        wished: FloatArray = mu.to(_CPU, torch.float64).flatten(0, 1).numpy()
        return wished

    return acts
