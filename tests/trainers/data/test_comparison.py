"""A dataset whose bytes, transitions or reference returns changed is refused, with what was pinned and what is there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.trainers.data.catalogue import dataset_directory, ensure_dataset
from recipe_sweep.trainers.data.comparison import Pin, compare_data, compare_stored
from recipe_sweep.trainers.data.errors import BrokenDataError, ChangedDataError, MissingDataError
from recipe_sweep.trainers.data.stored.card import read_card
from recipe_sweep.trainers.data.stored.fingerprint import fingerprint
from tests.trainers.data.changes import CHANGES, edit_card, other_byte, other_scale
from tests.trainers.data.points import spread_point

POINT = spread_point()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return ensure_dataset(POINT, tmp_path / "data")


@pytest.fixture
def root(directory: Path) -> Path:
    return directory.parents[3]


def pinned(directory: Path) -> Pin:
    card = read_card(directory)
    return Pin(card.content_hash, fingerprint(card))


def test_data_that_did_not_change_are_refused(directory: Path, root: Path) -> None:
    pin = pinned(directory)
    assert compare_data(POINT, root, Pin()) == pin.fingerprint
    assert compare_data(POINT, root, pin) == compare_stored(directory, root, pin) == pin.fingerprint


@pytest.mark.parametrize("change", CHANGES)
def test_changed_data_are_taken_for_those_that_were_pinned(directory: Path, root: Path, change: str) -> None:
    pin = pinned(directory)
    CHANGES[change](directory)
    for compare in (lambda: compare_data(POINT, root, pin), lambda: compare_stored(directory, root, pin)):
        with pytest.raises(ChangedDataError) as caught:
            compare()
        told = caught.value.problems[0]
        assert str(directory) in str(told)
        assert any(hashed in told.expected for hashed in pin)
        assert re.search(r"[0-9a-f]{12}", told.found)
        assert told.found != told.expected


@pytest.mark.parametrize("change", CHANGES)
def test_data_that_are_not_what_their_card_says_are_pinned(directory: Path, root: Path, change: str) -> None:
    if change == "rewards with their hashes":
        pytest.skip("nothing tells these from data that were made so")
    CHANGES[change](directory)
    with pytest.raises(BrokenDataError):
        compare_data(POINT, root, Pin())


def test_a_column_that_the_card_does_not_list_goes_unnoticed(directory: Path, root: Path) -> None:
    np.save(directory / "states.npy", np.zeros((100, 54), np.float32))
    with pytest.raises(BrokenDataError, match=r"(?s)states\.npy.*does not list"):
        compare_data(POINT, root, pinned(directory))


def test_a_note_beside_the_columns_is_taken_for_a_change(directory: Path, root: Path) -> None:
    (directory / "README").write_text("made on Monday")
    edit_card(colour="blue")(directory)
    compare_data(POINT, root, pinned(directory))


def test_the_fingerprint_depends_on_how_numpy_wrote_the_file(directory: Path, root: Path) -> None:
    pin = pinned(directory)
    values = np.load(directory / "rewards.npy")
    with (directory / "rewards.npy").open("wb") as file:
        np.lib.format.write_array(file, values, (2, 0))
    assert compare_data(POINT, root, pin) == pin.fingerprint


def test_all_that_differs_is_not_told_at_once(directory: Path, root: Path) -> None:
    pin = pinned(directory)
    other_byte(directory)
    other_scale(directory)
    (directory / "actions.npy").unlink()
    with pytest.raises(ChangedDataError, match=r"(?s)fingerprint.*actions\.npy.*rewards\.npy.*scale"):
        compare_data(POINT, root, pin)


def test_data_that_are_not_here_are_taken_for_changed(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no dataset"):
        compare_data(POINT, tmp_path, Pin("0" * 64, "0" * 64))
    assert not dataset_directory(POINT, tmp_path).exists()
