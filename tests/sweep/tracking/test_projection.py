"""The MLflow projection against made-up results, in SQLite, as users have it."""

from __future__ import annotations

import logging
import lzma
import shutil
import statistics
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.errors import ProjectionBusyError, TrackingError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.tracking.client import masked, quiet_client
from recipe_sweep.sweep.tracking.projection import Projection, project, projection_lock
from recipe_sweep.sweep.tracking.recorder import KEY_TAG
from tests.sweep.synthetic_results import MINUTES, START, points, publish, report_progress, return_of


def shown(sweep_dir: Path, experiment: str = "demo") -> dict[str, Any]:
    """Everything a user can see of the active runs, by projection key, MLflow's own random ids aside."""
    client = quiet_client(f"sqlite:///{SweepPaths(sweep_dir).mlflow_db}")
    present = client.get_experiment_by_name(experiment)
    runs = client.search_runs([present.experiment_id], max_results=1000) if present else []
    content = {}
    for run in runs:
        histories = {
            key: [(point.step, point.value, point.timestamp) for point in client.get_metric_history(run.info.run_id, key)]
            for key in run.data.metrics
        }
        info = (run.info.run_name, run.info.status, run.info.start_time, run.info.end_time)
        assert run.data.tags[KEY_TAG] not in content, "one configuration twice"
        content[run.data.tags[KEY_TAG]] = (info, run.data.params, run.data.tags, histories, run.info.run_id)
    return content


def without_ids(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value[:-1] for key, value in content.items()}


def test_one_mlflow_run_per_configuration_with_its_seeds_aggregated(sweep_dir: Path) -> None:
    members = points(alphas=(1.0, 3.0), seeds=(0, 1, 2))
    publish(sweep_dir, "aaaa", members, diverged=(2,))
    summary = project(sweep_dir)
    content = shown(sweep_dir)
    assert (summary.created, len(content)) == (2, 2)

    runs = [point for point in members if point.alpha == 3.0]
    info, params, tags, histories, _ = content[runs[0].config_id]
    assert info[:2] == ("mix-iql-awr a=3 t=0.9 simple_spread/expert", "FINISHED")
    assert info[2:] == (int(START.timestamp() * 1000), int((START + MINUTES).timestamp() * 1000))
    assert params["hidden"] == "64,64"
    assert (params["design"], params["alpha"], params["tau"]) == ("mix-iql-awr", "3.0", "0.9")
    assert "seed" not in params
    assert tags["run_ids"].split(",") == [run.run_id for run in runs]
    assert (tags["config_id"], tags["seeds"], tags["sweep"]) == (runs[0].config_id, "0,1,2", "demo")
    assert tags["status"] == "diverged 1 of 3"

    returns = [return_of(run, 300) for run in runs]
    scores = [(value - 100.0) / 200.0 for value in returns]
    last = {key: history[-1][:2] for key, history in histories.items()}
    assert last == {
        "score_mean": (300, pytest.approx(statistics.fmean(scores))),
        "score_std": (300, pytest.approx(statistics.stdev(scores))),
        "score_min": (300, pytest.approx(min(scores))),
        "score_max": (300, pytest.approx(max(scores))),
        "return_mean": (300, pytest.approx(statistics.fmean(returns))),
        "return_std": (300, pytest.approx(statistics.stdev(returns))),
        "return_min": (300, min(returns)),
        "return_max": (300, max(returns)),
        "runs/seeds": (300, 3.0),
        "runs/diverged": (300, 1.0),
        "runs/wall_s": (300, 180.0),
    }
    curve = [(step, value) for step, value, _ in histories["return_mean"]]
    assert curve == [(step, pytest.approx(statistics.fmean(return_of(run, step) for run in runs))) for step in (100, 200, 300)]


def of_0_1_0(points: list[DesignPoint]) -> list[DesignPoint]:
    return [replace(point, numerics=1) for point in points]


