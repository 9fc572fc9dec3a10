"""A bucket on loopback, by moto, that can be told to answer 503."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.lease import StoreLease

BUCKET = "sweeps"
ADDRESS = f"s3://{BUCKET}/lab/my-sweep"


class Bucket:
    """The server of one bucket. `away`: it answers every request with 503; `conflicts`: as many writes with 409.

    `careless`: it overwrites what was to be new, as stores do that do not know If-None-Match.
    """

    def __init__(self) -> None:
        self.away = False
        self.refused = 0
        self.conflicts = 0
        self.careless = False
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()

    @contextmanager
    def away_for(self, seconds: float) -> Iterator[None]:
        """Away from now on, and back after so long."""
        self.away = True
        timer = threading.Timer(seconds, self._come_back)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._come_back()

    def _come_back(self) -> None:
        self.away = False

    def _answer(self, environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self.away:
            self.refused += 1
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"]
        if self.conflicts and environment["REQUEST_METHOD"] == "PUT":
            self.conflicts -= 1
            start("409 Conflict", [("Content-Type", "application/xml")])
            return [b"<Error><Code>ConditionalRequestConflict</Code><Message>Try again.</Message></Error>"]
        if self.careless:
            environment.pop("HTTP_IF_NONE_MATCH", None)
        return self._moto(environment, start)  # type: ignore[no-any-return]


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing."""


def environment(url: str) -> dict[str, str]:
    """By which boto3 finds the bucket, and a key for it."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "very-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def bucket(patch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket, the environment set so that boto3 finds it."""
    server = Bucket()
    for name, value in environment(server.url).items():
        patch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    try:
        yield server
    finally:
        client = boto3.client("s3")
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for item in page.get("Contents", ()):
                client.delete_object(Bucket=BUCKET, Key=item["Key"])
        client.delete_bucket(Bucket=BUCKET)
        server.stop()


def launched(paths: SweepPaths, results: Sequence[str] = ()) -> None:
    """The files of a sweep that was launched and finished so many packs."""
    paths.results.mkdir(parents=True, exist_ok=True)
    paths.lock_file.write_text("{}")
    for name in results:
        (paths.results / f"{name}.parquet").write_text(name)


def begun(store: Store, paths: SweepPaths, epoch: int, elsewhere: bool = False) -> StoreLease:
    """The store's lease in the hands of a launch of this directory, on this machine or another."""
    if elsewhere:
        record = paths.lease / f"{epoch:06d}.json"
        content = json.loads(record.read_text())
        content["process"] |= {"host": "another-host", "machine": "another"}
        record.write_text(json.dumps(content))
    lease = StoreLease(store, paths)
    lease.begin(epoch)
    return lease
