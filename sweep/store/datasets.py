"""Brings datasets to where they are needed: into a sweep's store, and once onto each node's own disk.

A worker that reads its batches from a shared file system has to wait for other machines. A machine that makes a dataset again
may get other bytes. So a launch with a store keeps its datasets there, by the hash of their content. A machine that lacks one
fetches it.

If a cluster's file says `stage_data`, the first worker of a node copies what its packs need. Every byte is checked.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.sweep_file import DataPins
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store

if TYPE_CHECKING:
    from recipe_sweep.trainers.data.stored.bring import Fetch

FOLDER = "datasets"


class DataSource(NamedTuple):
    """A place from which a node can copy a dataset. `origin` names it in errors."""

    origin: str
    fetch: Fetch


def store_dataset(store: Store, content_hash: str, directory: Path) -> None:
    """Store a dataset. Its card goes last, so a dataset with a card is complete. Raises StoreError, FileNotFoundError."""
    for path in sorted(directory.glob("*.npy")):
        store.replace(f"{FOLDER}/{content_hash}/{path.name}", path)
    card = card_key(content_hash)
    store.create(card, directory / Path(card).name)


def card_key(content_hash: str) -> str:
    """Return the key that exists if a dataset is stored."""
    # Imported here, because it loads NumPy, which most commands that import this file do not need.
    from recipe_sweep.trainers.data.stored.card import CARD_FILE

    return f"{FOLDER}/{content_hash}/{CARD_FILE}"


def fetch_lacking(
    store: Store | None,
    points: Iterable[DesignPoint],
    data_root: Path,
    pinned: DataPins,
    tell: Callable[[str], None],
) -> None:
    """Fetch the sweep's datasets that are stored and not on this machine. Raises StoreError, DataError."""
    from recipe_sweep.trainers.data.catalogue import dataset_directory
    from recipe_sweep.trainers.data.stored.bring import bring_dataset

    if store is None:
        return
    for point in {point.dataset_id: point for point in points}.values():
        directory, content = dataset_directory(point, data_root), pinned.contents.get(point.dataset_id)
        if content is None or directory.is_dir() or not store.keys(card_key(content)):
            continue
        tell(f"fetching dataset {point.environment}/{point.dataset} from {store.address}")
        origin, fingerprint = f"{store.address}/{FOLDER}/{content}", pinned.fingerprints.get(point.dataset_id)
        bring_dataset(directory, content, _from_store(store, content), origin, fingerprint)


def datasets_to_store(
    store: Store | None, points: Iterable[DesignPoint], data_root: Path, hashes: Mapping[str, str]
) -> dict[str, Path]:
    """List the sweep's datasets on this machine, by the hash of their content. There are none without a store."""
    if store is None:
        return {}
    from recipe_sweep.trainers.data.catalogue import dataset_directory

    found = {hashes[point.dataset_id]: dataset_directory(point, data_root) for point in points}
    return {content: directory for content, directory in found.items() if directory.is_dir()}


def root_on_this_node(
    stage: str | None,
    point: DesignPoint,
    data_root: Path,
    content_hash: str,
    sources: Sequence[DataSource],
    tell: Callable[[str], None],
) -> Path:
    """Return the data directory from which this node reads the point's dataset.

    It is the node's own `stage`; the first process fills it, from the first of `sources` that has the dataset. If that fails
    (no room, no permission) and `data_root` has the dataset, that directory is used. `tell` is called with the reason. If
    neither has the dataset, the error of filling it is raised.
    """
    if stage is None:
        return data_root
    from recipe_sweep.trainers.data.catalogue import dataset_directory
    from recipe_sweep.trainers.data.stored.bring import bring_dataset
    from recipe_sweep.trainers.data.stored.file_lock import locked

    source = dataset_directory(point, data_root)
    try:
        root = own_directory(stage) / content_hash
        directory = dataset_directory(point, root)
        if directory.is_dir():
            return root
        with locked(root.with_suffix(".lock"), lambda: tell(f"{point.environment}/{point.dataset} is being copied to {root}")):
            if directory.is_dir():
                return root
            tell(f"copying {point.environment}/{point.dataset} to {root}")
            if any(bring_dataset(directory, content_hash, each.fetch, each.origin) for each in sources):
                return root
    except (OSError, RecipeSweepError) as error:
        if not source.is_dir():
            raise
        tell(f"{point.environment}/{point.dataset} is read from {source}, because it cannot be copied here: {error}")
    return data_root


def sources_here(store: str | None, point: DesignPoint, data_root: Path, content_hash: str) -> Sequence[DataSource]:
    """List where a machine that sees `data_root` copies the dataset from: that directory, then the sweep's store."""
    from recipe_sweep.trainers.data.catalogue import dataset_directory
    from recipe_sweep.trainers.data.stored.bring import from_directory

    directory = dataset_directory(point, data_root)
    return (DataSource(str(directory), from_directory(directory)), *stored_source(store, content_hash))


def stored_source(store: str | None, content_hash: str) -> tuple[DataSource, ...]:
    """Return the sweep's store as a place of the dataset; nothing if the sweep has none. The store is opened when asked."""
    if store is None:
        return ()

    opened = functools.cache(open_store)  # A client of S3 takes a while to make, and a dataset has about ten files.

    def fetch(name: str, path: Path) -> bool:
        return _from_store(opened(store), content_hash)(name, path)

    return (DataSource(f"{store}/{FOLDER}/{content_hash}", fetch),)


def own_directory(stage: str) -> Path:
    """Make `stage` followed by this user's number. Only this user may write there, because its content is trusted.

    Raises PermissionError.
    """
    root = Path(f"{stage}-{os.getuid()}")
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = root.lstat()
    if found.st_uid != os.getuid() or not root.is_dir() or root.is_symlink() or found.st_mode & 0o022:
        raise PermissionError(f"{root} belongs to somebody else, or others may write there")
    return root


def _from_store(store: Store, content_hash: str) -> Fetch:
    return lambda name, path: store.fetch(f"{FOLDER}/{content_hash}/{name}", path)
