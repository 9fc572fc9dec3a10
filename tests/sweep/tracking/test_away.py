"""Tracking servers that are away, slow, closed or something else: bounded, one line, and no password in it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import TrackingError
from recipe_sweep.sweep.tracking.projection import project
from tests.sweep.synthetic_results import points, publish


@contextmanager
def server(status: int, body: bytes, kind: str = "application/json") -> Iterator[str]:
    """A web server that gives every request the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 (the library's names)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{running.server_port}"
        running.shutdown()


@contextmanager
def silence() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


AWAY = {
    "401": (lambda: server(401, b'{"error_code": "UNAUTHENTICATED", "message": "who are you"}'), "http", "401|who are you"),
    "403 in HTML": (lambda: server(403, b"<html>no</html>", "text/html"), "http", "403"),
    "500": (lambda: server(500, b"<html>oops</html>", "text/html"), "http", "500"),
    "a web server that is no MLflow": (lambda: server(200, b"<html>hello</html>", "text/html"), "http", "JSON|json"),
    "JSON that is no MLflow": (lambda: server(200, b'{"experiments": 7}'), "http", "no MLflow server"),
    "silence": (silence, "http", "timed out|timeout"),
    "a database that is silent": (silence, "postgresql", "."),
}


@pytest.mark.parametrize("how", AWAY)
def test_a_server_that_does_not_serve_is_one_line_within_seconds(
    sweep_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setattr("recipe_sweep.sweep.tracking.client.LONGEST_CONTACT_S", 1.0)
    publish(sweep_dir, "aaaa", points())
    started, scheme, said = AWAY[how]
    began = time.process_time()
    with started() as address, pytest.raises(TrackingError, match=said) as raised:
        project(sweep_dir, tracking_uri=f"{scheme}://ann:hunter2@{address}/mlflow")
    assert time.process_time() - began < 10
    text = str(raised.value)
    assert "hunter2" not in text
    assert "\n" not in text
    assert capfd.readouterr() == ("", "")
