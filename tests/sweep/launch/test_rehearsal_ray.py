"""A rehearsal of a small preset as a user types it: plan, real Ray Tune, MLflow and report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.tracking.client import quiet_client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray-users")]


def call(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_a_preset_is_rehearsed_from_plan_to_report_without_any_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "nothing"))
    call("rehearse", "starter")
    [root] = Path("sweeps").iterdir()
    status = json.loads(call("status", str(root), "--json"))
    assert status["done"] == status["wanted"] > 0
    assert not (tmp_path / "nothing").exists()
    call("mlflow", str(root))  # On a busy machine MLflow may lag behind the launch.
    client = quiet_client(f"sqlite:///{(root / 'mlflow.db').resolve()}")
    experiment = client.get_experiment_by_name(f"REHEARSAL {root.name}")
    runs = client.search_runs([experiment.experiment_id])
    assert runs
    assert all(run.info.run_name.startswith("REHEARSAL ") for run in runs)
    assert "made-up numbers" in call("report", str(root))
