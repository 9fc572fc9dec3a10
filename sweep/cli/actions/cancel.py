"""`cancel`: ask the launch that trains a sweep to stop."""

from __future__ import annotations

from dataclasses import dataclass

from recipe_sweep.sweep.cli.shared import open_reference
from recipe_sweep.sweep.cli.show.status import status_line
from recipe_sweep.sweep.cli.streams import tell
from recipe_sweep.sweep.locks.lease import live_launch
from recipe_sweep.sweep.locks.stop import ask_to_stop, wait_for_end
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.planning.opening import Reference
from recipe_sweep.sweep.units import duration


@dataclass(frozen=True)
class CancelOptions:
    """Which sweep, and whether to wait until its launch has ended."""

    reference: Reference
    wait: bool


def cancel_launch(options: CancelOptions) -> None:
    """Ask the launch to stop, and print how far it got."""
    target = open_reference(options.reference)
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
