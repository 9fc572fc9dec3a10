"""A server on this machine that serves one file, badly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Behaviour:
    """How the server answers. Lists are used up from the left, one entry per request; `None` is the good way."""

    content: bytes
    etag: str | None = '"v1"'
    linked_sha256: str | None = None
    """Given as X-Linked-ETag by a redirection, as Hugging Face does."""
    dated: bool = False
    ranges: bool = True
    cut_after: list[int | None] = field(default_factory=list)
    """Bytes of the body that are sent before the connection is closed, though Content-Length says more."""
    status: list[int | None] = field(default_factory=list)
    retry_after: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wrong_range: list[int | None] = field(default_factory=list)
    """By how much the part that is sent lies beside the one that was asked for."""

    asked: list[str] = field(default_factory=list)
    """The Range of each request for the file, in order; empty where it had none."""
    url: str = ""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Behaviour]:
    """Serve on a free port; `behaviour.url` is the base address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if behaviour.linked_sha256 is not None and not self.path.startswith("/cdn"):
                self.send_response(302)
                self.send_header("Location", f"/cdn{self.path}")
                self.send_header("X-Linked-ETag", f'"{behaviour.linked_sha256}"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            behaviour.asked.append(self.headers.get("Range", ""))
            status = _next(behaviour.status)
            if status is not None:
                self._answer(status, b"sorry", {})
                return
            self._serve_file()

        def _serve_file(self) -> None:
            content = behaviour.content
            headers = dict(behaviour.headers)
            if behaviour.etag is not None:
                headers["ETag"] = behaviour.etag
            if behaviour.dated:
                headers["Last-Modified"] = formatdate(1_700_000_000, usegmt=True)
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range") in (behaviour.etag, headers.get("Last-Modified"))
            if asked is None or not behaviour.ranges or not same:
                self._answer(200, content, headers)
                return
            first = int(asked[1]) + (_next(behaviour.wrong_range) or 0)
            if first >= len(content):
                self._answer(416, b"", headers | {"Content-Range": f"bytes */{len(content)}"})
                return
            span = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self._answer(206, content[first:], headers | {"Content-Range": span})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            if status >= 400 and behaviour.retry_after is not None:
                headers = headers | {"Retry-After": behaviour.retry_after}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut = _next(behaviour.cut_after) if status < 400 else None
            self.wfile.write(body if cut is None else body[:cut])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    behaviour.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield behaviour
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _next(values: list[int | None]) -> int | None:
    return values.pop(0) if values else None
