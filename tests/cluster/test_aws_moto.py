"""The generated machines against moto, an EC2 that is only pretended, through the very class with which Ray starts them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ParamValidationError
from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
from ray.autoscaler._private.util import prepare_config

from recipe_sweep.cluster.backends.aws import AwsBackend
from tests.cluster.golden_files import NOW, backend, cargo


@pytest.fixture
def config(account: Any) -> dict[str, Any]:
    """The sample's file for `ray up`, of an image and with a profile that this account has."""
    iam = boto3.client("iam")
    if not iam.list_instance_profiles()["InstanceProfiles"]:
        iam.create_instance_profile(InstanceProfileName="recipe-sweep-head")
    file = backend("aws").file.model_copy(update={"head_profile": "recipe-sweep-head"})
    content = yaml.safe_load(AwsBackend(file).up(cargo("aws"), NOW).files[0].text)
    image = account.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for kind in content["available_node_types"].values():
        kind["node_config"]["ImageId"] = image
    assert isinstance(content, dict)
    return content


def test_ec2_accepts_every_kind_of_machine_and_spot_is_spot(account: Any, config: dict[str, Any]) -> None:
    for name, kind in config["available_node_types"].items():
        [started] = account.run_instances(MinCount=1, MaxCount=1, **kind["node_config"])["Instances"]
        [instance] = instances(account, [started["InstanceId"]])
        assert instance["InstanceType"] == kind["node_config"]["InstanceType"]
        assert (instance.get("InstanceLifecycle") == "spot") == name.startswith("spot-"), name


def test_a_word_that_ec2_does_not_know_would_be_noticed(account: Any, config: dict[str, Any]) -> None:
    """What the test above can see: boto3 checks each parameter against EC2's own model."""
    node_config = config["available_node_types"]["head"]["node_config"] | {"InstanceMarketOption": {"MarketType": "spot"}}
    with pytest.raises(ParamValidationError):
        account.run_instances(MinCount=1, MaxCount=1, **node_config)


def test_ray_starts_and_ends_these_machines(account: Any, config: dict[str, Any]) -> None:
    prepared = AWSNodeProvider.bootstrap_config(prepare_config(config))
    provider = AWSNodeProvider(prepared["provider"], prepared["cluster_name"])
    types = prepared["available_node_types"]
    for name in ("head", "spot-g6.2xlarge", "on-demand-g6.2xlarge"):
        tags = {"ray-node-type": "head" if name == "head" else "worker", "ray-user-node-type": name}
        provider.create_node(types[name]["node_config"], tags, 1)

    alive = provider.non_terminated_nodes({})
    assert len(alive) == 3
    assert [instance.get("InstanceLifecycle") for instance in instances(account, alive)].count("spot") == 1

    provider.terminate_nodes(alive)
    assert provider.non_terminated_nodes({}) == []
    states = {instance["State"]["Name"] for instance in instances(account, alive)}
    assert states == {"terminated"}, "a machine that is only stopped goes on costing"


def instances(account: Any, ids: list[str]) -> list[dict[str, Any]]:
    reservations = account.describe_instances(InstanceIds=ids)["Reservations"]
    return [instance for reservation in reservations for instance in reservation["Instances"]]
