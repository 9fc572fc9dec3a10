"""Actions of masked tasks are stored as numbers with their legal bytes. Nothing else is accepted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recipe_sweep.trainers.data.errors import BrokenDataError, DataError
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.data.stored.discrete_actions import one_hot_actions
from recipe_sweep.trainers.data.stored.episodes import Episode, check_columns, columns_from_episodes
from recipe_sweep.trainers.task import TaskSpec
from tests.trainers.masked import corridor_point, example

MASKED = TaskSpec("duel", 2, 3, 4, 6, 5, discrete=True, action_low=0.0, masked=True)
PLAIN = TaskSpec("coins", 2, 3, 4, 6, 5, discrete=True, action_low=0.0)
NUMBERS = np.array([[0, 3], [1, 2], [3, 3]])
LEGALS = np.array([[[1, 0, 0, 0], [1, 1, 1, 1]], [[0, 1, 1, 0], [0, 0, 1, 1]], [[1, 1, 1, 1], [0, 0, 0, 1]]])


def columns(**changes: Any) -> Columns:
    given = {
        "observations": np.zeros((3, 2, 3)),
        "actions": NUMBERS,
        "rewards": np.zeros((3, 2)),
        "terminals": np.array([False, False, True]),
        "legals": LEGALS,
    }
    return Columns(**(given | changes))


@pytest.mark.parametrize("actions", [NUMBERS, NUMBERS.astype(np.uint8), NUMBERS.astype(float), np.eye(4)[NUMBERS]])
@pytest.mark.parametrize("legals", [LEGALS, LEGALS.astype(bool), LEGALS.astype(float)])
def test_numbers_and_one_hot_actions_are_stored_alike(actions: np.ndarray, legals: np.ndarray) -> None:
    stored = check_columns(MASKED, columns(actions=actions, legals=legals), "duel")
    assert stored.legals is not None
    assert (stored.actions.dtype, stored.legals.dtype) == (np.uint8, np.uint8)
    assert_array_equal(stored.actions, NUMBERS)
    assert_array_equal(stored.legals, LEGALS)
    assert_array_equal(one_hot_actions(MASKED, stored.actions), np.eye(4)[NUMBERS])
    longer = np.concatenate([legals, legals[:1]])
    one = Episode(np.zeros((4, 2, 3)), actions, np.zeros(3), legals=longer)
    together = columns_from_episodes(MASKED, [one, one])
    assert_array_equal(together.actions, np.concatenate([NUMBERS, NUMBERS]))
    assert_array_equal(together.legals, np.concatenate([LEGALS, LEGALS]))


def test_a_task_without_illegal_actions_stores_one_hot_floats_as_ever() -> None:
    stored = check_columns(PLAIN, columns(legals=None), "coins")
    assert stored.actions.dtype == np.float32
    assert stored.legals is None
    assert_array_equal(stored.actions, np.eye(4)[NUMBERS])
    assert_array_equal(check_columns(PLAIN, columns(actions=np.eye(4)[NUMBERS], legals=None), "coins").actions, stored.actions)
    one = Episode(np.zeros((3, 2, 3)), NUMBERS, np.zeros(3))
    assert_array_equal(columns_from_episodes(PLAIN, [one]).actions, stored.actions)


def changed(array: np.ndarray, place: tuple[int, ...], value: float) -> np.ndarray:
    copy = array.astype(float)
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"actions": changed(NUMBERS, (1, 0), 0)}, "actions[\\s\\S]*illegal actions in 1 of 3 rows, first in row 1"),
        ({"actions": changed(NUMBERS, (1, 0), 4)}, "actions[\\s\\S]*1 values that are the number of no action[\\s\\S]*0 to 3"),
        ({"actions": changed(NUMBERS, (1, 0), -1)}, "number of no action"),
        ({"actions": changed(NUMBERS, (1, 0), 1.5)}, "number of no action"),
        ({"actions": changed(NUMBERS, (1, 0), np.nan)}, "number of no action"),
        ({"actions": changed(np.eye(4)[NUMBERS], (0, 0, 1), 1)}, "rows that are not one-hot"),
        ({"actions": np.zeros((3, 2, 5))}, r"<f.* \(3, 2, 5\)[\s\S]*u1 \(3, 2\)"),
        ({"legals": changed(LEGALS, (0, 0, 1), 0.5)}, "legals[\\s\\S]*values other than 0 and 1"),
        ({"legals": changed(LEGALS, (0, 0, 1), 2)}, "legals[\\s\\S]*values other than 0 and 1"),
        ({"legals": LEGALS[:2]}, r"legals[\s\S]*\(2, 2, 4\)[\s\S]*\(3, 2, 4\)"),
        ({"legals": np.zeros_like(LEGALS)}, "illegal actions in 3 of 3 rows"),
        ({"legals": None}, "legals[\\s\\S]*nothing"),
    ],
)
def test_what_no_masked_task_can_have_done_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        check_columns(MASKED, columns(**changes), "duel")


def test_legal_actions_of_a_task_that_has_no_illegal_ones_are_refused() -> None:
    with pytest.raises(DataError, match="coins is not masked"):
        check_columns(PLAIN, columns(), "coins")
    with pytest.raises(DataError, match="coins is not masked"):
        columns_from_episodes(PLAIN, [Episode(np.zeros((3, 2, 3)), NUMBERS, np.zeros(3), legals=LEGALS)])


def test_an_episode_of_a_masked_task_without_legal_actions_is_named() -> None:
    with pytest.raises(DataError, match="episode 0, legals"):
        columns_from_episodes(MASKED, [Episode(np.zeros((3, 2, 3)), NUMBERS, np.zeros(3))])
    with pytest.raises(DataError, match=r"episode 0, legals[\s\S]*5 rows with 3 actions"):
        columns_from_episodes(MASKED, [Episode(np.zeros((3, 2, 3)), NUMBERS, np.zeros(3), legals=np.ones((5, 2, 4)))])


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [("actions", 9, "1 numbers of no action"), ("actions", None, "illegal actions in 1 of"), ("legals", 7, "1 bytes above 1")],
)
def test_bytes_that_became_illegal_on_the_disk_are_found_when_the_data_are_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, column: str, value: int | None, says: str
) -> None:
    from recipe_sweep.trainers.data.catalogue import ensure_dataset, open_dataset

    with example(monkeypatch) as corridor:
        directory = ensure_dataset(corridor_point(), tmp_path)
        held = np.load(directory / f"{column}.npy")
        legals = np.load(directory / "legals.npy")
        walls = np.argwhere(legals[:, 0, corridor.LEFT] == 0)[:, 0]
        held[(walls[0], 0) if column == "actions" else (walls[0], 0, 0)] = corridor.LEFT if value is None else value
        np.save(directory / f"{column}.npy", held)
        with pytest.raises(BrokenDataError, match=says):
            open_dataset(corridor_point(), tmp_path)
