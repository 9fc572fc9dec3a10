"""`cluster down`: ends the machines of a cluster file, and removes the records of them."""

from __future__ import annotations

from recipe_sweep.sweep.cli.actions.elsewhere import elsewhere_of_file
from recipe_sweep.sweep.cli.streams import warn
from recipe_sweep.sweep.clusters.jobs import bring_down
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.errors import StoreAddressError, StoreError


def bring_down_cluster(cluster: Cluster) -> None:
    """End the machines. A store that gives no answer keeps none of them busy.

    Raises ClusterStateError if nothing is up, and ClusterCommandError if a machine could not be ended.
    """
    copy = elsewhere_of_file(cluster).copy
    try:
        bring_down(cluster, copy)
    except (StoreError, StoreAddressError) as error:
        reason = " ".join(str(error).split())
        warn(f"the machines have ended, and the record of them in the store could not be removed: {reason}")
