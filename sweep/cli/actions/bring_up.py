"""`cluster up`: starts the machines of a cluster file, and a sweep on them."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.search_spaces.grid_file import standalone_text
from recipe_sweep.sweep.cli.actions.elsewhere import elsewhere_of, elsewhere_of_file, store_address
from recipe_sweep.sweep.cli.show.cluster import cluster_lines, order_lines
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.clusters.jobs import Order, Sent, bring_up, prepare, scratch_directory, settled
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.clusters.rehearsed import check_empty, write_order
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import Reference, locate, read_located_grid


def bring_up_cluster(cluster: Cluster, grid: str | None) -> None:
    """Start the machines. With a `grid`, train it there, and note that in the directory of its sweep here.

    Raises UserInputError, ClusterCommandError.
    """
    sweep, sent = _sent(cluster, grid)
    elsewhere = elsewhere_of_file(cluster) if sent is None or sweep is None else elsewhere_of(cluster, sent.name, sweep)
    elsewhere.agree()
    with scratch_directory() as scratch:
        order = prepare(settled(cluster), sent, scratch)
        for line in cluster_lines(cluster):
            tell(line)
        bring_up(order.after(elsewhere.newest_epoch()), scratch, tell, sweep, elsewhere.copy)


def show_order(cluster: Cluster, grid: str | None, output: Path | None) -> None:
    """Print what would be generated and run, or write it into `output`. Nothing is started, and nobody is asked.

    Raises UserInputError, also for an `output` that is not empty.
    """
    if output is not None:
        check_empty(output)
    with scratch_directory() as scratch:
        order = prepare(cluster, _sent(cluster, grid)[1], scratch)
        if output is None:
            _print(order)
            return
        for line in cluster_lines(cluster):
            tell(line)
        tell(f"wrote {output}: {', '.join(write_order(order, scratch, output))}")


def _print(order: Order) -> None:
    for line in order_lines(order):  # They have whole files, in which a fold would be a mistake.
        say(line)


def _sent(cluster: Cluster, grid: str | None) -> tuple[SweepPaths | None, Sent | None]:
    """Return the directory here of the grid's sweep, and what is sent. Raises GridError with every mistake in the grid."""
    if grid is None:
        return None, None
    located = locate(Reference(grid))
    name = read_located_grid(located).name
    store = store_address(cluster, name, located.paths)
    words = () if store is None else ("--store", store)
    return located.paths, Sent(name, standalone_text(grid), words)
