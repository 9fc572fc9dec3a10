"""Launches through the real Ray Tune, with the stand-in for training. Slow: Ray takes seconds to start."""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, read_attempts
from recipe_sweep.sweep.files.failure_file import read_failures
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.launch import LaunchEnd, launch
from recipe_sweep.sweep.locks.lease import live_launch
from recipe_sweep.sweep.locks.stop import ask_to_stop, wait_for_end
from recipe_sweep.sweep.monitoring import stuck
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.results.done import read_done
from tests.sweep import stand_in
from tests.sweep.conftest import make_points
from tests.sweep.driver import Quiet, request_of
from tests.sweep.processes import LaunchProcess, wait_until
from tests.sweep.stand_in import Behaviour, behave

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]


# The first two tests train pack after pack in the same workers, the others give every pack a process of its own.
def launch_here(paths: SweepPaths, data: Path, grid: dict[str, object], **resources: object) -> LaunchEnd:
    return launch(request_of(paths.root, data, grid, **resources), Quiet())


def attempts(paths: SweepPaths) -> list[Attempt]:
    return [attempt for folder in sorted(paths.attempts.iterdir()) for attempt in read_attempts(paths, folder.name)]


def most_at_once(paths: SweepPaths) -> int:
    """The largest number of attempts that were under way at one moment."""
    moments = []
    for attempt in attempts(paths):
        assert attempt.ended_at is not None
        moments += [(datetime.fromisoformat(attempt.began_at), 1), (datetime.fromisoformat(attempt.ended_at), -1)]
    running, most = 0, 0
    for _, change in sorted(moments):
        running += change
        most = max(most, running)
    return most


def assert_every_run_is_there_once(paths: SweepPaths, runs: int) -> None:
    done = read_done(paths)
    assert len(done.file_of) == runs
    assert not done.duplicates
    for file in done.files:
        for row in pq.read_table(paths.pack_result(file.pack_id)).to_pylist():
            assert row["curve_step"] == [10, 20, 30, 40]
            assert row["curve_return"] == pytest.approx([stand_in.value_at(row["run_id"], step) for step in row["curve_step"]])


def test_a_quarter_of_one_gpu_means_four_packs_at_once_and_never_five(paths: SweepPaths, data_root: Path) -> None:
    behave(data_root, Behaviour(step_s=0.1))
    grid = {"seeds": 8, "alphas": [0.1]}
    end = launch_here(paths, data_root, grid, cpus=8, gpus=1, gpu_per_pack=0.25, slots=4, max_lanes=1)
    assert end.status.done == 8
    assert most_at_once(paths) == 4


def test_packs_with_a_process_each_are_more_at_once_than_there_are_slots(paths: SweepPaths, data_root: Path) -> None:
    behave(data_root, Behaviour(step_s=0.01))
    assert launch_here(paths, data_root, {"seeds": 3, "alphas": [0.1]}, max_lanes=1, reuse_workers=False).status.done == 3
    assert most_at_once(paths) == 2
    assert len({attempt.process for attempt in attempts(paths)}) == 3, "a process trained two packs"


def test_a_failing_run_a_killed_worker_and_one_told_to_end_cost_the_others_nothing(paths: SweepPaths, data_root: Path) -> None:
    points = request_of(paths.root, data_root, {"seeds": 4}).points
    raising, terminating, killing = points[0].run_id, points[2].run_id, points[4].run_id
    behave(data_root, Behaviour(0.02, raising=(raising,), killing=(killing,), terminating=(terminating,)))
    end = launch_here(paths, data_root, {"seeds": 4}, max_lanes=2, reuse_workers=True)
    assert set(read_done(paths).file_of) == {point.run_id for point in points} - {raising}
    [group] = end.status.failures
    assert (group.example.cause.error, group.gave_up) == ("ArithmeticError", (raising,))
    ends = [attempt.end for attempt in attempts(paths) if attempt.end is not AttemptEnd.PUBLISHED]
    assert sorted(ends) == [*[AttemptEnd.FAILED] * 3, AttemptEnd.OPEN, AttemptEnd.TERMINATED], "a pack twice, its bad half once"
    [pack_id] = [attempt.pack_id for attempt in attempts(paths) if attempt.end is AttemptEnd.TERMINATED]
    assert [attempt.end for attempt in read_attempts(paths, pack_id)] == [AttemptEnd.TERMINATED, AttemptEnd.PUBLISHED]
    assert "asked to end (SIGTERM)" in paths.pack_log(pack_id, 1).read_text()


def test_ctrl_c_leaves_checkpoints_and_the_next_launch_goes_on_from_them(paths: SweepPaths, data_root: Path) -> None:
    behave(data_root, Behaviour(step_s=0.2))
    with LaunchProcess(paths.root, data_root, {"seeds": 2}) as first:
        wait_until(lambda: list(paths.checkpoints.glob("*/state.json")))
        first.signal(signal.SIGINT)
        assert first.wait() == 130
    stopped = attempts(paths)
    assert {attempt.end for attempt in stopped} == {AttemptEnd.STOPPED}
    reached = {folder.name: stand_in._load(folder) for folder in paths.checkpoints.iterdir()}
    assert all(0 < step < 40 for step in reached.values())

    behave(data_root, Behaviour())
    seen = len(stand_in.trainings(data_root))
    end = launch_here(paths, data_root, {"seeds": 2})
    assert end.trained == 4
    assert_every_run_is_there_once(paths, 4)
    assert len(stand_in.trainings(data_root)) == seen + 4
    resumed = [attempt for attempt in attempts(paths) if attempt.number == 2]
    assert len(resumed) == len(reached)


def test_a_pack_that_hangs_is_shown_as_stuck_then_killed_and_tried_again(
    paths: SweepPaths, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = make_points(seeds=2, steps=40)
    victim = points[0].run_id
    behave(data_root, Behaviour(hanging=(victim,)))
    monkeypatch.setattr(stuck, "SILENT_AFTER_S", 2.0)
    watcher = SweepWatcher(points, paths)
    with LaunchProcess(paths.root, data_root, {"seeds": 2}, stuck_after_minutes=0.4) as process:
        wait_until(lambda: watcher.look().stuck)
        assert process.wait() == 0
    assert_every_run_is_there_once(paths, 4)
    [failure] = read_failures(paths)
    assert victim in failure.run_ids
    assert (failure.cause.error, failure.cause.frame.rpartition(" ")[2]) == ("StuckError", "_hang")
    ends = [attempt.end for attempt in read_attempts(paths, failure.pack_id)]
    assert ends == [AttemptEnd.FAILED, AttemptEnd.PUBLISHED]
    assert f"pack {failure.pack_id} failed: tried again in 5 s" in paths.engine_log(1).read_text()


def test_a_launch_is_cancelled_from_another_process_even_before_ray_is_up(paths: SweepPaths, data_root: Path) -> None:
    behave(data_root, Behaviour(step_s=0.2))
    for soon in (False, True):
        with LaunchProcess(paths.root, data_root, {"seeds": 2}) as process:
            wait_until(lambda: live_launch(paths.lease))
            if not soon:
                wait_until(lambda: list(paths.checkpoints.glob("*/state.json")))
            launch = live_launch(paths.lease)
            assert launch is not None
            ask_to_stop(paths, launch)
            wait_for_end(paths, launch, lambda _: None)
            assert process.wait() == 130
    assert {attempt.end for attempt in attempts(paths)} == {AttemptEnd.STOPPED}
    behave(data_root, Behaviour())
    assert launch_here(paths, data_root, {"seeds": 2}).trained == 4
    assert_every_run_is_there_once(paths, 4)
