"""What starts Ray's workers on this machine does what Ray's own script does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import ray
from ray._private import ray_constants
from ray._private.node import Node

from recipe_sweep.sweep.launch import ray_worker_start
from recipe_sweep.sweep.launch.ray_worker_start import command

RAYS_OWN = Path(ray.__file__).parent / "_private" / "workers" / "setup_worker.py"
PLAIN = {"command_prefix": [], "py_executable": sys.executable, "override_worker_entrypoint": None, "java_jars": []}


@pytest.mark.parametrize(
    "variables",
    [None, {"PL_DISABLE_FORK": "1"}, {"A": "two words; $HOME 'quoted'"}, {"A": "${HOME}/x${NOT_SET}"}],
    ids=["no context", "as Tune has it", "a reference", "references in braces"],
)
def test_worker_gets_other_arguments_or_variables_than_from_rays_own_script(
    tmp_path: Path, variables: dict[str, str] | None
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, os, sys\nprint(json.dumps([sys.argv, sys.flags.no_user_site, sys.path[0], dict(os.environ)]))\n"
    )
    (tmp_path / "setup_worker.py").symlink_to(RAYS_OWN)
    context = [] if variables is None else ["--serialized-runtime-env-context=" + json.dumps(PLAIN | {"env_vars": variables})]
    arguments = ["-s", str(worker), "--gcs-address=192.0.2.1:1", "--entrypoint=a b", "--language=PYTHON", *context]
    ours, rays = (
        json.loads(subprocess.run([sys.executable, script, *arguments], capture_output=True, check=True, text=True).stdout)
        for script in (ray_worker_start.__file__, str(RAYS_OWN))
    )
    for answer in (ours, rays):
        answer[3].pop("_", None)  # The name of what the shell ran last, and how deep it is.
        answer[3].pop("SHLVL", None)
    assert ours == rays


@pytest.mark.parametrize("prepared", ["json", "no_such_module"])
def test_what_a_worker_imports_in_advance_changes_nothing_even_if_it_fails(tmp_path: Path, prepared: str) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import json, sys\nprint(json.dumps([__name__, sys.argv, sys.path[0], 'ray.tune' in sys.modules]))\n")
    told = subprocess.run(
        [sys.executable, ray_worker_start.__file__, str(worker), "--entrypoint=a b", "--language=PYTHON"],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {ray_worker_start.PREPARE: prepared},
    )
    answer = ["__main__", [str(worker), "--entrypoint=a b"], str(tmp_path), prepared == "json"]
    assert json.loads(told.stdout) == answer


@pytest.mark.parametrize(
    "context",
    [
        PLAIN | {"command_prefix": ["conda", "run"]},
        PLAIN | {"py_executable": "/elsewhere/python"},
        PLAIN | {"override_worker_entrypoint": "/in/a/container.py"},
        PLAIN | {"something_new": [1]},
    ],
    ids=["prefix", "interpreter", "entrypoint", "unknown"],
)
def test_runtime_environment_that_is_more_than_variables_is_not_left_to_ray(context: dict[str, object]) -> None:
    worker = str(RAYS_OWN.with_name("default_worker.py"))
    arguments = [worker, "--language=PYTHON", "--serialized-runtime-env-context=" + json.dumps(context)]
    assert command(arguments) == ([sys.executable, str(RAYS_OWN), *arguments], {})


def test_worker_of_another_language_is_not_left_to_ray() -> None:
    worker = str(RAYS_OWN.with_name("default_worker.py"))
    assert command([worker, "--language=CPP"])[0][1] == str(RAYS_OWN)


def test_new_ray_takes_its_script_from_elsewhere_and_workers_start_half_a_second_slower() -> None:
    assert hasattr(ray_constants, "SETUP_WORKER_FILENAME")
    assert "SETUP_WORKER_FILENAME" in Node.__init__.__code__.co_names
