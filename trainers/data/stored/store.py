"""Datasets on disk: a directory of columns (.npy) and a card. The directory appears when it is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.errors import BrokenDataError
from recipe_sweep.trainers.data.stored.card import CARD_FILE, Card, ColumnCard, column_card, write_card
from recipe_sweep.trainers.data.stored.columns import Columns, Layout

_ROWS_AT_ONCE = 65_536


def publish(directory: Path, columns: Columns, card: Card) -> None:
    """Write a dataset in one step. Raises OSError if the directory cannot be written."""
    with staged(directory) as unfinished:
        for column in card.columns:
            np.save(unfinished / column.file, getattr(columns, column.name), allow_pickle=False)
        write_card(unfinished, card)


@contextmanager
def staged(directory: Path) -> Iterator[Path]:
    """Yield a directory with a temporary name to write a dataset in. Rename it to `directory` after a clean exit.

    So no process sees an incomplete dataset, and none stays on the disk. If several processes write the same dataset at once,
    the first wins and the others delete theirs. They lose nothing, because the same identity has the same content. Raises
    OSError if the directory cannot be written.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = directory.with_name(f".{directory.name}.{uuid4().hex}")
    unfinished.mkdir()
    try:
        yield unfinished
        for path in unfinished.iterdir():
            _flush(path)
        try:
            unfinished.rename(directory)
        except OSError:
            if not (directory / CARD_FILE).is_file():
                raise
        _flush(directory.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def reserve_columns(directory: Path, layout: Mapping[str, Layout]) -> Columns:
    """Create the files of columns and map them, to be filled in any order.

    The files' room on the disk is reserved at once. So a full disk raises OSError here, and does not kill the process at a
    later write to the map.
    """
    mapped = {}
    for name, (dtype, shape) in layout.items():
        path = directory / f"{name}.npy"
        mapped[name] = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return Columns(**mapped)


def map_columns(directory: Path, card: Card) -> Columns:
    """Map a dataset's columns into memory. The files are never written.

    Raises BrokenDataError with every column that is unreadable, is not finite, or differs from its card in type or shape.
    """
    mapped: dict[str, NDArray[np.generic]] = {}
    problems: list[Problem] = []
    for column in card.columns:
        path = directory / column.file
        if path.exists() and not path.is_file():  # Opening a FIFO would wait for ever.
            problems.append(_broken(directory, column, "no regular file"))
            continue
        try:
            # Copy-on-write is as safe for the file as read-only, and PyTorch accepts it without a copy or a warning.
            values = np.load(path, mmap_mode="c", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            problems.append(_broken(directory, column, str(error)))
            continue
        mapped[column.name] = values
        problems += _differences(directory, column, values)
    if problems:
        raise BrokenDataError(*problems)
    return Columns(**mapped)  # type: ignore[arg-type]  # the card's names and types were checked against the task's


def rehash(directory: Path, card: Card, columns: Columns) -> None:
    """Read every byte and compare the hashes with the card. Raises BrokenDataError with every column that differs."""
    problems = []
    for column in card.columns:
        found = column_card(column.name, getattr(columns, column.name)).sha256
        if found != column.sha256:
            problems.append(_broken(directory, column, f"sha256 {found}", f"sha256 {column.sha256}"))
    if problems:
        raise BrokenDataError(*problems)


def _differences(directory: Path, column: ColumnCard, values: NDArray[np.generic]) -> Iterator[Problem]:
    found, expected = (f"{dtype} {shape}" for dtype, shape in ((values.dtype.str, values.shape), (column.dtype, column.shape)))
    if found != expected:
        yield _broken(directory, column, found, expected)
    elif values.dtype.kind == "f" and not _all_finite(values):
        yield _broken(directory, column, "NaN or infinite numbers", "finite numbers")


def _all_finite(values: NDArray[np.generic]) -> bool:
    """Read the column once. This also fills the page cache before the random access of training."""
    chunks = (values[first : first + _ROWS_AT_ONCE] for first in range(0, len(values), _ROWS_AT_ONCE))
    return all(bool(np.isfinite(chunk).all()) for chunk in chunks)


def _broken(directory: Path, column: ColumnCard, found: str, expected: str = "a readable column") -> Problem:
    hint = f"delete {directory} and make, fetch or import the dataset again"
    return Problem(file=str(directory / column.file), found=found, expected=expected, hint=hint)


def _flush(path: Path) -> None:
    """Wait until the disk holds what was written to a file or directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
