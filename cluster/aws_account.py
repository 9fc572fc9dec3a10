"""Checks that this machine has an AWS account before anything is started. It looks for keys, and never reads them."""

from __future__ import annotations

import importlib.util

from recipe_sweep.cluster.commands import MissingToolError


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
