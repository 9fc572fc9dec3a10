"""Chooses how packs travel: as the cluster's file says, or by asking every machine whether it sees the sweep's directory."""

from __future__ import annotations

from recipe_sweep.cluster.resources import Way
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import ClusterFileError
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.way_file import ChosenWay
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.travel.ray_gate import machines_that_do_not_see


def choose(settings: LaunchSettings) -> ChosenWay:
    """Choose the way of a launch whose process is connected to Ray. A Ray that we start runs on this machine alone."""
    stated = settings.resources.travel
    if stated is not None:
        return ChosenWay(stated)
    if settings.resources.address is None:
        return ChosenWay(Way.FOLDER)
    unseen = machines_that_do_not_see(settings)
    if not unseen:
        return ChosenWay(Way.FOLDER)
    return ChosenWay(Way.STORE if has_bucket(settings.store) else Way.RAY, unseen)


def has_bucket(store: str | None) -> bool:
    """Say whether a sweep's store can be reached from other machines. A folder of this machine cannot."""
    return store is not None and open_store(store).folder is None


def check_way(travel: Way | None, store: str | None) -> None:
    """Refuse a way that needs a store, if the sweep has none that other machines reach. Raises ClusterFileError."""
    if travel is not None and travel.by_store and not has_bucket(store):
        problem = Problem(
            key="travel",
            found=f"{travel}, and {'no store' if store is None else store}",
            expected="a sweep with a bucket as its store, because checkpoints go there",
            hint="add `--store s3://BUCKET/PATH`, or write `travel: ray`",
        )
        raise ClusterFileError(problem)
