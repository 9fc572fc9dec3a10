"""Which datasets exist, and which of them are in the data directory."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.validation import nearest
from recipe_sweep.search_spaces.vocabulary import Chance, Source
from recipe_sweep.trainers.data.errors import BrokenDataError, MissingDataError
from recipe_sweep.trainers.data.published.tasks import PUBLISHED
from recipe_sweep.trainers.data.stored.card import Card, Identity, read_card


class State(StrEnum):
    """Whether a dataset is in the data directory."""

    PRESENT = "present"
    ABSENT = "absent"
    BROKEN = "broken"


class Item(NamedTuple):
    """One dataset: a copy in the data directory, or a dataset that can be made, fetched or loaded."""

    source: str
    task: str
    dataset: str
    state: State
    directory: Path | None
    """Directory of the copy; None if the dataset is absent."""
    card: Card | None
    size_bytes: int
    remark: str
    """What differs from the published numbers, what is broken, or how to get the dataset."""


def inventory(root: Path) -> list[Item]:
    """List every dataset in the data directory `root`, and every missing one that grids may name; sorted."""
    here = list(_here(root))
    found = {(item.source, item.task, item.dataset) for item in here}
    return sorted([*here, *_elsewhere(found)], key=lambda item: (item.source, item.task, item.dataset, str(item.directory)))


class Made(NamedTuple):
    """Which copies of home-made datasets are meant: None is any."""

    size: int | None = None
    seed: int | None = None
    chance: Chance | None = None

    def has(self, identity: Identity) -> bool:
        """Say whether a dataset is one of them."""
        found = identity.dataset_size, identity.dataset_seed, identity.chance
        return all(wanted in (None, value) for wanted, value in zip(self, found, strict=True))


ANY = Made()


def present(
    root: Path, task: str, datasets: Collection[str] = (), source: Source | None = None, made: Made = ANY
) -> list[Identity]:
    """List the datasets of a task that are here, in the order in which the task names them; by default all of one source.

    Copies that differ in their version alone count once, as the newest.

    Raises MissingDataError if there is none, if a named one is missing, or if several copies or sources fit.
    """
    if task not in TASKS:
        raise MissingDataError(Problem(key="task", found=repr(task), expected=", ".join(TASKS), hint=nearest(task, TASKS)))
    cards = [item.card for item in _here(root) if item.task == task and item.card is not None]
    found = _newest(
        card.identity
        for card in cards
        if (source is None or card.identity.source is source)
        and (not datasets or card.identity.dataset in datasets)
        and made.has(card.identity)
    )
    problems = list(_unclear(root, task, datasets, source, found))
    if problems:
        raise MissingDataError(*problems)
    order = TASKS[task].datasets[found[0].source]
    return sorted(found, key=lambda identity: order.index(identity.dataset) if identity.dataset in order else len(order))


def homegrown_identities(
    task: str, datasets: Collection[str], size: int, seed: int, chance: Chance = Chance.FULL
) -> list[Identity]:
    """List home-made datasets of a task, by default all. Raises MissingDataError with everything that cannot be made."""
    known = TASKS[task].datasets.get(Source.HOMEGROWN, ()) if task in TASKS else ()
    if not known:
        makeable = [name for name, entry in TASKS.items() if Source.HOMEGROWN in entry.datasets]
        expected = f"a task with home-made data: {', '.join(makeable)}"
        raise MissingDataError(Problem(key="task", found=repr(task), expected=expected, hint=nearest(task, makeable)))
    unknown = [
        Problem(key="dataset", found=repr(name), expected=f"one of {', '.join(known)}", hint=nearest(name, known))
        for name in datasets
        if name not in known
    ]
    if not TASKS[task].has_chance and chance is not DesignPoint.chance:
        able = ", ".join(name for name, entry in TASKS.items() if entry.has_chance)
        unknown.append(Problem(key="chance", found=f"{chance} for {task}", expected=f"full, because only {able} have a choice"))
    if unknown:
        raise MissingDataError(*unknown)
    return [
        Identity(
            task=task,
            source=Source.HOMEGROWN,
            dataset=dataset,
            dataset_version=TASKS[task].version(Source.HOMEGROWN, dataset),
            dataset_seed=seed,
            dataset_size=size,
            chance=chance,
        )
        for dataset in dict.fromkeys(datasets or known)
    ]


def registered_absent(root: Path, task: str, datasets: Collection[str] = (), source: Source | None = None) -> list[Identity]:
    """List those datasets of a task that a plugin registers, that are asked for, and that are not here yet.

    Without a source and without names, they are asked for only if no other dataset of the task is here.
    """
    if task not in TASKS or source not in (None, Source.REGISTERED):
        return []
    here = [item for item in _here(root) if item.task == task]
    if source is None and not datasets and here:
        return []
    entry = TASKS[task]
    found = []
    for name in entry.datasets.get(Source.REGISTERED, ()):
        same = [item for item in here if item.dataset == name and (source is None or item.source == source)]
        if not same and (not datasets or name in datasets):
            version = entry.version(Source.REGISTERED, name)
            found.append(
                Identity(
                    task=task,
                    source=Source.REGISTERED,
                    dataset=name,
                    dataset_version=version,
                    dataset_seed=None,
                    dataset_size=None,
                )
            )
    return found


def leftovers(root: Path) -> Iterator[Path]:
    """Find directories that killed processes left. They are no datasets, and safe to delete while no dataset is being made."""
    return (path for path in root.glob("*/*/*/.*") if path.is_dir())


def size_of(directory: Path) -> int:
    """Sum the bytes of all files in a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def free_bytes(root: Path) -> int:
    """Read how many bytes are free on the disk where the data directory is or will be."""
    existing = next(path for path in (root, *root.resolve().parents) if path.is_dir())
    return shutil.disk_usage(existing).free


