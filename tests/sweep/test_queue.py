from __future__ import annotations

from collections.abc import Iterator

import pytest

from search_spaces.vocabulary import Keep
from sweep.attempts import AttemptEnd
from sweep.launch_file import LaunchFile, LaunchSettings, PlannedPack, read_launch, write_launch
from sweep.lease import Lease
from sweep.packs import Pack
from sweep.paths import SweepPaths
from sweep.queue import HOPELESS_FAILURES, PackQueue
from sweep.records import read_records
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources

PACKS = tuple(Pack(make_points(seeds=2, alphas=(alpha,))) for alpha in (0.1, 1.0, 3.0))


@pytest.fixture
def launch(paths: SweepPaths) -> Iterator[LaunchFile]:
    with Lease.acquire(paths.lease) as lease:
        settings = LaunchSettings(paths.root, lease.epoch, paths.root, Keep.NONE, stand_in.NAME, make_resources())
        yield LaunchFile(settings, tuple(PlannedPack(pack, "hash") for pack in PACKS))


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
