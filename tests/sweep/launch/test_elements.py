"""Elements of a job without Ray, as processes of this machine: each may be killed, also the one that leads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, begin_attempt, end_attempt, read_attempts
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings, PlannedPack, read_resources
from recipe_sweep.sweep.files.offers_file import Offer, Offers, is_open, read_offers, write_offers
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.offering import Offering
from recipe_sweep.sweep.launch.taking import OfferedFolder
from recipe_sweep.sweep.locks.claim import claimed
from recipe_sweep.sweep.locks.lease import Lease, live_launch
from recipe_sweep.sweep.locks.stop import ask_to_stop
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results.done import read_done
from tests.checkout import ROOT
from tests.sweep import stand_in
from tests.sweep.cli.test_bad_input import GRID
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.processes import descendants_of, wait_until
from tests.sweep.stand_in import Behaviour, behave

CLUSTER = "backend: folder\nslots: 2\nmax_lanes: 2\nthreads: 1\nstage_data: none\n"
PACKS = tuple(Pack(make_points(seeds=2, alphas=(alpha,))) for alpha in (0.1, 1.0, 3.0))


@pytest.fixture
def launch(paths: SweepPaths) -> Iterator[LaunchFile]:
    with Lease.acquire(paths.lease) as lease:
        settings = LaunchSettings(paths.root, lease.epoch, paths.root, Keep.NONE, stand_in.NAME, make_resources(taken=True))
        yield LaunchFile(settings, tuple(PlannedPack(pack, "hash") for pack in PACKS))


def offered(launch: LaunchFile) -> Offers:
    offers = read_offers(launch.settings.paths.offers_file(launch.settings.epoch))
    assert offers is not None
    return offers


def look(offering: Offering) -> None:
    offering._look_at = 0.0
    offering.look()


def test_more_packs_are_offered_than_there_are_slots_or_nobody_hears_that_others_follow(launch: LaunchFile) -> None:
    offering = Offering(launch, print)
    look(offering)
    assert offered(launch) == Offers((Offer(PACKS[0].pack_id, 0), Offer(PACKS[1].pack_id, 0)), more=True)


def test_a_pack_whose_process_was_killed_is_never_offered_again_or_counts_as_failed(launch: LaunchFile) -> None:
    offering, paths = Offering(launch, print), launch.settings.paths
    look(offering)
    begin_attempt(paths, PACKS[0].pack_id, launch.settings.epoch, 0)  # It never ends.
    look(offering)
    assert Offer(PACKS[0].pack_id, 0) in offered(launch).offers


def test_a_pack_that_failed_is_taken_again_before_the_launch_offers_it_again(launch: LaunchFile) -> None:
    offering, paths, pack_id = Offering(launch, print), launch.settings.paths, PACKS[0].pack_id
    look(offering)
    offer = Offer(pack_id, 0)
    assert is_open(paths, offer)
    end_attempt(paths, begin_attempt(paths, pack_id, launch.settings.epoch, 0), AttemptEnd.FAILED)
    assert not is_open(paths, offer)
    travel = OfferedFolder(launch.settings, offer)
    with travel.claimed(pack_id, lambda: False) as files:
        assert not files.ours
    look(offering)
    assert [each.pack_id for each in offered(launch).offers] == [PACKS[1].pack_id, PACKS[2].pack_id]


def test_a_process_waits_for_a_pack_that_another_one_has(launch: LaunchFile) -> None:
    settings, pack_id = launch.settings, PACKS[0].pack_id
    travel = OfferedFolder(settings, Offer(pack_id, 0))
    with (
        claimed(settings.paths, pack_id, settings.epoch, lambda: True) as first,
        travel.claimed(pack_id, lambda: False) as second,
    ):
        assert (first.ours, second.ours, travel.took) == (True, False, False)


def test_a_torn_list_of_offers_ends_a_process(launch: LaunchFile) -> None:
    path = launch.settings.paths.offers_file(launch.settings.epoch)
    write_offers(path, Offers())
    path.write_text("{")
    assert read_offers(path) is None


class Elements:
    """Some elements in a folder. What they print is in files beside."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.sent = folder, folder / "data", folder / "sent"
        self.paths = SweepPaths(folder / "sweeps" / "little")
        self.sent.mkdir()
        behave(self.data, Behaviour())
        (self.sent / "grid.yaml").write_text(GRID)
        (self.sent / "cluster.yaml").write_text(CLUSTER)
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, number: int) -> subprocess.Popen[bytes]:
        program = str(Path(sys.executable).with_name("recipe-sweep"))
        files = [str(self.sent / "grid.yaml"), "--cluster", str(self.sent / "cluster.yaml"), "--data", str(self.data)]
        words = [files[0], str(self.sent), "0", "--", program, "launch", *files, "--no-mlflow"]
        ours = {"RECIPE_SWEEP_WORKLOAD": stand_in.NAME, "PYTHONPATH": str(ROOT), "SLURM_ARRAY_TASK_ID": str(number)}
        with (self.folder / f"{number}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "recipe_sweep.sweep.launch.element", *words],
                cwd=self.folder, env=os.environ | ours, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._started.append(process)
        return process

    def said(self) -> str:
        return "\n".join(path.read_text() for path in [*self.folder.glob("*.log"), *self.sent.glob("*.log")])

    @property
    def code(self) -> str:
        file = self.sent / "launch.exit"
        return file.read_text().strip() if file.exists() else ""

    @property
    def done(self) -> int:
        done = read_done(self.paths)
        assert not done.duplicates
        return len(done.file_of)

    def is_training(self) -> bool:
        return any(self.paths.progress.glob("*.json"))

    def ends(self) -> list[AttemptEnd]:
        packs = self.paths.attempts.iterdir() if self.paths.attempts.exists() else ()
        return [each.end for pack in packs for each in read_attempts(self.paths, pack.name)]

    def close(self) -> None:
        for process in self._started:
            for each in descendants_of(process.pid):
                os.kill(each.pid, signal.SIGKILL)
            process.kill()
            process.wait()


@pytest.fixture
def elements(tmp_path: Path) -> Iterator[Elements]:
    elements = Elements(tmp_path)
    yield elements
    elements.close()


def test_elements_do_not_train_everything_or_do_not_end(elements: Elements) -> None:
    processes = [elements.start(number) for number in (0, 1)]
    assert [each.wait(120) for each in processes] == [0, 0], elements.said()
    assert (elements.done, elements.code) == (4, "0")
    assert not list(elements.paths.progress.glob("*"))
    launch = elements.paths.launch_file(1)
    assert (resources := read_resources(launch)) is not None
    assert resources.taken
    late = elements.start(2)
    assert late.wait(60) == 0, "an element that starts after the end leads once more"
    assert not elements.paths.launch_file(2).exists()


def test_a_run_that_fails_once_or_hangs_is_lost(elements: Elements) -> None:
    runs = [point.run_id for point in open_target(str(elements.sent / "grid.yaml"), elements.paths.root).points]
    with (elements.sent / "cluster.yaml").open("a") as file:
        file.write("stuck_after_minutes: 0.05\n")
    behave(elements.data, Behaviour(raising=(runs[0],), times=1, hanging=(runs[-1],)))
    assert elements.start(0).wait(150) == 0, elements.said()
    assert (elements.done, elements.code) == (4, "0")
    assert AttemptEnd.FAILED in elements.ends()


def _kill(elements: Elements, leader: subprocess.Popen[bytes]) -> None:
    for each in descendants_of(leader.pid):
        os.kill(each.pid, signal.SIGKILL)
    leader.kill()


def _terminate(elements: Elements, leader: subprocess.Popen[bytes]) -> None:
    leader.terminate()
    assert leader.wait(60) == 130, elements.said()
    assert elements.code == "", "the others would end, too"
    assert set(elements.ends()) & {AttemptEnd.TERMINATED, AttemptEnd.STOPPED}


@pytest.mark.parametrize("end", [_kill, _terminate])
def test_the_end_of_the_element_that_leads_ends_the_sweep(
    elements: Elements, end: Callable[[Elements, subprocess.Popen[bytes]], None]
) -> None:
    behave(elements.data, Behaviour(step_s=0.3))
    leader, other = elements.start(0), elements.start(1)
    wait_until(elements.is_training)
    end(elements, leader)
    behave(elements.data, Behaviour())
    assert other.wait(120) == 0, elements.said()
    assert (elements.done, elements.code) == (4, "0")


def test_a_cancelled_launch_goes_on_in_another_element(elements: Elements) -> None:
    behave(elements.data, Behaviour(step_s=0.3))
    processes = [elements.start(number) for number in (0, 1)]
    wait_until(elements.is_training)
    launch = live_launch(elements.paths.lease)
    assert launch is not None
    ask_to_stop(elements.paths, launch)
    assert [each.wait(60) for each in processes] == [130, 0], elements.said()
    assert elements.code == "130"
    assert elements.done < 4
    assert not elements.paths.launch_file(2).exists()
