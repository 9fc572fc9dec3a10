"""`recipe-sweep cluster` with other people's programs replaced by scripts that note how they were called."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from recipe_sweep.cluster.aws_account import AwsAnswerError
from recipe_sweep.cluster.backends import aws
from recipe_sweep.cluster.backends.ray_up import RayUpBackend
from recipe_sweep.cluster.shipment import Wheel
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.clusters import jobs
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.on_cluster import check_here
from recipe_sweep.sweep.files.paths import SweepPaths
from tests.cluster.golden_files import FILES, filled_in
from tests.sweep.cli.test_bad_input import GRID, contents

RAW = "".join(f"{line}\n" for line in RayUpBackend.example().splitlines() if line and not line.startswith("#"))
TOOLS = ("ray", "sbatch", "squeue", "scancel", "kubectl", "ssh", "rsync")

Type = Callable[..., Result]


class Tools:
    """Programs on the PATH of a test."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._log = folder, folder / "log"
        for name in TOOLS:
            self.behave(name, "")

    def behave(self, name: str, script: str) -> None:
        path = self._folder / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self._log}\n{script}\n')
        path.chmod(0o755)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink()

    @property
    def calls(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))  # Ray beside it is not to be found
    tools = Tools(folder)
    tools.behave("sbatch", "echo 4711")
    tools.behave("ssh", 'echo "python 3 12"')
    return tools


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a grid and every kind of cluster file, an AWS account, and a wheel that costs no time to build."""
    here = tmp_path / "here"
    here.mkdir()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "in-the-open")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(here)
    (here / "little.yaml").write_text(GRID)
    (here / "raw.yaml").write_text(RAW)
    for case in ("aws", "slurm", "kubernetes"):
        (here / f"{case}.yaml").write_text(filled_in(FILES[case]).replace("image: auto", "image: ami-0a1b2c3d4e5f60718"))

    (here / "key").touch(0o600)
    (here / "ssh.yaml").write_text(FILES["ssh"].replace("~/.ssh/recipe-sweep", f"{here}/key"))

    def build(directory: Path) -> Wheel:
        (directory / "recipe_sweep-0.1.0-py3-none-any.whl").write_bytes(b"the code")
        return Wheel(directory / "recipe_sweep-0.1.0-py3-none-any.whl", "5" * 64)

    monkeypatch.setattr(jobs, "build_wheel", build)
    return here


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["cluster", *words])


def well(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == ExitCode.OK, result.output
    return result.stdout


def badly(code: ExitCode, *words: str) -> str:
    result = run(*words)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stderr


def test_a_valid_file_says_what_it_holds_and_may_cost(here: Path, tools: Tools) -> None:
    said = well("validate", "aws.yaml")
    assert "32 at a time" in said
    assert "$9.79 an hour" in said
    assert "check before you rely on it" in " ".join(said.split())
    assert "6.1 hours" in said
    assert "48 node-hours" in well("validate", "slurm.yaml")
    assert "16 at a time" in well("validate", "kubernetes.yaml")
    assert "8 at a time" in well("validate", "raw.yaml")
    assert tools.calls == []


def test_a_sample_that_nobody_has_filled_in_looks_ready(here: Path, tools: Tools) -> None:
    (here / "kubernetes.yaml").write_text(FILES["kubernetes"])
    result = run("validate", "kubernetes.yaml")
    assert result.exit_code == ExitCode.OK
    assert "kubernetes.yaml:12: image is 'registry.example/recipe-sweep-base:1', a placeholder" in result.stderr
    assert "a placeholder" in badly(ExitCode.BAD_INPUT, "up", "kubernetes.yaml", "--grid", "little.yaml")
    well("up", "kubernetes.yaml", "--grid", "little.yaml", "--dry-run")
    assert tools.calls == []


@pytest.mark.parametrize("backend", ["ssh", "aws", "slurm", "kubernetes"])
def test_a_dry_run_shows_everything_and_does_nothing(here: Path, tools: Tools, backend: str) -> None:
    before = contents(here)
    said = well("up", f"{backend}.yaml", "--grid", "little.yaml", "--dry-run")
    assert contents(here) == before
    assert tools.calls == []
    assert "5" * 64 in said
    assert "name: little" in said
    assert any(line.startswith("$ ") for line in said.splitlines())


def test_aws_starts_its_head_and_then_the_launch_which_ends_the_cluster(here: Path, tools: Tools) -> None:
    said = well("up", "aws.yaml", "--grid", "little.yaml")
    config = here / "aws.generated" / "ray.yaml"
    assert tools.calls[0] == f"ray up --yes {config}"
    assert tools.calls[1].startswith(f"ray exec --tmux --stop {config} (rm -f /home/ubuntu/recipe-sweep/launch.exit; ")
    assert "; cd /mnt/recipe-sweep && recipe-sweep launch " in tools.calls[1]
    assert (here / "aws.generated" / "recipe_sweep-0.1.0-py3-none-any.whl").read_bytes() == b"the code"
    assert (here / "aws.generated" / "grid.yaml").read_text() == GRID
    assert "sha256 " + "5" * 64 in said
    assert "in-the-open" not in said + "".join(path.read_text() for path in (here / "aws.generated").iterdir())


def test_up_leaves_the_image_open_or_a_dry_run_asks_aws(here: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "newest_image", lambda parameter, region: "ami-00000001")
    (here / "aws.yaml").write_text(filled_in(FILES["aws"]))
    parameter = "resolve:ssm:/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
    assert f"ImageId: {parameter}\n" in well("up", "aws.yaml", "--dry-run")
    well("up", "aws.yaml")
    assert (here / "aws.generated" / "ray.yaml").read_text().count("ImageId: ami-00000001\n") == 5


def test_an_image_that_aws_does_not_name_starts_something(here: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(parameter: str, region: str) -> str:
        raise AwsAnswerError("AWS refused GetParameter with AccessDeniedException")

    monkeypatch.setattr(aws, "newest_image", refused)
    (here / "aws.yaml").write_text(filled_in(FILES["aws"]))
    before = contents(here)
    complaint = " ".join(badly(ExitCode.BAD_INPUT, "up", "aws.yaml").split())
    assert all(text in complaint for text in ("aws.yaml:15", "image", "AccessDeniedException", "state the id of an image"))
    assert contents(here) == before
    assert tools.calls == []


def test_aws_without_a_grid_starts_machines_alone(here: Path, tools: Tools) -> None:
    well("up", "aws.yaml")
    assert len(tools.calls) == 1
    assert not (here / "aws.generated" / "grid.yaml").exists()


def test_aws_says_since_when_it_is_up_and_what_it_costs_and_ends(here: Path, tools: Tools) -> None:
    well("up", "aws.yaml")
    said = well("status", "aws.yaml")
    assert "ends     at" in said
    assert "at most $0.00 of $60 so far" in said
    well("down", "aws.yaml")
    config = here / "aws.generated" / "ray.yaml"
    assert tools.calls[1:] == [f"ray exec {config} ray status", f"ray down --yes {config}"]
    assert "brought up" in badly(ExitCode.BAD_INPUT, "status", "aws.yaml")


def test_given_hosts_are_asked_before_ray_sets_them_up_and_the_first_one_launches(here: Path, tools: Tools) -> None:
    said = well("up", "ssh.yaml", "--grid", "little.yaml")
    *asked, up, launch = tools.calls
    assert [any(f"me@192.168.1.{number} " in call for call in asked) for number in (10, 11)] == [True, True]
    assert up == f"ray up --yes {here}/ssh.generated/ray.yaml"
    assert "me@192.168.1.10 " in launch
    assert launch.endswith("/home/me/recipe-sweep/clusters/recipe-sweep/node.sh launch")
    assert "12 hours: every host ends its part" in said
    assert {path.name for path in (here / "ssh.generated").iterdir()} == {
        "cluster.yaml", "grid.yaml", "node.sh", "ray.yaml", "recipe_sweep-0.1.0-py3-none-any.whl", "up.json",
    }  # fmt: skip


def test_a_host_that_lacks_something_has_its_line_and_nothing_is_started(here: Path, tools: Tools) -> None:
    tools.behave("ssh", 'echo "python 3 9"; case "$*" in *me@192.168.1.11*) echo "lacks rsync";; esac')
    before = contents(here)
    complaint = badly(ExitCode.BAD_INPUT, "up", "ssh.yaml", "--grid", "little.yaml")
    assert "3 problems" in complaint
    line = FILES["ssh"].splitlines().index("hosts:") + 2
    assert f"ssh.yaml:{line}: hosts[0]" in complaint
    assert f"ssh.yaml:{line + 1}: hosts[1]" in complaint
    assert "192.168.1.11: no rsync" in complaint
    assert contents(here) == before
    assert not any(call.startswith("ray") for call in tools.calls)


@pytest.mark.parametrize("command", ["validate ssh.yaml", "up ssh.yaml", "up ssh.yaml --dry-run"])
def test_a_key_that_is_absent_or_that_others_can_read_is_found_out_by_ssh(here: Path, tools: Tools, command: str) -> None:
    (here / "key").chmod(0o644)
    assert "mode 644" in badly(ExitCode.BAD_INPUT, *command.split())
    (here / "key").unlink()
    complaint = badly(ExitCode.BAD_INPUT, *command.split())
    assert f"{here}/key, and no such file" in complaint
    assert f"ssh.yaml:{FILES['ssh'].splitlines().index('key: ~/.ssh/recipe-sweep') + 1}: key" in complaint
    assert tools.calls == []


def test_a_host_that_does_not_answer_keeps_the_others_busy(here: Path, tools: Tools) -> None:
    well("up", "ssh.yaml", "--grid", "little.yaml")
    tools.behave("ssh", 'case "$*" in *me@192.168.1.10*) exit 255;; esac')
    before = len(tools.calls)
    assert "me@192.168.1.10" in badly(ExitCode.FAILURE, "down", "ssh.yaml")
    assert [call.split("me@")[1].split()[0] for call in tools.calls[before:]] == ["192.168.1.10", "192.168.1.11"]
    tools.behave("ssh", "")
    well("down", "ssh.yaml")
    assert "brought up" in badly(ExitCode.BAD_INPUT, "status", "ssh.yaml")


def test_slurm_remembers_its_jobs_number(here: Path, tools: Tools) -> None:
    assert "job 4711" in well("up", "slurm.yaml", "--grid", "little.yaml")
    assert "job 4711" in well("status", "slurm.yaml")
    well("down", "slurm.yaml")
    script = here / "slurm.generated" / "job.sh"
    assert tools.calls == [f"sbatch --parsable {script}", "squeue --jobs 4711", "scancel --quiet 4711"]


def test_kubernetes_creates_looks_and_deletes(here: Path, tools: Tools) -> None:
    Path(sys.executable).parent.mkdir()
    tools.behave("../nowhere/python", "")
    well("up", "kubernetes.yaml", "--grid", "little.yaml")
    well("status", "kubernetes.yaml")
    well("down", "kubernetes.yaml")
    folder = here / "kubernetes.generated"
    assert tools.calls == [
        f"kubectl create -f {folder}/code.yaml -f {folder}/rayjob.yaml",
        "../nowhere/python -P -m recipe_sweep.cluster.pod --namespace default --job recipe-sweep "
        "--label app.kubernetes.io/instance --wait run touch /opt/recipe-sweep/begin",
        "kubectl get rayjob,pod --namespace default --selector app.kubernetes.io/instance=recipe-sweep",
        "kubectl delete rayjob,configmap --namespace default --selector app.kubernetes.io/instance=recipe-sweep",
    ]


def test_a_file_of_rays_own_is_given_to_ray_as_it_is(here: Path, tools: Tools) -> None:
    before = contents(here)
    for command in ("up", "status", "down"):
        well(command, "raw.yaml")
    file = here / "raw.yaml"
    assert tools.calls == [f"ray up --yes {file}", f"ray exec {file} ray status", f"ray down --yes {file}"]
    assert contents(here) == before


def test_a_cluster_is_not_brought_up_twice(here: Path, tools: Tools) -> None:
    well("up", "slurm.yaml", "--grid", "little.yaml")
    assert "recipe-sweep cluster down" in badly(ExitCode.BAD_INPUT, "up", "slurm.yaml", "--grid", "little.yaml")
    assert len(tools.calls) == 1


def test_a_cluster_that_came_up_by_half_can_be_brought_down(here: Path, tools: Tools) -> None:
    tools.behave("ray", 'echo "no capacity" >&2; exit 7')
    complaint = badly(ExitCode.FAILURE, "up", "aws.yaml", "--grid", "little.yaml")
    assert "exit code 7" in complaint
    assert len(tools.calls) == 1, "a grid was sent to machines that are not there"
    tools.behave("ray", "")
    well("down", "aws.yaml")
    well("up", "aws.yaml")


def test_what_could_not_be_ended_is_not_forgotten(here: Path, tools: Tools) -> None:
    well("up", "aws.yaml")
    tools.behave("ray", "exit 1")
    badly(ExitCode.FAILURE, "down", "aws.yaml")
    tools.behave("ray", "")
    well("down", "aws.yaml")


def test_a_job_that_slurm_refused_leaves_nothing_to_cancel(here: Path, tools: Tools) -> None:
    tools.behave("sbatch", 'echo "invalid partition" >&2; exit 1')
    assert "invalid partition" in badly(ExitCode.FAILURE, "up", "slurm.yaml", "--grid", "little.yaml")
    assert "never submitted" in badly(ExitCode.BAD_INPUT, "status", "slurm.yaml")
    well("down", "slurm.yaml")
    assert len(tools.calls) == 1


@pytest.mark.parametrize(
    ("backend", "tool"),
    [
        ("ssh", "ray"), ("ssh", "ssh"), ("ssh", "rsync"), ("aws", "ray"), ("slurm", "sbatch"), ("kubernetes", "kubectl"),
        ("raw", "ray"),
    ],
)  # fmt: skip
def test_a_missing_program_is_named_and_nothing_is_written(
    here: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch, backend: str, tool: str
) -> None:
    tools.remove(tool)
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(":")[0])  # this machine may have it
    before = contents(here)
    grid = () if backend == "raw" else ("--grid", "little.yaml")
    complaint = badly(ExitCode.BAD_INPUT, "up", f"{backend}.yaml", *grid)
    assert tool in complaint
    assert "PATH" in complaint
    assert contents(here) == before
    assert tools.calls == []


def test_without_an_account_nothing_is_written(here: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    before = contents(here)
    assert "AWS credentials" in badly(ExitCode.BAD_INPUT, "up", "aws.yaml")
    (here / "raw.yaml").write_text(RAW.replace("type: local", "type: aws"))
    assert "AWS credentials" in badly(ExitCode.BAD_INPUT, "up", "raw.yaml")
    (here / "raw.yaml").write_text(RAW)
    assert contents(here) == before
    assert tools.calls == []


@pytest.mark.parametrize("backend", ["ssh", "aws", "slurm", "kubernetes", "raw"])
def test_a_plan_needs_nothing_but_the_file(here: Path, tools: Tools, backend: str) -> None:
    result = CliRunner().invoke(app, ["plan", "little.yaml", "--cluster", f"{backend}.yaml", "--json"])
    assert result.exit_code == ExitCode.OK, result.output
    slots = {"ssh": 16, "aws": 32, "slurm": 128, "kubernetes": 16, "raw": 8}
    assert json.loads(result.stdout)["slots"] == slots[backend]
    assert tools.calls == []


@pytest.mark.parametrize(
    ("command", "backend"),
    [("launch", "raw"), *((each, "aws") for each in ("rehearse", "retry")), ("retry", "slurm"), ("retry", "ssh")],
)
def test_a_command_says_how_to_reach_machines_that_it_cannot_drive(
    here: Path, tools: Tools, command: str, backend: str
) -> None:
    before = contents(here)
    result = CliRunner().invoke(app, [command, "little.yaml", "--cluster", f"{backend}.yaml"])
    assert result.exit_code == ExitCode.BAD_INPUT
    assert f"recipe-sweep cluster up {backend}.yaml" in result.stderr
    assert ("--grid little.yaml" in result.stderr) == (backend != "raw")
    assert contents(here) == before


def test_the_state_of_a_cluster_as_json_has_the_answer_of_its_program(here: Path, tools: Tools) -> None:
    tools.behave("squeue", "echo RUNNING")
    well("up", "slurm.yaml", "--grid", "little.yaml")
    state = json.loads(well("status", "slurm.yaml", "--json"))
    assert (state["up"]["job"], state["answer"].strip()) == ("4711", "RUNNING")
    assert json.loads(well("status", "slurm.yaml", "--json", "--dry-run"))["answer"] is None
    assert json.loads(well("validate", "aws.yaml", "--json"))["cost"]["budget_usd"] > 0


@pytest.mark.parametrize(
    "words", [("launch", "little.yaml"), ("retry", "little.yaml"), ("cluster", "up", "aws.yaml", "--grid", "little.yaml")]
)
def test_a_sweep_that_runs_on_a_cluster_is_launched_here_as_well(here: Path, tools: Tools, words: tuple[str, ...]) -> None:
    well("up", "slurm.yaml", "--grid", "little.yaml")
    before = contents(here)
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert contents(here) == before
    assert f"a sweep that runs on the slurm cluster of {here / 'slurm.yaml'} since" in result.stderr
    assert f"recipe-sweep cluster down {here / 'slurm.yaml'}" in " ".join(result.stderr.split())
    well("down", "slurm.yaml")
    assert not (here / "sweeps" / "little" / "on_cluster.json").exists()


def test_the_launch_on_the_cluster_is_refused_by_its_own_note(here: Path, tools: Tools) -> None:
    """Nodes of Slurm may see the directory in which `cluster up` was typed."""
    well("up", "slurm.yaml", "--grid", "little.yaml")
    paths = SweepPaths(here / "sweeps" / "little")
    check_here(paths, here / "slurm.generated" / "cluster.yaml")
    with pytest.raises(SweepDirectoryError):
        check_here(paths, here / "other.generated" / "cluster.yaml")


def test_a_dry_run_of_up_notes_that_the_sweep_runs_there(here: Path, tools: Tools) -> None:
    well("up", "slurm.yaml", "--grid", "little.yaml", "--dry-run")
    assert not (here / "sweeps").exists()
