"""`cancel`: ask the launch that trains a sweep to stop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.actions.elsewhere import elsewhere_of
from recipe_sweep.sweep.cli.shared import open_reference
from recipe_sweep.sweep.cli.show.status import status_line
from recipe_sweep.sweep.cli.streams import tell
from recipe_sweep.sweep.clusters.jobs import answer_of, reach_of
from recipe_sweep.sweep.clusters.machines import Cluster, load_cluster
from recipe_sweep.sweep.clusters.up_file import generated_directory, read_record, sent_name
from recipe_sweep.sweep.errors import ClusterStateError
from recipe_sweep.sweep.files.on_cluster import read_on_cluster
from recipe_sweep.sweep.locks.lease import live_launch
from recipe_sweep.sweep.locks.stop import ask_to_stop, wait_for_end
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.planning.opening import Reference, Target
from recipe_sweep.sweep.units import duration


@dataclass(frozen=True)
class CancelOptions:
    """Which sweep, whether to wait until its launch has ended, and the cluster where it may run."""

    reference: Reference
    wait: bool
    cluster: Path | None = None


def cancel_launch(options: CancelOptions) -> None:
    """Ask the launch to stop, and print how far it got."""
    target = open_reference(options.reference)
    if options.cluster is not None:
        cluster = load_cluster(options.cluster)
        _find(cluster, target)
        if _asked_on(cluster, target):
            return
    elif cancelled_on_cluster(target):
        return
    launch = live_launch(target.paths.lease)
    if launch is None:
        tell(f"no launch is at work on {target.paths.root}")
        return
    ask_to_stop(target.paths, launch)
    process = launch.process
    tell(f"asked launch {launch.epoch} (host {process.host}, pid {process.pid}) to stop: packs write their checkpoints")
    if not options.wait:
        return
    watcher = SweepWatcher(target.points, target.paths)
    wait_for_end(
        target.paths, launch, lambda seconds: tell(f"after {duration(seconds)}: {status_line(watcher.look())}", flush=True)
    )
    tell(f"launch {launch.epoch} has ended; {status_line(watcher.look())}\nthe next launch goes on from the checkpoints")


def _find(cluster: Cluster, target: Target) -> None:
    """Look for the cluster that trains the sweep, also in the store of its file. Raises ClusterStateError if none is up."""
    elsewhere_of(cluster, target.grid.name, target.paths).agree(target)
    directory = generated_directory(cluster.path)
    if read_record(directory) is None or sent_name(directory) != target.grid.name:
        found, hint = f"no cluster that trains {target.grid.name}", pasted("recipe-sweep", "cluster", "status", cluster.path)
        raise ClusterStateError(Problem(str(cluster.path), found=found, expected="a launch to stop", hint=hint))


def cancelled_on_cluster(target: Target) -> bool:
    """Ask the launch to stop that trains a copy of this sweep on a cluster; False if none does. Raises ClusterCommandError."""
    place = read_on_cluster(target.paths)
    if place is None:
        return False
    return _asked_on(load_cluster(Path(place.cluster_file)), target)


def _asked_on(cluster: Cluster, target: Target) -> bool:
    """Ask the launch on a cluster to stop; False if it is to be asked in the directory here. Raises ClusterCommandError."""
    reach = reach_of(cluster, target.grid.name)
    down = pasted("recipe-sweep", "cluster", "down", cluster.path)
    if reach is None:
        found = f"a {cluster.backend.name} cluster, where a launch cannot be asked to stop from here"
        raise ClusterStateError(
            Problem(str(cluster.path), found=found, expected="another way to stop it", hint=f"`{down}` ends it")
        )
    if reach.is_at(target.paths.root):
        return False  # Its launch is asked in this directory.
    tell(answer_of(cluster, reach.cancel()).rstrip())
    tell(f"the cluster is still up: follow the launch to its end, or end it with `{down}`")
    return True
