"""Home-made spread data: qualities that differ in skill, and that are what their table says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.homegrown import scripted
from recipe_sweep.trainers.data.homegrown.makers import SCALE_EPISODES, measure_spread_scale
from recipe_sweep.trainers.data.homegrown.scripted import SPREAD_BEHAVIOURS
from recipe_sweep.trainers.data.stored import collect as collecting
from recipe_sweep.trainers.data.stored.collect import collect
from recipe_sweep.trainers.data.stored.columns import Columns, episode_returns
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.environments.spread import Spread
from recipe_sweep.trainers.randomness import generator

SCALE = RETURN_SCALES[Source.HOMEGROWN, "simple_spread", "1"]


@pytest.fixture(scope="module")
def played() -> dict[str, Columns]:
    """The episodes that the table in the module's docstring was measured on."""
    return {
        quality: collect("simple_spread", behaviour, ("scale", quality), 0, SCALE_EPISODES)
        for quality, behaviour in SPREAD_BEHAVIOURS.items()
    }


def test_every_quality_that_a_grid_may_name_can_be_made():
    assert set(SPREAD_BEHAVIOURS) == set(TASKS["simple_spread"].datasets[Source.HOMEGROWN])


def test_the_measured_table_is_not_stale(played):
    for quality, columns in played.items():
        returns, sizes = episode_returns(columns.rewards, columns.terminals), np.abs(columns.actions)
        measured = [returns.mean(), returns.std(), returns.min(), returns.max()]
        measured += [SCALE.score(float(returns.mean())), sizes.mean(), (sizes >= 1.0).mean()]
        lines = [line.split("|")[1:-1] for line in str(scripted.__doc__).splitlines() if line.startswith(f"| {quality} ")]
        assert len(lines) == 1
        for cell, value in zip(lines[0][1:], measured, strict=True):
            decimals = len(cell.strip().partition(".")[2])
            assert abs(float(cell) - value) <= 0.51 * 10.0**-decimals, f"{quality}: {cell} is {value}"


def test_the_scale_is_the_mean_of_random_and_expert():
    measured = measure_spread_scale()
    assert SCALE.minimum == pytest.approx(measured.minimum, rel=1e-6)
    assert SCALE.maximum == pytest.approx(measured.maximum, rel=1e-6)


def test_a_better_quality_has_the_better_returns(played):
    means = {quality: episode_returns(columns.rewards, columns.terminals).mean() for quality, columns in played.items()}
    assert sorted(means, key=means.__getitem__) == ["random", "medium-replay", "medium", "expert"]
    assert means["expert"] >= 510.0


@pytest.mark.parametrize("quality", SPREAD_BEHAVIOURS)
def test_a_stored_episode_can_be_replayed_exactly(quality: str):
    columns = collect("simple_spread", SPREAD_BEHAVIOURS[quality], ("data", quality), 3, 8)
    assert np.abs(columns.actions).max() <= 1.0
    environment = Spread(8)
    seen = environment.reset([generator(3, "data", quality, episode) for episode in range(8)])
    for time in range(25):
        rows = np.arange(8) * 25 + time
        assert_array_equal(columns.observations[rows], seen.astype(np.float32))
        seen, rewards, done = environment.step(columns.actions[rows])
        assert_array_equal(columns.rewards[rows], rewards.astype(np.float32))
        assert_array_equal(columns.terminals[rows], done)


def test_episodes_are_the_same_in_larger_collections_and_other_batches(monkeypatch):
    behaviour = SPREAD_BEHAVIOURS["medium-replay"]
    shorter = collect("simple_spread", behaviour, ("data",), 0, 10)
    monkeypatch.setattr(collecting, "EPISODES_AT_ONCE", 7)
    told = []
    longer = collect("simple_spread", behaviour, ("data",), 0, 20, lambda done, total: told.append((done, total)))
    for column, extended in zip(shorter, longer, strict=True):
        if column is not None:
            assert_array_equal(column, extended[: len(column)])
    assert told == [(175, 500), (350, 500), (500, 500)]
