"""The writer as the process that `launch` starts."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.tracking import writer_process
from recipe_sweep.sweep.tracking.client import quiet_client
from recipe_sweep.sweep.tracking.writer_process import start_writer
from tests.sweep.synthetic_results import points, publish, report_progress

PATIENCE_S = 180.0


def states(sweep_dir: Path) -> list[str]:
    client = quiet_client(f"sqlite:///{SweepPaths(sweep_dir).mlflow_db}")
    experiment = client.get_experiment_by_name(sweep_dir.name)
    return sorted(run.info.status for run in client.search_runs([experiment.experiment_id])) if experiment else []


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_running_packs_appear_while_they_run_and_stop_brings_the_rest(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(empty_database, tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.py").write_text("raise SystemExit('the wrong module')")  # a name that users may well have
    report_progress(tmp_path, "aaaa", points(alphas=(3.0,)), steps=(100,))
    writer = start_writer(tmp_path, poll_s=0.1)
    wait_for(lambda: "1 created" in writer.log_file.read_text())
    assert states(tmp_path) == ["RUNNING"]
    publish(tmp_path, "bbbb", points(alphas=(5.0,)))
    assert writer.stop(PATIENCE_S).up_to_date
    assert states(tmp_path) == ["FINISHED", "KILLED"]
    assert "alembic" not in writer.log_file.read_text()


def test_the_writer_of_a_killed_launch_ends_by_itself(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(empty_database, tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    publish(tmp_path, "aaaa", points())
    launch = (
        "import os, pathlib, signal, recipe_sweep.sweep.tracking.writer_process as w;"
        f"print(w.start_writer(pathlib.Path({str(tmp_path)!r}), poll_s=60).process.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", launch], capture_output=True, text=True, check=False)
    writer = Path("/proc") / killed.stdout.strip()
    wait_for(lambda: not writer.exists() or "Z" in (writer / "stat").read_text().split()[2])
    assert states(tmp_path) == ["FINISHED", "FINISHED"]


def test_a_dead_tracking_server_costs_a_line_in_the_log_and_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    publish(tmp_path, "aaaa", points())
    writer = start_writer(tmp_path, tracking_uri="http://ann:hunter2@127.0.0.1:9", poll_s=0.1)
    end = writer.stop(PATIENCE_S)
    assert (end.up_to_date, end.waiting, writer.process.poll()) == (False, 4, 1)
    assert "Connection refused" in str(end.why)
    assert "hunter2" not in str(end.why)
    text = writer.log_file.read_text()
    assert "MLflow is behind, training goes on" in text
    assert "hunter2" not in text
    assert "Traceback" not in text


def test_a_database_deleted_during_a_launch_is_made_again(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(empty_database, tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    publish(tmp_path, "aaaa", points())
    writer = start_writer(tmp_path, poll_s=0.1)
    wait_for(lambda: "2 created" in writer.log_file.read_text())
    SweepPaths(tmp_path).mlflow_db.unlink()
    wait_for(lambda: writer.log_file.read_text().count("2 created") == 2)
    assert writer.stop(PATIENCE_S).up_to_date


def test_the_start_of_a_launch_does_not_share_its_processors_with_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def input_ended(wait_s: float) -> bool:
        looks.append(wait_s)
        if len(looks) == 3:
            report_progress(tmp_path, "aaaa", points(alphas=(3.0,)), steps=(100,))
        return False

    monkeypatch.setattr(writer_process, "_input_ended", input_ended)
    writer_process._wait_for_something(SweepPaths(tmp_path))
    assert looks == [writer_process.LOOK_EVERY_S] * 3
