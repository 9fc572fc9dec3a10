"""Asks AWS, and checks before that this machine has an account. It looks for keys, and never reads them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from recipe_sweep.cluster.commands import MissingToolError

_CONNECT_S, _READ_S, _TRIES = 10, 30, 3


class AwsAnswerError(Exception):
    """AWS gave no answer, or one that is of no use. The text is the end of a sentence that says so."""


def check_aws_account() -> None:
    """Raise MissingToolError if boto3 is not installed or finds no credentials.

    Ray itself would report this with a traceback.
    """
    if importlib.util.find_spec("boto3") is None:
        raise MissingToolError("boto3", "AWS's library for Python: pip install boto3")
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        credentials = boto3.Session().get_credentials()
    except BotoCoreError as error:  # e.g. AWS_PROFILE names a profile that does not exist
        raise MissingToolError(f"AWS credentials ({error})", "a profile that ~/.aws/config has") from error
    if credentials is None:
        raise MissingToolError("AWS credentials", "an account that boto3 finds, e.g. after `aws configure` or `aws sso login`")


def aws_client(service: str, region: str) -> Any:
    """Make boto3's client of a service. It gives up after three tries. Call it within `asking_aws`."""
    import boto3
    from botocore.config import Config

    retries = {"total_max_attempts": _TRIES, "mode": "standard"}
    config = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries=retries)
    return boto3.client(service, region_name=region, config=config)


@contextmanager
def asking_aws() -> Iterator[None]:
    """Convert the errors of boto3 to AwsAnswerError. `check_aws_account` must have passed."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise AwsAnswerError(f"AWS refused {error.operation_name} with {code}") from error
    except (BotoCoreError, ValueError) as error:  # boto3 raises ValueError for an endpoint that is no address.
        raise AwsAnswerError(f"AWS could not be asked: {error}") from error
