"""skirmish beside SMAX, the battle of JaxMARL whose rules it follows: the same draws give the same battle.

scripts/smax_fixture.py recorded the fixture. JaxMARL computes in float32, so the differences are its roundings. The tests
convert our own choices: a reward is ten times JaxMARL's, and the state has places and cooldowns as shares, without teams.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from recipe_sweep.trainers.environments.skirmish import Skirmish
from recipe_sweep.trainers.environments.skirmish_controller import NOBODY
from recipe_sweep.trainers.environments.skirmish_starts import Plan
from recipe_sweep.trainers.environments.skirmish_units import BATTLES, FIRST_ATTACK, HORIZON, TRAITS
from recipe_sweep.trainers.environments.skirmish_views import Gaps
from recipe_sweep.trainers.environments.skirmish_world import orders_of, world_step

FIXTURE = Path(__file__).with_name("smax.npz")
MAPS = ("3m", "2s3z")
ONE_STEP, WHOLE_EPISODE = 1e-5, 5e-4
"""Largest difference of places and cooldowns, in units of the map and seconds."""


class Record(NamedTuple):
    """One recorded episode of T steps: states (T + 1, ...) before every step and at the end, the rest (T, ...)."""

    places: np.ndarray
    health: np.ndarray
    cooldown: np.ndarray
    observations: np.ndarray
    world: np.ndarray
    legal: np.ndarray
    actions: np.ndarray
    deviations: np.ndarray
    choices: np.ndarray
    reward: np.ndarray
    done: np.ndarray


@cache
def episodes(name: str) -> list[Record]:
    """Read the recorded episodes of a map."""
    with np.load(FIXTURE) as file:
        count = len({key.split("/")[1] for key in file.files if key.startswith(f"{name}/")})
        return [Record(*(file[f"{name}/{episode}/{field}"] for field in Record._fields)) for episode in range(count)]


def begun(name: str, record: Record) -> Skirmish:
    """Begin an episode with the recorded draws, at the recorded places."""
    environment = Skirmish(BATTLES[f"skirmish_{name}"], 1)
    steps = len(record.actions) - 1
    deviations = np.zeros((HORIZON, *record.deviations.shape[1:]), np.float32)
    choices = np.zeros((HORIZON, environment.battle.side), np.float32)
    deviations[:steps], choices[:steps] = record.deviations[:-1], record.choices[:-1]
    types = np.tile(np.array(environment.battle.types), 2)
    places = record.places[0].astype(np.float64)
    environment.begin(Plan(types[None], places[None], deviations[None], choices[None]))
    set_state(environment, record, 0)  # the recorded places are those after the push at the start
    environment._gaps = Gaps.between(environment.units)
    environment._goal_x, environment._goal_y = (
        32.0 - environment.units.x[:, len(types) // 2 :],
        32.0 - environment.units.y[:, len(types) // 2 :],
    )
    return environment


def test_the_fixture_has_two_hundred_steps_with_deaths_and_both_outcomes():
    every = [record for name in MAPS for record in episodes(name)]
    assert sum(len(record.actions) - 1 for record in every) >= 200
    outcomes = {(record.health[-1][: len(record.health[-1]) // 2] > 0).any() for record in every}
    assert outcomes == {True, False}


@pytest.mark.parametrize("name", MAPS)
def test_every_step_from_a_recorded_state_ends_in_the_recorded_state(name: str):
    for record in episodes(name):
        environment = begun(name, record)
        units = environment.units
        for step in range(len(record.actions) - 1):
            set_state(environment, record, step)
            orders = orders_of(units, record.actions[step][None].astype(np.intp))
            for deviation in record.deviations[step]:
                world_step(units, orders, deviation[None].astype(np.float64))
            where = f"{name}, step {step}"
            assert_array_equal(units.health[0], record.health[step + 1], err_msg=where)
            assert_allclose(units.x[0], record.places[step + 1, :, 0], rtol=0, atol=ONE_STEP, err_msg=where)
            assert_allclose(units.y[0], record.places[step + 1, :, 1], rtol=0, atol=ONE_STEP, err_msg=where)
            assert_allclose(units.cooldown[0], record.cooldown[step + 1], rtol=0, atol=ONE_STEP, err_msg=where)


def set_state(environment: Skirmish, record: Record, step: int) -> None:
    units = environment.units
    units.x[0], units.y[0] = record.places[step].T
    units.health[0], units.cooldown[0] = record.health[step], record.cooldown[step]


@pytest.mark.parametrize("name", MAPS)
def test_whole_episodes_have_the_same_enemies_observations_rewards_and_ends(name: str):
    for record in episodes(name):
        environment = begun(name, record)
        side, size = environment.battle.side, environment.spec.action_dim
        legal, seen = environment.legal()[0], None
        for step in range(len(record.actions) - 1):
            where = f"{name}, step {step}"
            assert_array_equal(legal, record.legal[step], err_msg=where)
            remember(environment, record, step)
            transition = environment.step(np.eye(size)[record.actions[step, :side]][None])
            alive = record.health[step] > 0  # what the dead decide changes nothing
            assert_array_equal(environment.actions[0][alive], record.actions[step][alive], err_msg=where)
            assert_allclose(transition.rewards[0], 10 * record.reward[step], rtol=0, atol=1e-5, err_msg=where)
            assert transition.done.item() == record.done[step], where
            legal, seen = environment.legal()[0], transition.observations[0]
            expected = natural_attacks(record.observations[step + 1], side)
            assert_allclose(seen, expected, rtol=0, atol=WHOLE_EPISODE, err_msg=where)
            assert_allclose(environment.states()[0], shares(record.world[step + 1]), rtol=0, atol=WHOLE_EPISODE, err_msg=where)
        assert_allclose(environment.units.health[0], record.health[-1])
        assert_array_equal(legal, record.legal[-1])


def remember(environment: Skirmish, record: Record, step: int) -> None:
    """Forget a target that was not attacked in the last step, because SMAX's enemies forget it then."""
    if step:
        last = record.actions[step - 1, environment.battle.side :].astype(np.intp)
        environment._last_target[0] = np.where(last >= FIRST_ATTACK, last - FIRST_ATTACK, NOBODY)


