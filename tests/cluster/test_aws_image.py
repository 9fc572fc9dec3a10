from __future__ import annotations

from typing import Any

import boto3
import pytest

from recipe_sweep.cluster.aws_account import AwsAnswerError
from recipe_sweep.cluster.aws_image import CPU_IMAGE, GPU_IMAGE, newest_image
from recipe_sweep.cluster.backends import aws
from recipe_sweep.cluster.backends.aws import AwsBackend
from recipe_sweep.cluster.backends.aws_file import AwsFile
from recipe_sweep.cluster.commands import MissingToolError
from recipe_sweep.cluster.errors import ClusterError
from tests.cluster.conftest import REGION

PUBLIC = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
"""A public parameter of an image that moto has. It lacks those of Ubuntu."""


def machines(**changes: Any) -> AwsBackend:
    keys = {"backend": "aws", "region": REGION, "file_system": "fs-0a1b2c3d4e5f60718", "workers": 1, "budget_usd": 60}
    return AwsBackend(AwsFile.model_validate(keys | {"worker_instances": ["c6i.2xlarge"]} | changes))


def test_the_image_is_another_than_the_one_that_aws_names(account: Any) -> None:
    named = boto3.client("ssm").get_parameter(Name=PUBLIC)["Parameter"]["Value"]
    assert newest_image(PUBLIC, REGION) == named


@pytest.mark.parametrize("parameter", [CPU_IMAGE, GPU_IMAGE])
def test_a_parameter_that_is_not_there_ends_with_a_traceback(account: Any, parameter: str) -> None:
    with pytest.raises(AwsAnswerError, match="AWS refused GetParameter with ParameterNotFound"):
        newest_image(parameter, REGION)


def test_a_text_that_is_no_id_starts_machines(account: Any) -> None:
    boto3.client("ssm").put_parameter(Name="/mine/image", Value="ubuntu; reboot", Type="String")
    with pytest.raises(AwsAnswerError, match="no image's id"):
        newest_image("/mine/image", REGION)


def test_an_address_that_is_none_ends_with_a_traceback(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    with pytest.raises(AwsAnswerError, match="could not be asked"):
        newest_image(PUBLIC, REGION)


@pytest.mark.parametrize(("kinds", "parameter"), [(["c6i.2xlarge"], CPU_IMAGE), (["g5.xlarge", "g6.xlarge"], GPU_IMAGE)])
def test_gpus_get_an_image_without_their_driver(monkeypatch: pytest.MonkeyPatch, kinds: list[str], parameter: str) -> None:
    asked = []
    monkeypatch.setattr(aws, "check_aws_account", lambda: None)
    monkeypatch.setattr(aws, "newest_image", lambda *words: asked.append(words) or "ami-00000001")
    assert machines(worker_instances=kinds).settled().file.image == "ami-00000001"
    assert asked == [(parameter, REGION)]


def test_a_stated_image_is_replaced_or_needs_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "newest_image", None)
    monkeypatch.setattr(aws, "check_aws_account", None)
    assert machines(image="ami-0a1b2c3d4e5f60718").settled().file.image == "ami-0a1b2c3d4e5f60718"


def test_an_image_that_aws_does_not_name_has_no_remedy(account: Any) -> None:
    with pytest.raises(ClusterError, match="image: found auto, and AWS refused GetParameter") as raised:
        machines().settled()
    assert "state the id of an image" in (raised.value.hint or "")


def test_an_open_image_without_an_account_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_account() -> None:
        raise MissingToolError("AWS credentials", "an account")

    monkeypatch.setattr(aws, "check_aws_account", no_account)
    with pytest.raises(MissingToolError):
        machines().settled()