def _here(root: Path) -> Iterator[Item]:
    for directory in sorted(path for path in root.glob("*/*/*/*") if path.is_dir() and not path.name.startswith(".")):
        source, task, dataset, _ = directory.relative_to(root).parts
        if source not in tuple(Source):
            continue
        try:
            card = read_card(directory)
        except BrokenDataError as error:
            remark = str(error).replace("\n", " ")
            yield Item(source, task, dataset, State.BROKEN, directory, None, size_of(directory), remark)
            continue
        yield Item(source, task, dataset, State.PRESENT, directory, card, size_of(directory), _remark(card))


def _newest(identities: Iterable[Identity]) -> list[Identity]:
    """Keep the newest of the copies that differ in their version alone. Versions that are not known here count as different."""
    kept: dict[tuple[object, ...], Identity] = {}
    for identity in identities:
        age = _age(identity)
        where = *identity.model_dump(exclude={"dataset_version"}).values(), identity.dataset_version if age is None else ""
        other = kept.get(where)
        if other is None or (age or 0) < (_age(other) or 0):
            kept[where] = identity
    return list(kept.values())


def _age(identity: Identity) -> int | None:
    """Count the versions that are newer; None if this release does not know the version."""
    entry = TASKS.get(identity.task)
    known = () if entry is None or identity.source not in entry.versions else entry.known(identity.source)
    return known.index(identity.dataset_version) if identity.dataset_version in known else None


def _remark(card: Card) -> str:
    differing = [] if card.origin is None else [each for each in card.origin.published if not each.agrees]
    if differing:
        return f"{len(differing)} numbers differ from the published ones"
    identity = card.identity
    older = f"{identity.dataset_id} has version {identity.dataset_version}, for sweeps that began with it"
    return older if _age(identity) else ""


def _elsewhere(found: Collection[tuple[str, str, str]]) -> Iterator[Item]:
    for task, entry in TASKS.items():
        for source, datasets in entry.datasets.items():
            for dataset in datasets:
                if (source, task, dataset) not in found:
                    yield Item(source, task, dataset, State.ABSENT, None, None, 0, _how(source, task))


def _how(source: Source, task: str) -> str:
    match source:
        case Source.OG_MARL:
            entry = PUBLISHED[task]
            size = f"{'about ' if entry.size_estimated else ''}{entry.archive_gb:g} GB"
            return f"{pasted('recipe-sweep', 'data', 'fetch', task)} ({size})"
        case Source.HOMEGROWN:
            return f"made when a sweep needs it; now: {pasted('recipe-sweep', 'data', 'collect', task)}"
        case Source.REGISTERED:
            return "loaded when a sweep needs it"


def _unclear(
    root: Path, task: str, datasets: Collection[str], source: Source | None, found: list[Identity]
) -> Iterator[Problem]:
    """Yield a problem for each request that no dataset fits or several fit."""
    place, name = str(root), f"{source or 'any source'}/{task}"
    absent = [dataset for dataset in datasets if dataset not in {identity.dataset for identity in found}]
    if absent or not found:
        what = f"no {', '.join(absent)} of {name}" if absent else f"no dataset of {name}"
        yield Problem(file=place, found=what, expected="a dataset that is here", hint="see: recipe-sweep data list")
        return
    sources = sorted({identity.source for identity in found})
    if len(sources) > 1:
        yield Problem(file=place, key=task, found=f"datasets from {' and '.join(sources)}", expected="one source: --source")
        return
    for dataset in sorted({identity.dataset for identity in found}):
        copies = sorted(
            (identity for identity in found if identity.dataset == dataset),
            key=lambda copy: (copy.dataset_size or 0, copy.dataset_seed or 0, copy.chance),
        )
        if len(copies) > 1:
            several = len({copy.chance for copy in copies}) > 1
            told = ", ".join(
                f"--size {copy.dataset_size} --seed {copy.dataset_seed}" + (f" --chance {copy.chance}" if several else "")
                for copy in copies
            )
            versions = {copy.dataset_version for copy in copies}
            also = f" in versions {', '.join(sorted(versions))}" if len(versions) > 1 else ""
            yield Problem(file=place, key=f"{task}/{dataset}", found=f"{len(copies)} copies{also}", expected=f"one of {told}")
