"""`ray` of a machine whose cluster is pretended: EC2 is moto's, and the head is a folder of this machine.

`up` makes machines by Ray's own class for AWS, and chooses workers by Ray's own scheduler. Kinds that PRETENDED_FULL names
cannot be started. `exec`, `rsync-down` and `rsync-up` reach the folder PRETENDED_HEAD in the place of an ssh server.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from recipe_sweep.cluster.backends.aws_ray_up import HOME, WAIT_S

INLINE = "schema_version: 1\nbackend: inline\nmax_lanes: 2\n"
ALIVE, LAUNCH = "alive", "launch.pid"


def main() -> int:
    """Run one command line of `ray`."""
    head = Path(os.environ["PRETENDED_HEAD"])
    with (head.parent / "ray.log").open("a") as log:
        log.write(json.dumps(sys.argv[1:]) + "\n")
    command, *words = [word for word in sys.argv[1:] if word not in ("--yes", "--tmux", "--stop")]
    if command == "status":
        print("1 node on the head")
    elif command == "up":
        _up(Path(words[0]), head)
    elif command == "down":
        _down(Path(words[0]), head)
    elif not (head / ALIVE).exists():
        print("RuntimeError: Head node of cluster (recipe-sweep) not found!", file=sys.stderr)
        return 1
    elif command == "exec" and "--stop" in sys.argv:
        _launch(Path(words[0]), head, words[1])
    elif command == "exec":
        print("Loaded cached provider configuration", flush=True)
        return subprocess.run(["bash", "-c", _there(words[1], head)]).returncode
    else:
        config, *ends = words
        excluded = [f"--exclude={each}" for each in yaml.safe_load(Path(config).read_text())["rsync_exclude"]]
        return subprocess.run(["rsync", "--archive", *excluded, *(_there(end, head) for end in ends)]).returncode
    return 0


def _there(text: str, head: Path) -> str:
    return text.replace(HOME, str(head)).replace(f"sleep {WAIT_S}", f"sleep {os.environ['PRETENDED_WAIT']}")


def _up(config: Path, head: Path) -> None:
    from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
    from ray.autoscaler._private.util import prepare_config

    content = prepare_config(yaml.safe_load(config.read_text()))
    prepared = AWSNodeProvider.bootstrap_config(content)
    provider = AWSNodeProvider(prepared["provider"], prepared["cluster_name"])
    types = prepared["available_node_types"]
    worker = _chosen(content, os.environ.get("PRETENDED_FULL", "").split())
    for kind, name in (("head", "head"), ("worker", worker)):
        provider.create_node(types[name]["node_config"], {"ray-node-type": kind, "ray-user-node-type": name}, 1)
    shutil.rmtree(head, ignore_errors=True)  # A new machine has an empty disk.
    head.mkdir()
    (head / "data").symlink_to(os.environ["RECIPE_SWEEP_DATA"])
    for there, here in content["file_mounts"].items():
        shutil.copyfile(here, _there(there, head))
    check = next(line for line in content["setup_commands"] if "sha256sum" in line)
    subprocess.run(["bash", "-c", _there(check, head)], check=True)
    if (head / "cluster.yaml").exists():
        (head / "given.yaml").write_text((head / "cluster.yaml").read_text())
        (head / "cluster.yaml").write_text(INLINE)
    (head / ALIVE).touch()


def _chosen(content: Mapping[str, Any], full: list[str]) -> str:
    """Let Ray's scheduler choose the kind of a worker for packs, until one can be started."""
    from ray.autoscaler.v2.instance_manager.config import NodeTypeConfig
    from ray.autoscaler.v2.scheduler import ResourceDemandScheduler, SchedulingRequest
    from ray.autoscaler.v2.utils import ResourceRequestUtil
    from ray.core.generated.autoscaler_pb2 import ResourceRequestByCount

    kinds = {
        name: NodeTypeConfig(
            name=name,
            min_worker_nodes=0,
            max_worker_nodes=kind["max_workers"],
            resources={key: float(value) for key, value in kind["resources"].items()},
            priority=kind["priority"],
        )
        for name, kind in content["available_node_types"].items()
        if name != "head"
    }
    failed: dict[str, float] = {}
    while True:
        wanted = ResourceRequestByCount(request=ResourceRequestUtil.make({"CPU": 1, "GPU": 0.25}), count=4)
        request = SchedulingRequest(
            disable_launch_config_check=True,
            node_type_configs=kinds,
            max_num_nodes=content["max_workers"],
            resource_requests=[wanted],
            recoverable_resource_availabilities=failed,
        )
        [first] = ResourceDemandScheduler(None).schedule(request).to_launch
        if first.instance_type not in full:
            return str(first.instance_type)
        failed[first.instance_type] = 0.0


def _launch(config: Path, head: Path, shell: str) -> None:
    """Run the launch apart from this process. Then do what Ray appends to it: end the workers, and shut the head down."""
    end = f"{sys.executable} -m tests.sweep.cli.pretended_ray down {config}"
    with (head / "tmux").open("wb") as said:
        launch = subprocess.Popen(
            ["bash", "-c", f"{_there(shell, head)}; rm {head / LAUNCH}; {end}"],
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    (head / LAUNCH).write_text(str(launch.pid))


def _down(config: Path, head: Path) -> None:
    import boto3

    name = yaml.safe_load(config.read_text())["cluster_name"]
    ec2 = boto3.client("ec2")
    ours = [{"Name": "tag:ray-cluster-name", "Values": [name]}, {"Name": "instance-state-name", "Values": ["running"]}]
    found = [each["InstanceId"] for one in ec2.describe_instances(Filters=ours)["Reservations"] for each in one["Instances"]]
    if found:
        ec2.terminate_instances(InstanceIds=found)
    cut(head)


def cut(head: Path) -> None:
    """Take the head away, with whatever runs there."""
    (head / ALIVE).unlink(missing_ok=True)
    if (head / LAUNCH).exists():
        with suppress(ProcessLookupError):
            os.killpg(int((head / LAUNCH).read_text()), signal.SIGKILL)
        (head / LAUNCH).unlink()


if __name__ == "__main__":
    sys.exit(main())
