"""A server on this machine that answers as Hugging Face does: HEAD says what a file is, GET gives it, whole or in part."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """How the server answers."""

    content: bytes
    status: int = 200
    sha256: str | None = None
    """The hash that it says the file has; by default the true one"""
    cut_after: list[int] = field(default_factory=list)
    """Bytes of each of the first bodies, after which the connection is closed"""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """(method, path, Range) of each request"""
    tokens: set[str] = field(default_factory=set)
    url: str = ""


@contextmanager
def hub(behaviour: Hub) -> Iterator[Hub]:
    """Serve on a free port; `behaviour.url` is what HF_ENDPOINT names."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            asked = self.headers.get("Range", "")
            behaviour.asked.append((self.command, self.path, asked))
            behaviour.tokens.add(self.headers.get("Authorization", ""))
            part = re.fullmatch(r"bytes=(\d+)-", asked)
            first = int(part[1]) if part else 0
            good = behaviour.status == 200
            body = behaviour.content[first:] if good else b""
            self.send_response((206 if part else 200) if good else behaviour.status)
            if good:
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{behaviour.sha256 or hashlib.sha256(behaviour.content).hexdigest()}"')
            if good and part:
                self.send_header("Content-Range", f"bytes {first}-{len(behaviour.content) - 1}/{len(behaviour.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                cut = behaviour.cut_after.pop(0) if behaviour.cut_after else None
                self.wfile.write(body[:cut])

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
