from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.attempt_file import AttemptEnd
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings, PlannedPack, read_launch, write_launch
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import read_records
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch import backoff
from recipe_sweep.sweep.launch.backoff import wait_s
from recipe_sweep.sweep.launch.pack_queue import HOPELESS_FAILURES, PackQueue
from recipe_sweep.sweep.locks.lease import Lease
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources

PACKS = tuple(Pack(make_points(seeds=2, alphas=(alpha,))) for alpha in (0.1, 1.0, 3.0))


@pytest.fixture
def launch(paths: SweepPaths) -> Iterator[LaunchFile]:
    with Lease.acquire(paths.lease) as lease:
        settings = LaunchSettings(paths.root, lease.epoch, paths.root, Keep.NONE, stand_in.NAME, make_resources())
        yield LaunchFile(settings, tuple(PlannedPack(pack, "hash") for pack in PACKS))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(backoff, "FIRST_WAIT_S", 5.0)
    return Clock()


def test_packs_start_in_order_and_are_recorded_before_they_do(launch: LaunchFile) -> None:
    queue = PackQueue(launch)
    assert [queue.next(), queue.next()] == [PACKS[0].pack_id, PACKS[1].pack_id]
    assert [record.pack for record in read_records(launch.settings.paths)] == [PACKS[0], PACKS[1]]


def test_a_failed_pack_waits_behind_the_others_and_is_then_halved(launch: LaunchFile) -> None:
    queue = PackQueue(launch)
    for pack in (0, 1, 2):
        assert queue.next() == PACKS[pack].pack_id
        queue.ended(PACKS[pack].pack_id, AttemptEnd.FAILED if pack == 0 else AttemptEnd.PUBLISHED)
    assert not queue.finished
    assert queue.next() == PACKS[0].pack_id
    assert queue.next() is None
    assert not queue.finished, "it may fail and come back"
    queue.ended(PACKS[0].pack_id, AttemptEnd.FAILED)
    halves = [queue.next(), queue.next()]
    assert halves == [Pack((point,)).pack_id for point in PACKS[0].points]
    for half in halves:
        queue.ended(str(half), AttemptEnd.FAILED)
    assert queue.finished, "a run that fails alone after its pack did is given up"


def test_a_failed_pack_is_not_tried_again_at_once_and_the_others_do_not_wait_for_it(launch: LaunchFile, clock: Clock) -> None:
    told: list[str] = []
    queue = PackQueue(launch, told.append, clock)
    first = str(queue.next())
    queue.ended(first, AttemptEnd.FAILED)
    assert told == [f"pack {first} failed: tried again in 5 s"]
    for _ in PACKS[1:]:
        queue.ended(str(queue.next()), AttemptEnd.PUBLISHED)
    clock.now += 4.9
    assert queue.next() is None
    assert not queue.finished
    clock.now += 0.2
    assert queue.next() == first


def test_a_store_that_is_away_for_a_minute_uses_up_no_pack_however_many_there_are(launch: LaunchFile, clock: Clock) -> None:
    for packs in (launch.packs[:1], launch.packs):
        queue = PackQueue(LaunchFile(launch.settings, packs), lambda _: None, clock)
        back_at, finished = clock.now + 60.0, set()
        while not queue.finished:
            pack = queue.next()
            if pack is None:
                clock.now += 1.0
            elif clock.now < back_at:
                queue.ended(pack, AttemptEnd.HINDERED)
            else:
                queue.ended(pack, AttemptEnd.PUBLISHED)
                finished.add(pack)
        assert not queue.hopeless
        assert finished == {planned.pack.pack_id for planned in packs}, "a pack was halved or given up"


def test_packs_that_are_hindered_at_the_same_time_are_one_trouble_and_not_many(launch: LaunchFile, clock: Clock) -> None:
    told: list[str] = []
    queue = PackQueue(launch, told.append, clock)
    at_work = [str(queue.next()) for _ in PACKS]
    for pack in at_work:
        queue.ended(pack, AttemptEnd.HINDERED)
    assert len(told) == 1
    assert "no pack is started for 5 s" in told[0]
    assert queue.next() is None
    clock.now += 5.0
    assert queue.next() == at_work[0]


def test_a_disk_too_full_to_record_a_start_is_waited_for_and_loses_no_pack(
    launch: LaunchFile, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    queue = PackQueue(launch, lambda _: None, clock)
    with monkeypatch.context() as patch:
        patch.setattr("recipe_sweep.sweep.launch.pack_queue.record_start", full)
        assert queue.next() is None
    assert queue.next() is None, "it does not wait"
    clock.now += 5.0
    assert queue.next() == launch.packs[0].pack.pack_id


def test_a_disk_that_stays_full_ends_the_launch_some_time(launch: LaunchFile, clock: Clock) -> None:
    queue = PackQueue(launch, lambda _: None, clock)
    while not queue.finished:
        pack = queue.next()
        if pack is None:
            clock.now += 1.0
        else:
            queue.ended(pack, AttemptEnd.HINDERED)
    assert queue.hopeless


def test_waits_double_up_to_a_bound(clock: Clock) -> None:
    assert [wait_s(failures) for failures in (1, 2, 3, 4, 5, 6, 7)] == [5, 10, 20, 40, 80, 120, 120]
    assert wait_s(10_000) == backoff.LONGEST_WAIT_S


def test_no_pack_is_handed_out_after_a_stop(launch: LaunchFile) -> None:
    queue = PackQueue(launch)
    first = queue.next()
    launch.settings.paths.launch_file(1).parent.mkdir()
    launch.settings.paths.stop_file(launch.settings.epoch).touch()
    assert queue.next() is None
    assert queue.finished
    queue.ended(str(first), AttemptEnd.STOPPED)


def test_a_queue_of_failures_gives_up_and_one_success_gives_it_hope(launch: LaunchFile) -> None:
    packs = tuple(PlannedPack(Pack((point,)), "hash") for point in make_points(seeds=HOPELESS_FAILURES, alphas=(0.1,)))
    queue = PackQueue(LaunchFile(launch.settings, packs))
    for attempt in range(HOPELESS_FAILURES):
        assert not queue.hopeless
        queue.ended(str(queue.next()), AttemptEnd.PUBLISHED if attempt == 5 else AttemptEnd.FAILED)
    assert not queue.hopeless
    for _ in range(6):
        queue.ended(str(queue.next()), AttemptEnd.FAILED)
    assert queue.hopeless
    assert queue.next() is None


def test_a_launch_survives_being_written_and_read(launch: LaunchFile) -> None:
    assert read_launch(write_launch(launch)) == launch
