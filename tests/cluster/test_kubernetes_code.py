"""What a pod does before Ray starts in it, done here with a real wheel: from config maps to a package that runs."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from recipe_sweep.cluster.shipment import Cargo
from recipe_sweep.cluster.wheel import build_wheel
from tests.cluster.golden_files import NOW, backend


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A directory with the parts as they are mounted, and the script that puts them together there."""
    here = tmp_path_factory.mktemp("pod")
    wheel = build_wheel(here / "built")
    cargo = Cargo(here, wheel, "name: little\n", wheel.path.read_bytes())
    job, code = backend("kubernetes").up(cargo, NOW).files
    (here / "parts").mkdir()
    (here / "code").mkdir()
    for part in yaml.safe_load_all(code.text):
        for name, content in part["binaryData"].items():
            (here / "parts" / name).write_bytes(base64.b64decode(content))
    spec = list(yaml.safe_load_all(job.text))[1]["spec"]["rayClusterSpec"]
    [_, _, script] = spec["headGroupSpec"]["template"]["spec"]["initContainers"][0]["command"]
    return here, script.replace("/opt/recipe-sweep", f"{here}/code").replace("/etc/recipe-sweep/parts", f"{here}/parts")


def in_pod(here: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = clean | {"PATH": path} | environment
    return subprocess.run(["sh", "-c", script], env=environment, cwd=here, capture_output=True, text=True)


def test_the_code_that_arrives_is_the_code_that_runs(pod: tuple[Path, str]) -> None:
    here, script = pod
    installed = in_pod(here, script)
    assert installed.returncode == 0, installed.stderr
    where = "import recipe_sweep.sweep.cli.main; print(recipe_sweep.sweep.cli.main.__file__)"
    told = in_pod(here, f'python -c "{where}" && python -m recipe_sweep.sweep.cli.main --help', PYTHONPATH=f"{here}/code/site")
    assert told.stdout.splitlines()[0] == f"{here}/code/site/recipe_sweep/sweep/cli/main.py"
    assert "launch" in told.stdout


def test_parts_that_are_not_the_wheel_stop_the_pod(pod: tuple[Path, str]) -> None:
    here, script = pod
    part = here / "parts" / "part-000"
    whole = part.read_bytes()
    part.write_bytes(whole[:-1])
    try:
        assert in_pod(here, script).returncode != 0
    finally:
        part.write_bytes(whole)
