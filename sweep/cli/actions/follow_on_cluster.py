"""Follows a launch on a cluster like a launch here. At its end it says how it went and ends the machines."""

from __future__ import annotations

import typer

from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.cli.actions.elsewhere import Elsewhere
from recipe_sweep.sweep.cli.actions.noticing import Noticing
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.shared import console
from recipe_sweep.sweep.cli.show.launch_end import mlflow_beside, tell_where
from recipe_sweep.sweep.cli.show.live import LaunchDisplay
from recipe_sweep.sweep.cli.show.status import best_text, status_line
from recipe_sweep.sweep.cli.streams import tell, warn
from recipe_sweep.sweep.clusters.following import Followed, Follower
from recipe_sweep.sweep.clusters.jobs import bring_down, reach_of
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.errors import ClusterCommandError, StoreAddressError, StoreError
from recipe_sweep.sweep.launch.options import LaunchOptions
from recipe_sweep.sweep.monitoring.status import SweepStatus, SweepWatcher
from recipe_sweep.sweep.planning.opening import Target


def follow(options: LaunchOptions, elsewhere: Elsewhere, target: Target, noticed: Noticing | None) -> None:
    """Follow the launch to its end, then end the machines. Ctrl-C only stops following.

    Raises Exit with the exit code of the launch there, and ClusterStateError if nothing was brought up.
    """
    cluster = elsewhere.cluster
    reach = reach_of(cluster, target.grid.name)
    if reach is None:
        tell(f"a {cluster.backend.name} cluster cannot be followed from here yet; it ends by itself")
        tell(f"look at it with: {pasted('recipe-sweep', 'cluster', 'status', cluster.path)}")
        return
    watcher = _Watcher(target)
    try:
        with mlflow_beside(target.paths.root, options.mlflow), LaunchDisplay(console()) as screen:
            display = screen if noticed is None else noticed.display(screen)
            ended = Follower(
                reach,
                target.paths,
                lambda: display.show(watcher.look()),
                display.tell,
                lambda: elsewhere.end_of_launch(target),
            ).follow()
    except KeyboardInterrupt:
        tell(f"\ndetached: the launch goes on there\n{how_to_attach(options, cluster)}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    _finish(options, elsewhere, target, ended, watcher)


class _Watcher:
    """Looks at the copy of the sweep here. A search there asks for new rounds, whose runs are looked for as well."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._watcher = SweepWatcher(target.points, target.paths, scores=True)

    def look(self) -> SweepStatus:
        """Read the state of the sweep."""
        if self._target.space is not None:
            newer = self._target.with_new_rounds()
            if len(newer.points) != len(self._target.points):
                self._target, self._watcher = newer, SweepWatcher(newer.points, newer.paths, scores=True)
        return self._watcher.look()


def _finish(options: LaunchOptions, elsewhere: Elsewhere, target: Target, ended: Followed, watcher: _Watcher) -> None:
    """End the machines, and say what is here. Raises Exit with the exit code of the launch there."""
    cluster = elsewhere.cluster
    if ended.left_there:
        down = pasted("recipe-sweep", "cluster", "down", cluster.path)
        tell("the launch on the cluster has ended, but its results could not be brought here; so the machines are still up")
        tell(f"to try again, type the same command; to end the machines: {down}")
        raise typer.Exit(ExitCode.FAILURE)
    is_down, status = _is_down(elsewhere), watcher.look()
    tell(f"the launch on the cluster has ended{', and so has the cluster' if is_down else ''}; {status_line(status)}")
    if status.best:
        tell(f"best so far: {best_text(status.best[0])}")
    if ended.log:
        tell(f"the end of its output:\n{ended.log.rstrip()}")
    tell_where(target.paths.root, options.mlflow)
    if ended.code or not is_down:
        raise typer.Exit(ended.code if ended.code in set(ExitCode) - {0} else ExitCode.FAILURE)


def _is_down(elsewhere: Elsewhere) -> bool:
    """End the machines; False if one of them could not be ended, such as one that lost its power."""
    cluster = elsewhere.cluster
    try:
        bring_down(cluster, elsewhere.copy)
    except (StoreError, StoreAddressError) as error:
        warn(f"the machines have ended, and the record of them in the store could not be removed: {error}")
    except ClusterCommandError as error:
        warn(f"not every machine could be ended; try it again with `{pasted('recipe-sweep', 'cluster', 'down', cluster.path)}`")
        warn(str(error).splitlines()[-1])
        return False
    return True


def how_to_attach(options: LaunchOptions, cluster: Cluster) -> str:
    """Say with which commands the launch is followed, stopped and looked at."""
    sweep, sets = (options.reference.text, *options.reference.directory_words), options.reference.override_words
    ways = (
        ("follow it again", ("launch", *sweep, *sets, "--cluster", cluster.path)),
        ("stop the launch", ("cancel", *sweep)),
        ("look at the cluster", ("cluster", "status", cluster.path)),
        ("end the cluster", ("cluster", "down", cluster.path)),
    )
    return "\n".join(f"{what} with `{pasted('recipe-sweep', *words)}`" for what, words in ways)
