"""The lease of a store: of the launches of all machines one is at work, and who was taken over does nothing more."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import LeaseHeldError, LeaseLostError, StoreAddressError, SweepDirectoryError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.carrier import Carrier
from recipe_sweep.sweep.store.lease import check_free
from tests.sweep.buckets import ADDRESS, Bucket, begun, launched


def test_who_was_taken_over_stores_nothing_more(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = SweepPaths(tmp_path / "first"), SweepPaths(tmp_path / "second")
    launched(first)
    with Lease.acquire(first.lease) as lease:
        held = begun(store, first, lease.epoch, elsewhere=True)
        carrier = Carrier(store, first, held)
    launched(second)
    with pytest.raises(LeaseHeldError, match="another-host"):
        check_free(store, second)
    store.remove("lease/000001.heartbeat")
    with pytest.raises(LeaseHeldError, match="another-host"):
        check_free(store, second)  # It may have begun this moment.
    monkeypatch.setattr("recipe_sweep.sweep.store.lease.STALE_S", -1.0)
    check_free(store, second)
    with Lease.acquire(second.lease) as other:
        assert other.epoch == 2, "epochs are numbered over all machines"
        begun(store, second, other.epoch)
        launched(first, ["aaaaaaaaaaaaaaaa"])
        for act in (carrier.carry, held.beat, held.end):
            with pytest.raises(LeaseLostError, match="launch 2 of another machine has taken"):
                act()
    assert not store.keys("results/")


def test_a_heartbeat_that_is_hours_ahead_of_its_folders_clock_keeps_no_launch_away(tmp_path: Path) -> None:
    store, first, second = (
        open_store(f"file://{tmp_path}/store"),
        SweepPaths(tmp_path / "first"),
        SweepPaths(tmp_path / "second"),
    )
    launched(first)
    with Lease.acquire(first.lease) as lease:
        begun(store, first, lease.epoch, elsewhere=True)
    with pytest.raises(LeaseHeldError):
        check_free(store, second)
    ahead = time.time() + 3 * 3600
    os.utime(tmp_path / "store" / "lease" / "000001.heartbeat", (ahead, ahead))
    check_free(store, second)


def test_of_two_that_begin_at_the_same_moment_one_is_refused_now_and_later(store: Store, tmp_path: Path) -> None:
    both = [SweepPaths(tmp_path / name) for name in ("first", "second")]
    for paths in both:
        launched(paths)
        check_free(store, paths)
    with Lease.acquire(both[0].lease) as one:
        begun(store, both[0], one.epoch, elsewhere=True)
        with Lease.acquire(both[1].lease) as other, pytest.raises(LeaseHeldError, match="at the same moment"):
            begun(store, both[1], other.epoch)
        with pytest.raises(LeaseHeldError, match="another-host"):
            check_free(store, both[1])  # Its directory has a launch of that number too, which is dead.


def test_an_epoch_whose_answer_got_lost_is_ours_all_the_same(store: Store, tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "sweep")
    launched(paths)
    with Lease.acquire(paths.lease) as lease:
        store.create("lease/000001.json", paths.lease / "000001.json")
        held = begun(store, paths, lease.epoch)
        lease.renew()
        store.create("lease/000002.json", paths.lease / "000002.json")
        held.renew(lease.epoch)
        held.check()


def test_a_store_that_overwrites_what_was_to_be_new_is_refused(s3: Bucket, tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "sweep")
    launched(paths)
    s3.careless = True
    with Lease.acquire(paths.lease) as lease, pytest.raises(StoreAddressError, match="If-None-Match"):
        begun(open_store(ADDRESS), paths, lease.epoch)


def test_a_lease_that_nobody_can_read_is_named_by_its_place_in_the_store(store: Store, tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "sweep")
    launched(paths)
    store.create("lease/000003.json", paths.lock_file)
    with pytest.raises(SweepDirectoryError) as error:
        check_free(store, paths)
    assert f"{store.address}/lease/000003.json" in str(error.value)
