from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from recipe_sweep.cluster.spot_notice import ENDPOINT_VARIABLE
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import StoreError
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, begin_attempt, read_attempts
from recipe_sweep.sweep.files.failure_file import HINDERED_TRIES, failed_attempts, grouped, may_pass, read_failures
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.schema import SCHEMA
from recipe_sweep.sweep.travel.shared_folder import SharedFolder, SharedPack
from recipe_sweep.sweep.worker.pack_worker import DEATHS_ALLOWED, work
from tests.cluster.metadata_server import metadata_server
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.stand_in import Behaviour, behave
from tests.sweep.travel.ways import Travelling


def settings_of(paths: SweepPaths, data_root: Path, epoch: int, keep: Keep = Keep.ACTOR) -> LaunchSettings:
    return LaunchSettings(paths.root, epoch, data_root, keep, stand_in.NAME, make_resources())


def start(paths: SweepPaths, points: tuple[DesignPoint, ...], epoch: int, slice_of: str | None = None) -> Pack:
    pack = Pack(points, slice_of)
    record_start(paths, PackRecord(pack, epoch, 1, 1, "cpu", stand_in.data_hash(points[0]), datetime.now(UTC)))
    return pack


def test_a_finished_pack_leaves_rows_weights_and_nothing_to_clean_up(
    paths: SweepPaths, data_root: Path, by: Travelling
) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        behave(data_root, Behaviour(diverging=(pack.run_ids[1],)))
        assert work(by(settings_of(paths, data_root, lease.epoch)), pack.pack_id) is AttemptEnd.PUBLISHED

    table = pq.read_table(paths.pack_result(pack.pack_id))
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert [row["run_id"] for row in rows] == list(pack.run_ids)
    assert rows[0]["score"] == pytest.approx(stand_in.value_at(pack.run_ids[0], 40) / 100)
    assert rows[0]["curve_step"] == [10, 20, 30, 40]
    assert rows[0]["wall_s"] == pytest.approx(1.0 / len(rows))
    assert json.loads(rows[0]["point"]) == pack.points[0].canonical()
    assert [row["status"] for row in rows] == ["finished", "diverged", "finished", "finished"]
    weights = load_file(paths.pack_weights(pack.pack_id, lease.epoch, 1))
    assert set(weights) == {f"{run}/actor" for run in pack.run_ids}
    done = read_done(paths)
    assert set(done.file_of) == set(pack.run_ids)
    assert done.diverged == {pack.run_ids[1]}
    assert not list(paths.progress.glob("*"))
    assert not paths.pack_checkpoint(pack.pack_id).exists()


def test_a_worker_of_a_superseded_launch_cannot_publish(paths: SweepPaths, data_root: Path, by: Travelling) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        old = settings_of(paths, data_root, lease.epoch)
        lease.renew()
        assert work(by(old), pack.pack_id) is AttemptEnd.STOPPED
    assert not read_done(paths).file_of


def test_a_launch_that_takes_over_while_a_worker_trains_keeps_it_from_publishing(
    paths: SweepPaths, data_root: Path, monkeypatch: pytest.MonkeyPatch, by: Travelling
) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        train = stand_in.train_pack

        def train_then_be_superseded(*args: object, **kwargs: object) -> object:
            outcome = train(*args, **kwargs)  # type: ignore[arg-type]
            lease.renew()
            return outcome

        monkeypatch.setattr(stand_in, "train_pack", train_then_be_superseded)
        assert work(by(settings_of(paths, data_root, lease.epoch)), pack.pack_id) is AttemptEnd.DROPPED
    assert not read_done(paths).file_of
    assert not list(paths.weights.glob("*")), "a dropped attempt leaves no weights behind"


def test_a_failure_is_kept_with_its_cause_and_the_sweep_goes_on(paths: SweepPaths, data_root: Path, by: Travelling) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        behave(data_root, Behaviour(raising=(pack.run_ids[2],)))
        assert work(by(settings_of(paths, data_root, lease.epoch)), pack.pack_id) is AttemptEnd.FAILED
    [failure] = read_failures(paths)
    assert failure.cause.error == "ArithmeticError"
    assert failure.cause.frame.startswith("tests/sweep/stand_in.py:")
    assert "went wrong at step 20" in failure.traceback
    assert f"pack {pack.pack_id}" in failure.log_tail
    [group] = grouped([failure], unfinished=set(pack.run_ids))
    assert len(group.run_ids) == len(pack.points)
    assert [attempt.end for attempt in read_attempts(paths, pack.pack_id)] == [AttemptEnd.FAILED]


