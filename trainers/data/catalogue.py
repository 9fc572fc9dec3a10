"""From a point of the design space to its dataset: where it lies, making it, opening it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from search_spaces.errors import Problem
from search_spaces.point import DesignPoint
from search_spaces.vocabulary import Source
from trainers.data.card import CARD_FILE, Card, Identity, content_hash, make_card, read_card
from trainers.data.collect import Progress, unheard
from trainers.data.columns import column_layout, transition_index
from trainers.data.errors import BrokenDataError, ChangedDataError, DataError, MissingDataError
from trainers.data.homegrown import LICENCE, make_columns
from trainers.data.scales import RETURN_SCALES
from trainers.data.store import map_columns, publish, rehash
from trainers.environments import task_spec
from trainers.task import ReturnScale, TaskSpec

if TYPE_CHECKING:
    from trainers.data.dataset import Dataset

DATA_ROOT_VARIABLE = "RECIPE_SWEEP_DATA"


def default_data_root() -> Path:
    """Where datasets live unless told otherwise: $RECIPE_SWEEP_DATA, else ~/.cache/recipe-sweep/data."""
    named = os.environ.get(DATA_ROOT_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".cache" / "recipe-sweep" / "data"


def dataset_directory(point: DesignPoint, root: Path) -> Path:
    """Where the point's dataset lies: `<root>/<source>/<task>/<dataset>/<dataset_id>`."""
    return root / point.source / point.task / point.dataset / point.dataset_id


def ensure_dataset(point: DesignPoint, root: Path, progress: Progress = unheard) -> Path:
    """Return the directory of the point's dataset, making it first if it is home-made and not there yet.

    Any number of processes may call this at once: one valid dataset is left. `progress` is told (transitions made,
    transitions in all). Raises MissingDataError where it is not there and cannot be made, BrokenDataError where its card
    is unreadable, DataError where it cannot be written.
    """
    directory = dataset_directory(point, root)
    if directory.is_dir():
        read_card(directory)
        return directory
    if point.source is not Source.HOMEGROWN:
        raise MissingDataError(_unpublished(point, directory))
    columns = make_columns(point, progress)
    card = make_card(point, columns, RETURN_SCALES[point.source, point.task], LICENCE)
    try:
        publish(directory, columns, card)
    except OSError as error:
        hint = f"free or choose a place: ${DATA_ROOT_VARIABLE} names the data directory"
        problem = Problem(file=str(directory), found=str(error), expected="room to write a dataset", hint=hint)
        raise DataError(problem) from error
    return directory


def open_dataset(point: DesignPoint, root: Path, expected_hash: str | None = None, verify: bool = False) -> Dataset:
    """Map the point's dataset into memory; its pages are shared by all processes that read them, and never written.

    Checks identity, types, shapes and that every number is finite; `verify` also hashes every byte anew. Raises
    MissingDataError where it is not there, BrokenDataError where it is not what its card says, and ChangedDataError where
    its content is not `expected_hash`.
    """
    from torch import from_numpy  # here alone, so that making data does not wait for PyTorch

    from trainers.data.dataset import Dataset

    directory = dataset_directory(point, root)
    if not directory.is_dir():
        hint = f"it is made when a sweep is launched, in the data directory that ${DATA_ROOT_VARIABLE} names"
        raise MissingDataError(Problem(file=str(directory), found="no dataset", expected=_name(point), hint=hint))
    card = read_card(directory)
    spec = task_spec(point.task)
    if problems := tuple(_contradictions(directory / CARD_FILE, card, point, spec)):
        raise BrokenDataError(*problems)
    if expected_hash is not None and card.content_hash != expected_hash:
        raise ChangedDataError(_changed(point, directory, card.content_hash, expected_hash))
    columns = map_columns(directory, card)
    if verify:
        rehash(directory, card, columns)
    if not columns.terminals[-1]:  # its next row would lie behind the last
        raise BrokenDataError(Problem(file=str(directory), found="a last row that ends no episode", expected="whole episodes"))
    rows, next_rows, mask = transition_index(columns.terminals, card.transitions)
    return Dataset(
        spec=spec,
        scale=ReturnScale(card.scale.minimum, card.scale.maximum),
        observations=from_numpy(columns.observations),
        actions=from_numpy(columns.actions),
        rewards=from_numpy(columns.rewards),
        states=None if columns.states is None else from_numpy(columns.states),
        rows=from_numpy(rows),
        next_rows=from_numpy(next_rows),
        mask=from_numpy(mask),
        content_hash=card.content_hash,
    )


def _contradictions(file: Path, card: Card, point: DesignPoint, spec: TaskSpec) -> Iterator[Problem]:
    """Where the card does not agree with the point, with the task or with itself."""
    if card.identity != Identity.of(point):
        yield Problem(file=str(file), key="identity", found=repr(card.identity), expected=repr(Identity.of(point)))
    found = {column.name: f"{column.dtype} {column.shape}" for column in card.columns}
    expected = {name: f"{dtype} {shape}" for name, (dtype, shape) in column_layout(spec, card.rows, "states" in found).items()}
    if found != expected:
        yield Problem(file=str(file), key="columns", found=repr(found), expected=f"{expected!r} for {spec.name}")
    if not 1 <= card.transitions <= card.rows:
        yield Problem(file=str(file), key="transitions", found=str(card.transitions), expected=f"1 to {card.rows}")
    if (hashed := content_hash(card.columns)) != card.content_hash:
        yield Problem(file=str(file), key="content_hash", found=card.content_hash, expected=f"{hashed}, of the columns listed")


def _name(point: DesignPoint) -> str:
    return f"{point.source}/{point.task}/{point.dataset} ({point.dataset_id})"


def _unpublished(point: DesignPoint, directory: Path) -> Problem:
    return Problem(
        file=str(directory),
        found=f"no files of {_name(point)}, published as {point.dataset_version}",
        expected="published OG-MARL files, which this version cannot fetch or read yet",
        hint="use `source: homegrown`, which is made on the spot (simple_spread and two_step)",
    )


def _changed(point: DesignPoint, directory: Path, found: str, expected: str) -> Problem:
    return Problem(
        file=str(directory),
        key=_name(point),
        found=f"content {found}",
        expected=f"content {expected}, pinned when it was first used",
        hint="another machine or library may round differently: copy the data directory from where the sweep began, "
        "or begin a new sweep",
    )
