"""`launch GRID --cluster aws.yaml` against an AWS that is pretended: EC2, S3, SSM and IAM are moto's; ssh is a folder."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import sys
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from recipe_sweep.cluster.backends import aws_file
from recipe_sweep.cluster.shipment import Wheel
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.clusters import following, jobs
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.store import lease
from tests.checkout import ROOT
from tests.cluster.conftest import account as account
from tests.cluster.conftest import endpoint as endpoint
from tests.cluster.test_aws_image import PUBLIC
from tests.sweep import stand_in
from tests.sweep.cli import pretended_ray
from tests.sweep.cli.test_bad_input import GRID, contents
from tests.sweep.cli.test_launch_on_cluster import run
from tests.sweep.processes import wait_until
from tests.sweep.stand_in import Behaviour, behave

LAUNCH = ("launch", "little.yaml", "--cluster", "aws.yaml", "--no-mlflow")
AWS = """\
backend: aws
region: us-east-1
store: s3://results/ann
worker_instances: [g6.2xlarge, g5.2xlarge]
workers: 8
budget_usd: 60
head_profile: recipe-sweep-head
worker_profile: recipe-sweep-worker
"""


@pytest.fixture
def here(tmp_path: Path, account: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a grid and a cluster file, and an account with a bucket and two roles."""
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    boto3.client("s3").create_bucket(Bucket="results")
    for name in ("recipe-sweep-head", "recipe-sweep-worker"):
        boto3.client("iam").create_instance_profile(InstanceProfileName=name)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ray").write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.sweep.cli.pretended_ray "$@"\n')
    (programs / "ray").chmod(0o755)
    variables = {
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PRETENDED_HEAD": str(tmp_path / "head"),
        "PRETENDED_WAIT": "60",
        "RECIPE_SWEEP_WORKLOAD": stand_in.NAME,
        "RECIPE_SWEEP_DATA": str(tmp_path / "data"),
        "RECIPE_SWEEP_STORE_EVERY_S": "0.2",
        "COLUMNS": "200",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(following, "FETCH_EVERY_S", 0.2)
    monkeypatch.setattr(aws_file, "GPU_IMAGE", PUBLIC)  # moto lacks the images of Ubuntu

    def build(directory: Path) -> Wheel:
        wheel = directory / "recipe_sweep-0.1.0-py3-none-any.whl"
        wheel.write_bytes(b"the code")
        return Wheel(wheel, hashlib.sha256(b"the code").hexdigest())

    monkeypatch.setattr(jobs, "build_wheel", build)
    (tmp_path / "data").mkdir()
    return another_machine("here", tmp_path, monkeypatch)


@pytest.fixture
def head(tmp_path: Path) -> Any:
    """The folder that stands for the head. It ends with the test."""
    yield tmp_path / "head"
    pretended_ray.cut(tmp_path / "head")


def another_machine(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the two files alone."""
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    (tmp_path / name / "little.yaml").write_text(GRID)
    (tmp_path / name / "aws.yaml").write_text(AWS)
    return tmp_path / name


def machines() -> list[dict[str, Any]]:
    found = boto3.client("ec2").describe_instances()["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


def alive() -> list[str]:
    return [each["InstanceId"] for each in machines() if each["State"]["Name"] != "terminated"]


def stored() -> set[str]:
    found = boto3.client("s3").list_objects_v2(Bucket="results").get("Contents", ())
    return {each["Key"] for each in found}


def done(here: Path) -> int:
    return len(read_done(SweepPaths(here / "sweeps" / "little")).file_of)


def is_clean(here: Path) -> bool:
    noted = ((here / "aws.generated" / "up.json").exists(), (here / "sweeps" / "little" / "on_cluster.json").exists())
    return noted == (False, False) and not alive() and not any("_clusters" in key for key in stored())


def test_one_command_leaves_machines_up_or_results_elsewhere(here: Path, head: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETENDED_FULL", "spot-g6.2xlarge spot-g5.2xlarge")
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.OK, result.output
    assert "4 of 4 done" in result.output
    assert done(here) == 4
    kinds = [(each["InstanceType"], each.get("InstanceLifecycle")) for each in machines()]
    assert kinds == [("m6i.large", None), ("g6.2xlarge", None)], "without a spot machine there is none on demand"
    assert list((here / "sweeps" / "little" / "weights").glob("*.safetensors"))
    assert is_clean(here)
    there = {key.removeprefix("ann/little/").split("/")[0] for key in stored()}
    assert {"results", "weights", "sweep.json", "launches"} <= there
    assert "travel: store" in (head / "given.yaml").read_text()
    words = [json.loads(line) for line in (head.parent / "ray.log").read_text().splitlines()]
    assert "--store s3://results/ann/little" in next(each[-1] for each in words if "--stop" in each)
    again = run(*LAUNCH, "--yes")
    assert "4 of 4 done, nothing to do" in again.output
    assert len(machines()) == 2, "nothing is started for nothing"


def test_machines_have_no_tags_no_roles_and_no_end(here: Path, head: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRETENDED_FULL", "spot-g6.2xlarge")
    assert run("cluster", "up", "aws.yaml").exit_code == ExitCode.OK
    account_id = boto3.client("sts").get_caller_identity()["Account"]
    named = boto3.client("ssm").get_parameter(Name=PUBLIC)["Parameter"]["Value"]
    ends_at = json.loads((here / "aws.generated" / "up.json").read_text())["ends_at"]
    for machine, (profile, spot) in zip(machines(), (("head", False), ("worker", True)), strict=True):
        tags = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
        assert tags["recipe-sweep"] == tags["ray-cluster-name"] == "recipe-sweep"
        assert machine["IamInstanceProfile"]["Arn"] == f"arn:aws:iam::{account_id}:instance-profile/recipe-sweep-{profile}"
        assert (machine.get("InstanceLifecycle") == "spot") == spot
        assert machine["ImageId"] == named
        data = boto3.client("ec2").describe_instance_attribute(InstanceId=machine["InstanceId"], Attribute="userData")
        script = base64.b64decode(data["UserData"]["Value"]).decode()
        assert "shutdown --poweroff" in script
        assert machine["InstanceType"] == ("g5.2xlarge" if spot else "m6i.large"), "the second kind, because the first is full"
        assert str(int(jobs.datetime.fromisoformat(ends_at).timestamp())) in script
    assert run("cluster", "down", "aws.yaml").exit_code == ExitCode.OK
    assert is_clean(here)


def test_without_credentials_something_is_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    before = contents(here)
    for words in (LAUNCH, (*LAUNCH, "--yes"), ("cluster", "up", "aws.yaml"), ("cluster", "status", "aws.yaml")):
        result = run(*words)
        assert result.exit_code == ExitCode.BAD_INPUT
        assert result.stderr.splitlines()[0] == "error: AWS credentials"
        assert result.stderr.count("found") == 1
        assert result.stdout == ""
    assert contents(here) == before
    assert not machines()


def test_a_bucket_that_is_not_there_is_noticed_after_machines_are_paid_for(here: Path) -> None:
    boto3.client("s3").delete_bucket(Bucket="results")
    before = contents(here)
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert "NoSuchBucket" in result.stderr
    assert contents(here) == before
    assert not machines()


def test_a_role_that_is_not_there_is_noticed_by_ec2(here: Path) -> None:
    boto3.client("iam").delete_instance_profile(InstanceProfileName="recipe-sweep-worker")
    before = contents(here)
    result = run(*LAUNCH, "--yes")
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert "aws.yaml:8: worker_profile" in result.stderr
    assert contents(here) == before
    assert not machines()


def test_a_check_before_the_launch_does_not_ask_the_bucket(here: Path) -> None:
    well = run("doctor", "little.yaml", "--cluster", "aws.yaml")
    assert "ok: the store s3://results/ann/_clusters/recipe-sweep can be listed from here" in well.output, well.output
    boto3.client("s3").delete_bucket(Bucket="results")
    ill = run("doctor", "--cluster", "aws.yaml")
    assert ill.exit_code == ExitCode.FAILURE
    assert "problem: the store s3://results/ann/_clusters/recipe-sweep cannot be used: " in ill.output
    (here / "aws.yaml").write_text(AWS.replace("s3://results", "s3://my-bucket"))
    assert "'s3://my-bucket/ann', a placeholder" in run("doctor", "--cluster", "aws.yaml").output


def test_the_price_of_figure_7_stands_far_from_the_budget(here: Path) -> None:
    before = contents(here)
    result = run("launch", "figure7", "--cluster", "aws.yaml", "--no-mlflow", "--yes")
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    first, second, third = result.stdout.splitlines()[:3]
    assert re.search(r"needs about [\d.]+ d and \$[\d,.]+ on demand, more than the budget: .* \$60", first), first
    assert "0 of 16,384" in second
    assert "16,384 runs" in third
    assert "--over-budget" in result.stderr
    asked = run("launch", "figure7", "--cluster", "aws.yaml", "--no-mlflow", "--over-budget")
    assert asked.exit_code == ExitCode.BAD_INPUT, asked.output
    assert asked.stdout.splitlines()[0] == first
    assert "--yes" in asked.stderr
    assert contents(here) == before
    assert not machines()


def test_another_machine_starts_the_cluster_again(
    here: Path, head: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave(tmp_path / "data", Behaviour(step_s=0.3))
    started = run(*LAUNCH, "--yes", "--detach")
    assert started.exit_code == ExitCode.OK, started.output
    there = another_machine("laptop", tmp_path, monkeypatch)
    shutil.rmtree(Path.home() / ".ssh")
    shown = run("cluster", "status", "aws.yaml")
    assert shown.exit_code == ExitCode.OK, shown.output
    assert "and trains little, says s3://results/ann/_clusters/recipe-sweep" in shown.output
    assert "bring ~/.ssh/ray-autoscaler_*us-east-1.pem" in shown.output
    other = run("launch", "figure7_small", "--cluster", "aws.yaml", "--yes", "--no-mlflow")
    assert other.exit_code == ExitCode.BAD_INPUT
    assert "a cluster that is up for the grid little" in other.stderr
    behave(tmp_path / "data", Behaviour())
    followed = run(*LAUNCH)
    assert followed.exit_code == ExitCode.OK, followed.output
    assert "runs on the cluster of aws.yaml already" in followed.output
    assert done(there) == 4
    assert len(machines()) == 2
    assert is_clean(there)
    monkeypatch.chdir(here)
    late = run("cluster", "status", "aws.yaml")
    assert late.exit_code == ExitCode.BAD_INPUT
    assert "was ended from another machine" in late.output
    assert is_clean(here)
    assert "4 of 4 done, nothing to do" in run(*LAUNCH).output, "what is stored was not fetched before the plan"


def test_another_machine_cannot_cancel(here: Path, head: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    behave(tmp_path / "data", Behaviour(step_s=0.5))
    assert run(*LAUNCH, "--yes", "--detach").exit_code == ExitCode.OK
    wait_until(lambda: any(SweepPaths(head / "sweeps" / "little").progress.glob("*.json")))
    there = another_machine("laptop", tmp_path, monkeypatch)
    cancelled = run("cancel", "little.yaml", "--cluster", "aws.yaml")
    assert cancelled.exit_code == ExitCode.OK, cancelled.output
    assert "asked launch 1" in cancelled.output
    followed = run(*LAUNCH)
    assert followed.exit_code == ExitCode.INTERRUPTED, followed.output
    assert is_clean(there)
    assert any(key.startswith("ann/little/checkpoints/") for key in stored()), "or nobody can go on from them"
    refused = run("cancel", "little.yaml", "--cluster", "aws.yaml")
    assert refused.exit_code == ExitCode.BAD_INPUT
    assert "no cluster that trains little" in refused.stderr


def test_a_lost_head_costs_what_was_trained(here: Path, head: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    behave(tmp_path / "data", Behaviour(step_s=0.05))
    assert run(*LAUNCH, "--yes", "--detach").exit_code == ExitCode.OK
    wait_until(lambda: any("/results/" in key for key in stored()))
    pretended_ray.cut(head)
    monkeypatch.setattr(lease, "STALE_S", 1.0)
    behave(tmp_path / "data", Behaviour())
    lost = run(*LAUNCH)
    assert lost.exit_code == ExitCode.FAILURE, lost.output
    assert "no sign of life" in lost.output
    assert done(here) >= 1, "what is stored was not brought"
    assert is_clean(here)
    again = run(*LAUNCH, "--yes")
    assert again.exit_code == ExitCode.OK, again.output
    assert done(here) == 4
    assert is_clean(here)


def test_a_launch_that_ended_while_nobody_followed_is_waited_for_for_ever(
    here: Path, head: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRETENDED_WAIT", "0")
    assert run(*LAUNCH, "--yes", "--detach").exit_code == ExitCode.OK
    wait_until(lambda: not (head / pretended_ray.ALIVE).exists())
    assert not alive(), "the cluster did not end by itself"
    late = run(*LAUNCH)
    assert late.exit_code == ExitCode.OK, late.output
    assert done(here) == 4
    assert is_clean(here)


def test_a_dry_run_asks_aws_or_writes_elsewhere(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    before = contents(here)
    result = run("cluster", "up", "aws.yaml", "--grid", "little.yaml", "--dry-run", "-o", "sent")
    assert result.exit_code == ExitCode.OK, result.output
    names = {path.name for path in (here / "sent").iterdir()}
    assert names == {"ray.yaml", "cluster.yaml", "grid.yaml", "commands.txt", "recipe_sweep-0.1.0-py3-none-any.whl"}
    assert yaml.safe_load((here / "sent" / "ray.yaml").read_text())["cluster_name"] == "recipe-sweep"
    assert (here / "sent" / "recipe_sweep-0.1.0-py3-none-any.whl").read_bytes() == b"the code"
    up, launch = (here / "sent" / "commands.txt").read_text().splitlines()
    assert up.startswith("ray up --yes ")
    assert "--store s3://results/ann/little" in launch
    full = contents(here)
    again = run("cluster", "up", "aws.yaml", "--dry-run", "--output", "sent")
    assert again.exit_code == ExitCode.BAD_INPUT
    assert "a directory that is not empty" in again.stderr
    for words in (("-o", "new"), ("--dry-run", "-o", "little.yaml/x")):
        refused = run("cluster", "up", "aws.yaml", *words)
        assert refused.exit_code == ExitCode.BAD_INPUT, refused.output
    assert contents(here) == full
    shutil.rmtree(here / "sent")
    assert contents(here) == before


def test_a_bucket_that_is_away_keeps_machines_from_being_ended(here: Path, head: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("cluster", "up", "aws.yaml").exit_code == ExitCode.OK
    boto3.client("s3").delete_object(Bucket="results", Key="ann/_clusters/recipe-sweep/cluster.json")
    boto3.client("s3").delete_bucket(Bucket="results")
    down = run("cluster", "down", "aws.yaml")
    assert "the record of them in the store could not be removed" in down.output, down.output
    assert not alive()


def test_machines_are_forgotten_because_their_bucket_gives_no_answer(here: Path, head: Path) -> None:
    assert run("cluster", "up", "aws.yaml").exit_code == ExitCode.OK
    boto3.client("s3").delete_object(Bucket="results", Key="ann/_clusters/recipe-sweep/cluster.json")
    boto3.client("s3").delete_bucket(Bucket="results")
    shown = run("cluster", "status", "aws.yaml")
    assert "its store gives no answer" in shown.output, shown.output
    assert (here / "aws.generated" / "up.json").exists()


def test_hosts_with_rights_of_their_own_need_rights_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = "hosts: [{host: 127.0.0.1, cpus: 4, memory_gb: 8}]"
    text = f"backend: ssh\nuser: ann\n{hosts}\ndirectory: /home/ann/x\nhours: 1\nstore: s3://elsewhere/ann\n"
    (here / "ssh.yaml").write_text(text)
    for name in ("AWS_ACCESS_KEY_ID", "NO_SUCH_VARIABLE"):
        monkeypatch.delenv(name, raising=False)
        result = run("launch", "little.yaml", "--cluster", "ssh.yaml", "--no-mlflow")
        assert result.exit_code == ExitCode.BAD_INPUT
        assert "the store s3://elsewhere/ann/little cannot be asked from here" in result.stderr
        assert "--yes" in result.stderr
