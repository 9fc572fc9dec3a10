"""Returns of policies: by hand, alone or beside others, whole or broken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.homegrown.scripted import EXPERT
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.environments.spread import LANDMARK_OFFSETS, VELOCITY
from recipe_sweep.trainers.evaluation import Executed, evaluate
from recipe_sweep.trainers.randomness import generator

Policy = Callable[[Tensor], Tensor]
FLOAT64 = torch.float64


def steer(observations: Tensor, gain: Tensor | float) -> Tensor:
    """Agent i steers to landmark i."""
    offsets = observations[..., LANDMARK_OFFSETS].unflatten(-1, (3, 2))
    own = torch.stack([offsets[..., agent, agent, :] for agent in range(3)], dim=-2)
    return gain * own - 1.5 * observations[..., VELOCITY]


def by_lane(gains: list[float]) -> Policy:
    """One gain per lane, computed row by row."""
    return lambda observations: torch.stack([steer(seen, gain) for seen, gain in zip(observations, gains, strict=True)])


def nothing(observations: Tensor) -> Tensor:
    return torch.zeros(*observations.shape[:-1], 2, dtype=observations.dtype)


def test_a_return_is_the_sum_over_time_of_the_mean_over_agents():
    environment = make_environment("simple_spread", 3)
    environment.reset([generator(5, "evaluation", 100, episode) for episode in range(3)])
    returns = np.zeros(3)
    for _ in range(25):
        returns += environment.step(np.zeros((3, 3, 2))).rewards.mean(axis=1)
    found = evaluate(nothing, "simple_spread", [5], step=100, episodes=3)
    np.testing.assert_allclose(found.return_mean, [returns.mean()], rtol=1e-12)
    np.testing.assert_allclose(found.return_std, [returns.std()], rtol=1e-12)
    assert (found.return_mean.dtype, found.return_std.dtype) == (np.float64, np.float64)


def test_a_lane_scores_the_same_alone_and_beside_others():
    gains, seeds = [1.0, 10.0, 3.0, 10.0], [0, 1, 2, 3]
    together = evaluate(by_lane(gains), "simple_spread", seeds, step=7, episodes=10, how=Executed(dtype=FLOAT64))
    for lane, (gain, seed) in enumerate(zip(gains, seeds, strict=True)):
        alone = evaluate(by_lane([gain]), "simple_spread", [seed], step=7, episodes=10, how=Executed(dtype=FLOAT64))
        assert_array_equal(alone.return_mean, together.return_mean[lane : lane + 1])
        assert_array_equal(alone.return_std, together.return_std[lane : lane + 1])


def test_lanes_of_one_seed_start_alike_and_other_seeds_and_steps_elsewhere():
    starts: list[Tensor] = []

    def watch(observations: Tensor) -> Tensor:
        starts.append(observations)
        return nothing(observations)

    evaluate(watch, "simple_spread", [4, 9, 4], step=1, episodes=2)
    first = starts[0]
    assert first.shape == (3, 2, 3, 18)
    assert torch.equal(first[0], first[2])
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0, 0], first[0, 1])
    starts.clear()
    evaluate(watch, "simple_spread", [4], step=2, episodes=2)
    assert not torch.equal(first[0], starts[0][0])


def test_actions_are_clipped_and_not_squashed():
    """An action of 5 does what an action of 1 does, and no more."""
    far, full = (evaluate(lambda seen, a=a: nothing(seen) + a, "simple_spread", [0], 0, 4) for a in (5.0, 1.0))
    assert_array_equal(far.return_mean, full.return_mean)
    half = evaluate(lambda seen: nothing(seen) + 0.5, "simple_spread", [0], 0, 4)
    assert half.return_mean != full.return_mean


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_policies_get_observations_of_their_own_precision(dtype: torch.dtype):
    seen: list[Tensor] = []
    evaluate(lambda o: (seen.append(o), nothing(o))[1], "simple_spread", [0], 0, 2, how=Executed(dtype=dtype))
    assert {observed.dtype for observed in seen} == {dtype}
    assert len(seen) == 25


def test_a_lane_that_is_not_finite_breaks_no_other():
    def broken(observations: Tensor) -> Tensor:
        actions = by_lane([10.0, 10.0])(observations)
        actions[0, :, 1] = torch.nan
        return actions

    found = evaluate(broken, "simple_spread", [0, 1], 0, 5, how=Executed(dtype=FLOAT64))
    alone = evaluate(by_lane([10.0]), "simple_spread", [1], 0, 5, how=Executed(dtype=FLOAT64))
    assert_array_equal(found.return_mean[1:], alone.return_mean)
    assert np.isfinite(found.return_mean).all()
    assert found.undefined_actions.tolist() == [25 * 5 * 2, 0]
    infinite = evaluate(lambda seen: nothing(seen) + torch.inf, "simple_spread", [0], 0, 5)
    full = evaluate(lambda seen: nothing(seen) + 1.0, "simple_spread", [0], 0, 5)
    assert_array_equal(infinite.return_mean, full.return_mean)


@pytest.mark.parametrize(("risky", "together", "worth"), [(0.0, 1.0, 7.0), (1.0, 1.0, 8.0), (1.0, 0.0, 0.0)])
def test_discrete_actions_are_the_largest_of_mu(risky: float, together: float, worth: float):
    def act(observations: Tensor) -> Tensor:
        start = observations[..., :1]
        wish = start * risky + (1.0 - start) * together
        return torch.cat([torch.full_like(wish, 0.5), wish], dim=-1) - 3.0  # any order-preserving values

    found = evaluate(act, "two_step", [0, 1], step=0, episodes=3)
    assert_array_equal(found.return_mean, [worth, worth])
    assert_array_equal(found.return_std, [0.0, 0.0])


def test_evaluation_and_the_scripted_data_speak_of_the_same_returns():
    """The expert's controller without its noise, in 200 evaluation episodes, returns what its data hold."""
    found = evaluate(by_lane([EXPERT.gain / 0.5]), "simple_spread", [0], 0, 200, how=Executed(dtype=FLOAT64))
    standard_error = found.return_std[0] / np.sqrt(200)
    assert abs(found.return_mean[0] - RETURN_SCALES[Source.HOMEGROWN, "simple_spread", "1"].maximum) < 4.0 * standard_error


def test_a_long_evaluation_shows_again_and_again_that_it_goes_on() -> None:
    """Else a pack would look stuck, and be killed, in the middle of it."""
    calls: list[None] = []
    evaluate(nothing, "simple_spread", [0], 0, 1, meanwhile=lambda: calls.append(None))
    assert len(calls) == 25, "once for every step of an episode"
