"""A sweep's directory with an empty database of MLflow, which is made once: MLflow's migrations take seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.tracking.database import make


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    path.with_name("mlflow.db.new").write_bytes(b"left by a process that was killed")
    path.with_name("mlflow.db.new-journal").write_bytes(b"this too")
    make(path)
    return path


@pytest.fixture
def sweep_dir(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "demo"
    directory.mkdir()
    shutil.copy(empty_database, SweepPaths(directory).mlflow_db)
    return directory
