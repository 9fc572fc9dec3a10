"""Asks AWS whether the instance profiles of a cluster file are there. Whether their rights suffice, only a launch sees."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from recipe_sweep.cluster.aws_account import AwsAnswerError, asking_aws, aws_client


def missing_profiles(names: Iterable[str], region: str) -> tuple[str, ...]:
    """Return the profiles that the account does not have. One that may not be asked for counts as there."""
    missing = []
    for name in names:
        with suppress(AwsAnswerError), asking_aws():
            iam = aws_client("iam", region)
            try:
                iam.get_instance_profile(InstanceProfileName=name)
            except iam.exceptions.NoSuchEntityException:
                missing.append(name)
    return tuple(missing)
