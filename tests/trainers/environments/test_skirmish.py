"""Whole episodes of skirmish: rewards, ends, victories, and what chance decides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.search_spaces.point import environment_name
from recipe_sweep.search_spaces.vocabulary import Chance
from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.environments.skirmish import Skirmish
from recipe_sweep.trainers.environments.skirmish_starts import draw_plan
from recipe_sweep.trainers.environments.skirmish_units import BATTLES, EAST, STOP
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import MaskedEnvironment, StatefulEnvironment, WinnableEnvironment
from tests.trainers.environments.battles import one_hot, skirmish_at, standing

FACING = [(10, 10), (10, 13), (10, 16), (14, 10), (14, 13), (14, 16)]
"""Three marines, each with an enemy 4 to the east."""
APART = [(2, 2), (2, 4), (2, 6), (30, 26), (30, 28), (30, 30)]


def starts(count: int, seed: int = 0) -> list[np.random.Generator]:
    return [generator(seed, "test", episode) for episode in range(count)]


def random_legal(environment: Skirmish, numbers: np.ndarray) -> np.ndarray:
    """One-hot actions that numbers (E, N, A) choose among the legal ones."""
    chosen = (numbers * environment.legal()).argmax(axis=2)
    return np.eye(environment.spec.action_dim)[chosen]


@pytest.mark.parametrize("task", BATTLES)
def test_an_environment_shows_what_masked_tasks_need(task: str):
    environment = make_environment(task, 2)
    assert isinstance(environment, MaskedEnvironment)
    assert isinstance(environment, StatefulEnvironment)
    assert isinstance(environment, WinnableEnvironment)
    environment.reset(starts(2))
    spec = environment.spec
    assert environment.legal().shape == (2, spec.n_agents, spec.action_dim)
    assert environment.states().shape == (2, spec.state_dim)
    assert environment.won().tolist() == [False, False]


def test_damage_pays_its_share_of_the_enemies_health_to_every_agent():
    environment = skirmish_at(FACING)
    transition = environment.step(one_hot(environment, [5, 6, STOP]))
    assert_allclose(transition.rewards, [[10 * 18 / 45 / 3] * 3])  # two hits of 9; the second volley is not ready
    assert not transition.done.any()
    assert_allclose(environment.units.health, [[36.0, 36.0, 36.0, 36.0, 36.0, 45.0]])


def test_an_action_lasts_half_a_second():
    environment = skirmish_at(APART)
    environment.step(one_hot(environment, [EAST, STOP, STOP]))
    assert_allclose(environment.units.x[0, :3], [2 + 3.15 / 2, 2.0, 2.0])


def test_victory_pays_ten_more_and_ends_the_episode():
    environment = skirmish_at(FACING)
    environment.units.health[0, 3:] = [9.0, 9.0, 9.0]
    transition = environment.step(one_hot(environment, [5, 6, 7]))
    assert_allclose(transition.rewards, [[10 * 27 / 45 / 3 + 10] * 3])
    assert transition.done.all()
    assert environment.won().all()


def test_when_both_sides_die_nobody_has_won():
    environment = skirmish_at(FACING)
    environment.units.health[0] = 9.0
    transition = environment.step(one_hot(environment, [5, 6, 7]))
    assert_allclose(transition.rewards, [[10 * 27 / 45 / 3] * 3])
    assert transition.done.all()
    assert not environment.won().any()


def test_an_enemy_that_dies_at_the_wall_pays_like_any_other():
    environment = skirmish_at(APART)
    environment.units.x[0, 3] = 33.0  # one that was pushed over the wall, farther than a world step
    assert_allclose(environment.step(standing(environment)).rewards, [[10 / 3] * 3])


def test_an_attack_out_of_range_is_none():
    environment = skirmish_at(APART)
    assert_array_equal(environment.step(one_hot(environment, [5, 6, 7])).rewards, [[0.0] * 3])
    assert_array_equal(environment.units.x[0, :3], [2.0] * 3)


def test_a_victory_stays_one_when_winners_die_after_the_end():
    environment = skirmish_at(FACING)
    environment.units.health[0, 3:] = 0.0
    assert environment.step(standing(environment)).done.all()
    environment.units.health[0, :3] = 0.0
    environment.step(standing(environment))
    assert environment.won().all()


def test_an_episode_without_a_winner_lasts_101_steps():
    environment = skirmish_at(APART)
    ends = []
    for _ in range(101):
        environment.units.health[:] = 45.0
        ends.append(environment.step(standing(environment)).done.item())
    assert ends == [False] * 100 + [True]


def test_an_enemy_keeps_its_target_while_a_nearer_one_comes():
    places = [(10, 10), (2, 2), (2, 4), (14, 10), (30, 28), (30, 30)]
    environment = skirmish_at(places)
    environment.step(standing(environment))
    environment.units.x[0, 1], environment.units.y[0, 1] = 13.0, 10.0
    environment._gaps = environment._gaps.between(environment.units)
    environment.step(standing(environment))
    assert environment.actions[0, 3] == 5
    environment.units.health[0, 0] = 0.0
    environment._gaps = environment._gaps.between(environment.units)
    environment.step(standing(environment))
    assert environment.actions[0, 3] == 6


@pytest.mark.parametrize("task", BATTLES)
def test_an_episode_does_not_depend_on_what_stands_beside_it(task: str):
    copies = 8
    together, alone = (make_environment(task, count) for count in (copies, 1))
    assert isinstance(together, Skirmish)
    assert isinstance(alone, Skirmish)
    spec = together.spec
    numbers = generator(1, "test actions").random((101, copies, spec.n_agents, spec.action_dim))
    for episode in (0, copies - 1):
        beside, by_itself = together.reset(starts(copies)), alone.reset(starts(copies)[episode : episode + 1])
        for time in range(101):
            assert_array_equal(beside[episode], by_itself[0])
            assert_array_equal(together.legal()[episode], alone.legal()[0])
            assert_array_equal(together.states()[episode], alone.states()[0])
            first = together.step(random_legal(together, numbers[time]))
            second = alone.step(random_legal(alone, numbers[time, episode : episode + 1]))
            assert_array_equal(first.rewards[episode], second.rewards[0])
            assert first.done[episode] == second.done[0]
            beside, by_itself = first.observations, second.observations
        assert_array_equal(together.won()[episode], alone.won()[0])


@pytest.mark.parametrize("task", BATTLES)
def test_drawn_starts_lie_inside_the_walls_and_differ(task: str):
    plans = [draw_plan(BATTLES[task], Chance.FULL, start) for start in starts(200)]
    places = np.array([plan.places for plan in plans])
    assert places.min() >= 1.0
    assert places.max() <= 31.0
    assert len({plan.places.tobytes() for plan in plans}) == 200
    deviations = np.array([plan.deviations for plan in plans[:20]])
    assert deviations.dtype == np.float32
    assert -1 / 16 <= deviations.min() < -0.99 / 16
    assert 1.99 / 16 < deviations.max() <= 2 / 16


def test_both_sides_of_the_drawn_map_have_the_same_types_and_every_type_comes():
    plans = [draw_plan(BATTLES["skirmish_5v5"], Chance.FULL, start) for start in starts(100)]
    types = np.array([plan.types for plan in plans])
    assert_array_equal(types[:, :5], types[:, 5:])
    assert set(types.ravel()) == set(range(6))


def test_the_drawn_map_mirrors_the_sides_in_half_of_the_episodes():
    places = np.array([draw_plan(BATTLES["skirmish_5v5"], Chance.FULL, start).places for start in starts(400)])
    mirrored = (places[:, :5] + places[:, 5:] * [1, -1] == [32.0, 0.0]).all(axis=(1, 2))
    assert 0.42 < mirrored.mean() < 0.58
    middle = np.abs(places[~mirrored] - 16.0).max(axis=2) <= 2.0
    inside = middle[:, :5].all(axis=1), middle[:, 5:].all(axis=1)
    assert (inside[0] | inside[1]).all(), "one side is in the middle"
    assert inside[0].mean() > 0.35
    assert inside[1].mean() > 0.35


@pytest.mark.parametrize("task", BATTLES)
def test_fixed_chance_leaves_only_the_choices_of_the_enemies_to_chance(task: str):
    first, second = (draw_plan(BATTLES[task], Chance.FIXED, start) for start in starts(2))
    assert_array_equal(first.types, second.types)
    assert_array_equal(first.places, second.places)
    assert_allclose(np.array([first.deviations, second.deviations]), 0.5 / 16)
    assert (first.choices != second.choices).any()
    environment = make_environment(environment_name(task, Chance.FIXED), 2)
    seen = environment.reset(starts(2))
    assert_array_equal(seen[0], seen[1])
    assert environment.spec == BATTLES[task].spec


@pytest.mark.parametrize("task", BATTLES)
def test_rewards_of_an_episode_never_exceed_the_full_return(task: str):
    environment = make_environment(task, 100)
    assert isinstance(environment, Skirmish)
    environment.reset(starts(100, seed=5))
    spec = environment.spec
    drawn = generator(5, "test actions")
    returns, running = np.zeros(100), np.ones(100, np.bool_)
    for _ in range(spec.horizon):
        transition = environment.step(random_legal(environment, drawn.random((100, spec.n_agents, spec.action_dim))))
        assert (transition.rewards >= 0.0).all()
        returns += transition.rewards[:, 0] * running
        running &= ~transition.done
    assert not running.any()
    assert returns.max() <= 20.0 + 1e-9
