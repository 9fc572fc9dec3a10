"""Copies of datasets from elsewhere to this machine. A copy is complete and every byte is checked, or there is no copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import BrokenDataError, ChangedDataError
from recipe_sweep.trainers.data.stored.card import CARD_FILE, content_hash, read_card
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.data.stored.fingerprint import fingerprint
from recipe_sweep.trainers.data.stored.store import map_columns, rehash, staged

Fetch = Callable[[str, Path], bool]
"""Writes the dataset's file of this name to a path; False if there is no such file."""


def bring_dataset(directory: Path, wanted: str, fetch: Fetch, origin: str, pinned: str | None = None) -> bool:
    """Copy the dataset with content hash `wanted` from `origin` to `directory`. Return False if `origin` has no dataset.

    The dataset must have the fingerprint `pinned`, if one is given. Any number of processes may copy the same dataset; the
    first one wins. If there is no dataset, or after an error, nothing is left in `directory`.

    Raises:
        BrokenDataError: files are missing or differ from the card.
        ChangedDataError: the content or the fingerprint differs.
        OSError: the copy cannot be written.
    """
    with TemporaryDirectory() as aside:
        card_file = Path(aside) / CARD_FILE
        if not fetch(CARD_FILE, card_file):
            return False
        card = read_card(card_file.parent)
        hint = f"remove {origin} and let it be stored again from where the sweep began"
        if (hashed := content_hash(card.columns)) != wanted:  # The card's own `content_hash` is not trusted.
            found, expected = f"content {hashed}", f"content {wanted}"
            raise ChangedDataError(Problem(file=f"{origin}/{CARD_FILE}", found=found, expected=expected, hint=hint))
        if pinned is not None and (taken := fingerprint(card)) != pinned:
            found, expected = f"fingerprint {taken}", f"fingerprint {pinned}, pinned when this sweep first used it"
            raise ChangedDataError(Problem(file=f"{origin}/{CARD_FILE}", found=found, expected=expected, hint=hint))
        with staged(directory) as unfinished:
            for column in card.columns:
                # The name becomes a path here, and anybody who can write to `origin` may have chosen it.
                if column.name not in Columns._fields or not fetch(column.file, unfinished / column.file):
                    found, expected = "no such column", "every column of its card, and no others"
                    raise BrokenDataError(Problem(file=f"{origin}/{column.file}", found=found, expected=expected, hint=hint))
            rehash(unfinished, card, map_columns(unfinished, card))
            shutil.copyfile(card_file, unfinished / CARD_FILE)
    return True


def from_directory(source: Path) -> Fetch:
    """Make a `Fetch` that copies from another directory of this machine, or from one that machines share."""

    def fetch(name: str, path: Path) -> bool:
        try:
            shutil.copyfile(source / name, path)
        except FileNotFoundError:
            return False
        return True

    return fetch
