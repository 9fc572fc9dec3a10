"""A little sweep over learning rates and networks, really trained, once for all tests of the Python interface."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

import recipe_sweep

GRID = {
    "schema_version": 1,
    "name": "demo",
    "axes": {
        "source": "homegrown",
        "task": "simple_spread",
        "dataset": "expert",
        "dataset_seed": 0,
        "dataset_size": 1000,
        "decomposition": ["mix", "dec"],
        "value_learning": "td",
        "extraction": "brac",
        "alpha": {"brac": 1.0},
        "critic_norm": {"mix": "svn"},
        "actor_norm": "absmean",
        "seed": [0, 1],
    },
    "settings": {
        "steps": 20,
        "eval_every": 10,
        "eval_episodes": 2,
        "diagnostics_every": 20,
        "batch": 16,
        "hidden": [[8, 8], [16, 16]],
        "lr": [1e-3, 3e-3],
    },
}
"""16 runs."""


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sweep, its grid and its data. Nobody changes it."""
    directory = tmp_path_factory.mktemp("interface")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.setenv("RECIPE_SWEEP_DATA", str(directory / "data"))
        Path("inline.yaml").write_text("backend: inline\n")
        Path("my-grid.yaml").write_text(yaml.safe_dump(GRID))
        recipe_sweep.launch(GRID, cluster="inline.yaml", mlflow=False)
    return directory


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that directory, in which the test works."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path