def natural_attacks(observations: np.ndarray, side: int) -> np.ndarray:
    """Count the attacks of visible enemies from the first ally, which JaxMARL counts from the last."""
    converted = observations.astype(np.float64)
    for enemy in range(side - 1, 2 * side - 1):
        attack = converted[:, 13 * enemy + 5]
        number = np.rint(attack * (FIRST_ATTACK + side - 1))
        turned = 2 * FIRST_ATTACK + side - 1 - number
        converted[:, 13 * enemy + 5] = np.where(number >= FIRST_ATTACK, turned, 0) / (FIRST_ATTACK + side - 1)
    return converted


def shares(world: np.ndarray) -> np.ndarray:
    """Convert JaxMARL's state to ours: places and cooldowns as shares, without teams and types at the end."""
    units = len(world) // 12
    numbers = world[: 10 * units].reshape(units, 10).astype(np.float64)
    types = numbers[:, 4:].argmax(axis=1)
    numbers[:, 1:3] /= 32.0
    numbers[:, 3] = np.clip(numbers[:, 3] / TRAITS.cooldown[types], 0.0, 1.0)
    return numbers.ravel()


def test_the_fixture_s_draws_decide_so_that_equality_is_no_accident():
    record = episodes("3m")[0]
    environment = begun("3m", record._replace(deviations=-record.deviations))
    for step in range(len(record.actions) - 1):
        environment.step(np.eye(8)[record.actions[step, :3]][None])
    assert not np.allclose(environment.units.health[0], record.health[-1])
