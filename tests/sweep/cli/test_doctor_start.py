"""`doctor --cluster FILE`: whether a launch can start. Other people's programs are scripts."""

from __future__ import annotations

import json
import shutil
import socket
from collections import namedtuple
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.monitoring import start_check
from tests.sweep.cli.test_bad_clusters import AWS, KUBERNETES, SLURM
from tests.sweep.cli.test_bad_input import GRID, contents

KINDS: Mapping[str, str] = {"aws": AWS, "slurm": SLURM, "kubernetes": KUBERNETES, "local": "backend: local\ncpus: 1\n"}
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a file of each kind, a healthy machine, and every program."""
    programs, here = tmp_path / "bin", tmp_path / "here"
    programs.mkdir()
    here.mkdir()
    for name in ("ray", "sbatch", "squeue", "scancel", "sinfo", "kubectl"):
        behave(tmp_path, name, "echo yes")
    behave(tmp_path, "sinfo", "echo 'batch* is up, 4 nodes of 32 CPUs and 120000 MB'")
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(here)
    monkeypatch.setattr(start_check, "available_memory_bytes", lambda: 10**12)
    monkeypatch.setattr(start_check, "torch_cuda", lambda: "")
    monkeypatch.setattr(start_check, "gpu_name", lambda: None)
    monkeypatch.setattr(start_check, "visible_gpus", lambda: 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**13, 0, 10**13))
    for name, text in KINDS.items():
        (here / f"{name}.yaml").write_text(text)
    (here / "little.yaml").write_text(GRID)
    return here


def behave(folder: Path, name: str, script: str) -> None:
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def doctor(*words: str, expect: ExitCode = ExitCode.OK) -> str:
    result = CliRunner().invoke(app, ["doctor", *words])
    assert result.exit_code == expect, result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("kind", KINDS)
def test_machines_that_are_well_have_a_problem_or_get_a_file(here: Path, kind: str) -> None:
    before = contents(here)
    for words in ((), ("little.yaml",)):
        said = doctor(*words, "--cluster", f"{kind}.yaml")
        assert "ok: " in said
        assert said.endswith("no problem found\n")
    answer = json.loads(doctor("little.yaml", "--cluster", f"{kind}.yaml", "--json"))
    assert (answer["sound"], answer["cluster"], answer["grid"]) == (True, f"{kind}.yaml", "little.yaml")
    assert {finding["severity"] for finding in answer["findings"]} <= {"ok", "note"}
    assert contents(here) == before


@pytest.mark.parametrize(
    ("kind", "tool"), [("aws", "ray"), ("slurm", "sbatch"), ("slurm", "scancel"), ("kubernetes", "kubectl")]
)
def test_a_missing_program_is_found_out_at_the_start(here: Path, monkeypatch: pytest.MonkeyPatch, kind: str, tool: str) -> None:
    monkeypatch.setattr("sys.executable", str(here / "nowhere" / "python"))
    monkeypatch.setenv("PATH", str(here.parent / "bin"))  # This machine may have it.
    (here.parent / "bin" / tool).unlink()
    assert f"problem: the program {tool} is missing" in doctor("--cluster", f"{kind}.yaml", expect=ExitCode.FAILURE)


def test_missing_credentials_are_found_out_at_the_start(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "problem: AWS credentials" in doctor("--cluster", "aws.yaml", expect=ExitCode.FAILURE)


@pytest.mark.parametrize(
    ("kind", "tool", "script", "says"),
    [
        ("slurm", "sinfo", "echo batch is drain, 0 nodes", "problem: partitions: batch is drain"),
        ("slurm", "sinfo", "true", "no answer"),
        ("slurm", "sinfo", "echo 'Unable to contact slurm controller' >&2; exit 1", "Unable to contact slurm controller"),
        ("slurm", "sinfo", "exec sleep 60", "no answer in 0.2 s"),
        ("kubernetes", "kubectl", "echo no", "problem: the right to create a RayJob: no"),
        ("kubernetes", "kubectl", "echo 'not found' >&2; exit 1", "problem: KubeRay: not found"),
    ],
)
def test_what_the_other_side_lacks_is_found_out_at_the_start(
    here: Path, monkeypatch: pytest.MonkeyPatch, kind: str, tool: str, script: str, says: str
) -> None:
    monkeypatch.setattr(start_check, "ANSWER_S", 0.2 if "sleep" in script else 20.0)
    behave(here.parent, tool, script)
    assert says in doctor("--cluster", f"{kind}.yaml", expect=ExitCode.FAILURE)


@pytest.mark.parametrize(
    ("ways", "asked", "loss"),
    [
        ("claim: all", ["persistentvolumeclaim all"], "nothing that is on the claim all"),
        ("travel: ray", [], "all that was not brought here yet"),
        ("travel: ray\nhead_claim: mine", ["persistentvolumeclaim mine"], "nothing that is on the claim mine"),
        ("store: s3://lab/ann\nsecret: keys", ["secret keys"], "what is not in s3://lab/ann yet"),
    ],
)
def test_what_a_file_for_kubernetes_names_is_found_missing_by_a_pod(here: Path, ways: str, asked: list[str], loss: str) -> None:
    (here / "kubernetes.yaml").write_text(KUBERNETES.replace("claim: shared", ways))
    log = here.parent / "asked"
    behave(here.parent, "kubectl", f'echo "$*" >> {log}\necho yes')
    assert f"note: a lost head costs {loss}" in doctor("--cluster", "kubernetes.yaml")
    where = "--namespace default"
    names = [f"get {each} --output name {where}" for each in asked]
    rights = [f"auth can-i create {what} {where}" for what in ("rayjobs.ray.io", "pods/exec")]
    assert log.read_text().splitlines() == ["get crd rayjobs.ray.io --output name", *names, *rights]
    for word in [each.split()[1] for each in asked]:
        behave(here.parent, "kubectl", f'case "$*" in *" {word} "*) echo "not found" >&2; exit 1;; *) echo yes;; esac')
        assert f" {word}: not found" in doctor("--cluster", "kubernetes.yaml", expect=ExitCode.FAILURE)


def test_a_full_disk_is_found_out_after_hours(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**13, 10**13, 10**9))
    for words in ((), ("little.yaml",)):
        assert "problem: 1.0 GB of disk are free" in doctor(*words, "--cluster", "local.yaml", expect=ExitCode.FAILURE)
    answer = json.loads(doctor("--cluster", "local.yaml", "--json", expect=ExitCode.FAILURE))
    assert answer["sound"] is False


def test_memory_that_others_use_is_found_out_by_a_killed_worker(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_check, "available_memory_bytes", lambda: 10**8)
    assert "problem: 100 MB of memory are free" in doctor("--cluster", "local.yaml", expect=ExitCode.FAILURE)


def test_a_container_with_little_shared_memory_is_not_noticed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_check, "LEAST_SHARED_MEMORY", 10**15)
    assert "--shm-size" in doctor("--cluster", "local.yaml")


@pytest.mark.parametrize(
    ("build", "gpu", "code", "says"),
    [
        ("", "NVIDIA T4", ExitCode.FAILURE, "problem: this machine has a GPU (NVIDIA T4), but PyTorch is a build for CPUs"),
        ("12.8", None, ExitCode.OK, "note: PyTorch is a build for CUDA 12.8, and no GPU is seen"),
        ("12.8", "NVIDIA T4", ExitCode.OK, "ok: PyTorch is a build for CUDA 12.8"),
        (None, None, ExitCode.FAILURE, "problem: PyTorch is not installed here"),
    ],
)
def test_a_pytorch_that_does_not_fit_the_machine_is_not_noticed(
    here: Path, monkeypatch: pytest.MonkeyPatch, build: str | None, gpu: str | None, code: ExitCode, says: str
) -> None:
    monkeypatch.setattr(start_check, "torch_cuda", lambda: build)
    monkeypatch.setattr(start_check, "gpu_name", lambda: gpu)
    assert says in doctor("--cluster", "local.yaml", expect=code)
    (here / "local.yaml").write_text("backend: local\ncpus: 1\ndevice: cpu\n")
    if build == "":
        doctor("--cluster", "local.yaml")


def test_a_ray_that_does_not_listen_is_found_out_at_the_start(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (here / "ray.yaml").write_text(f"backend: ray\naddress: 127.0.0.1:{port}\nslots: 1\n")
        assert f"ok: somebody listens at 127.0.0.1:{port}" in doctor("--cluster", "ray.yaml")
    assert f"problem: nobody listens at 127.0.0.1:{port}" in doctor("--cluster", "ray.yaml", expect=ExitCode.FAILURE)


def test_an_address_for_notices_that_is_not_set_is_found_out_at_the_end(here: Path) -> None:
    (here / "local.yaml").write_text("backend: local\ncpus: 1\nnotify: env:NOT_SET_ANYWHERE\n")
    assert "problem: nobody can be told: env:NOT_SET_ANYWHERE" in doctor("--cluster", "local.yaml", expect=ExitCode.FAILURE)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "neither a grid nor a cluster file"),
        (("--cluster", "nowhere.yaml"), "nowhere.yaml"),
        (("nowhere.yaml", "--cluster", "local.yaml"), "nowhere.yaml"),
        (("--cluster", "little.yaml"), "what looks like a grid"),
        (("little.yaml",), "little"),
    ],
)
def test_a_mistake_is_taken_for_a_fault(here: Path, words: tuple[str, ...], says: str) -> None:
    assert says in doctor(*words, expect=ExitCode.BAD_INPUT)
