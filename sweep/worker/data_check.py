"""Checks data before training: makes them, and compares them with what the sweep has pinned, once per node and launch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.sweep_file import DataPins
from recipe_sweep.sweep.units import gigabytes
from recipe_sweep.sweep.worker.workload import Workload

_TOLD_FROM_BYTES = 10**9
"""Size from which on a message is printed, because reading less is quick."""


def prepared_data(
    workload: Workload,
    points: Iterable[DesignPoint],
    data_root: Path,
    pinned: DataPins,
    tell: Callable[[str], None],
    launch_id: str,
) -> DataPins:
    """Make sure that every dataset exists, and compare its bytes with what is pinned; return the pins of these points.

    A workload that needs no data gets no fingerprints. Raises DataError if a dataset is missing, broken or changed.
    """
    from recipe_sweep.trainers.data.catalogue import dataset_directory

    distinct = {point.dataset_id: point for point in points}
    here = {key: point for key, point in distinct.items() if dataset_directory(point, data_root).is_dir()}
    # Compare them before anything else opens them, so that an error names both hashes.
    known = {key: point for key, point in here.items() if key in pinned.contents or key in pinned.fingerprints}
    fingerprints = _compared(known, data_root, pinned, tell, launch_id)
    contents = workload.prepare_data(distinct.values(), data_root, pinned.contents, tell)
    fresh = {
        key: point
        for key, point in distinct.items()
        if key not in fingerprints and dataset_directory(point, data_root).is_dir()
    }
    return DataPins(contents, fingerprints | _compared(fresh, data_root, pinned, tell, launch_id))


def check_on_this_node(settings: LaunchSettings, point: DesignPoint, root: Path, tell: Callable[[str], None]) -> None:
    """Compare the point's dataset under `root` with what this launch trains on, unless this node has done so already.

    Raises DataError if it differs.
    """
    fingerprint = settings.fingerprints.get(point.dataset_id)
    if fingerprint is None:
        return  # Rehearsals and stand-in workloads use no data.
    from recipe_sweep.trainers.data.comparison import Pin, compare_data
    from recipe_sweep.trainers.data.stored.reading_cache import ReadingCache

    compare_data(
        point,
        root,
        Pin(fingerprint=fingerprint),
        ReadingCache(settings.launch_id),
        lambda: tell(
            f"{point.environment}/{point.dataset} is being compared with its fingerprint by another worker of this node"
        ),
    )


@contextmanager
def compared_once(launch_id: str) -> Iterator[None]:
    """Remove from this node, at the end, the launch's notes on which data it has compared."""
    try:
        yield
    finally:
        from recipe_sweep.trainers.data.stored.reading_cache import ReadingCache

        ReadingCache(launch_id).forget()


def _compared(
    points: dict[str, DesignPoint], data_root: Path, pinned: DataPins, tell: Callable[[str], None], launch_id: str
) -> dict[str, str]:
    """Compute fingerprints by dataset id. Raises a DataError that names all differences in all of these datasets."""
    if not points:
        return {}
    from recipe_sweep.trainers.data.catalogue import dataset_directory
    from recipe_sweep.trainers.data.comparison import Pin, compare_data
    from recipe_sweep.trainers.data.errors import DataError
    from recipe_sweep.trainers.data.inventory import size_of
    from recipe_sweep.trainers.data.stored.reading_cache import ReadingCache

    found: dict[str, str] = {}
    errors: list[DataError] = []
    for key, point in points.items():
        size = size_of(dataset_directory(point, data_root))
        if size >= _TOLD_FROM_BYTES:
            tell(f"comparing dataset {point.environment}/{point.dataset} with its fingerprint ({gigabytes(size)})")
        try:
            pin = Pin(pinned.contents.get(key), pinned.fingerprints.get(key))
            found[key] = compare_data(point, data_root, pin, ReadingCache(launch_id))
        except DataError as error:
            errors.append(error)
    if errors:
        raise type(errors[0])(*(problem for error in errors for problem in error.problems))
    return found
