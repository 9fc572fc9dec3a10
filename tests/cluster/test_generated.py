from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from recipe_sweep.cluster.backends.aws_file import deadline
from recipe_sweep.cluster.backends.ray_up import RayUpBackend
from recipe_sweep.cluster.backends.registry import BACKENDS
from recipe_sweep.cluster.shipment import RAY_VERSION
from recipe_sweep.sweep.clusters.machines import load_cluster, load_resources
from tests.cluster import golden_files
from tests.cluster.golden_files import FILES, FOLDER, NOW, REFRESH, WHEEL_BYTES, Golden, backend, cargo, generated, goldens

GOLDENS = tuple(goldens())
AWS = [case for case in FILES if case.startswith("aws")]
SSH = [case for case in FILES if case.startswith("ssh")]
SLURM = [case for case in FILES if case.startswith("slurm")]
KUBERNETES = [case for case in FILES if case.startswith("kubernetes")]


def text_of(case: str, name: str) -> str:
    return next(file.text for file in generated(case) if file.name == name)


def ray_up(case: str) -> dict[str, Any]:
    content = yaml.safe_load(text_of(case, "ray.yaml"))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: f"{golden.case}/{golden.name}")
def test_what_starts_machines_changes_only_on_purpose(golden: Golden) -> None:
    recorded = golden.path.read_text(encoding="utf-8") if golden.path.exists() else ""
    assert golden.text == recorded, f"{golden.path.name} changed; if that is meant: {REFRESH}, and read the difference"


def test_no_recorded_text_is_left_that_nothing_is_compared_with() -> None:
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == {golden.path for golden in GOLDENS}


@pytest.mark.parametrize("name", ["ssh", "aws", "slurm", "kubernetes"])
def test_the_sample_file_explains_every_key_of_its_own(name: str) -> None:
    shared = set(BACKENDS["local"].schema.model_fields) - {"backend", "schema_version"}
    lines = FILES[name].splitlines()
    for key in set(BACKENDS[name].schema.model_fields) - shared:
        assert any(line.startswith(f"{key}:") for line in lines), f"{key} is missing in {name}.yaml"
    shared_text = FILES[name].partition("schema_version:")[0]
    assert all(key in shared_text for key in shared - {"cpus", "gpus"}), "a key that all backends share is not mentioned"


