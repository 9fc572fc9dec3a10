from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import ray.autoscaler
import yaml

from recipe_sweep.cluster.backends.base import ForeignFile
from recipe_sweep.cluster.backends.ray_up import RayUpBackend
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.resources import Resources


def raw(**changes: Any) -> dict[str, Any]:
    """A small `ray up` file as people write it."""
    types = {
        "head": {"resources": {"CPU": 2}, "node_config": {"InstanceType": "m6i.large"}},
        "worker": {"resources": {"CPU": 8}, "node_config": {}, "max_workers": 3},
    }
    return {
        "cluster_name": "mine",
        "provider": {"type": "aws", "region": "us-east-1"},
        "max_workers": 5,
        "head_node_type": "head",
        "available_node_types": types,
    } | changes


def with_worker(**worker: Any) -> dict[str, Any]:
    content = raw()
    content["available_node_types"]["worker"] |= worker
    return content


def resources_in(content: dict[str, Any]) -> Resources:
    return RayUpBackend(ForeignFile(Path("raw.yaml"), content)).resources()


def test_rays_own_sample_file_is_taken_as_it_is() -> None:
    sample = yaml.safe_load((Path(ray.autoscaler.__file__).parent / "aws" / "defaults.yaml").read_text())
    assert RayUpBackend.recognises(sample)
    assert RayUpBackend.mistakes(sample) == ()


def test_a_file_of_ours_is_not_taken_for_one_of_rays() -> None:
    assert not RayUpBackend.recognises({"backend": "aws", "cluster_name": "x"})
    assert not RayUpBackend.recognises({"cpus": 2})


def test_workers_are_counted_and_the_head_is_not() -> None:
    resources = resources_in(raw())
    assert (resources.cpus, resources.slots, resources.gpus, resources.address) == (24, 24, 0, "auto")


def test_no_more_workers_are_counted_than_there_may_be_in_all() -> None:
    assert resources_in(raw(max_workers=2)).slots == 16


def test_a_worker_that_states_nothing_has_what_its_instance_type_has() -> None:
    resources = resources_in(with_worker(resources={}, node_config={"InstanceType": "g5.2xlarge"}))
    assert (resources.cpus, resources.gpus, resources.gpu_per_pack, resources.slots) == (24, 3, 0.25, 12)
    assert resources.bytes_per_pack is not None
    assert resources.bytes_per_pack < 24e9 / 4


def test_workers_without_a_gpu_hold_no_pack_that_asks_for_one() -> None:
    content = raw()
    content["available_node_types"]["gpu"] = {"resources": {"CPU": 4, "GPU": 1}, "node_config": {}, "max_workers": 1}
    assert resources_in(content).slots == 4


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (with_worker(resources={}, node_config={"InstanceType": "x9.huge"}), "available_node_types.worker.resources"),
        (raw(max_workers=0), "max_workers"),
        (raw(available_node_types=None), "available_node_types"),
        (with_worker(resources={"CPU": 0}), "cpus_per_pack"),
    ],
)
def test_what_cannot_be_counted_is_said(content: dict[str, Any], key: str) -> None:
    with pytest.raises(ClusterError) as caught:
        resources_in(content)
    assert caught.value.key == key


def test_every_mistake_is_told_with_its_place() -> None:
    mistakes = RayUpBackend.mistakes(raw(max_workers="many", speed=3, provider={}))
    assert {each.path for each in mistakes} == {("max_workers",), ("speed",), ("provider",)}
    assert any("'speed'" in each.found for each in mistakes)
    assert any("no type" in each.found for each in mistakes)
    assert any("a whole number" in each.expected for each in mistakes)