def test_a_database_that_0_1_0_wrote_goes_on_without_a_run_twice(sweep_dir: Path) -> None:
    """0.1.0 wrote into MLflow's tables itself: two configurations that were done and one under way."""
    database = SweepPaths(sweep_dir).mlflow_db
    database.write_bytes(lzma.decompress(Path(__file__).with_name("mlflow-0.1.0.db.xz").read_bytes()))
    publish(sweep_dir, "aaaa", of_0_1_0(points(alphas=(1.0,), seeds=(0, 1))))
    publish(sweep_dir, "bbbb", of_0_1_0(points(alphas=(3.0,), seeds=(0,))))
    publish(sweep_dir, "cccc", of_0_1_0(points(alphas=(5.0,))))
    before = shown(sweep_dir)
    summary = project(sweep_dir)
    assert (summary.created, summary.replaced, summary.extended, summary.unchanged) == (0, 0, 1, 2)
    content = shown(sweep_dir)
    assert {key: value[-1] for key, value in content.items()} == {key: value[-1] for key, value in before.items()}
    database.unlink()
    moved = sweep_dir.rename(sweep_dir.with_name("elsewhere")).rename(sweep_dir.parent / "again") / "demo"
    shutil.copytree(sweep_dir.parent / "again", moved)
    project(moved)
    again = shown(moved)
    times_aside = [{key: _values(value) for key, value in told.items()} for told in (again, content)]
    assert times_aside[0] == times_aside[1]
    for key, (_, params, *_) in content.items():
        assert params.items() <= again[key][1].items()
    assert [again[key][1]["mixer_embed"] for key in content] == ["32"] * 3


def _values(run: Any) -> Any:
    """All of a run but its params, of which later versions have more, and the times at which what is under way was seen."""
    (name, state, *_), _, tags, histories, _ = run
    return name, state, tags, {key: [point[:2] for point in history] for key, history in histories.items()}


def test_projecting_again_changes_nothing(sweep_dir: Path) -> None:
    publish(sweep_dir, "aaaa", points())
    project(sweep_dir)
    before = shown(sweep_dir)
    summary = project(sweep_dir)
    assert (summary.created, summary.extended, summary.replaced, summary.unchanged) == (0, 0, 0, 2)
    assert shown(sweep_dir) == before


def test_a_deleted_database_comes_back_the_same(sweep_dir: Path, empty_database: Path) -> None:
    publish(sweep_dir, "aaaa", points())
    publish(sweep_dir, "bbbb", points(alphas=(7.0,), seeds=(4,)))
    project(sweep_dir)
    project(sweep_dir, per_run=True)
    before = without_ids(shown(sweep_dir)), without_ids(shown(sweep_dir, "demo (every run)"))
    assert (len(before[0]), len(before[1])) == (3, 5)
    # Put aside, not rebuilt under the same name: within one process MLflow holds on to the file that a name stood for.
    moved = sweep_dir.with_name("again") / "demo"
    shutil.copytree(sweep_dir, moved)
    shutil.copy(empty_database, SweepPaths(moved).mlflow_db)
    assert shown(moved) == {}
    project(moved)
    project(moved, per_run=True)
    assert (without_ids(shown(moved)), without_ids(shown(moved, "demo (every run)"))) == before


def test_a_running_pack_is_seen_live_and_ends_as_the_same_mlflow_run(sweep_dir: Path) -> None:
    members = points(alphas=(3.0,))
    key = members[0].config_id
    projection = Projection(sweep_dir)
    report_progress(sweep_dir, "aaaa", members, steps=())
    projection.update(live=True)
    mlflow_id = shown(sweep_dir)[key][-1]
    for steps in ((100,), (100, 200)):
        progress = report_progress(sweep_dir, "aaaa", members, steps)
        projection.update(live=True)
        info, _, tags, histories, _ = shown(sweep_dir)[key]
        assert (info[1], info[3], tags["status"]) == ("RUNNING", None, "running")
        assert [step for step, _, _ in histories["score_mean"]] == list(steps)
    progress.unlink()
    publish(sweep_dir, "aaaa", members)
    summary = projection.update(live=True)
    assert (summary.extended, summary.replaced) == (1, 0)
    info, _, _, histories, same_id = shown(sweep_dir)[key]
    assert (info[1], same_id) == ("FINISHED", mlflow_id)
    assert info[2] == int(START.timestamp() * 1000), "a rebuilt database would have another start"
    assert [step for step, _, _ in histories["score_mean"]] == [100, 200, 300]
    assert [step for step, _, _ in histories["runs/seeds"]] == [300]