@pytest.mark.parametrize("case", FILES)
def test_no_secret_of_this_machine_gets_into_a_generated_file(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {name: f"{name}-in-the-open" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    assert not [value for value in secrets.values() for file in generated(case) if value in file.text]


@pytest.mark.parametrize("case", AWS + SSH)
def test_ray_itself_accepts_the_file_for_ray_up(case: str) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    assert RayUpBackend.mistakes(ray_up(case)) == ()
    validate_config(prepare_config(ray_up(case)))


@pytest.mark.parametrize("case", AWS)
def test_the_head_is_on_demand_and_trains_nothing(case: str) -> None:
    content = ray_up(case)
    head = content["available_node_types"][content["head_node_type"]]
    assert "InstanceMarketOptions" not in head["node_config"]
    assert head["resources"] == {"CPU": 0, "GPU": 0}


def test_spot_is_tried_before_on_demand_and_every_kind_has_both() -> None:
    types = ray_up("aws")["available_node_types"]
    types.pop("head")
    spot = {name: kind for name, kind in types.items() if "InstanceMarketOptions" in kind["node_config"]}
    on_demand = {name: kind for name, kind in types.items() if name not in spot}
    assert min(kind["priority"] for kind in spot.values()) > max(kind["priority"] for kind in on_demand.values())
    kinds = [{kind["node_config"]["InstanceType"] for kind in group.values()} for group in (spot, on_demand)]
    assert kinds == [{"g6.2xlarge", "g5.2xlarge"}] * 2


def test_without_spot_no_machine_can_be_taken_away() -> None:
    assert "spot" not in text_of("aws-on-demand", "ray.yaml").partition("cluster_name")[2]


@pytest.mark.parametrize("case", AWS)
def test_every_machine_ends_itself_before_the_budget_is_spent_and_is_then_gone(case: str) -> None:
    content, ends_at = ray_up(case), backend(case).up(cargo(case), golden_files.NOW).ends_at
    spending = backend(case).cost().spending
    assert ends_at is not None
    assert spending is not None
    hours = (ends_at - golden_files.NOW).total_seconds() / 3600
    assert hours * spending.most_per_hour == pytest.approx(backend(case).file.budget_usd)
    assert str(int(ends_at.timestamp())) in content["setup_commands"][0]
    for kind in content["available_node_types"].values():
        assert kind["node_config"]["InstanceInitiatedShutdownBehavior"] == "terminate"


@pytest.mark.parametrize(("ahead_s", "minutes"), [(7200, 120), (7199, 119), (30, 0), (0, 0), (-7200, 0)])
def test_a_machine_that_starts_late_still_ends_in_time(ahead_s: int, minutes: int, tmp_path: Path) -> None:
    now = int(deadline(backend("aws").file, golden_files.NOW).timestamp()) - ahead_s
    for name, script in (("sudo", f'echo "$@" > {tmp_path}/told'), ("date", f"echo {now}")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", ray_up("aws")["setup_commands"][0]], env=environment, check=True)
    assert (tmp_path / "told").read_text().split() == ["shutdown", "--poweroff", f"+{minutes}"]


@pytest.mark.parametrize("case", AWS)
def test_every_shell_line_of_a_node_is_a_shell_line(case: str) -> None:
    content = ray_up(case)
    for key in ("setup_commands", "head_start_ray_commands", "worker_start_ray_commands"):
        for command in content[key]:
            subprocess.run(["bash", "-n", "-c", command], check=True)


def test_a_cluster_without_a_grid_has_none_copied() -> None:
    files = backend("aws").up(replace(cargo("aws"), grid_text=None), golden_files.NOW).files
    assert [each.name for each in files] == ["ray.yaml", "cluster.yaml"]
    assert "grid.yaml" not in files[0].text


@pytest.mark.parametrize("case", SSH)
def test_every_shell_line_of_a_given_host_is_one(case: str) -> None:
    content = ray_up(case)
    lines = [line for key, lines in content.items() if key.endswith("_commands") for line in lines]
    assert lines
    for line in (*lines, text_of(case, "node.sh")):
        subprocess.run(["bash", "-n"], input=line, text=True, check=True)


@pytest.mark.parametrize("case", SSH)
def test_all_given_hosts_but_the_first_are_started_by_it(case: str) -> None:
    content = ray_up(case)
    hosts = [host.host for host in backend(case).file.hosts]
    assert [content["provider"]["head_ip"], *content["provider"]["worker_ips"]] == hosts
    types = content["available_node_types"]
    assert types.pop(content["head_node_type"])["max_workers"] == 0
    assert [(kind["min_workers"], kind["max_workers"]) for kind in types.values()] == [(len(hosts) - 1,) * 2]
    assert content["upscaling_speed"] >= len(hosts) - 1
    script = text_of(case, "node.sh")
    assert all(f"'{host.host} {host.cpus} {host.gpus}'" in script for host in backend(case).file.hosts)


def test_ray_on_given_hosts_is_open_to_who_has_no_token() -> None:
    assert "RAY_AUTH_MODE=token" in text_of("ssh", "node.sh")
    assert "umask 077" in text_of("ssh", "node.sh")
    assert any(path.endswith("/token") for path in ray_up("ssh")["cluster_synced_files"])


def test_hosts_without_the_internet_are_asked_to_download() -> None:
    given, installed = text_of("ssh-one-host", "node.sh"), text_of("ssh", "node.sh")
    assert "packages=given\n" in given
    assert "packages=install\n" in installed
    assert "--store s3://results/ann" in given
    assert "--store" not in installed


def test_given_hosts_are_asked_what_they_share() -> None:
    assert "travel: ray" in text_of("ssh", "cluster.yaml")
    assert "travel" not in text_of("ssh-one-host", "cluster.yaml")


@pytest.mark.parametrize("case", SLURM)
def test_the_script_for_sbatch_is_a_script(case: str) -> None:
    subprocess.run(["bash", "-n"], input=text_of(case, "job.sh"), text=True, check=True)


def test_a_site_gets_its_own_lines_before_ours() -> None:
    script = text_of("slurm-gpu", "job.sh")
    assert script.index("module load python/3.12") < script.index("python3 -m venv")
    assert "--gpus-per-node" not in text_of("slurm", "job.sh")


@pytest.mark.parametrize("case", KUBERNETES)
def test_the_parts_in_the_manifests_are_the_wheel(case: str) -> None:
    parts = list(yaml.safe_load_all(text_of(case, "code.yaml")))
    assert len(parts) == 2
    names = sorted(name for part in parts for name in part["binaryData"])
    data = {name: value for part in parts for name, value in part["binaryData"].items()}
    assert b"".join(base64.b64decode(data[name]) for name in names) == WHEEL_BYTES
    assert all(len(value) < 1_048_576 for value in data.values()), "more than a config map may hold"
    job = list(yaml.safe_load_all(text_of(case, "rayjob.yaml")))[1]
    pod = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    mounted = next(volume for volume in pod["volumes"] if volume["name"] == "parts")["projected"]["sources"]
    assert [source["configMap"]["name"] for source in mounted] == [part["metadata"]["name"] for part in parts]


@pytest.mark.parametrize("case", KUBERNETES)
def test_every_volume_that_a_pod_mounts_is_one_it_has(case: str) -> None:
    spec = list(yaml.safe_load_all(text_of(case, "rayjob.yaml")))[1]["spec"]["rayClusterSpec"]
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        has = {volume["name"] for volume in pod["volumes"]}
        uses = {mount["name"] for each in pod["containers"] + pod["initContainers"] for mount in each["volumeMounts"]}
        assert uses == has


def test_only_workers_go_to_spot_nodes() -> None:
    spec = list(yaml.safe_load_all(text_of("kubernetes-spot", "rayjob.yaml")))[1]["spec"]["rayClusterSpec"]
    assert "nodeSelector" not in spec["headGroupSpec"]["template"]["spec"]
    worker = spec["workerGroupSpecs"][0]["template"]["spec"]
    assert worker["nodeSelector"] == {"karpenter.sh/capacity-type": "spot"}
    assert worker["tolerations"] == [{"key": "spot", "operator": "Exists"}]


def test_ray_on_the_pods_is_the_ray_that_is_pinned() -> None:
    assert version("ray") == RAY_VERSION


@pytest.mark.parametrize("case", FILES)
def test_the_launch_over_there_has_the_slots_that_were_planned(case: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here.yaml", tmp_path / "there.yaml"
    here.write_text(FILES[case])
    if case in KUBERNETES:
        there.write_text(next(yaml.safe_load_all(text_of(case, "rayjob.yaml")))["data"]["cluster.yaml"])
    else:
        there.write_text(text_of(case, "cluster.yaml"))
    planned, found = load_resources(here), load_resources(there)
    for what in ("slots", "cpus_per_pack", "gpu_per_pack", "threads", "max_lanes", "bytes_per_pack", "device"):
        assert getattr(found, what) == getattr(planned, what), what


@pytest.mark.parametrize("name", ["ssh", "aws", "slurm", "kubernetes"])
def test_a_launch_there_does_not_know_whom_to_tell_or_when_half_of_the_budget_is_used(name: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"{FILES[name]}\nnotify: env:TELL\n")
    here = load_cluster(tmp_path / "c.yaml").backend
    files = here.up(cargo(name), NOW).files
    [text] = [file.text for file in files if file.name == "cluster.yaml"] or [
        document["data"]["cluster.yaml"] for document in yaml.safe_load_all(files[0].text) if "data" in document
    ]
    (tmp_path / "there.yaml").write_text(text)
    there = load_cluster(tmp_path / "there.yaml").backend.notice()
    assert there.variable == "TELL"
    assert there.budget_hours == here.budget_hours()
    assert there.up_since == (NOW if name in ("ssh", "aws") else None)
    if name != "kubernetes":
        assert any("[notify]" in file.text for file in files), "the library that tells is not installed there"


def test_a_store_that_is_named_for_one_launch_lacks_its_library_there() -> None:
    plain, stored = cargo("ssh"), replace(cargo("ssh"), options=("--store", "s3://bucket/sweeps"))
    texts = [file.text for each in (plain, stored) for file in backend("ssh").up(each, NOW).files if file.name == "node.sh"]
    assert ["more=(boto3)" in text for text in texts] == [False, True]
    environments = [line for text in texts for line in text.splitlines() if line.startswith("environment=")]
    assert len(set(environments)) == 2, "an environment without the library is taken for one with it"
