"""What is known of a cluster besides this machine: its sweep's store, and there the record of what is up.

So the same grid and cluster file on another machine find the cluster that runs. Results are found that no machine has any more.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from recipe_sweep.search_spaces.grid_file import document_text
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.streams import tell, warn
from recipe_sweep.sweep.clusters.following import Followed
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.clusters.noted import adopt, forget
from recipe_sweep.sweep.clusters.up_file import ClusterRecord, generated_directory, read_record, update_record
from recipe_sweep.sweep.errors import MissingToolUserError, StoreAddressError, StoreError
from recipe_sweep.sweep.estimates.estimate_file import read_outcome
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import read_sweep_file
from recipe_sweep.sweep.planning.opening import Target
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.cluster_record import StoredCopy
from recipe_sweep.sweep.store.lease import check_free, newest_epoch, newest_sign
from recipe_sweep.sweep.store.of_sweep import store_of
from recipe_sweep.sweep.store.sync import fetch
from recipe_sweep.sweep.units import duration, moment

_AWAY = (StoreError, StoreAddressError, MissingToolUserError)


@dataclass(frozen=True)
class Elsewhere:
    """A cluster, the address of the sweep's store, that store, and the record in a store of what is up.

    Each may be None. There is an address without a store if only the machines can open it.
    """

    cluster: Cluster
    address: str | None
    store: Store | None
    copy: StoredCopy | None

    def agree(self, target: Target | None = None) -> None:
        """Make what is noted here of the cluster agree with its record in the store.

        A cluster of another machine is noted here, too; one that was ended elsewhere is forgotten. Without an answer of the
        store, what is noted here counts. Raises StoreError, StoreAddressError and MissingToolUserError if nothing is noted
        here, and ClusterStateError for a record that is not ours.
        """
        if self.copy is None:
            return
        here = read_record(generated_directory(self.cluster.path))
        try:
            there = self.copy.read()
        except _AWAY as error:
            if here is None:
                raise
            warn(f"whether the cluster is still up is not known, because its store gives no answer: {_in_a_line(error)}")
            return
        if here is not None and here.store != self.copy.address:
            return  # It was brought up without this store.
        if here is not None and (there is None or there.began_at != here.began_at):
            forget(self.cluster)
            tell(f"the cluster that was brought up at {moment(here.began_at)} was ended from another machine")
        if there is not None and (here is None or there.began_at != here.began_at):
            self._adopt(replace(there, store=self.copy.address), target)
        elif there is not None and here is not None and there.job != here.job:
            update_record(generated_directory(self.cluster.path), replace(here, job=there.job))

    def _adopt(self, record: ClusterRecord, target: Target | None) -> None:
        ours = target is not None and target.grid.name == record.grid
        text, sweep = (document_text(target.grid), target.paths) if target is not None and ours else (None, None)
        adopt(self.cluster, record, text, sweep)
        trains = "" if record.grid is None else f", and trains {record.grid}"
        tell(f"the cluster of {self.cluster.path} is up since {moment(record.began_at)}{trains}, says {record.store}")
        lacking = self.cluster.backend.lacks_to_reach()
        if lacking is not None:
            warn(lacking)

    def fetched(self, target: Target) -> bool:
        """Fetch what is stored of the sweep and lacks here, so that a plan counts it. Return whether there was anything.

        Raises LeaseHeldError if a launch is at work on the sweep.
        """
        if self.store is None or newest_epoch(self.store) == 0:
            return False
        check_free(self.store, target.paths)
        return fetch(self.store, target.paths, checkpoints=False) > 0

    def newest_epoch(self) -> int:
        """Return the newest launch that the store knows; 0 without a store."""
        return 0 if self.store is None else newest_epoch(self.store)

    def end_of_launch(self, target: Target) -> Followed | None:
        """Say how the launch ended, if that is known without an answer of its machine. Results come from the store.

        None means that it may still be at work.
        """
        record = read_record(generated_directory(self.cluster.path))
        if record is None:
            return None
        with suppress(*_AWAY):
            sign = None if self.store is None else newest_sign(self.store, record.launched_after)
            if sign is not None and sign.ended and self.store is not None:
                fetch(self.store, target.paths, checkpoints=False)
                outcome = read_outcome(target.paths.outcome_file(sign.epoch))
                well = outcome is not None and outcome.planned == outcome.trained
                return Followed(ExitCode.OK if well else ExitCode.FAILURE)
            if sign is not None and sign.lost and self.store is not None:
                fetch(self.store, target.paths, checkpoints=False)
                return Followed(
                    ExitCode.FAILURE, f"the launch there gave no sign of life for {duration(sign.silent_s)}; {_AGAIN}"
                )
        if record.ends_at is not None and record.ends_at < datetime.now(UTC):
            return Followed(ExitCode.FAILURE, f"the machines had to end at {moment(record.ends_at)}; {_AGAIN}")
        return None


_AGAIN = "the same command starts the cluster again, and goes on"


def store_address(cluster: Cluster, name: str, paths: SweepPaths, typed: str | None = None) -> str | None:
    """Return the address of a sweep's store on a cluster: the one that is typed, that the sweep has, or that the file names.

    None if there is none of them. Nobody is asked.
    """
    own = None if typed is not None else read_sweep_file(paths)
    return typed or (own and own.store) or cluster.backend.store_of(name)


def elsewhere_of(cluster: Cluster, name: str, paths: SweepPaths, typed: str | None = None) -> Elsewhere:
    """Find what is known of a cluster and the sweep of this name and directory that is for it.

    Raises StoreAddressError, MissingToolUserError, and SweepDirectoryError if the sweep has another store than the typed one.
    """
    address = store_address(cluster, name, paths, typed)
    closed = None if address is None or cluster.backend.opens_store else _why_closed(address)
    if closed is not None:
        warn(f"the store {address} cannot be asked from here, so what is done or up elsewhere is not known: {closed}")
        return Elsewhere(cluster, address, None, None)
    store = store_of(paths, address)
    return Elsewhere(cluster, address, store, _copy(cluster, store))


def _why_closed(address: str) -> str | None:
    """Say why a store cannot be asked from here; None if it can. Raises StoreAddressError for what is no address."""
    try:
        store = open_store(address)
    except MissingToolUserError as error:
        return _in_a_line(error)
    try:
        store.keys("lease/")
    except (StoreError, StoreAddressError) as error:
        return _in_a_line(error)
    return None


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def elsewhere_of_file(cluster: Cluster) -> Elsewhere:
    """Find the record of what is up. What is noted here says where it is, or else the cluster's file."""
    here = read_record(generated_directory(cluster.path)) if cluster.backend.ships_code else None
    address = cluster.backend.records() if here is None else here.store
    if address is None or not cluster.backend.ships_code:
        return Elsewhere(cluster, None, None, None)
    closed = None if cluster.backend.opens_store else _why_closed(address)
    if closed is not None:
        warn(f"the store {address} cannot be asked from here, so what is up elsewhere is not known: {closed}")
        return Elsewhere(cluster, None, None, None)
    return Elsewhere(cluster, None, None, StoredCopy(open_store(address), cluster.backend.name))


def is_noted(cluster: Cluster) -> bool:
    """Say whether it is noted here that the cluster is up."""
    return cluster.backend.ships_code and read_record(generated_directory(cluster.path)) is not None


def _copy(cluster: Cluster, store: Store | None) -> StoredCopy | None:
    """Find where other machines look for what is up. A folder of this machine is of no use for that."""
    if not cluster.backend.ships_code:
        return None
    address = cluster.backend.records()
    kept = store if address is None else open_store(address)
    return None if kept is None or kept.folder is not None else StoredCopy(kept, cluster.backend.name)
