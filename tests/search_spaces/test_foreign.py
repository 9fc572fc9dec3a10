"""Whoever brings a file of another program is told what it looks like and how to begin, in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import GridError
from recipe_sweep.search_spaces.foreign import KINDS
from recipe_sweep.search_spaces.grid_file import read_grid
from tests.search_spaces.grids import GRID

FILES = {
    "a seml configuration": "seml:\n  executable: train.py\nfixed:\n  seed: 1\ngrid:\n  lr: {type: choice, options: [1, 2]}\n",
    "a sweep file of Weights & Biases": "program: train.py\nmethod: bayes\nmetric: {name: loss}\nparameters:\n  lr: {min: 0}\n",
    "a Hydra configuration": "defaults:\n  - model: mix\nhydra:\n  mode: MULTIRUN\n",
    "a file for Ray Tune": "exp:\n  x: 1\nparam_space: {lr: 1}\ntune_config: {num_samples: 4}\n",
    "a file for Optuna": "study_name: x\ndirection: maximize\n",
    "a file for NNI": "searchSpaceFile: s.json\ntrialCommand: python x.py\n",
    "a manifest of Kubernetes": "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\n",
    "a cluster file": "cpus: 4\nbackend: local\n",
    "a sweep's own sweep.json": '{"name": "x", "grid": {"axes": {}}, "data_hashes": {}, "created_at": "now"}',
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_another_program_is_named_with_the_way_on(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(FILES[kind])
    with pytest.raises(GridError) as raised:
        read_grid(path)
    [problem] = raised.value.problems
    assert problem.file == str(path)
    assert problem.line is not None
    assert problem.found.startswith(f"what looks like {kind} (it has ")
    assert problem.hint is not None
    assert any(word in problem.hint for word in ("recipe-sweep init my-grid.yaml", "--cluster", "the directory"))


def test_every_kind_has_its_test() -> None:
    assert {kind.name for kind in KINDS} == set(FILES)


def test_the_command_that_is_named_is_there() -> None:
    from recipe_sweep.sweep.cli.main import app

    assert "init" in [
        command.callback.__name__ for group in app.registered_groups for command in group.typer_instance.registered_commands
    ]  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["defaults", "method", "backend", "seml"])
def test_a_grid_with_a_stray_key_is_still_a_grid(key: str, tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(f"{GRID}{key}: 1\n")
    with pytest.raises(GridError, match=rf"grid\.yaml:23: {key}\n  found     the unknown key"):
        read_grid(path)
