"""Every mistake in a cluster file or with the commands on it: one clear text, exit code 2, nothing started or written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from tests.sweep.cli.bad_clusters import TOLD_IN_FOUR_PARTS, Mistake, aws, command, kubernetes, raw, slurm, ssh, to_start
from tests.sweep.cli.test_bad_input import GRID, contents
from tests.sweep.cli.test_cluster_commands import RAW, TOOLS

AWS = """\
backend: aws
region: us-east-1
image: ami-0a1b2c3d4e5f60718
file_system: fs-0a1b2c3d4e5f60718
worker_instances: [g5.2xlarge]
workers: 4
budget_usd: 60
"""
SSH = """\
backend: ssh
user: me
key: /home/me/.ssh/sweeps
hosts:
  - {host: 10.0.0.1, cpus: 8, memory_gb: 32}
  - {host: 10.0.0.2, cpus: 8, memory_gb: 32}
directory: /home/me/sweeping
hours: 2
"""
SLURM = """\
backend: slurm
directory: /scratch/me
nodes: 2
cpus_per_node: 16
memory_gb_per_node: 64
hours: 2
"""
KUBERNETES = """\
backend: kubernetes
image: registry.lab.org/base:1
claim: shared
workers: 2
cpus_per_worker: 8
memory_gb_per_worker: 32
hours: 2
"""
LOCAL = "backend: local\ncpus: 1\n"
RAY = "backend: ray\naddress: auto\nslots: 4\n"
INLINE = "backend: inline\nmax_lanes: 2\n"
FILES = {
    "ssh": SSH,
    "aws": AWS,
    "slurm": SLURM,
    "kubernetes": KUBERNETES,
    "raw": RAW,
    "local": LOCAL,
    "ray": RAY,
    "inline": INLINE,
    "nothing": "",
}


MISTAKES = {
    "a backend misspelt": aws("aws", "aws2", "c.yaml:1", "backend", "did you mean aws?"),
    "a backend that is no word": aws("backend: aws", "backend: [aws]", "c.yaml:1", "backend", "one of"),
    "data staged nowhere": aws("workers: 4", "workers: 4\nstage_data: data", "c.yaml:7", "stage_data", "none, or an"),
    "data staged by a switch": slurm("nodes: 2", "nodes: 2\nstage_data: true", "c.yaml:4", "stage_data", "none, or an"),
    "no region": aws("region: us-east-1\n", "", "region", "no default"),
    "a zone for a region": aws("us-east-1", "us-east-1a", "c.yaml:2", "region", "such as us-east-1"),
    "an image by its name": aws("ami-0a1b2c3d4e5f60718", "ubuntu", "c.yaml:3", "image", "auto, or an image's id"),
    "no kind of machines for a sample": command("aws", "cluster init", "BACKEND"),
    "a sample of no backend": command("aws", "cluster init slum", "BACKEND", "'slum'", "one of", "did you mean slurm?"),
    "a sample of a file": command("aws", "cluster init c.yaml", "BACKEND", "'c.yaml'", "one of"),
    "a file system by its address": aws("fs-0a1b2c3d4e5f60718", "fs-0a1b2c3d4e5f60718.efs.aws", "c.yaml:4", "file_system"),
    "results that end with the machines": aws(
        "file_system: fs-0a1b2c3d4e5f60718\n", "", "store", "neither store nor file_system", "s3://my-results/sweeps"
    ),
    "a store with a slash at its end": aws("", "store: s3://results/\n", "c.yaml:8", "store", "a bucket and a path in it"),
    "a store that is no bucket": aws("", "store: file:///mnt/results\n", "c.yaml:8", "store", "s3://bucket/sweeps"),
    "a store that would end a shell line": aws("", "store: s3://a/b;reboot\n", "c.yaml:8", "store", "a bucket and a path"),
    "packs by a store that is not there": aws("", "travel: store\n", "c.yaml:8", "travel", "store, and no store"),
    "packs by a store that workers may not use": aws(
        "", "travel: store\nstore: s3://results/ann\n", "c.yaml:8", "travel", "no worker_profile", "`travel: ray`"
    ),
    "a shared folder without a file system": aws(
        "file_system: fs-0a1b2c3d4e5f60718", "store: s3://results/ann\ntravel: folder", "c.yaml:5", "travel", "no file_system"
    ),
    "what only stands for somebody's own": to_start(aws(
        "image: ami-0a1b2c3d4e5f60718\nfile_system: fs-0a1b2c3d4e5f60718",
        "image: ami-0123456789abcdef0\nfile_system: fs-0123456789abcdef0\nstore: s3://my-bucket/sweeps\n"
        "subnets: [subnet-0123abcd]\nsecurity_groups: [sg-0a1b2c3d, sg-0123abcd]",
        "5 problems", "c.yaml:3", "c.yaml:4", "c.yaml:5", "c.yaml:6", "c.yaml:7",
        "a placeholder", "a value of your own", "security_groups[1]",
    )),
    "an instance type that is not known": aws(
        "g5.2xlarge", "g5.3xlarge", "worker_instances[0]", "did you mean g5.", "prices.yaml"
    ),
    "no kind of worker": aws("[g5.2xlarge]", "[]", "worker_instances", "at least one"),
    "a kind of worker that is no list": aws("[g5.2xlarge]", "g5.2xlarge", "worker_instances", "a list"),
    "workers with and without GPUs": aws(
        "[g5.2xlarge]", "[g5.2xlarge, c6i.2xlarge]", "worker_instances", "all with GPUs, or all without"
    ),
    "no workers": aws("workers: 4", "workers: 0", "c.yaml:6", "workers", "at least 1"),
    "half a worker": aws("workers: 4", "workers: 1.5", "workers", "whole number"),
    "no budget": aws("budget_usd: 60\n", "", "budget_usd", "no default"),
    "a budget below nothing": aws("budget_usd: 60", "budget_usd: -1", "budget_usd", "above 0"),
    "a budget without end": aws("budget_usd: 60", "budget_usd: .inf", "budget_usd", "finite"),
    "a budget that does not last an hour": aws("budget_usd: 60", "budget_usd: 1", "c.yaml:7", "budget_usd", "an hour", "$4.94"),
    "spot as a word": aws("", "spot: maybe\n", "spot", "true or false"),
    "an unknown key": aws("", "worker: 3\n", "c.yaml:8", "'worker'", "did you mean workers?"),
    "a key of another backend": aws("", "partition: gpu\n", "'partition'"),
    "a key twice": aws("", "workers: 3\n", "workers", "first on line 6"),
    "a name with capitals": aws("", "name: Mine\n", "name", "small letters"),
    "a name that would end a shell line": aws("", "name: 'a; reboot'\n", "name", "small letters"),
    "a subnet by its address": aws("", "subnets: [10.0.0.0/16]\n", "subnets[0]", "subnet-"),
    "a security group by its name": aws("", "security_groups: [default]\n", "security_groups[0]", "sg-"),
    "a pack larger than a worker": aws("", "cpus_per_pack: 64\n", "cpus_per_pack", "the 8 CPUs"),
    "a pack with more GPUs than a worker": aws("", "gpu_per_pack: 2\n", "gpu_per_pack", "the 1 GPUs"),
    "a version of the future": aws("", "schema_version: 2\n", "schema_version", "1"),
    "several mistakes at once": aws(
        "workers: 4\nbudget_usd: 60", "workers: none\nbudget_usd: lots", "2 problems", "c.yaml:6", "c.yaml:7"
    ),
    "a host twice": ssh("10.0.0.2", "10.0.0.1", "c.yaml:4", "hosts", "10.0.0.1 twice", "each host once"),
    "a host with its user": ssh("10.0.0.2", "me@10.0.0.2", "c.yaml:6", "hosts[1].host", "a host's name or its address"),
    "a host that would be an option": ssh("10.0.0.2", "-oProxyCommand=reboot", "hosts[1].host", "a host's name"),
    "a host with a space": ssh("10.0.0.2", "'10.0.0.2 -v'", "hosts[1].host", "a host's name"),
    "a host that is only a name": ssh("{host: 10.0.0.2, cpus: 8, memory_gb: 32}", "b", "c.yaml:6", "hosts[1]", "a mapping"),
    "a host without processors": ssh("10.0.0.2, cpus: 8, ", "10.0.0.2, ", "hosts[1].cpus", "no default"),
    "a host without memory": ssh("10.0.0.2, cpus: 8, memory_gb: 32", "10.0.0.2, cpus: 8", "hosts[1].memory_gb", "no default"),
    "a host with a misspelt key": ssh("10.0.0.2, cpus", "10.0.0.2, gpu: 1, cpus", "hosts[1]", "'gpu'", "did you mean gpus?"),
    "no hosts": ssh(SSH[SSH.index("hosts:") : SSH.index("direc")], "hosts: []\n", "c.yaml:4", "hosts", "at least one host"),
    "several hosts without a key": ssh("key: /home/me/.ssh/sweeps\n", "", "key", "several hosts", "opens the others with it"),
    "a key with quotes": ssh("/home/me/.ssh/sweeps", "/home/me/it's", "c.yaml:3", "key", "without spaces or quotes"),
    "a key by its folder's name": ssh("/home/me/.ssh/sweeps", "sweeps", "key", "an absolute path, or one below ~"),
    "a user with a shell in it": ssh("user: me", "user: me;reboot", "c.yaml:2", "user", "a user's name"),
    "a home for a directory": ssh("/home/me/sweeping", "~/sweeping", "c.yaml:7", "directory", "absolute path"),
    "hosts for ever": ssh("hours: 2\n", "", "hours", "no default"),
    "a Python with options": ssh("", "python: python3 -E\n", "python", "one word"),
    "packages from elsewhere": ssh("", "packages: conda\n", "packages", "install, given"),
    "a port of root's": ssh("", "port: 22\n", "port", "at least 1024"),
    "a store that is a folder": ssh("", "store: /home/me/store\n", "store", "s3://bucket/sweeps"),
    "a pack larger than the smallest host": ssh("", "cpus_per_pack: 9\n", "cpus_per_pack", "the 8 CPUs"),
    "several mistakes with hosts": ssh("user: me\nkey: /home", "user: 1\nkey: home", "2 problems", "c.yaml:2", "c.yaml:3"),
    "a directory that is not absolute": slurm("/scratch/me", "scratch", "c.yaml:2", "directory", "absolute path"),
    "a directory with a shell in it": slurm("/scratch/me", "/scratch/$(reboot)", "directory", "absolute path"),
    "no nodes": slurm("nodes: 2", "nodes: 0", "nodes", "at least 1"),
    "no time": slurm("hours: 2", "hours: 0", "hours", "above 0"),
    "time as text": slurm("hours: 2", "hours: '12:00:00'", "hours", "above 0"),
    "GPUs below nothing": slurm("", "gpus_per_node: -1\n", "gpus_per_node", "at least 0"),
    "a share of GPUs that nodes do not have": slurm("", "gpu_per_pack: 0.5\n", "gpu_per_pack", "0 GPUs"),
    "a partition of two words": slurm("", "partition: big mem\n", "partition", "one word"),
    "a set-up of two lines in one": slurm("", 'setup: ["module purge\\nreboot"]\n', "setup[0]", "one line"),
    "memory with its unit": slurm("memory_gb_per_node: 64", "memory_gb_per_node: 64G", "memory_gb_per_node", "whole number"),
    "no way for files": kubernetes("claim: shared\n", "", "claim", "neither a claim nor a store", "travel: ray"),
    "an image of two words": kubernetes("registry.lab.org/base:1", "base image", "image", "one word"),
    "a namespace with a dot": kubernetes("", "namespace: a.b\n", "namespace", "small letters"),
    "a selector that is a list": kubernetes("", "node_selector: [spot]\n", "node_selector"),
    "a toleration that is a mapping": kubernetes("", "tolerations: [{key: spot}]\n", "tolerations[0]"),
    "a backend beside Ray's keys": kubernetes("", "cluster_name: mine\n", "'cluster_name'"),
    "no provider for Ray": raw("provider: {type: local, head_ip: 10.0.0.1, worker_ips: [10.0.0.2]}\n", "", "no provider"),
    "no name for Ray": raw("cluster_name: mine\n", "", "no cluster_name"),
    "a key that Ray does not know": raw("max_workers: 1\nhead", "max_worker: 1\nhead", "c.yaml:3", "'max_worker'"),
    "a number that Ray does not take": raw("max_workers: 1\nhead", "max_workers: some\nhead", "max_workers", "whole number"),
    "a node type without its machine": raw("node_config: {}, max_workers: 1", "max_workers: 1", "no node_config"),
    "workers of which nothing is known": raw("{CPU: 8}", "{}", "available_node_types.worker.resources", "no CPU"),
    "several mistakes for Ray": raw(
        "max_workers: 1\nhead", "max_workers: -1\nspeed: 1\nhead", "2 problems", "'speed'", "at least 0"
    ),
    "a cluster file that is not there": command("aws", "cluster validate nowhere.yaml", "nowhere.yaml", "no such file"),
    "a cluster file that is a directory": command("aws", "cluster up .", "a directory"),
    "no cluster file": command("aws", "cluster up", "FILE"),
    "an unknown command": command("aws", "cluster start c.yaml", "start"),
    "a grid for slurm that is not there": command("slurm", "cluster up c.yaml --grid nowhere.yaml", "no such file or preset"),
    "a job without a grid": command("slurm", "cluster up c.yaml", "--grid GRID"),
    "a RayJob without a grid": command("kubernetes", "cluster up c.yaml", "--grid GRID"),
    "a grid for machines that are not ours": command("raw", "cluster up c.yaml --grid little.yaml", "--grid", "ray up"),
    "a status of nothing": command("slurm", "cluster status c.yaml", "brought up", "cluster up c.yaml"),
    "an end of nothing": command("kubernetes", "cluster down c.yaml", "brought up"),
    "this machine brought up": command("local", "cluster up c.yaml", "backend", "local", "start nothing"),
    "this machine brought down": command("local", "cluster down c.yaml", "backend", "local", "start nothing"),
    "a plan with a bad cluster": Mistake("aws", "workers: 4", "workers: 0", ("workers",), "plan little.yaml --cluster c.yaml"),
    "machines to start and nobody to ask": command("aws", "launch little.yaml --cluster c.yaml", "nobody to ask", "--yes"),
    "a launch on machines that another tool starts": command(
        "raw", "launch little.yaml --cluster c.yaml", "cluster up c.yaml", "launch"
    ),
    **TOLD_IN_FOUR_PARTS,
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_clearly_and_nothing_is_started_or_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake = MISTAKES[name]
    here, programs = tmp_path / "here", tmp_path / "bin"
    here.mkdir()
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
        (programs / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(here)
    good = FILES[mistake.kind]
    assert mistake.old in good
    (here / "c.yaml").write_text(good.replace(mistake.old, mistake.new, 1) if mistake.old else good + mistake.new)
    (here / "little.yaml").write_text(GRID)
    before = contents(here)

    result = CliRunner().invoke(app, shlex.split(mistake.command))

    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert "Traceback" not in result.output
    stderr = " ".join(result.stderr.split())
    assert [text for text in mistake.says if " ".join(text.split()) not in stderr] == [], result.stderr
    assert_told_whole(result.stderr)
    assert contents(here) == before
    assert not (tmp_path / "started").exists()


def assert_told_whole(stderr: str) -> None:
    """Every mistake has its place, what was found, what was expected, and what to do."""
    if stderr.startswith("Usage: "):
        assert "-h" in stderr, "what to do"
        assert re.search(r"Missing argument '\w+'|No such command '\w+'", stderr)
        return
    text = re.sub(r"^error: (\d+ problems:\n)?", "", stderr)
    problems = [problem for problem in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if problem]
    assert problems
    for problem in problems:
        place, *facts = problem.splitlines()
        assert place, problem
        assert [fact[:12].strip() for fact in facts if fact[2:3] != " "] == ["found", "expected", "hint"], problem


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "nothing"])
def test_the_files_of_these_tests_are_sound(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(FILES[kind])
    (tmp_path / "little.yaml").write_text(GRID)
    result = CliRunner().invoke(app, ["plan", "little.yaml", "--cluster", "c.yaml"])
    assert result.exit_code == ExitCode.OK, result.output
