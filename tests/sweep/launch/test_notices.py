from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple

import pytest

from recipe_sweep.cluster.notice import Notice
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.launch import notices
from recipe_sweep.sweep.launch.at_end import command_words, run_at_end
from recipe_sweep.sweep.launch.notices import NoticedDisplay, Notices, variable_of, why_not

SECRET = "hunter2-in-the-open"


class Status(NamedTuple):
    failed: int = 0


class Shown:
    def show(self, status: Any) -> None: ...

    def tell(self, text: str) -> None: ...


class Letterbox(Notices):
    """Notices that are kept instead of sent."""

    def __init__(self) -> None:
        super().__init__(None, "little", pytest.fail)
        self.titles: list[str] = []

    def send(self, title: str, body: str) -> None:
        self.titles.append(title)


@pytest.fixture
def received() -> Iterator[tuple[int, list[bytes]]]:
    """A server that keeps what is sent to it, and its port."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, bodies
    server.shutdown()
    server.server_close()


def test_a_notice_does_not_arrive(received: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    port, bodies = received
    monkeypatch.setenv("TELL", f"json://me:{SECRET}@127.0.0.1:{port}/")
    assert why_not("TELL") is None
    sender = Notices("TELL", "little", pytest.fail)
    sender.send("done", "2 of 2 done")
    sender.close()
    [body] = bodies
    assert b"little: done" in body
    assert b"2 of 2 done" in body


def test_a_notice_that_fails_shows_its_address(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TELL", f"json://me:{SECRET}@127.0.0.1:9/{SECRET}")
    warned: list[str] = []
    sender = Notices("TELL", "little", warned.append)
    with caplog.at_level("DEBUG"):
        sender.send("done", "")
        sender.close()
    assert warned == ["1 of 1 notices to env:TELL could not be sent"]
    assert SECRET not in "".join(capfd.readouterr()) + caplog.text


def test_a_service_that_does_not_answer_holds_the_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def notify(self, **_: str) -> bool:
            return not threading.Event().wait(5)

    monkeypatch.setattr(notices, "WAIT_S", 0.05)
    monkeypatch.setattr(notices, "_addresses", lambda variable: Slow())
    warned: list[str] = []
    sender = Notices("TELL", "little", warned.append)
    sender.send("done", "")
    sender.close()
    assert len(warned) == 1


@pytest.mark.parametrize(
    "option", [f"slack://{SECRET}", SECRET, f"env:{SECRET}", "env:", f"env:A {SECRET}", f"ENV:A{SECRET}", ""]
)
def test_an_address_in_clear_is_taken_or_repeated(option: str) -> None:
    with pytest.raises(UserInputError) as raised:
        variable_of(option)
    assert SECRET not in str(raised.value)
    assert "env:NAME" in str(raised.value)


@pytest.mark.parametrize("address", [SECRET, f"nonsense://{SECRET}", "  "])
def test_an_address_that_is_none_is_found_out_at_the_end(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELL", address)
    problem = why_not("TELL")
    assert problem is not None
    assert SECRET not in str(problem)
    monkeypatch.delenv("TELL")
    assert "no such variable" in str(why_not("TELL"))


def display(letters: Notices, notice: Notice) -> NoticedDisplay:
    return NoticedDisplay(Shown(), letters, notice, str)


def test_a_run_that_was_given_up_is_told_never_or_every_second() -> None:
    letters = Letterbox()
    shown = display(letters, Notice())
    for failed in (1, 1, 2, 3):
        shown.show(Status(failed))  # type: ignore[arg-type]
    assert letters.titles == ["gave up the first run"], "the one that failed before this launch does not count"


def test_half_of_the_budget_is_told_too_early_or_twice() -> None:
    now, letters = datetime.now(UTC), Letterbox()
    soon = display(letters, Notice(None, 2.0, now - timedelta(minutes=59)))
    soon.show(Status())  # type: ignore[arg-type]
    assert letters.titles == []
    soon._half_at = now
    for _ in range(3):
        soon.show(Status())  # type: ignore[arg-type]
    assert letters.titles == ["half of the budget is used"]
    for notice in (Notice(), Notice(None, 2.0, now - timedelta(hours=3))):
        letters = Letterbox()
        display(letters, notice).show(Status())  # type: ignore[arg-type]
        assert letters.titles == [], "nothing is known, or a launch before this one has told it"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", "no command"),
        ("echo 'a", "No closing quotation"),
        ("echo a && reboot", "'&&', which only a shell knows"),
        ("echo a; reboot", "'a;', which only a shell knows"),
        ("cat a > b", "'>'"),
        ("no-such-program-at-all --now", "no program here"),
    ],
)
def test_a_command_that_needs_a_shell_or_is_not_here_fails_at_the_end(command: str, says: str) -> None:
    with pytest.raises(UserInputError) as raised:
        command_words(command)
    assert says in str(raised.value)


def test_a_command_at_the_end_goes_through_a_shell(capfd: pytest.CaptureFixture[str]) -> None:
    run_at_end(command_words("echo '$HOME *'"), "done", pytest.fail)
    run_at_end(command_words("printenv RECIPE_SWEEP_ENDED"), "failed", pytest.fail)
    assert capfd.readouterr().out == "$HOME *\nfailed\n"


def test_a_command_that_fails_is_not_told() -> None:
    warned: list[str] = []
    run_at_end(["false"], "done", warned.append)
    run_at_end(["/nowhere/at/all"], "done", warned.append)
    assert warned == [
        "--at-end: false ended with exit code 1",
        "--at-end: /nowhere/at/all could not be started: No such file or directory",
    ]
