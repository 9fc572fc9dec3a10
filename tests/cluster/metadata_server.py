"""The part of EC2's instance metadata that speaks of spot instances, on loopback: tokens first, as version 2 wants it."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class MetadataServer(ThreadingHTTPServer):
    """`notice` is what is about to be done to the instance, if anything; `forget` makes every token that was given invalid."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.notice: dict[str, str] | None = None
        self.tokens: set[str] = set()
        self.given = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def give_notice(self, action: str = "terminate") -> None:
        self.notice = {"action": action, "time": "2026-01-02T03:04:05Z"}

    def forget(self) -> None:
        self.tokens.clear()


class _Handler(BaseHTTPRequestHandler):
    server: MetadataServer

    def do_PUT(self) -> None:
        if self.path != "/latest/api/token" or not 1 <= int(self.headers["X-aws-ec2-metadata-token-ttl-seconds"]) <= 21600:
            return self._answer(400)
        token = secrets.token_hex(8)
        self.server.tokens.add(token)
        self.server.given += 1
        return self._answer(200, token)

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] not in self.server.tokens:
            return self._answer(401)
        if self.path != "/latest/meta-data/spot/instance-action" or self.server.notice is None:
            return self._answer(404)
        return self._answer(200, json.dumps(self.server.notice))

    def _answer(self, status: int, text: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the test's output."""


@contextmanager
def metadata_server() -> Iterator[MetadataServer]:
    """A server that answers until the end."""
    with MetadataServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
