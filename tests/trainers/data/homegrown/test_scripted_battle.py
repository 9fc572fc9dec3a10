"""Home-made data of skirmish: scripts that play as the table of returns says, and qualities that differ in skill.

skirmish_returns.csv has the returns that an earlier implementation of the same rules measured on 512 episodes, and their
deviation where it is known.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.homegrown.scripted_battle import (
    ALWAYS,
    BATTLE_BEHAVIOURS,
    FOCUS,
    NEAREST,
    RANDOM,
    Fighters,
    Skill,
)
from recipe_sweep.trainers.data.stored import collect_masked as collecting
from recipe_sweep.trainers.data.stored.collect_masked import collect_masked
from recipe_sweep.trainers.data.stored.columns import Columns, episode_returns
from recipe_sweep.trainers.environments.skirmish import Skirmish
from recipe_sweep.trainers.environments.skirmish_units import BATTLES, FIRST_ATTACK, MARINE, NORTH, SOUTH, STOP, WEST, ZEALOT
from recipe_sweep.trainers.randomness import generator
from tests.trainers.environments.battles import skirmish_at

TABLE = Path(__file__).with_name("skirmish_returns.csv")
SKILLS = {
    "nearest": NEAREST,
    "focus": FOCUS,
    "focus 25 % random": Skill(noise=0.25),
    "focus 50 % random": Skill(noise=0.5),
    "random": RANDOM,
    "retreat below 30 %": Skill(retreats_below=0.3, noise=0.05),
    "retreat below 65 %": Skill(retreats_below=0.65, noise=0.05),
    "retreat at any health": Skill(retreats_below=ALWAYS, noise=0.05),
}
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
REFERENCE_EPISODES = 512


@dataclass(frozen=True)
class Fought:
    """Results of episodes, (episodes,) each."""

    returns: np.ndarray
    won: np.ndarray
    lengths: np.ndarray


def fought(task: str, skill: Skill, episodes: int) -> Fought:
    """Play episodes to their ends."""
    battle = BATTLES[task]
    environment, one_hot = Skirmish(battle, episodes), np.eye(battle.spec.action_dim)
    starts = [generator(0, "test", task, episode) for episode in range(episodes)]
    seen, act = environment.reset(starts), Fighters(battle, (skill,)).begin(starts)
    returns, lengths, running = np.zeros(episodes), np.zeros(episodes), np.ones(episodes, np.bool_)
    for time in range(battle.spec.horizon):
        transition = environment.step(one_hot[act(time, seen, environment.legal())])
        returns += transition.rewards[:, 0] * running
        lengths += running
        running &= ~transition.done
        seen = transition.observations
    return Fought(returns, environment.won(), lengths)


def require_row(row: dict[str, str], found: Fought) -> None:
    """Require that means are within three standard errors of their difference."""
    episodes, deviation = len(found.returns), found.returns.std()
    reference = float(row["std"]) if row["std"] else deviation
    error = np.sqrt(reference**2 / REFERENCE_EPISODES + deviation**2 / episodes)
    told = f"{row['task']}, {row['policy']}: {found.returns.mean():.2f} beside {row['mean']}, standard error {error:.2f}"
    assert abs(found.returns.mean() - float(row["mean"])) <= 3 * error + 0.05, told  # the table has one decimal
    if row["win"]:
        share = float(row["win"])
        most = max(share * (1 - share), 0.01)
        assert abs(found.won.mean() - share) <= 3 * np.sqrt(most * (1 / REFERENCE_EPISODES + 1 / episodes)) + 0.005, told
    if row["steps"]:
        assert abs(found.lengths.mean() - float(row["steps"])) <= 0.05 * float(row["steps"]), told


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['task']}-{row['policy']}")
def test_scripts_return_what_the_table_says_over_512_episodes(row: dict[str, str]):
    require_row(row, fought(row["task"], SKILLS[row["policy"]], 512))


@pytest.mark.parametrize("policy", ["nearest", "focus", "random", "retreat at any health"])
def test_scripts_return_about_what_the_table_says_in_a_few_quick_episodes(policy: str):
    [row] = [row for row in ROWS if (row["task"], row["policy"]) == ("skirmish_3m", policy)]
    require_row(row, fought("skirmish_3m", SKILLS[policy], 128))


def test_every_quality_that_a_grid_may_name_can_be_made():
    made = {task: set(qualities) for task, qualities in BATTLE_BEHAVIOURS.items()}
    assert made == {task: set(TASKS[task].datasets[Source.HOMEGROWN]) for task in BATTLES}


@pytest.fixture(scope="module")
def collected() -> dict[tuple[str, str], Columns]:
    """The beginning of every dataset."""
    return {
        (task, quality): collect_masked(task, behaviour, ("data", task, quality), 0, 3000)
        for task, qualities in BATTLE_BEHAVIOURS.items()
        for quality, behaviour in qualities.items()
    }


@pytest.mark.parametrize("task", ["skirmish_3m", "skirmish_2s3z"])
def test_a_better_quality_has_the_better_returns(task: str, collected: dict[tuple[str, str], Columns]):
    good, medium, poor = (
        episode_returns(collected[task, quality].rewards, collected[task, quality].terminals).mean()
        for quality in ("good", "medium", "poor")
    )
    assert good > medium + 2
    assert medium > poor + 2


def test_stored_rows_are_what_masked_tasks_store(collected: dict[tuple[str, str], Columns]):
    for (task, quality), columns in collected.items():
        spec, rows = BATTLES[task].spec, len(columns.terminals)
        assert columns.legals is not None
        assert columns.states is not None
        assert (columns.actions.shape, columns.actions.dtype) == ((rows, spec.n_agents), np.uint8)
        assert (columns.legals.shape, columns.legals.dtype) == ((rows, spec.n_agents, spec.action_dim), np.uint8)
        assert (columns.states.shape, columns.states.dtype) == ((rows, spec.state_dim), np.float32)
        chosen = np.take_along_axis(columns.legals, columns.actions[..., None].astype(np.intp), axis=2)
        assert chosen.all(), f"{task} {quality} stores an illegal action"
        assert columns.terminals[-1]
        dead = ~columns.observations.any(axis=2)
        assert dead.any()
        assert_array_equal(columns.legals[dead], np.broadcast_to(np.eye(spec.action_dim)[STOP], columns.legals[dead].shape))


def test_a_stored_episode_can_be_replayed_exactly(collected: dict[tuple[str, str], Columns]):
    for (task, quality), columns in collected.items():
        environment, size = Skirmish(BATTLES[task], 1), BATTLES[task].spec.action_dim
        seen = environment.reset([generator(0, "data", task, quality, 0)])
        length = int(np.argmax(columns.terminals)) + 1
        assert columns.legals is not None
        assert columns.states is not None
        for row in range(length):
            assert_array_equal(columns.observations[row], seen[0].astype(np.float32))
            assert_array_equal(columns.states[row], environment.states()[0].astype(np.float32))
            assert_array_equal(columns.legals[row], environment.legal()[0])
            seen, rewards, done = environment.step(np.eye(size)[columns.actions[row]][None])
            assert_array_equal(columns.rewards[row], rewards[0].astype(np.float32))
            assert columns.terminals[row] == done[0]


def test_episodes_are_the_same_in_larger_collections_and_other_batches(monkeypatch: pytest.MonkeyPatch):
    behaviour = BATTLE_BEHAVIOURS["skirmish_5v5"]["replay"]
    shorter = collect_masked("skirmish_5v5", behaviour, ("data",), 0, 500)
    monkeypatch.setattr(collecting, "EPISODES_AT_ONCE", 7)
    told: list[tuple[int, int]] = []
    longer = collect_masked("skirmish_5v5", behaviour, ("data",), 0, 1000, lambda done, total: told.append((done, total)))
    for column, extended in zip(shorter, longer, strict=True):
        assert column is not None
        assert extended is not None
        assert_array_equal(column, extended[: len(column)])
    assert len(longer.terminals) >= 1000
    assert np.flatnonzero(longer.terminals)[-2] + 1 < 1000, "no episode more than needed"
    assert told[-1] == (1000, 1000)


def chosen(environment: Skirmish, skill: Skill) -> list[int]:
    """Actions of scripted allies in the present state."""
    environment._gaps = environment._gaps.between(environment.units)
    seen = environment.step(np.eye(environment.spec.action_dim)[[[STOP] * environment.battle.side]]).observations
    act = Fighters(environment.battle, (skill,)).begin([generator(0, "test")])
    return [int(action) for action in act(0, seen, environment.legal())[0]]


def test_an_ally_attacks_the_weakest_enemy_in_range_and_not_the_nearest():
    environment = skirmish_at([(10, 10), (2, 2), (2, 4), (12, 10), (14, 10), (20, 10)])
    environment.units.health[0, 3:] = [45.0, 20.0, 9.0]
    environment.units.cooldown[0] = 9.0
    assert chosen(environment, FOCUS)[0] == FIRST_ATTACK + 1
    assert chosen(environment, NEAREST)[0] == FIRST_ATTACK


def retreat(health: float = 20.0, cooldown: float = 9.0, ally: float = 13.0, enemy: float = 14.0) -> int:
    """What an ally does that retreats below 65 %: enemies come from the east, and one from the north."""
    environment = skirmish_at([(10, 10), (10, ally), (2, 30), (enemy, 10), (10 + (enemy - 10) / 2, 9), (30, 30)])
    environment.units.cooldown[0] = [cooldown, 9.0, 9.0, 9.0, 9.0, 9.0]
    environment.units.health[0, 0] = health
    return chosen(environment, Skill(retreats_below=0.65))[0]


def test_a_weak_ally_steps_away_from_the_enemies_while_its_weapon_reloads():
    assert retreat() == WEST
    assert retreat(health=30.0) >= FIRST_ATTACK, "66 % are enough to stay"
    assert retreat(cooldown=-1.0) >= FIRST_ATTACK, "a ready weapon attacks"
    assert retreat(ally=28.0) >= FIRST_ATTACK, "nobody in sight would go on fighting"


def test_a_retreat_is_from_enemies_a_little_farther_than_the_range():
    battle = [ZEALOT] * 2 + [MARINE] * 3
    for distance, action in ((3.0, SOUTH), (4.2, NORTH)):
        places = [(10, 10), (8, 10), (2, 2), (2, 4), (2, 6), (10, 10 + distance), (30, 2), (30, 4), (30, 6), (30, 8)]
        environment = skirmish_at(places, "skirmish_2s3z", battle * 2)
        environment.units.cooldown[0] = 9.0
        environment.units.traits.speed[:] = 0.0
        assert chosen(environment, Skill(retreats_below=ALWAYS))[0] == action, distance


def test_the_dead_stop_and_noise_is_legal():
    environment = skirmish_at([(10, 10), (10, 13), (10, 16), (14, 10), (14, 13), (14, 16)])
    environment.units.health[0, 0] = 0.0
    for seed in range(20):
        act = Fighters(environment.battle, (RANDOM,)).begin([generator(seed, "test")])
        environment._gaps = environment._gaps.between(environment.units)
        actions = act(0, np.zeros((1, 3, 75)), environment.legal())[0]
        assert actions[0] == STOP
        assert environment.legal()[0, [1, 2], actions[1:]].all()


def test_the_replay_data_have_episodes_of_every_skill():
    [skills] = [behaviour.skills for behaviour in BATTLE_BEHAVIOURS["skirmish_5v5"].values() if isinstance(behaviour, Fighters)]
    assert [skill.noise for skill in skills] == [1.0, 0.05, 0.05, 0.05]
    assert [skill.retreats_below for skill in skills[1:]] == [ALWAYS, 0.65, 0.0]
