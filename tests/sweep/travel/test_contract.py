"""What every way between a worker and its sweep promises: the same promises for all three."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.failure_file import read_failures
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings, PlannedPack, read_launch, write_launch
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.monitoring.doctor import Severity, examine
from recipe_sweep.sweep.travel.gate import Gate
from recipe_sweep.sweep.travel.mirror import Mirror
from recipe_sweep.sweep.worker.pack_worker import work
from tests.sweep import stand_in
from tests.sweep.buckets import ADDRESS, Bucket
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.processes import wait_until
from tests.sweep.stand_in import Behaviour, behave
from tests.sweep.travel.killed import NEVER, Job, begun, said_by, served, started
from tests.sweep.travel.ways import WAYS, Direct, identified, stored

PROVENANCE = {"attempt", "started_at", "finished_at", "wall_s", "cpu_s"}


@dataclass(frozen=True)
class Scene:
    """A started pack, its launch's file, and the way to it."""

    paths: SweepPaths
    pack: Pack
    job: Job

    def work(self, moment: int = NEVER) -> tuple[int, str]:
        """Let a process work on the pack, until the moment at which it is killed; its exit code, and how it ended."""
        return started(self.job, moment)

    def outcome(self) -> tuple[object, object]:
        """Rows without what differs from attempt to attempt, and the kept weights."""
        rows = pq.read_table(self.paths.pack_result(self.pack.pack_id)).to_pylist()
        [attempt] = {row["attempt"] for row in rows}
        weights = load_file(self.paths.pack_weights(self.pack.pack_id, rows[0]["epoch"], attempt))
        kept = {name: array.tobytes() for name, array in weights.items()}
        return [{name: value for name, value in row.items() if name not in PROVENANCE} for row in rows], kept


@contextmanager
def scene(folder: Path, way: str) -> Iterator[Scene]:
    """A sweep with one pack that is handed out, and a launch that has the lease."""
    paths, data, node = SweepPaths(folder / "sweep"), folder / "data", folder / "node"
    data.mkdir(parents=True)
    node.mkdir()
    pack = Pack(make_points(seeds=1))
    with ExitStack() as stack:
        lease = stack.enter_context(Lease.acquire(paths.lease))
        settings = identified(LaunchSettings(paths.root, lease.epoch, data, Keep.ACTOR, stand_in.NAME, make_resources()))
        hashed = stand_in.data_hash(pack.points[0])
        record_start(paths, PackRecord(pack, lease.epoch, 1, 1, "cpu", hashed, datetime.now(UTC)))
        launch = write_launch(LaunchFile(settings, (PlannedPack(pack, hashed),)))
        socket = None if way == "folder" else folder / "gate"
        if socket is not None:
            by_store = way == "store"
            stack.enter_context(served(stored(settings) if by_store else settings, socket, by_store=by_store))
        yield Scene(paths, pack, Job(launch, pack.pack_id, way, socket, node))


@pytest.fixture(scope="module", params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def undisturbed(way: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[object, int]:
    """The outcome of a worker that nobody kills, and how many moments it has."""
    with scene(tmp_path_factory.mktemp("undisturbed"), way) as each:
        code, printed = each.work()
        assert code == 0, printed
        end, moments = printed.split()[-2:]
        assert end == AttemptEnd.PUBLISHED
        return each.outcome(), int(moments)


def test_a_worker_that_is_killed_at_some_step_loses_or_doubles_its_pack(
    tmp_path: Path, way: str, undisturbed: tuple[object, int]
) -> None:
    outcome, moments = undisturbed
    assert moments >= 20, "claim, log, attempt, progress, four checkpoints, publish, end"
    for moment in range(moments):
        with scene(tmp_path / str(moment), way) as each:
            code, printed = each.work(moment)
            assert code == -9, (moment, printed)
            again, printed = each.work()
            assert again == 0, (moment, printed)
            assert each.outcome() == outcome, moment
            ends = [attempt.end for attempt in read_attempts(each.paths, each.pack.pack_id)]
            assert ends.count(AttemptEnd.PUBLISHED) <= 1, (moment, ends)
            assert not read_failures(each.paths), moment
            assert not list(each.paths.progress.glob("*.json")), moment
            assert not each.paths.pack_checkpoint(each.pack.pack_id).exists(), moment
            assert not list(each.paths.root.rglob("*.arriving.tmp")), moment
            assert not [found for found in examine(each.paths) if found.severity is Severity.PROBLEM], moment
            left = [path for path in each.job.node.rglob("*") if path.is_file() and way != "folder"]
            assert not left, (moment, left)


def test_a_worker_that_was_stopped_and_wakes_up_late_changes_the_result(
    tmp_path: Path, way: str, undisturbed: tuple[object, int]
) -> None:
    with scene(tmp_path, way) as each:
        behave(tmp_path / "data", Behaviour(step_s=0.02))
        first = begun(each.job, 1)
        wait_until(lambda: any(each.paths.checkpoints.glob("*/*.json")))  # Progress may come after training has ended.
        os.kill(first.pid or 0, signal.SIGSTOP)
        behave(tmp_path / "data", Behaviour())
        code, printed = each.work()
        assert code == 0, printed
        assert printed.split()[0] == AttemptEnd.PUBLISHED
        published = contents(each.paths)
        with suppress(ProcessLookupError):
            os.kill(first.pid or 0, signal.SIGCONT)
        first.join(60)
        assert first.exitcode in (0, -9), "in a shared folder the next worker of the machine killed it"
        assert each.outcome() == undisturbed[0]
        assert contents(each.paths) == published
        if first.exitcode == 0:
            assert said_by(each.job, 1).split()[0] in {AttemptEnd.DROPPED, AttemptEnd.STOPPED}


def contents(paths: SweepPaths) -> dict[str, bytes]:
    """What counts of a sweep: its results, weights and checkpoints."""
    folders = (paths.results, paths.weights, paths.checkpoints, paths.failures)
    return {str(path): path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_bucket_that_answers_503_for_a_while_costs_a_pack_more_than_time(
    tmp_path: Path, s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scene(tmp_path / "sweep", "store") as each:
        behave(tmp_path / "sweep" / "data", Behaviour(step_s=0.05))
        settings = replace(read_launch(each.job.launch).settings, store=ADDRESS)
        with closing(Gate(settings, by_store=True)) as gate, s3.away_for(5.0):
            assert work(Mirror(settings, Direct(gate), by_store=True), each.pack.pack_id) is AttemptEnd.PUBLISHED
        assert s3.refused > 0
        assert not read_failures(each.paths)
        assert each.outcome()[1]
