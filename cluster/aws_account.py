"""Whether this machine may speak to AWS at all, asked before anything is started. Keys are looked for, never read."""

from __future__ import annotations

import importlib.util

from recipe_sweep.cluster.commands import MissingToolError


def check_aws_account() -> None:
    """Raise MissingToolError where boto3 is not installed or finds no credentials; Ray would say so with a traceback."""
    if importlib.util.find_spec("boto3") is None:
        raise MissingToolError("boto3", "AWS's library for Python: pip install boto3")
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        credentials = boto3.Session().get_credentials()
    except BotoCoreError as error:  # e.g. AWS_PROFILE names a profile that there is not
        raise MissingToolError(f"AWS credentials ({error})", "a profile that ~/.aws/config has") from error
    if credentials is None:
        raise MissingToolError("AWS credentials", "an account that boto3 finds, e.g. after `aws configure` or `aws sso login`")
