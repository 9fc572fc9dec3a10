"""Chooses how packs travel: as the cluster's file says, or by asking every machine what it sees.

A machine has to see the sweep's directory. It also has to see the datasets, unless it gets them from the sweep's store.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.resources import Way
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import ClusterFileError
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings
from recipe_sweep.sweep.files.pack_file import read_record
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.way_file import ChosenWay
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.travel.ray_gate import machines_that_do_not_see


def choose(launch: LaunchFile) -> ChosenWay:
    """Choose the way of a launch whose process is connected to Ray. A Ray that we start runs on this machine alone."""
    settings = launch.settings
    stated = settings.resources.travel
    if stated is not None:
        return ChosenWay(stated)
    if settings.resources.address is None:
        return ChosenWay(Way.FOLDER)
    unseen = machines_that_do_not_see(settings, read_in_place(settings, (each.pack.points[0] for each in launch.packs)))
    if not unseen and not (has_bucket(settings.store) and _arrays_elsewhere(settings.paths)):
        return ChosenWay(Way.FOLDER)
    return ChosenWay(Way.STORE if has_bucket(settings.store) else Way.RAY, unseen)


def sees_all(settings: LaunchSettings, pack_id: str) -> bool:
    """Say whether this machine sees the sweep's directory, and the pack's dataset there where the launch reads it."""
    if not settings.paths.launch_file(settings.epoch).exists():
        return False
    if settings.resources.address is None:
        return True  # This is the machine of the launch.
    first = read_record(settings.paths.pack_record(pack_id)).pack.points[:1]
    return all(each.is_dir() for each in _datasets(settings, first)) or _copied_from_bucket(settings)


def read_in_place(settings: LaunchSettings, points: Iterable[DesignPoint]) -> tuple[Path, ...]:
    """List the datasets of these points that a machine reads, or copies, from the launch's own data directory."""
    return () if _copied_from_bucket(settings) else _datasets(settings, points)


def _arrays_elsewhere(paths: SweepPaths) -> bool:
    """Say whether a checkpoint's arrays are in the store alone, because packs of this launch travelled by it before."""
    return any(not record.with_suffix(".safetensors").exists() for record in paths.checkpoints.glob("*/step-*.json"))


def _datasets(settings: LaunchSettings, points: Iterable[DesignPoint]) -> tuple[Path, ...]:
    from recipe_sweep.trainers.data.catalogue import dataset_directory

    distinct = {point.dataset_id: point for point in points if point.dataset_id in settings.fingerprints}
    return tuple(dataset_directory(point, settings.data_root) for point in distinct.values())


def _copied_from_bucket(settings: LaunchSettings) -> bool:
    return settings.resources.stage_data is not None and has_bucket(settings.store)


def has_bucket(store: str | None) -> bool:
    """Say whether a sweep's store can be reached from other machines. A folder of this machine cannot."""
    return store is not None and open_store(store).folder is None


def way_mistake(travel: Way | None, store: str | None) -> ClusterError | None:
    """Say what is wrong with a way that needs a store, if the sweep has none that other machines reach."""
    if travel is None or not travel.by_store or has_bucket(store):
        return None
    found, hint = f"{travel}, and {store or 'no store'}", "add `--store s3://BUCKET/PATH`, or write `travel: ray`"
    return ClusterError("travel", found, "a sweep with a bucket as its store, because checkpoints go there", hint)


def check_way(travel: Way | None, store: str | None) -> None:
    """Raise ClusterFileError for a way that lacks its store."""
    if mistake := way_mistake(travel, store):
        raise ClusterFileError(Problem(None, None, mistake.key, mistake.found, mistake.expected, mistake.hint))
