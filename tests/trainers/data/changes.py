"""Ways in which a dataset's files change behind a sweep's back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recipe_sweep.trainers.data.catalogue import ensure_dataset
from recipe_sweep.trainers.data.stored.card import column_card, content_hash, read_card, write_card
from tests.trainers.data.points import spread_point

Change = Callable[[Path], None]


def edit_card(**changes: object) -> Change:
    def change(directory: Path) -> None:
        path = directory / "card.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def other_byte(directory: Path) -> None:
    """One bit of one number, size and time of change kept."""
    path = directory / "rewards.npy"
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-4, os.SEEK_END)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def other_scale(directory: Path) -> None:
    scale = json.loads((directory / "card.json").read_text())["scale"]
    edit_card(scale=scale | {"maximum": scale["maximum"] * 1.001})(directory)


def other_rewards_with_their_hashes(directory: Path) -> None:
    """A consistent change: the card lists the new column, and the new content."""
    values = np.load(directory / "rewards.npy") * np.float32(1.5)
    np.save(directory / "rewards.npy", values)
    card = read_card(directory)
    columns = tuple(column_card("rewards", values) if column.name == "rewards" else column for column in card.columns)
    write_card(directory, card.model_copy(update={"columns": columns, "content_hash": content_hash(columns)}))


def other_rewards_under_the_old_content(directory: Path) -> None:
    before = read_card(directory).content_hash
    other_rewards_with_their_hashes(directory)
    edit_card(content_hash=before)(directory)


def files_of_another(directory: Path) -> None:
    """Every file that of another dataset of the same size."""
    other = ensure_dataset(spread_point(dataset="random"), directory.parents[3] / "other")
    for path in other.iterdir():
        (directory / path.name).write_bytes(path.read_bytes())


def column_of_another(directory: Path) -> None:
    other = ensure_dataset(spread_point(dataset="random"), directory.parents[3] / "other")
    (directory / "actions.npy").write_bytes((other / "actions.npy").read_bytes())


def cut(directory: Path) -> None:
    path = directory / "observations.npy"
    path.write_bytes(path.read_bytes()[:-40])


def longer(directory: Path) -> None:
    with (directory / "observations.npy").open("ab") as file:
        file.write(b"\0" * 4)


CHANGES: dict[str, Change] = {
    "one byte, size and time kept": other_byte,
    "reference returns": other_scale,
    "fewer transitions": edit_card(transitions=99),
    "a file cut": cut,
    "a file made longer": longer,
    "a file gone": lambda directory: (directory / "terminals.npy").unlink(),
    "a file of another dataset": column_of_another,
    "all files of another dataset": files_of_another,
    "rewards with their hashes": other_rewards_with_their_hashes,
    "rewards under the old content": other_rewards_under_the_old_content,
    "a file that is no array": lambda directory: (directory / "actions.npy").write_text("hello"),
    "half a card": lambda directory: (directory / "card.json").write_text('{"schema_version": 1'),
}
"""Each makes other data of a dataset of `spread_point()`."""
