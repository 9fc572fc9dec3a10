"""The bound of |Q| beyond which a run counts as diverged: a number, or `auto`, which follows from the data.

`auto` is 10 / (1 - gamma) times the largest discounted return in the data, of either sign. The reasons are in
docs/decisions/bounds-follow-the-data.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import DivergenceBound
from recipe_sweep.trainers.data.stored.columns import value_range
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.decomposition.registry import DECOMPOSITIONS
from recipe_sweep.trainers.decomposition.team_reward import TEAM_REWARDS

MARGIN = 10.0
"""Factor of 1 / (1 - gamma). No policy that earns the data's rewards is worth more than 2 / (1 - gamma) of their returns."""
LEAST_FACTOR = 1_000.0
"""Least multiple of the data's returns, whatever gamma is."""
FLOOR = 1e5
"""Least bound. An untrained mixer of gain 10 begins with values of 16,000, whatever the rewards are."""
CEILING = 1e30
"""Largest bound, below the largest number of float32."""


def bound_of(point: DesignPoint, dataset: Dataset) -> float | None:
    """Compute the bound of a run on its dataset; None for no bound. All runs of a pack have the same."""
    declared = point.divergence_bound
    if not isinstance(declared, DivergenceBound):
        return declared
    factor = max(LEAST_FACTOR, MARGIN / (1.0 - point.gamma))
    bound = min(max(factor * _largest_return(point, dataset), FLOOR), CEILING)
    return float(f"{bound:.3g}")  # What is printed is then exactly what is used.


def tell_bound(point: DesignPoint, bound: float | None) -> None:
    """Print a bound that follows from the data, so that the pack's log holds it."""
    if isinstance(point.divergence_bound, DivergenceBound) and bound is not None:
        print(f"divergence bound {point.divergence_bound}: a run whose |Q| exceeds {bound:g} counts as diverged", flush=True)


def _largest_return(point: DesignPoint, dataset: Dataset) -> float:
    """Find the largest absolute discounted return in the data, of the rewards that the critic learns from."""
    ends = dataset.mask.numpy() == 0
    ranges = [value_range(rewards, ends, point.gamma) for rewards in _learned_rewards(point, dataset)]
    return max(max(-found.least, found.largest) for found in ranges)


def _learned_rewards(point: DesignPoint, dataset: Dataset) -> Iterator[NDArray[np.floating]]:
    """Yield the rewards (M,) of each transition: the team's, or every agent's own. Equal ones are yielded once."""
    own = dataset.rewards[dataset.rows].to(torch.float64).unsqueeze(0)
    learned = DECOMPOSITIONS[point.decomposition].reward(own, TEAM_REWARDS[point.team_reward](own))
    columns = learned.reshape(own.shape[1], -1).T.numpy()
    for number, column in enumerate(columns):
        if not any(np.array_equal(column, earlier) for earlier in columns[:number]):
            yield column
