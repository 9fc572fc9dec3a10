"""A store in a bucket of S3, or of a compatible service, whose address is in AWS_ENDPOINT_URL.

Credentials come from the environment, as for all tools of AWS. We never read, store or print a key. boto3 repeats a request
that is throttled, or gets no answer or one of 5xx. Its pauses grow, to half a minute or a minute in all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from recipe_sweep.cluster.aws_account import check_aws_account
from recipe_sweep.cluster.commands import MissingToolError
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.errors import MissingToolUserError, StoreAddressError, StoreError
from recipe_sweep.sweep.files.atomic import replacing
from recipe_sweep.sweep.store.base import Address, wrong_address
from recipe_sweep.sweep.store.keys import checked, ours

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

ATTEMPTS = 12
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"PreconditionFailed", "412"}
_REFUSED = {
    "NoSuchBucket",
    "AccessDenied",
    "403",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidBucketName",
    "PermanentRedirect",
}


class S3Store:
    """Objects under one prefix of a bucket."""

    example: ClassVar[str] = "s3://bucket/name-of-the-sweep"
    folder: Path | None = None

    @classmethod
    def at(cls, address: Address) -> S3Store:
        bucket = address.place
        if not _BUCKET.fullmatch(bucket) or ".." in bucket:
            expected = "3 to 63 small letters, digits, dots and hyphens, and no IP address"
            raise wrong_address(address.text, f"the bucket {bucket!r}", expected)
        if not address.parts:
            raise wrong_address(address.text, "a whole bucket", "a path in it, so that one bucket can hold several sweeps")
        return cls(bucket, "/".join(address.parts))

    def __init__(self, bucket: str, prefix: str) -> None:
        try:
            check_aws_account()
        except MissingToolError as error:
            raise MissingToolUserError(
                Problem(error.tool, found="nothing of that name here", expected=error.expected)
            ) from error
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        self.address = f"s3://{bucket}/{prefix}"
        self._bucket, self._prefix = bucket, f"{prefix}/"
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        config = Config(retries=retries, connect_timeout=5, read_timeout=60)
        try:
            self._client: Any = boto3.client("s3", config=config)
        except (BotoCoreError, ValueError) as error:
            expected = "what boto3 can use, in AWS_ENDPOINT_URL, AWS_DEFAULT_REGION or ~/.aws/config"
            raise StoreAddressError(Problem(self.address, found=_first_line(error), expected=expected)) from error
        self._client.meta.events.register("needs-retry.s3.PutObject", _pause_after_conflict)

    def keys(self, prefix: str = "") -> frozenset[str]:
        with self._troubles():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
            found = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return ours(self.address, (key.removeprefix(self._prefix) for key in found), prefix)

    def fetch(self, key: str, path: Path) -> bool:
        with self._troubles(absent=True) as answered, replacing(path) as temporary:
            self._client.download_file(self._bucket, self._key(key), str(temporary))
            answered.append(True)
        return bool(answered)

    def create(self, key: str, path: Path) -> bool:
        # It is a single request, up to 5 GB, because only such a request can refuse to overwrite.
        with self._troubles(taken=True) as answered, path.open("rb") as body:
            self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=body, IfNoneMatch="*")
            answered.append(True)
        return bool(answered)

    def replace(self, key: str, path: Path) -> None:
        with self._troubles():
            self._client.upload_file(str(path), self._bucket, self._key(key))

    def remove(self, key: str) -> None:
        with self._troubles():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def age_s(self, key: str) -> float | None:
        with self._troubles(absent=True):
            answer = self._client.head_object(Bucket=self._bucket, Key=self._key(key))
            now = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
            stored: datetime = answer["LastModified"]
            return ((parsedate_to_datetime(now) if now else datetime.now(UTC)) - stored).total_seconds()
        return None

    def _key(self, key: str) -> str:
        return self._prefix + checked(self.address, key)

    @contextmanager
    def _troubles(self, absent: bool = False, taken: bool = False) -> Iterator[list[bool]]:
        """Convert boto3's errors to errors that a user understands.

        With `absent` or `taken`, an object that is missing, or exists already, is no error.
        """
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield []
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if (absent and code in _ABSENT) or (taken and code in _TAKEN):
                return
            raise self._refused(error, code) from error
        except (BotoCoreError, Boto3Error) as error:
            raise StoreError(f"the store {self.address} does not answer: {_first_line(error)}") from error

    def _refused(self, error: ClientError, code: str) -> Exception:
        if code in _REFUSED:
            expected = "a bucket that exists, and that these credentials may list, read and write"
            return StoreAddressError(Problem(file=self.address, found=_first_line(error), expected=expected))
        return StoreError(f"the store {self.address} answers with an error: {_first_line(error)}")


def _pause_after_conflict(response: tuple[object, dict[str, Any]] | None, attempts: int, **_: object) -> float | None:
    """Return the seconds to wait if another process wrote the same name at that moment.

    Then S3 does not decide which was first. It asks to repeat the request, and boto3 does not do so by itself.
    """
    code = response[1].get("Error", {}).get("Code") if response is not None else None
    return min(0.1 * 2**attempts, 5.0) if code == "ConditionalRequestConflict" and attempts < ATTEMPTS else None


def _first_line(error: Exception) -> str:
    """Return what is wrong, without a password in the address of a proxy or an endpoint."""
    return re.sub(r"//[^/@\s]*@", "//***@", str(error).strip().splitlines()[0])
