"""Checks that the bytes of a dataset are still those that a sweep began with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.trainers.data.catalogue import (
    changed_content,
    contradictions,
    dataset_directory,
    dataset_name,
    require_present,
)
from recipe_sweep.trainers.data.errors import BrokenDataError, ChangedDataError
from recipe_sweep.trainers.data.stored.card import CARD_FILE, Card, Declared, content_hash, read_card
from recipe_sweep.trainers.data.stored.fingerprint import Reading, read_dataset
from recipe_sweep.trainers.data.stored.reading_cache import ReadingCache, stamps
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.environments.registry import task_spec

UNREMEMBERED = ReadingCache("")
"""A cache that is always empty, so that every byte is read."""


class Pin(NamedTuple):
    """Hashes of a dataset that a sweep has pinned; None if it has not yet."""

    content: str | None = None
    fingerprint: str | None = None


def compare_data(
    point: Declared,
    root: Path,
    pin: Pin,
    cache: ReadingCache = UNREMEMBERED,
    waiting: Callable[[], None] = lambda: None,
) -> str:
    """Compare bytes, transitions and reference returns of the point's dataset with the pin. Return the dataset's fingerprint.

    Read every byte, unless `cache` knows that this launch has already read the same unchanged files.

    Raises:
        MissingDataError: the dataset is not here.
        ChangedDataError: the dataset is not the pinned one.
        BrokenDataError: the files do not match the dataset's card.
    """
    directory = dataset_directory(point, root)
    require_present(point, root)
    if pin.fingerprint is not None and cache.known(directory) == pin.fingerprint:
        return pin.fingerprint
    with cache.alone(directory, waiting):
        if pin.fingerprint is not None and cache.known(directory) == pin.fingerprint:
            return pin.fingerprint
        before = stamps(directory)
        reading = read_dataset(directory)
        _require(point, directory, reading, pin)
        cache.remember(directory, before, reading.fingerprint)
    return reading.fingerprint


def compare_stored(directory: Path, root: Path, pin: Pin) -> str:
    """Compare the dataset in `directory`, below the data directory `root`, with the pin. Return the dataset's fingerprint.

    Every byte is read. The errors are those of `compare_data`.
    """
    try:
        identity = read_card(directory).identity
        problems: tuple[Problem, ...] = ()
        if dataset_directory(identity, root) != directory:
            found, expected = f"{identity} ({identity.dataset_id})", f"the dataset {directory.name}"
            problems = (Problem(file=str(directory / CARD_FILE), key="identity", found=found, expected=expected),)
    except BrokenDataError as error:
        problems = error.problems
    if problems:
        pinned = f"fingerprint {pin.fingerprint}" if pin.fingerprint else f"content {pin.content}"
        changed = Problem(
            file=str(directory),
            found=f"fingerprint {read_dataset(directory).fingerprint}",
            expected=f"{pinned}, pinned when this sweep first used it",
            hint="restore it from where the sweep began",
        )
        raise ChangedDataError(changed, *problems)
    return compare_data(identity, root, pin)


def _require(point: Declared, directory: Path, reading: Reading, pin: Pin) -> None:
    """Raise an error with all differences: first those from the pin, then file by file those from the card."""
    changed = list(_changes(point, directory, reading, pin))
    broken = list(reading.problems)
    if reading.card is not None:
        broken += contradictions(directory / CARD_FILE, reading.card, point, task_spec(point.task))
        if reading.fingerprint != pin.fingerprint:
            broken += _other_scale(point, directory, reading.card)
    if changed:
        raise ChangedDataError(*changed, *broken)
    if broken:
        hint = f"delete {directory} and make, fetch or import the dataset again"
        raise BrokenDataError(*(problem if problem.hint else _with_hint(problem, hint) for problem in broken))


def _changes(point: Declared, directory: Path, reading: Reading, pin: Pin) -> Iterator[Problem]:
    listed = None if reading.card is None else reading.card.content_hash
    if pin.content is not None and listed is not None and listed != pin.content:
        yield changed_content(point, directory, listed, pin.content)
    elif pin.fingerprint is not None and reading.fingerprint != pin.fingerprint:
        listed_differ = reading.card is not None and pin.content not in (None, content_hash(reading.card.columns))
        bytes_differ = listed_differ or any(problem.file != str(directory / CARD_FILE) for problem in reading.problems)
        yield Problem(
            file=str(directory),
            key=dataset_name(point),
            found=f"fingerprint {reading.fingerprint}",
            expected=f"fingerprint {pin.fingerprint}, pinned when this sweep first used it",
            hint=(
                "its files changed since: restore them from where the sweep began, or begin a new sweep with --dir"
                if bytes_differ
                else f"{CARD_FILE} changed since, in its transitions or the returns that score 0 and 1: restore it from where "
                "the sweep began"
            ),
        )


def _other_scale(point: Declared, directory: Path, card: Card) -> Iterator[Problem]:
    """Yield a problem if reference returns differ from this release's. At first use there is nothing else to compare with."""
    known = RETURN_SCALES.get((point.source, point.task, point.dataset_version))
    if known is None or point.task not in TASKS or point.dataset not in TASKS[point.task].datasets.get(point.source, ()):
        return
    if (card.scale.minimum, card.scale.maximum) != (known.minimum, known.maximum):
        yield Problem(
            file=str(directory / CARD_FILE),
            key="scale",
            found=f"{card.scale.minimum} and {card.scale.maximum} as the returns that score 0 and 1",
            expected=f"{known.minimum} and {known.maximum}, those of version {point.dataset_version} of this dataset",
        )


def _with_hint(problem: Problem, hint: str) -> Problem:
    return Problem(problem.file, problem.line, problem.key, problem.found, problem.expected, hint)