def test_an_interrupted_sweep_shows_killed_and_goes_on_as_the_same_run(sweep_dir: Path) -> None:
    members = points(alphas=(3.0,))
    report_progress(sweep_dir, "aaaa", members, steps=(100,))
    project(sweep_dir, live=False)
    ((info, _, tags, _, mlflow_id),) = shown(sweep_dir).values()
    assert (info[1], tags["status"]) == ("KILLED", "stopped")
    report_progress(sweep_dir, "aaaa", members, steps=(100, 200))
    project(sweep_dir, live=True)
    ((info, _, _, histories, same_id),) = shown(sweep_dir).values()
    assert (info[1], same_id) == ("RUNNING", mlflow_id)
    assert [step for step, _, _ in histories["return_mean"]] == [100, 200]


def test_a_pack_that_failed_does_not_stay_running(sweep_dir: Path) -> None:
    projection = Projection(sweep_dir)
    report_progress(sweep_dir, "aaaa", points(), steps=(100,)).unlink()
    report_progress(sweep_dir, "bbbb", points(alphas=(5.0,)), steps=(100,))
    projection.update(live=True)
    (SweepPaths(sweep_dir).progress / "bbbb.json").unlink()
    projection.update(live=True)
    assert [info[1] for info, *_ in shown(sweep_dir).values()] == ["KILLED"]


def test_seeds_added_later_replace_the_old_means_instead_of_mixing_with_them(sweep_dir: Path) -> None:
    publish(sweep_dir, "aaaa", points(alphas=(3.0,), seeds=(0, 1)))
    project(sweep_dir)
    publish(sweep_dir, "bbbb", points(alphas=(3.0,), seeds=(2, 3)))
    summary = project(sweep_dir)
    assert summary.replaced == 1
    ((_, _, tags, histories, _),) = shown(sweep_dir).values()
    assert tags["seeds"] == "0,1,2,3"
    assert histories["runs/seeds"][-1][1] == 4.0
    assert len(histories["score_mean"]) == 3


def test_a_mean_is_only_taken_at_steps_that_all_its_seeds_have_reached(sweep_dir: Path) -> None:
    publish(sweep_dir, "aaaa", points(alphas=(3.0,), seeds=(0,)))
    report_progress(sweep_dir, "bbbb", points(alphas=(3.0,), seeds=(1,)), steps=(100,))
    project(sweep_dir, live=True)
    ((info, _, _, histories, _),) = shown(sweep_dir).values()
    assert info[1] == "RUNNING"
    assert [(step, value) for step, value, _ in histories["return_mean"]] == [(100, 100.0 + 10.0 + 5.0 + 3.0)]


def test_per_run_shows_every_run_with_its_seed(sweep_dir: Path) -> None:
    members = points(seeds=(0, 1, 2))
    publish(sweep_dir, "aaaa", members)
    assert project(sweep_dir, per_run=True).created == 6
    content = shown(sweep_dir, "demo (every run)")
    assert set(content) == {member.run_id for member in members}
    info, params, _, histories, _ = content[members[1].run_id]
    assert "seed 1" in info[0]
    assert params["seed"] == "1"
    assert "score_std" not in histories
    assert shown(sweep_dir) == {}


def test_a_crash_between_values_and_their_mark_logs_no_value_twice(sweep_dir: Path) -> None:
    publish(sweep_dir, "aaaa", points(alphas=(3.0,)))
    project(sweep_dir)
    before = shown(sweep_dir)
    ((*_, mlflow_id),) = before.values()
    quiet_client(f"sqlite:///{SweepPaths(sweep_dir).mlflow_db}").delete_tag(mlflow_id, "projection_state")
    project(sweep_dir)
    assert shown(sweep_dir) == before


