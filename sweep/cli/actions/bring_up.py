"""`cluster up`: starts the machines of a cluster file, and a sweep on them."""

from __future__ import annotations

from recipe_sweep.search_spaces.grid_file import standalone_text
from recipe_sweep.sweep.cli.show.cluster import cluster_lines, order_lines
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.clusters.jobs import Sent, bring_up, prepare, scratch_directory, settled
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import Reference, locate, read_located_grid


def bring_up_cluster(cluster: Cluster, grid: str | None, *, dry_run: bool) -> None:
    """Start the machines. With a `grid`, train it there, and note that in the directory of its sweep here.

    A dry run prints what would be generated and run, and starts nothing. Raises UserInputError, ClusterCommandError.
    """
    sweep, sent = _sent(grid)
    with scratch_directory() as scratch:
        order = prepare(cluster if dry_run else settled(cluster), sent, scratch)
        if dry_run:
            for line in order_lines(order):  # They have whole files, in which a fold would be a mistake.
                say(line)
            return
        for line in cluster_lines(cluster):
            tell(line)
        bring_up(order, scratch, tell, sweep)


def _sent(grid: str | None) -> tuple[SweepPaths | None, Sent | None]:
    """Return the directory here of the grid's sweep, and what is sent. Raises GridError with every mistake in the grid."""
    if grid is None:
        return None, None
    located = locate(Reference(grid))
    return located.paths, Sent(read_located_grid(located).name, standalone_text(grid))
