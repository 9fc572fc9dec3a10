"""Published datasets: from the network, a mirror or a disk into the data directory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from math import prod
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.trainers.data.catalogue import dataset_directory
from recipe_sweep.trainers.data.errors import FetchError, MissingDataError
from recipe_sweep.trainers.data.published.archive import VaultArchive, VaultName, vault_directories
from recipe_sweep.trainers.data.published.download import accept, download
from recipe_sweep.trainers.data.published.hub import hub_file
from recipe_sweep.trainers.data.published.import_vault import VaultPlace, import_vault
from recipe_sweep.trainers.data.published.tasks import PUBLISHED, PublishedTask, dataset_name
from recipe_sweep.trainers.data.stored.collect import Progress, unheard
from recipe_sweep.trainers.data.stored.columns import column_layout, state_is_observed
from recipe_sweep.trainers.data.stored.file_lock import locked
from recipe_sweep.trainers.environments.registry import task_spec

HUB = "Hugging Face"
DOWNLOADS = "downloads"

Stages = Callable[[str], Progress]
"""Begins to show a piece of work. The function that it returns is called with (done, in all)."""


def unseen(doing: str) -> Progress:
    """Ignore the stages, because nobody watches them."""
    return unheard


class Imported(NamedTuple):
    """A dataset that is in the data directory now."""

    directory: Path
    vault: str


def fetch_task(
    task: str, root: Path, place: str = HUB, keep_archive: bool = False, stages: Stages = unseen
) -> Iterator[Imported]:
    """Fetch the published datasets of a task into `root`, one after the other. Those that are there stay as they are.

    `place` is `HUB`, a base address, or a directory with the same layout. Any number of processes may call this at once. After
    everything is imported, the downloaded archive is removed, unless `keep_archive`. An archive that was in Hugging Face's
    cache before stays. Raises FetchError, ChangedDataError, NoRoomError, BrokenVaultError, and MissingDataError for a task
    without published data.
    """
    entry = published_task(task)
    wanted = [Imported(dataset_directory(entry.identity(uid), root), f"{entry.scenario}.vlt/{uid}") for uid in entry.datasets]
    if _all_here(wanted):
        yield from wanted
        return
    name = entry.archive.rpartition("/")[2]
    target = root / DOWNLOADS / entry.archive
    with locked(target.with_name(f"{name}.lock"), _waiting(stages, "fetches", name)):
        if _all_here(wanted):  # by the process that this one waited for
            yield from wanted
            return
        on_hub = None
        if place == HUB:
            progress = stages(f"downloading {name}")
            on_hub = hub_file(entry.archive, target, progress, room_afterwards=_room_afterwards(entry))
            archive, sha256 = on_hub.path, on_hub.sha256
        elif _is_address(place):
            url, progress = f"{place.rstrip('/')}/{entry.archive}", stages(f"downloading {name}")
            archive, sha256 = target, download(url, target, progress, room_afterwards=_room_afterwards(entry))
        else:
            archive = _local(Path(place), entry)
            sha256 = accept(archive, target)
        yield from import_archive(archive, root, task, sha256=sha256, stages=stages)
        if absent := [imported.vault for imported in wanted if not imported.directory.is_dir()]:
            raise FetchError(Problem(file=str(archive), found=f"no {', '.join(absent)}", expected="every dataset of the task"))
        if not keep_archive:
            target.unlink(missing_ok=True)
            if on_hub is not None:
                on_hub.discard()


def import_path(
    path: Path, root: Path, task: str | None = None, dataset: str | None = None, stages: Stages = unseen
) -> Iterator[Imported]:
    """Import every vault of a directory or a zip. `task` and `dataset` name the dataset if the path does not.

    Raises BrokenVaultError, NoRoomError, and MissingDataError if no dataset of that name was published.
    """
    if not path.exists():
        raise MissingDataError(
            Problem(file=str(path), found="nothing", expected="the directory of a vault, or a zip of vaults")
        )
    if path.is_file():
        yield from import_archive(path, root, task, dataset, stages=stages)
        return
    directories = vault_directories(path)
    meant = [_meant(directory, VaultName.of(directory.resolve()), task, dataset) for directory in directories]
    _require_each_once(path, meant)
    for directory, (entry, uid) in zip(directories, meant, strict=True):
        yield _import(VaultPlace(directory, entry, uid), root, stages)


def import_archive(
    path: Path,
    root: Path,
    task: str | None = None,
    dataset: str | None = None,
    sha256: str | None = None,
    stages: Stages = unseen,
) -> Iterator[Imported]:
    """Import every vault of a zip that is not imported yet; see `import_path`. A vault is unpacked only while it is read."""
    archive = VaultArchive(path)
    meant = [_meant(path, VaultName.of(vault), task, dataset) for vault in archive.vaults]
    _require_each_once(path, meant)
    for vault, (entry, uid) in zip(archive.vaults, meant, strict=True):
        directory = dataset_directory(entry.identity(uid), root)
        if directory.is_dir():
            yield Imported(directory, f"{entry.scenario}.vlt/{uid}")
            continue
        if sha256 is None:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with archive.unpacked(vault, root, stages(f"unpacking {uid}"), _waiting(stages, "unpacks", path.name)) as unpacked:
            yield _import(VaultPlace(unpacked, entry, uid, sha256), root, stages)


def published_task(task: str) -> PublishedTask:
    """Look up what was published of a task. Raises MissingDataError if nothing was."""
    if task in PUBLISHED:
        return PUBLISHED[task]
    close = get_close_matches(task, PUBLISHED, n=1)
    hint = f"did you mean {close[0]}?" if close else None
    raise MissingDataError(Problem(key="task", found=repr(task), expected=f"one of {', '.join(PUBLISHED)}", hint=hint))


def _import(place: VaultPlace, root: Path, stages: Stages) -> Imported:
    name = f"{place.task.scenario}.vlt/{place.uid}"
    return Imported(import_vault(place, root, stages(f"reading {name}")), name)


def _waiting(stages: Stages, does: str, name: str) -> Callable[[], None]:
    return lambda: stages(f"waiting for another process that {does} {name}")(0, 0)


def _room_afterwards(entry: PublishedTask) -> float:
    """Estimate the room for the datasets and for one unpacked vault, as a multiple of the archive's size."""
    spec = task_spec(entry.task)
    rows = sum(facts.rows for facts in entry.datasets.values()) * entry.batch_rows
    layout = column_layout(spec, rows, with_states=not state_is_observed(spec)).values()
    imported = sum(np.dtype(dtype).itemsize * prod(shape) for dtype, shape in layout)
    return 1.0 + imported / (entry.archive_gb * 1e9)