def test_long_curves_go_in_few_batches_and_never_value_by_value(sweep_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    calls: Counter[str] = Counter()
    for name in ("create_run", "log_batch", "log_metric", "log_param", "set_tag", "set_terminated"):
        original = getattr(MlflowClient, name)

        def counted(self: MlflowClient, *args: Any, _name: str = name, _original: Any = original, **kwargs: Any) -> Any:
            calls[_name] += 1
            return _original(self, *args, **kwargs)

        monkeypatch.setattr(MlflowClient, name, counted)
    publish(sweep_dir, "aaaa", points(alphas=(3.0,)), steps=range(1, 701))
    project(sweep_dir)
    ((_, _, _, histories, _),) = shown(sweep_dir).values()
    assert len(histories["score_mean"]) == 700
    assert calls == {"create_run": 1, "log_batch": 7, "set_terminated": 1}  # 700 x 8 + 3 values, 900 at a time


def test_a_run_that_two_packs_hold_counts_once_by_the_reports_rule(sweep_dir: Path) -> None:
    members = points(alphas=(3.0,), seeds=(0,))
    publish(sweep_dir, "aaaa", members, epoch=2, shift=1000.0)
    publish(sweep_dir, "bbbb", members, epoch=1)
    project(sweep_dir)
    ((_, _, tags, histories, _),) = shown(sweep_dir).values()
    assert tags["run_ids"] == members[0].run_id
    assert histories["return_mean"][-1][1] == return_of(members[0], 300)


def test_a_torn_results_file_is_named_and_left_out(sweep_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    publish(sweep_dir, "aaaa", points(alphas=(3.0,)))
    torn = publish(sweep_dir, "bbbb", points(alphas=(1.0,)))
    torn.write_bytes(torn.read_bytes()[:100])
    with caplog.at_level(logging.WARNING):
        assert project(sweep_dir).created == 1
    assert str(torn) in caplog.text


def test_other_peoples_runs_and_tags_in_the_experiment_are_left_alone(sweep_dir: Path) -> None:
    publish(sweep_dir, "aaaa", points(alphas=(3.0,)))
    project(sweep_dir)
    ((*_, mlflow_id),) = shown(sweep_dir).values()
    client = quiet_client(f"sqlite:///{SweepPaths(sweep_dir).mlflow_db}")
    experiment = client.get_experiment_by_name("demo").experiment_id
    own = client.create_run(experiment, run_name="mine").info.run_id
    client.set_tag(mlflow_id, "verdict", "look at this one")
    assert project(sweep_dir).unchanged == 1
    assert {run.info.run_id for run in client.search_runs([experiment])} == {own, mlflow_id}
    assert client.get_run(mlflow_id).data.tags["verdict"] == "look at this one"


def test_only_one_process_at_a_time_writes(sweep_dir: Path) -> None:
    publish(sweep_dir, "aaaa", points())
    with projection_lock(sweep_dir, wait=True), pytest.raises(ProjectionBusyError, match="running launch"):
        project(sweep_dir)
    assert project(sweep_dir).created == 2


def test_a_server_that_is_away_is_one_clear_message_without_its_password(
    sweep_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    publish(sweep_dir, "aaaa", points())
    with pytest.raises(TrackingError) as raised:
        project(sweep_dir, tracking_uri="http://ann:hunter2@127.0.0.1:9")
    assert "127.0.0.1" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_runs_of_a_live_launch_are_running_and_of_a_dead_one_killed(sweep_dir: Path) -> None:
    report_progress(sweep_dir, "aaaa", points(alphas=(3.0,)), steps=(100,))
    with Lease.acquire(SweepPaths(sweep_dir).lease):
        project(sweep_dir)
        assert [info[1] for info, *_ in shown(sweep_dir).values()] == ["RUNNING"]
    project(sweep_dir)
    assert [info[1] for info, *_ in shown(sweep_dir).values()] == ["KILLED"]


def test_nothing_is_left_in_the_directory_one_happens_to_be_in(sweep_dir: Path, tmp_path: Path) -> None:
    publish(sweep_dir, "aaaa", points())
    project(sweep_dir)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("postgresql://ann:hunter2@db.lab/mlflow", "postgresql://ann:***@db.lab/mlflow"),
        ("https://mlflow.lab", "https://mlflow.lab"),
        ("https://token@mlflow.lab/x", "https://token@mlflow.lab/x"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
    ],
)
def test_passwords_never_reach_a_log(uri: str, expected: str) -> None:
    assert masked(uri) == expected
