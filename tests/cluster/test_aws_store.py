"""EC2 machines whose results go to a bucket, to a file system, or both."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from recipe_sweep.cluster.backends.aws_ray_up import HOME, WAIT_S, launch_shell
from recipe_sweep.cluster.backends.base import Started
from tests.cluster.golden_files import backend
from tests.cluster.test_generated import AWS, ray_up, text_of


@pytest.mark.parametrize("code", [0, 1])
def test_the_end_of_a_launch_keeps_the_commands_that_end_the_cluster_from_running(code: int, tmp_path: Path) -> None:
    """Ray appends them to the launch, so the launch must not end their shell."""
    (tmp_path / "recipe-sweep").write_text(f"#!/bin/sh\necho said; exit {code}\n")
    (tmp_path / "recipe-sweep").chmod(0o755)
    shell = launch_shell(backend("aws").file).replace(HOME, str(tmp_path)).replace(f"sleep {WAIT_S}", "true")
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", f"{shell}; echo teardown"], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout == "teardown\n"
    assert (tmp_path / "launch.exit").read_text() == f"{code}\n"
    assert (tmp_path / "launch.log").read_text() == "said\n"


@pytest.mark.parametrize("case", AWS)
def test_a_machine_that_nobody_reaches_costs_money_for_ever(case: str) -> None:
    content = ray_up(case)
    for kind in content["available_node_types"].values():
        assert content["setup_commands"][0] in kind["node_config"]["UserData"].splitlines()


def test_workers_without_a_right_to_the_bucket_are_to_use_it() -> None:
    travels = {case: yaml.safe_load(text_of(case, "cluster.yaml")).get("travel") for case in AWS}
    assert travels == {"aws": "ray", "aws-on-demand": None, "aws-store": "store"}
    for name, kind in ray_up("aws-store")["available_node_types"].items():
        profile = "recipe-sweep-head" if name == "head" else "recipe-sweep-worker"
        assert kind["node_config"]["IamInstanceProfile"] == {"Name": profile}


@pytest.mark.parametrize("case", AWS)
def test_a_bucket_needs_a_file_system_or_a_file_system_is_not_mounted(case: str) -> None:
    given = backend(case).file.file_system
    assert ("mount -t nfs4" in text_of(case, "ray.yaml")) == (given is not None)
    root = "/home/ubuntu/recipe-sweep" if given is None else "/mnt/recipe-sweep"
    reach = backend(case).reach(Started(Path("/g"), None), "little")
    assert reach is not None
    assert reach.there.sweep == f"{root}/sweeps/little"
    assert f"cd {root} && " in launch_shell(backend(case).file)
