"""`cancel`: ask the launch that trains a sweep to stop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.cli.shared import open_reference
from recipe_sweep.sweep.cli.show.status import status_line
from recipe_sweep.sweep.cli.streams import tell
from recipe_sweep.sweep.clusters.jobs import answer_of, reach_of
from recipe_sweep.sweep.clusters.machines import load_cluster
from recipe_sweep.sweep.errors import ClusterStateError
from recipe_sweep.sweep.files.on_cluster import read_on_cluster
from recipe_sweep.sweep.locks.lease import live_launch
from recipe_sweep.sweep.locks.stop import ask_to_stop, wait_for_end
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.planning.opening import Reference, Target
from recipe_sweep.sweep.units import duration


@dataclass(frozen=True)
class CancelOptions:
    """Which sweep, and whether to wait until its launch has ended."""

    reference: Reference
    wait: bool


def cancel_launch(options: CancelOptions) -> None:
    """Ask the launch to stop, and print how far it got."""
    target = open_reference(options.reference)
    if cancelled_on_cluster(target):
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


def cancelled_on_cluster(target: Target) -> bool:
    """Ask the launch to stop that trains a copy of this sweep on a cluster; False if none does. Raises ClusterCommandError."""
    place = read_on_cluster(target.paths)
    if place is None:
        return False
    cluster = load_cluster(Path(place.cluster_file))
    reach = reach_of(cluster, target.grid.name)
    if reach is None:
        found, hint = f"a {place.backend} cluster, where a launch cannot be asked to stop from here", f"`{place.down}` ends it"
        raise ClusterStateError(Problem(str(cluster.path), found=found, expected="another way to stop it", hint=hint))
    if reach.is_at(target.paths.root):
        return False  # Its launch is asked in this directory.
    tell(answer_of(cluster, reach.cancel()).rstrip())
    tell(f"the cluster is still up: follow the launch to its end, or end it with `{place.down}`")
    return True