def _all_here(wanted: list[Imported]) -> bool:
    return all(imported.directory.is_dir() for imported in wanted)


def _is_address(place: str) -> bool:
    return "://" in place


def _local(mirror: Path, entry: PublishedTask) -> Path:
    """Find the archive in a directory that has the published layout, or that holds the archive itself."""
    candidates = [mirror / entry.archive, mirror / PurePosixPath(entry.archive).name]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    found = "neither " + " nor ".join(map(str, candidates))
    raise FetchError(
        Problem(file=str(mirror), found=found, expected=f"the archive {entry.archive}, or a base address (https://...)")
    )


def _meant(file: Path, vault: VaultName, task: str | None, dataset: str | None) -> tuple[PublishedTask, str]:
    """Decide which published dataset a vault is. The path says it, unless the user names one."""
    if task is None:
        by_scenario = {entry.scenario: entry for entry in PUBLISHED.values()}
        if vault.scenario not in by_scenario:
            found = f"a vault of {vault.scenario!r}" if vault.scenario else "a vault whose folder does not name its task"
            expected = f"one of {', '.join(by_scenario)}"
            hint = "say what it is with --task and --dataset"
            raise MissingDataError(Problem(file=str(file), key=vault.uid, found=found, expected=expected, hint=hint))
        entry = by_scenario[vault.scenario]
    else:
        entry = published_task(task)
    uids = {dataset_name(uid): uid for uid in entry.datasets}
    name = dataset_name(vault.uid if dataset is None else dataset)
    if name not in uids:
        hint = "say which it is with --dataset"
        raise MissingDataError(
            Problem(
                file=str(file), key="dataset", found=repr(name), expected=f"one of {', '.join(uids)} of {entry.task}", hint=hint
            )
        )
    return entry, uids[name]


def _require_each_once(file: Path, meant: list[tuple[PublishedTask, str]]) -> None:
    """Raise MissingDataError if several vaults would become the same dataset."""
    counts = Counter((entry.task, uid) for entry, uid in meant)
    for (task, uid), count in counts.items():
        if count > 1:
            found = f"{count} vaults that are all to be {task}/{dataset_name(uid)}"
            hint = "name the directory of one vault, or leave out --dataset"
            raise MissingDataError(Problem(file=str(file), found=found, expected="one vault for each dataset", hint=hint))
