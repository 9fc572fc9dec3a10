"""A dataset that was damaged is refused with the file's name and what to do, never with a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.trainers.data.catalogue import ensure_dataset, open_dataset
from recipe_sweep.trainers.data.errors import BrokenDataError
from tests.trainers.data.points import spread_point

POINT = spread_point()


def edit_card(**changes: object) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / "card.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


def edit_column(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / f"{name}.npy"
        np.save(path, change(np.load(path)))

    return damage


def with_nan(values: np.ndarray) -> np.ndarray:
    values[7, 1] = np.nan
    return values


def truncate(name: str, size: int) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / name
        path.write_bytes(path.read_bytes()[:size])

    return damage


def fifo(name: str) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        (directory / name).unlink()
        os.mkfifo(directory / name)

    return damage


def directory_instead(name: str) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        (directory / name).unlink()
        (directory / name).mkdir()

    return damage


def drop_a_column_from_the_card(directory: Path) -> None:
    columns = json.loads((directory / "card.json").read_text())["columns"]
    edit_card(columns=columns[1:])(directory)


def rename_a_column(directory: Path) -> None:
    columns = json.loads((directory / "card.json").read_text())["columns"]
    edit_card(columns=[columns[0] | {"name": "../elsewhere"}, *columns[1:]])(directory)


def take_the_card_of_another_seed(directory: Path) -> None:
    identity = json.loads((directory / "card.json").read_text())["identity"]
    edit_card(identity=identity | {"dataset_seed": 1})(directory)


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no card": (lambda directory: (directory / "card.json").unlink(), "card.json"),
    "half a card": (truncate("card.json", 100), "card.json"),
    "a card that is no text": (lambda directory: (directory / "card.json").write_bytes(b"\xff\xfe\xff"), "card.json"),
    "a card without a field": (edit_card(rows=None), "rows"),
    "a card of a later release": (edit_card(schema_version=99), "later release"),
    "the card of another dataset": (take_the_card_of_another_seed, "identity"),
    "a column less on the card": (drop_a_column_from_the_card, "columns"),
    "a column outside of the directory": (rename_a_column, "columns"),
    "more transitions than rows": (edit_card(transitions=101), "transitions"),
    "another content hash": (edit_card(content_hash="0" * 64), "content_hash"),
    "no column": (lambda directory: (directory / "rewards.npy").unlink(), "rewards.npy"),
    "half a column": (truncate("actions.npy", 500), "actions.npy"),
    "an empty column": (truncate("actions.npy", 0), "actions.npy"),
    "a column that is no array": (lambda directory: (directory / "actions.npy").write_text("hello"), "actions.npy"),
    "fewer rows": (edit_column("observations", lambda values: values[:99]), "observations.npy"),
    "another type": (edit_column("rewards", lambda values: values.astype(np.float64)), "rewards.npy"),
    "a number that is none": (edit_column("rewards", with_nan), "finite"),
    "a card that is a FIFO": (fifo("card.json"), "no regular file"),
    "a card nested deep": (lambda directory: (directory / "card.json").write_text("[" * 100_000), "card.json"),
    "a column that is a FIFO": (fifo("rewards.npy"), "no regular file"),
    "a column that is a directory": (directory_instead("rewards.npy"), "no regular file"),
    "an open last episode": (edit_column("terminals", np.zeros_like), "ends no episode"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_with_its_file(tmp_path, damage: str):
    directory = ensure_dataset(POINT, tmp_path)
    harm, named = DAMAGES[damage]
    harm(directory)
    with pytest.raises(BrokenDataError, match=named) as caught:
        open_dataset(POINT, tmp_path)
    assert str(directory) in str(caught.value)


def test_all_damaged_columns_are_named_at_once(tmp_path):
    directory = ensure_dataset(POINT, tmp_path)
    for name in ("rewards", "actions"):
        (directory / f"{name}.npy").unlink()
    with pytest.raises(BrokenDataError, match=r"(?s)actions\.npy.*rewards\.npy"):
        open_dataset(POINT, tmp_path)


def test_one_changed_number_is_found_on_request(tmp_path):
    directory = ensure_dataset(POINT, tmp_path)
    edit_column("rewards", lambda values: values + np.float32(1e-3))(directory)
    open_dataset(POINT, tmp_path)
    with pytest.raises(BrokenDataError, match="sha256"):
        open_dataset(POINT, tmp_path, verify=True)


def test_a_broken_card_is_not_mistaken_for_a_dataset_that_is_there(tmp_path):
    directory = ensure_dataset(POINT, tmp_path)
    (directory / "card.json").unlink()
    with pytest.raises(BrokenDataError, match="delete"):
        ensure_dataset(POINT, tmp_path)


def test_fields_that_a_later_release_adds_do_not_hinder(tmp_path):
    edit_card(colour="blue")(ensure_dataset(POINT, tmp_path))
    open_dataset(POINT, tmp_path)