def test_a_full_disk_is_kept_as_a_cause_and_not_counted_against_the_runs(
    paths: SweepPaths, data_root: Path, by: Travelling
) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(seeds=1, alphas=(0.1,)), lease.epoch)
        behave(data_root, Behaviour(refused=pack.run_ids))
        settings = settings_of(paths, data_root, lease.epoch)
        ends = [work(by(settings), pack.pack_id) for _ in range(HINDERED_TRIES + 1)]
    assert ends == [AttemptEnd.HINDERED] * HINDERED_TRIES + [AttemptEnd.FAILED], "hindered for ever is not what it claims"
    assert failed_attempts(paths) == {pack.pack_id: 1}
    failures = read_failures(paths)
    assert [failure.hindered for failure in failures] == [True] * HINDERED_TRIES + [False]
    assert {failure.cause.message for failure in failures} == {"[Errno 28] No space left on device"}
    assert not any(failure.final for failure in failures)


def test_a_store_that_is_away_when_a_pack_is_claimed_reaches_tune_which_tries_again_at_once(
    paths: SweepPaths, data_root: Path
) -> None:
    class Away(SharedFolder):
        @contextmanager
        def claimed(self, pack_id: str, give_up: Callable[[], bool]) -> Iterator[SharedPack]:
            raise StoreError("no answer")
            yield

    assert work(Away(settings_of(paths, data_root, 1)), "0" * 16) is AttemptEnd.HINDERED


def test_a_slice_whose_first_checkpoint_was_cut_off_goes_on_from_the_pack_it_was_cut_from(
    paths: SweepPaths, data_root: Path, by: Travelling
) -> None:
    with Lease.acquire(paths.lease) as lease:
        whole = start(paths, make_points(), lease.epoch)
        stand_in._save(paths.pack_checkpoint(whole.pack_id), whole.run_ids, 30)
        part = start(paths, make_points()[:2], lease.epoch, slice_of=whole.pack_id)
        paths.pack_checkpoint(part.pack_id).mkdir()
        (paths.pack_checkpoint(part.pack_id) / "step-000000000040.safetensors").write_bytes(b"arrays without a record")
        seen = []
        with pytest.MonkeyPatch.context() as patch:
            original = stand_in._progress
            patch.setattr(stand_in, "_progress", lambda points, step: seen.append(step) or original(points, step))
            assert work(by(settings_of(paths, data_root, lease.epoch)), part.pack_id) is AttemptEnd.PUBLISHED
    assert seen[0] == 30


def test_a_path_that_is_wrong_does_not_pass_by_itself() -> None:
    assert may_pass(ConnectionResetError())
    assert may_pass(OSError(5, "Input/output error"))
    assert not may_pass(FileNotFoundError())
    assert not may_pass(ArithmeticError())


def test_a_stopped_pack_goes_on_where_it_was(paths: SweepPaths, data_root: Path, by: Travelling) -> None:
    behave(data_root, Behaviour(step_s=0.02))
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        paths.launch_file(lease.epoch).parent.mkdir(parents=True)
        stop = paths.stop_file(lease.epoch)
        settings = settings_of(paths, data_root, lease.epoch)
        original = stand_in._progress

        def stop_at_first_evaluation(points: tuple[DesignPoint, ...], step: int) -> object:
            if step == 10:
                stop.touch()
            return original(points, step)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stand_in, "_progress", stop_at_first_evaluation)
            assert work(by(settings), pack.pack_id) is AttemptEnd.STOPPED
        stopped_at = stand_in._load(paths.pack_checkpoint(pack.pack_id))
        assert 10 <= stopped_at < 40
        stop.unlink()
        assert work(by(settings), pack.pack_id) is AttemptEnd.PUBLISHED
    assert [a.end for a in read_attempts(paths, pack.pack_id)] == [AttemptEnd.STOPPED, AttemptEnd.PUBLISHED]


