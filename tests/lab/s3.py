"""The S3 of a laboratory: moto's server, which simulates it in memory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tests.sweep.buckets import BUCKET

S3_PORT = 5000
START_S = 60.0


def client(variables: Mapping[str, str], retries: int = 0) -> Any:
    """Make a client for a process of this host, by the variables that a laboratory gives its machines.

    Under load moto answers some listings with 500, which a client may ask again.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
        config=Config(connect_timeout=2, retries={"max_attempts": retries}),
    )


def make_bucket(variables: Mapping[str, str]) -> None:
    """Wait until the server answers, and make the bucket `tests.sweep.buckets.BUCKET`."""
    from botocore.exceptions import BotoCoreError

    deadline = time.monotonic() + START_S
    while True:
        try:
            client(variables).create_bucket(Bucket=BUCKET)
        except BotoCoreError:
            assert time.monotonic() < deadline, "the S3 never answered"
            time.sleep(0.2)
        else:
            return
