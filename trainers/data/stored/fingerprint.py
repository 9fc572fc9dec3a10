"""The fingerprint of a dataset: one hash over the bytes of its columns, its transitions and its reference returns.

`content_hash` is computed from the card. A fingerprint is computed from the files, so a changed byte changes the fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import BrokenDataError
from recipe_sweep.trainers.data.stored.card import CARD_FILE, Card, ColumnCard, column_card, content_hash, read_card
from recipe_sweep.trainers.data.stored.columns import Columns


class Reading(NamedTuple):
    """Result of reading every byte of a dataset."""

    fingerprint: str
    card: Card | None
    """The dataset's card; None if it cannot be read."""
    problems: tuple[Problem, ...]
    """Differences between the files and the card."""


def fingerprint(card: Card) -> str:
    """Compute the fingerprint of a dataset whose columns have the hashes on the card."""
    facts = {"content": content_hash(card.columns), "scale": card.scale.model_dump(), "transitions": card.transitions}
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_dataset(directory: Path) -> Reading:
    """Read every byte of a dataset. Missing or damaged files become problems, and change the fingerprint too."""
    try:
        card = read_card(directory)
    except BrokenDataError as error:
        found = _hash_file(directory / CARD_FILE)
        return Reading(hashlib.sha256(f"unreadable card {found}".encode()).hexdigest(), None, error.problems)
    columns, problems = [], list(_unlisted(directory, card))
    for column in card.columns:
        found_column, faults = _read_column(directory, column)
        columns.append(found_column)
        problems += faults
    found_card = card.model_copy(update={"columns": tuple(columns)})
    return Reading(fingerprint(found_card), card, tuple(problems))


def _read_column(directory: Path, column: ColumnCard) -> tuple[ColumnCard, list[Problem]]:
    """Read a column from its file. Return what the file holds, and its differences from the card."""
    path = directory / column.file
    expected = f"sha256 {column.sha256}, which its card lists"
    if column.name not in Columns._fields or not path.is_file():  # The name could be a path to another file.
        return _no_column(column, ""), [_differs(path, "no such column", expected)]
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        if values.flags.c_contiguous:
            # The file is read and not mapped, because truncating a mapped file would kill the process.
            found = ColumnCard(
                name=column.name, dtype=values.dtype.str, shape=values.shape, sha256=_hash_file(path, values.offset)
            )
        else:
            found = column_card(column.name, values)
    except (OSError, ValueError, EOFError) as error:
        hashed = _hash_file(path)
        return _no_column(column, hashed), [_differs(path, f"{error} (the file's bytes have sha256 {hashed})", expected)]
    if found == column:
        return found, []
    if (found.dtype, found.shape) != (column.dtype, column.shape):
        expected = f"{column.dtype} {column.shape} with {expected}"
        return found, [_differs(path, f"{found.dtype} {found.shape} with sha256 {found.sha256}", expected)]
    return found, [_differs(path, f"sha256 {found.sha256}", expected)]


def _no_column(column: ColumnCard, hashed: str) -> ColumnCard:
    return ColumnCard(name=column.name, dtype="", shape=(), sha256=hashed)


def _unlisted(directory: Path, card: Card) -> Iterator[Problem]:
    listed = {column.file for column in card.columns}
    for path in sorted(directory.glob("*.npy")):
        if path.name not in listed:
            yield _differs(path, "a column that its card does not list", f"{', '.join(sorted(listed))}, and no others")


def _differs(path: Path, found: str, expected: str) -> Problem:
    return Problem(file=str(path), found=found, expected=expected)


def _hash_file(path: Path, start: int = 0) -> str:
    """Hash a file from byte `start` on with sha256; empty if the file cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