def test_a_machine_of_aws_that_is_to_be_taken_away_is_left_in_time_and_that_is_no_failure(
    paths: SweepPaths, data_root: Path, monkeypatch: pytest.MonkeyPatch, by: Travelling
) -> None:
    behave(data_root, Behaviour(step_s=0.05))
    with metadata_server() as machine, Lease.acquire(paths.lease) as lease:
        monkeypatch.setenv(ENDPOINT_VARIABLE, machine.endpoint)
        pack = start(paths, make_points(), lease.epoch)
        settings = settings_of(paths, data_root, lease.epoch)
        on_spot = replace(settings, resources=make_resources(spot_notice=True))
        machine.give_notice()
        assert work(by(on_spot), pack.pack_id) is AttemptEnd.DRAINED
        assert stand_in._load(paths.pack_checkpoint(pack.pack_id)) < 40
        assert "AWS will terminate this machine" in paths.pack_log(pack.pack_id, 1).read_text()
        machine.notice = None
        assert work(by(on_spot), pack.pack_id) is AttemptEnd.PUBLISHED
    assert [a.end for a in read_attempts(paths, pack.pack_id)] == [AttemptEnd.DRAINED, AttemptEnd.PUBLISHED]
    assert not read_failures(paths)


def test_a_slice_takes_its_lanes_from_the_checkpoint_of_the_pack_it_was_cut_from(
    paths: SweepPaths, data_root: Path, by: Travelling
) -> None:
    with Lease.acquire(paths.lease) as lease:
        whole = start(paths, make_points(), lease.epoch)
        stand_in._save(paths.pack_checkpoint(whole.pack_id), whole.run_ids, 30)
        part = start(paths, whole.points[:1], lease.epoch, slice_of=whole.pack_id)
        settings = settings_of(paths, data_root, lease.epoch)
        seen: list[int] = []
        with pytest.MonkeyPatch.context() as patch:
            original = stand_in._progress
            patch.setattr(stand_in, "_progress", lambda points, step: seen.append(step) or original(points, step))
            assert work(by(settings), part.pack_id) is AttemptEnd.PUBLISHED
    assert seen[0] == 30


def test_a_pack_that_kills_its_processes_at_one_step_is_not_retried_for_ever(
    paths: SweepPaths, data_root: Path, by: Travelling
) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        for _ in range(DEATHS_ALLOWED):
            begin_attempt(paths, pack.pack_id, lease.epoch, 0)
        assert work(by(settings_of(paths, data_root, lease.epoch)), pack.pack_id) is AttemptEnd.FAILED
    [failure] = read_failures(paths)
    assert failure.cause.error == "WorkerDiedError"
    assert "memory" in failure.cause.message


def test_deaths_under_an_earlier_launch_cost_nothing(paths: SweepPaths, data_root: Path, by: Travelling) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        for _ in range(10):
            begin_attempt(paths, pack.pack_id, lease.epoch, 0)
        lease.renew()
        assert work(by(settings_of(paths, data_root, lease.epoch)), pack.pack_id) is AttemptEnd.PUBLISHED


def test_keep_none_writes_no_weights_and_still_counts_as_done(paths: SweepPaths, data_root: Path, by: Travelling) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        assert work(by(settings_of(paths, data_root, lease.epoch, Keep.NONE)), pack.pack_id) is AttemptEnd.PUBLISHED
    assert not paths.weights.exists()
    assert set(read_done(paths).file_of) == set(pack.run_ids)


def test_rows_whose_weights_are_gone_are_not_done(paths: SweepPaths, data_root: Path, by: Travelling) -> None:
    with Lease.acquire(paths.lease) as lease:
        pack = start(paths, make_points(), lease.epoch)
        assert work(by(settings_of(paths, data_root, lease.epoch)), pack.pack_id) is AttemptEnd.PUBLISHED
    paths.pack_weights(pack.pack_id, 1, 1).unlink()
    done = read_done(paths)
    assert not done.file_of
    assert done.files[0].weights_missing
