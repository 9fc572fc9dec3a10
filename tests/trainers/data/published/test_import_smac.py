"""SMAC's published vaults become exactly the transitions that they hold, or are refused with the place and the numbers."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.catalogue import map_dataset, open_dataset
from recipe_sweep.trainers.data.errors import BrokenVaultError
from recipe_sweep.trainers.data.inspection import ActionShares, inspect
from recipe_sweep.trainers.data.published import import_vault as importing
from recipe_sweep.trainers.data.published.fetch import fetch_task, import_path
from recipe_sweep.trainers.data.published.import_vault import VaultPlace, import_vault
from recipe_sweep.trainers.data.published.tasks import PUBLISHED
from recipe_sweep.trainers.data.stored.card import Card, read_card
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.data.verify import verify
from recipe_sweep.trainers.environments import smac
from recipe_sweep.trainers.environments.registry import UnplayableTaskError, make_environment, task_spec
from recipe_sweep.trainers.values import executed_actions
from tests.trainers.data.smac_vaults import battles, expected_columns, smac_leaves
from tests.trainers.data.vaults import BLOSC, GZIP, Leaves, write_vault

SCENARIOS = [spec.name for spec in smac.SPECS]
SPEC = task_spec("smac_3m")
LENGTHS = (5, 9, 60, 1)
ROWS = sum(LENGTHS)


def place(directory: Path, task: str = "smac_3m") -> VaultPlace:
    return VaultPlace(directory, PUBLISHED[task], next(iter(PUBLISHED[task].datasets)))


@pytest.fixture
def leaves() -> Leaves:
    return smac_leaves(battles(SPEC, LENGTHS))


def imported(vault: VaultPlace, root: Path) -> tuple[Card, Columns]:
    stored = map_dataset(read_card(import_vault(vault, root)).identity, root, verify=True)
    return stored.card, stored.columns


def require_equal(found: Columns, expected: Columns) -> None:
    for name, values in expected._asdict().items():
        stored = getattr(found, name)
        assert stored.dtype == values.dtype, name
        assert_array_equal(stored, values, err_msg=name)


@pytest.mark.parametrize("task", SCENARIOS)
@pytest.mark.parametrize(("compressor", "block"), [(GZIP, 1_000_000), (BLOSC, 7)], ids=["gzip at once", "blosc in blocks"])
def test_every_scenario_is_imported_number_by_number(tmp_path, monkeypatch, task: str, compressor, block: int):
    monkeypatch.setattr(importing, "BLOCK_ROWS", block)
    played = battles(task_spec(task), (5, 9, 60, 1), seed=3)
    vault = write_vault(tmp_path / "vault", smac_leaves(played), compressor=compressor)
    card, columns = imported(place(vault, task), tmp_path)
    require_equal(columns, expected_columns(played))
    assert {column.name: column.dtype for column in card.columns} == {
        "observations": "<f4", "actions": "|u1", "rewards": "<f4", "terminals": "|b1", "states": "<f4", "legals": "|u1",
    }  # fmt: skip
    assert (card.scale.minimum, card.scale.maximum) == (0.0, 20.0)
    assert (card.returns.episodes, card.returns.mean) == (
        4,
        pytest.approx(np.mean([one.rewards[:, 0].sum() for one in played])),
    )
    assert "SMAC" in card.licence


def test_the_trainer_opens_imported_data_and_critics_read_one_hot_actions(tmp_path, leaves):
    data = open_dataset(read_card(import_vault(place(write_vault(tmp_path / "vault", leaves)), tmp_path)).identity, tmp_path)
    assert data.states is not None
    assert data.legals is not None
    assert_array_equal(data.states, leaves["infos.state"][0])
    assert_array_equal(data.legals, leaves["infos.legals"][0])
    assert_array_equal(np.flatnonzero(data.mask.numpy() == 0.0), np.cumsum(LENGTHS) - 1)
    rows = np.array([0, 7, 20])
    assert_array_equal(executed_actions(data, rows), np.eye(SPEC.action_dim)[leaves["actions"][0, rows]])


@pytest.mark.parametrize("actions", [np.int64, np.uint8, np.int8, np.float32])
@pytest.mark.parametrize("others", [np.float64, np.bool_, np.int32])
def test_other_types_of_the_same_numbers_give_the_same_bytes(tmp_path, leaves, actions, others):
    expected, _ = imported(place(write_vault(tmp_path / "as published", leaves)), tmp_path / "expected")
    vault = leaves | {name: leaves[name].astype(others) for name in ("terminals", "truncations", "infos.legals")}
    vault["actions"] = leaves["actions"].astype(actions)
    card, _ = imported(place(write_vault(tmp_path / "vault", vault)), tmp_path / "found")
    assert card.content_hash == expected.content_hash


def test_the_rows_of_an_unfinished_episode_are_left_out_whatever_they_hold(tmp_path, leaves):
    tail = smac_leaves(battles(SPEC, (4,), seed=9))
    tail["terminals"][:] = 0.0
    tail["actions"][0, -1] = -7
    tail["infos.legals"][0, -1] = np.nan
    joined = {name: np.concatenate([values, tail[name]], axis=1) for name, values in leaves.items()}
    card, columns = imported(place(write_vault(tmp_path / "vault", joined)), tmp_path)
    require_equal(columns, expected_columns(battles(SPEC, LENGTHS)))
    assert card.origin is not None
    assert card.origin.unfinished_rows_dropped == 4


def test_the_cards_numbers_and_the_coverage_stand_beside_those_of_the_file(tmp_path):
    once = battles(SPEC, (5, 9))
    twice = smac_leaves([*once, *once])
    twice["infos.state"][twice["infos.state"] == 0.0] = -0.0
    card, _ = imported(place(write_vault(tmp_path / "vault", twice)), tmp_path)
    assert card.origin is not None
    found = {one.quantity: one for one in card.origin.published}
    assert (found["joint SACo"].published, found["joint SACo"].found) == (0.799, 0.5), "every pair is there twice"
    assert (found["rows per batch row"].published, found["rows per batch row"].found) == (996_366, 28)
    assert (found["batch rows"].agrees, found["joint SACo"].agrees) == (True, False)


def published(folder: Path, task: str) -> Path:
    """The zip of a scenario, with all of its datasets and a file that is none of them."""
    entry = PUBLISHED[task]
    for number, uid in enumerate(entry.datasets):
        write_vault(folder / f"{entry.scenario}.vlt" / uid, smac_leaves(battles(task_spec(task), (6, 4), seed=number)))
    archive = folder / f"{entry.scenario}.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted((folder / f"{entry.scenario}.vlt").rglob("*")):
            packed.write(file, file.relative_to(folder))
        packed.writestr(f"__MACOSX/._{entry.scenario}.vlt", b"")
    return archive


@pytest.mark.parametrize("task", SCENARIOS)
def test_all_qualities_come_out_of_the_scenarios_one_zip(tmp_path, task: str):
    archive = published(tmp_path / "published", task)
    names = TASKS[task].datasets[Source.OG_MARL]
    fetched = list(fetch_task(task, tmp_path / "fetched", str(archive.parent)))
    assert sorted(read_card(one.directory).identity.dataset for one in fetched) == sorted(names)
    found = list(import_path(archive, tmp_path / "imported"))
    assert {read_card(one.directory).content_hash for one in found} == {
        read_card(one.directory).content_hash for one in fetched
    }


def test_imported_data_can_be_inspected_and_verified_without_the_game(tmp_path, leaves):
    identity = read_card(import_vault(place(write_vault(tmp_path / "vault", leaves)), tmp_path)).identity
    (seen,) = inspect([identity], tmp_path)
    assert isinstance(seen.actions, ActionShares)
    assert seen.lengths.tolist() == list(LENGTHS)
    for agent in range(SPEC.n_agents):
        for action in range(SPEC.action_dim):
            assert seen.actions.taken[agent, action] == pytest.approx((leaves["actions"][0, :, agent] == action).mean())
    assert seen.actions.legal == pytest.approx(leaves["infos.legals"].sum(axis=-1).mean())
    checked = verify(identity, tmp_path, 100)
    assert (checked.sound, checked.replay, checked.illegal) == (True, None, 0)


def test_the_game_cannot_be_played_and_the_message_names_the_way_out():
    with pytest.raises(UnplayableTaskError, match=r"cannot be played here[\s\S]*evaluate: none"):
        make_environment("smac_2s3z", 1)


Harm = Callable[[Leaves], None]


def living(leaves: Leaves) -> tuple[int, int, int]:
    return tuple(np.argwhere((leaves["observations"] != 0).any(axis=-1))[0])


def dead(leaves: Leaves) -> tuple[int, int, int]:
    return tuple(np.argwhere((leaves["observations"] == 0).all(axis=-1))[0])


def an_illegal_action(leaves: Leaves) -> None:
    leaves["infos.legals"][0, 7, 1, leaves["actions"][0, 7, 1]] = 0.0
    leaves["infos.legals"][0, 7, 1, 2 if leaves["actions"][0, 7, 1] != 2 else 3] = 1.0
    leaves["observations"][0, 7, 1] = 0.5
    leaves["infos.legals"][0, 7, 1, 0] = 0.0


def an_action_too_large(leaves: Leaves) -> None:
    leaves["actions"][0, 7, 1] = 9


def a_negative_action(leaves: Leaves) -> None:
    leaves["actions"][0, 8, 2] = -1


def a_fraction_of_an_action(leaves: Leaves) -> None:
    leaves["actions"] = leaves["actions"].astype(np.float32)
    leaves["actions"][0, 7, 1] = 1.5


def half_legal(leaves: Leaves) -> None:
    leaves["infos.legals"][0, 3, 0, 4] = 0.5


def nothing_legal(leaves: Leaves) -> None:
    leaves["infos.legals"][living(leaves)] = 0.0


def a_no_op_of_the_living(leaves: Leaves) -> None:
    leaves["infos.legals"][(*living(leaves), 0)] = 1.0


def choices_of_the_dead(leaves: Leaves) -> None:
    leaves["infos.legals"][(*dead(leaves), 3)] = 1.0


def rewards_that_differ(leaves: Leaves) -> None:
    leaves["rewards"][0, 12, 2] += 0.5


def an_agent_that_ends_alone(leaves: Leaves) -> None:
    leaves["terminals"][0, 2, 1] = 1.0


def no_end(leaves: Leaves) -> None:
    leaves["terminals"][:] = 0.0


def an_episode_too_long(leaves: Leaves) -> None:
    leaves["terminals"][0, LENGTHS[0] + LENGTHS[1] - 1] = 0.0


def a_tail_too_long(leaves: Leaves) -> None:
    leaves["terminals"][0, -2:] = 0.0


def a_strange_terminal(leaves: Leaves) -> None:
    leaves["terminals"][0, 2] = 0.5


def a_number_that_is_none(leaves: Leaves) -> None:
    leaves["infos.state"][0, 30, 7] = np.nan


def a_mask_that_is_no_number(leaves: Leaves) -> None:
    leaves["infos.legals"][0, 30, 1, 2] = np.nan


def one_hot_actions(leaves: Leaves) -> None:
    leaves["actions"] = np.eye(9, dtype=np.float32)[leaves["actions"]]


def fewer_actions(leaves: Leaves) -> None:
    leaves["infos.legals"] = leaves["infos.legals"][..., :8]


def another_state(leaves: Leaves) -> None:
    leaves["infos.state"] = leaves["infos.state"][..., :40]


def complex_rewards(leaves: Leaves) -> None:
    leaves["rewards"] = leaves["rewards"].astype(np.complex64)


REFUSALS: dict[str, tuple[Harm, str, str, str]] = {
    "an illegal action": (
        an_illegal_action, "actions", r"action \d, which infos.legals forbids, of agent 1 in 1 row, the first being 7",
        "a legal action",
    ),
    "an action too large": (
        an_action_too_large, "actions", "9 of agent 1 in 1 row, the first being 7 of batch row 0",
        "numbers from 0 to 8",
    ),
    "a negative action": (a_negative_action, "actions", "-1 of agent 2 in 1 row, the first being 8", "numbers from 0 to 8"),
    "a fraction": (a_fraction_of_an_action, "actions", "1.5 of agent 1 in 1 row, the first being 7", "whole numbers"),
    "a mask of halves": (
        half_legal, "infos.legals", "0.5 of agent 0 in 1 row, the first being 3",
        "1 for a legal action and 0",
    ),
    "no legal action": (nothing_legal, "infos.legals", "the legal actions none of agent", "at least one legal action"),
    "a no-op of the living": (a_no_op_of_the_living, "infos.legals", "the legal actions 0, ", "so it lives"),
    "choices of the dead": (choices_of_the_dead, "infos.legals", "the legal actions 0, 3 of agent", "the no-op 0 alone"),
    "rewards that differ": (
        rewards_that_differ, "rewards", "of agent 2 in 1 row, the first being 12",
        "one reward for all agents",
    ),
    "agents that end alone": (an_agent_that_ends_alone, "terminals", "1 row in which the agents differ", "one value"),
    "no end": (no_end, "terminals", "0 terminals in 75 rows", "at least one whole episode"),
    "an episode too long": (an_episode_too_long, "terminals", "1 episodes of 69 rows", "at most 60"),
    "a tail too long": (a_tail_too_long, "terminals", "61 rows after the last end", "an end after at most 60 rows"),
    "a strange terminal": (a_strange_terminal, "terminals", "1 row with another number", "flags: 0 or 1"),
    "NaN": (a_number_that_is_none, "infos.state", "NaN or infinity in 1 row, the first being 30", "finite numbers"),
    "a mask of NaN": (
        a_mask_that_is_no_number, "infos.legals", "NaN or infinity in 1 row, the first being 30",
        "finite numbers",
    ),
    "one-hot actions": (one_hot_actions, "actions", r"shape \(1, 75, 3, 9\)", r"shape \(1, 75, 3\) for smac_3m"),
    "fewer actions": (fewer_actions, "infos.legals", r"shape \(1, 75, 3, 8\)", r"shape \(1, 75, 3, 9\) for smac_3m"),
    "another state": (another_state, "infos.state", r"shape \(1, 75, 40\)", r"shape \(1, 75, 48\) for smac_3m"),
    "complex rewards": (complex_rewards, "rewards", "values of type complex64", "real numbers"),
    "no masks": (lambda leaves: leaves.pop("infos.legals"), "infos.legals", "no such key, only actions", "this key"),
    "no states": (lambda leaves: leaves.pop("infos.state"), "infos.state", "no such key, only actions", "this key"),
}  # fmt: skip


@pytest.mark.parametrize("harm", REFUSALS)
def test_a_malformed_vault_is_refused_with_place_found_expected_and_hint(tmp_path, leaves, harm: str):
    damage, leaf, found, expected = REFUSALS[harm]
    damage(leaves)
    vault = place(write_vault(tmp_path / "vault", leaves))
    with pytest.raises(BrokenVaultError) as caught:
        import_vault(vault, tmp_path / "data")
    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == (str(vault.directory), leaf)
    assert re.search(found, problem.found), problem
    assert re.search(expected, problem.expected), problem
    assert problem.hint
    assert not list((tmp_path / "data").rglob("*.npy"))
