"""Published vaults become exactly the transitions that they hold, or are refused with the numbers and nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.data.catalogue import map_dataset, open_dataset
from recipe_sweep.trainers.data.errors import BrokenVaultError, DataError, NoRoomError
from recipe_sweep.trainers.data.published import import_vault as importing
from recipe_sweep.trainers.data.published.import_vault import VaultPlace, import_vault
from recipe_sweep.trainers.data.published.published_numbers import FirstAgent, compare
from recipe_sweep.trainers.data.published.tasks import PUBLISHED
from recipe_sweep.trainers.data.published.vault import Vault
from recipe_sweep.trainers.data.stored.card import Card, read_card
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.environments.registry import make_environment
from recipe_sweep.trainers.randomness import generator
from tests.trainers.data.vaults import BLOSC, GZIP, Leaves, own_row_leaves, spread_episodes, terminal_row_leaves, write_vault

SPREAD = PUBLISHED["simple_spread"]


def spread_place(directory: Path) -> VaultPlace:
    return VaultPlace(directory, SPREAD, "Medium")


@pytest.fixture(scope="module")
def played() -> list[Columns]:
    """Five batch rows of three episodes."""
    return spread_episodes("medium", batch_rows=5, episodes=3)


@pytest.fixture
def leaves(played) -> Leaves:
    return {name: values.copy() for name, values in own_row_leaves(played).items()}


def imported(place: VaultPlace, root: Path) -> tuple[Card, Columns]:
    stored = map_dataset(read_card(import_vault(place, root)).identity, root, verify=True)
    return stored.card, stored.columns


@pytest.mark.parametrize("compressor", [GZIP, BLOSC], ids=["gzip", "blosc"])
@pytest.mark.parametrize("block", [1_000_000, 32, 7])
def test_all_batch_rows_are_imported_one_after_the_other(tmp_path, monkeypatch, leaves, played, compressor, block: int):
    monkeypatch.setattr(importing, "BLOCK_ROWS", block)
    card, columns = imported(spread_place(write_vault(tmp_path / "vault", leaves, compressor=compressor)), tmp_path)
    for name in ("observations", "actions", "rewards", "terminals"):
        assert_array_equal(getattr(columns, name), np.concatenate([getattr(row, name) for row in played]), err_msg=name)
    assert card.origin is not None
    assert (card.rows, card.transitions, card.returns.episodes) == (375, 375, 15)
    assert (card.origin.vault, card.origin.batch_rows, card.origin.rows_per_batch_row) == ("simple_spread.vlt/Medium", 5, 75)
    assert (card.origin.terminal_rows_dropped, card.origin.unfinished_rows_dropped) == (0, 0)
    assert (card.scale.minimum, card.scale.maximum) == (159.8, 516.8)


def test_the_trainer_opens_an_imported_dataset(tmp_path, leaves):
    identity = read_card(import_vault(spread_place(write_vault(tmp_path / "vault", leaves)), tmp_path)).identity
    data = open_dataset(identity, tmp_path)
    assert data.states is None
    ends = np.arange(24, 375, 25)
    assert_array_equal(np.flatnonzero(data.mask.numpy() == 0.0), ends)
    assert_array_equal(data.next_rows[ends], ends)


def test_rows_behind_the_index_are_not_read(tmp_path, leaves):
    card, _ = imported(spread_place(write_vault(tmp_path / "vault", leaves, rows=50)), tmp_path)
    assert card.rows == 250


def test_episodes_that_the_file_breaks_off_are_left_out_and_counted(tmp_path, leaves):
    card, _ = imported(spread_place(write_vault(tmp_path / "vault", leaves, rows=60)), tmp_path)
    assert card.origin is not None
    assert (card.rows, card.origin.unfinished_rows_dropped) == (250, 50)


def test_the_published_numbers_stand_beside_those_of_the_file(tmp_path, leaves, played):
    card, _ = imported(spread_place(write_vault(tmp_path / "vault", leaves)), tmp_path)
    assert card.origin is not None
    found = {comparison.quantity: comparison for comparison in card.origin.published}
    returns = played[0].rewards[:, 0].astype(np.float64).reshape(3, 25).sum(axis=1)
    expected = {
        "batch rows": (5, 5, True),
        "rows per batch row": (1_000_000, 75, False),
        "episodes": (40_000, 3, False),
        "mean return": (273.39, returns.mean(), False),
        "std of returns": (92.06, returns.std(), False),
        "least return": (27.35, returns.min(), False),
        "greatest return": (649.51, returns.max(), False),
    }
    assert found.keys() == expected.keys()
    for quantity, (published, value, agrees) in expected.items():
        comparison = found[quantity]
        assert (comparison.published, comparison.agrees) == (published, agrees), quantity
        assert comparison.found == pytest.approx(value)


def test_numbers_that_are_the_published_ones_agree():
    rewards = np.zeros(40_000 * 25)
    rewards[24::25] = 273.391  # rounded to what was published
    facts = SPREAD.datasets["Medium"]._replace(std=0.0, minimum=273.39, maximum=273.39)
    terminals = np.zeros((5, len(rewards)), np.bool_)
    terminals[:, 24::25] = True
    found = FirstAgent(len(rewards), pairs=False)
    found.rewards[:] = rewards
    assert all(comparison.agrees for comparison in compare(SPREAD, facts, terminals, found))


def test_actions_out_of_bounds_are_clipped_and_counted(tmp_path, leaves):
    leaves["actions"][0, 3, 1, 0] = 1.5
    leaves["actions"][4, 70, 2, 1] = -2.0
    card, columns = imported(spread_place(write_vault(tmp_path / "vault", leaves)), tmp_path)
    assert card.origin is not None
    assert (card.origin.clipped_components, card.origin.largest_action) == (2, 2.0)
    assert (columns.actions[3, 1, 0], columns.actions[4 * 75 + 70, 2, 1]) == (1.0, -1.0)


def test_stored_transitions_are_replayed_on_the_simulator(tmp_path, leaves):
    card, _ = imported(spread_place(write_vault(tmp_path / "vault", leaves)), tmp_path)
    assert card.origin is not None
    replay = card.origin.replay
    assert replay is not None
    # The last row's successor is not stored with it; what follows the ends of episodes is stored nowhere.
    assert (replay.transitions, replay.observations.compared, replay.rewards.compared) == (74, 72, 74)
    assert (replay.observations.deviating, replay.rewards.deviating) == (0, 0)
    assert replay.observations.largest < 1e-5
    assert replay.rewards.largest < 1e-4


def test_data_of_another_simulator_are_imported_but_seen_through(tmp_path, leaves):
    leaves["rewards"] += 1.0
    card, _ = imported(spread_place(write_vault(tmp_path / "vault", leaves)), tmp_path)
    assert card.origin is not None
    assert card.origin.replay is not None
    assert card.origin.replay.rewards.deviating == card.origin.replay.rewards.compared
    assert card.origin.replay.observations.deviating == 0


def test_flags_of_any_type_are_read(tmp_path, leaves):
    for number, dtype in enumerate((np.bool_, np.uint8, np.float64)):
        vault = leaves | {name: leaves[name].astype(dtype) for name in ("terminals", "truncations")}
        card, _ = imported(spread_place(write_vault(tmp_path / f"vault{number}", vault)), tmp_path / str(number))
        assert card.rows == 375


def test_a_dataset_that_is_there_is_not_imported_again(tmp_path, leaves):
    place = spread_place(write_vault(tmp_path / "vault", leaves))
    directory = import_vault(place, tmp_path)
    shutil.rmtree(place.directory)
    assert import_vault(place, tmp_path) == directory


@dataclass(frozen=True)
class Rollout:
    """Some episodes of a MuJoCo task, as OMIGA stored them, and the transitions that they hold."""

    task: str
    leaves: Leaves
    transitions: list[Columns]

    def place(self, directory: Path) -> VaultPlace:
        return VaultPlace(write_vault(directory, self.leaves), PUBLISHED[self.task], "Expert")

    def column(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(columns, name) for columns in self.transitions])


@pytest.fixture(scope="module", params=["2ant", "3hopper", "6halfcheetah"])
def rollout(request) -> Rollout:
    return roll_out(request.param)


def roll_out(task: str) -> Rollout:
    """Two episodes under random actions, some of them out of bounds; Cheetah's last to their time, the others' until a fall."""
    copies = 2
    environment = make_environment(task, copies)
    spec = environment.spec
    seen = environment.reset([generator(0, "vault", copy) for copy in range(copies)])
    steps: list[tuple[np.ndarray, ...]] = []
    done = np.zeros(copies, np.bool_)
    while not done.all():
        actions = generator(1, "actions", len(steps)).uniform(-1.2, 1.2, (copies, spec.n_agents, spec.action_dim))
        actions = actions.astype(np.float32)
        step = environment.step(actions)
        steps.append((seen, actions, step.rewards, step.done & ~done, done))
        seen, done = step.observations.copy(), step.done.copy()
    observations, actions, rewards, ends, over = (np.stack(part, axis=1) for part in zip(*steps, strict=True))
    episodes = []
    for copy in range(copies):
        mine = ~over[copy]
        part = [values[copy, mine].astype(np.float32) for values in (observations, actions, rewards)]
        episodes.append(Columns(part[0], part[1], part[2], ends[copy, mine]))
    leaves = terminal_row_leaves(episodes, [last.astype(np.float32) for last in seen])
    return Rollout(task, leaves, episodes)


def test_terminal_observation_rows_are_no_transitions(tmp_path, rollout):
    card, columns = imported(rollout.place(tmp_path / "vault"), tmp_path)
    for name in ("observations", "rewards", "terminals"):
        assert_array_equal(getattr(columns, name), rollout.column(name), err_msg=name)
    assert_array_equal(columns.actions, np.clip(rollout.column("actions"), -1.0, 1.0))
    assert card.origin is not None
    assert card.origin.terminal_rows_dropped == 2
    assert card.origin.clipped_components == (np.abs(rollout.column("actions")) > 1.0).sum() > 0
    assert card.origin.largest_action == np.abs(rollout.column("actions")).max()
    assert card.returns.episodes == 2


def test_the_state_of_omiga_data_is_the_first_agents_observation_and_costs_no_memory(tmp_path, rollout):
    identity = read_card(import_vault(rollout.place(tmp_path / "vault"), tmp_path)).identity
    data = open_dataset(identity, tmp_path)
    assert data.states is not None
    assert data.states.data_ptr() == data.observations.data_ptr()
    assert_array_equal(data.states, data.observations[:, 0])
    assert data.mask.sum() == len(data.mask) - 2


def test_omiga_transitions_are_replayed_with_the_actions_that_were_paid_for(tmp_path, rollout):
    """The last transitions of the episodes too, for the row behind them has what follows."""
    card, columns = imported(rollout.place(tmp_path / "vault"), tmp_path)
    assert card.origin is not None
    replay = card.origin.replay
    assert replay is not None
    assert replay.transitions == replay.observations.compared == replay.rewards.compared == len(columns.rewards)
    assert (replay.observations.deviating, replay.rewards.deviating) == (0, 0)


def test_files_with_own_row_terminals_are_not_taken_for_omigas(tmp_path):
    rollout = roll_out("6halfcheetah")
    joined = Columns(*(rollout.column(name) for name in ("observations", "actions", "rewards", "terminals")))
    leaves = own_row_leaves([joined]) | {"infos.state": joined.observations[None, :, 0]}
    place = VaultPlace(write_vault(tmp_path / "vault", leaves), PUBLISHED[rollout.task], "Expert")
    with pytest.raises(BrokenVaultError, match=r"2 episodes of 1,000 rows and none longer\s+expected\s+1,001"):
        import_vault(place, tmp_path)


Harm = Callable[[Leaves], None]


def nan_reward(leaves: Leaves) -> None:
    leaves["rewards"][2, 40, 1] = np.nan


def nan_reward_and_infinite_observation(leaves: Leaves) -> None:
    nan_reward(leaves)
    leaves["observations"][0, 3, 0, 0] = np.inf


def another_state(leaves: Leaves) -> None:
    leaves["infos.state"][1, 30, 7] += 0.5


def one_agent_ends(leaves: Leaves) -> None:
    leaves["terminals"][0, 10, 2] = 1.0


def no_end(leaves: Leaves) -> None:
    leaves["terminals"][:] = 0.0


def an_episode_too_long(leaves: Leaves) -> None:
    leaves["terminals"][3, 24] = 0.0


def a_silent_time_limit(leaves: Leaves) -> None:
    leaves["truncations"][0, 12] = 1.0


def fewer_observed(leaves: Leaves) -> None:
    leaves["observations"] = leaves["observations"][..., :17]


def one_agent_less(leaves: Leaves) -> None:
    for name in ("observations", "actions", "rewards", "terminals", "truncations"):
        leaves[name] = leaves[name][:, :, :2]


REFUSALS: dict[str, tuple[Harm, str]] = {
    "a reward that is no number": (nan_reward, r"rewards[\s\S]*NaN or infinity in 1 row, the first being 40 of batch row 2"),
    "several of them": (nan_reward_and_infinite_observation, r"2 problems[\s\S]*observations[\s\S]*rewards"),
    "another state": (another_state, r"infos.state[\s\S]*1 of 375 rows differ by up to 0.5, the first being 30 of batch row 1"),
    "agents that end alone": (one_agent_ends, r"terminals[\s\S]*1 row in which the agents differ"),
    "no end at all": (no_end, r"0 terminals in 375 rows"),
    "an episode too long": (an_episode_too_long, r"1 episodes of 50 rows\s+expected\s+at most 25"),
    "a time limit that is no terminal": (a_silent_time_limit, r"1 row that is truncated and not terminal"),
    "wrong dimensions": (fewer_observed, r"shape \(5, 75, 3, 17\)\s+expected\s+shape \(5, 75, 3, 18\) for simple_spread"),
    "another number of agents": (one_agent_less, r"5 problems"),
    "a missing key": (lambda leaves: leaves.pop("infos.state"), r"infos.state[\s\S]*no such key, only actions, observations"),
}


@pytest.mark.parametrize("harm", REFUSALS)
def test_what_is_wrong_with_a_vault_is_said_with_its_numbers(tmp_path, leaves, harm: str):
    damage, message = REFUSALS[harm]
    damage(leaves)
    place = spread_place(write_vault(tmp_path / "vault", leaves))
    with pytest.raises(BrokenVaultError, match=message) as caught:
        import_vault(place, tmp_path / "data")
    assert str(place.directory) in str(caught.value)
    assert not list((tmp_path / "data").rglob("*.npy"))


def truncate_largest(directory: Path) -> None:
    largest = max((directory / "d").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])


def remove_largest(directory: Path) -> None:
    max((directory / "d").iterdir(), key=lambda path: path.stat().st_size).unlink()


def scribble_over_manifest(directory: Path) -> None:
    (directory / "manifest.ocdbt").write_bytes(b"hello")


@pytest.mark.parametrize("damage", [truncate_largest, remove_largest, scribble_over_manifest])
def test_a_truncated_vault_is_refused_and_nothing_stays_behind(tmp_path, leaves, damage):
    place = spread_place(write_vault(tmp_path / "vault", leaves))
    damage(place.directory)
    with pytest.raises(BrokenVaultError, match="a whole and readable vault") as caught:
        import_vault(place, tmp_path / "data")
    assert str(place.directory) in str(caught.value)
    assert [path for path in (tmp_path / "data").rglob("*") if not path.is_dir()] == []


def test_rows_that_were_never_written_are_not_taken_for_zeros(tmp_path, leaves):
    place = spread_place(write_vault(tmp_path / "vault", leaves, rows=10_000))
    with pytest.raises(BrokenVaultError, match=r"observations[\s\S]*chunks are missing[\s\S]*10,000 rows, as vault_index says"):
        import_vault(place, tmp_path)


@pytest.mark.parametrize("rows", [0, -3])
def test_an_empty_vault_is_refused(tmp_path, leaves, rows: int):
    write_vault(tmp_path / "vault", leaves, rows=rows)
    with pytest.raises(BrokenVaultError, match="at least 1 row"):
        Vault(tmp_path / "vault")


def test_a_directory_that_is_no_vault_is_refused(tmp_path):
    with pytest.raises(BrokenVaultError, match=r"no manifest.ocdbt"):
        Vault(tmp_path)


def test_discrete_actions_and_legal_ones_can_be_read(tmp_path):
    actions = np.arange(24, dtype=np.int32).reshape(1, 8, 3)
    vault = Vault(write_vault(tmp_path / "vault", {"actions": actions, "infos.legals": np.ones((1, 8, 3, 9), np.bool_)}))
    assert vault.names == ("actions", "infos.legals")
    assert vault.shape("infos.legals") == (1, 8, 3, 9)
    assert vault.dtype("actions") == np.int32
    assert_array_equal(vault.read("actions", 2, 5), actions[:, 2:5])


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch, leaves):
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    place = spread_place(write_vault(tmp_path / "vault", leaves))
    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(NoRoomError, match=r"No space left on device \([\d.]+ GB free\)") as caught:
        import_vault(place, tmp_path / "data")
    assert isinstance(caught.value, DataError)
    assert [path for path in (tmp_path / "data").rglob("*") if not path.is_dir()] == []
