"""Finds the newest machine image of EC2 by a public parameter of AWS."""

from __future__ import annotations

import re

from recipe_sweep.cluster.aws_account import AwsAnswerError, asking_aws, aws_client

GPU_IMAGE = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
"""Ubuntu 24.04 with NVIDIA's driver, by AWS."""
CPU_IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
"""Ubuntu 24.04, by Canonical."""


def newest_image(parameter: str, region: str) -> str:
    """Ask AWS for the id of the image that a parameter names in a region. Raises AwsAnswerError if it names none."""
    with asking_aws():
        found = aws_client("ssm", region).get_parameter(Name=parameter)["Parameter"]["Value"]
    if not isinstance(found, str) or not re.fullmatch(r"ami-[0-9a-f]{8,17}", found):
        raise AwsAnswerError(f"AWS's parameter store has {found!r:.80} there, which is no image's id")
    return found
