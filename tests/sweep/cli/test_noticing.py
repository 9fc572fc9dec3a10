"""`--notify`, `notify:` and `--at-end` of a whole launch. Notices go to a list instead of a service."""

from __future__ import annotations

from pathlib import Path

import pytest

import recipe_sweep
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.launch import notices
from tests.sweep.cli.test_bad_input import contents
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

SECRET = "hunter2-in-the-open"


class Service:
    """What the library would be: it keeps what it is asked to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.works = True

    def notify(self, title: str, body: str) -> bool:
        self.sent.append((title, body))
        return self.works

    def __len__(self) -> int:
        return 1


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setenv("TELL", f"json://{SECRET}/")
    monkeypatch.setattr(notices, "_addresses", lambda variable: service)
    return service


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    stand_in_sweep(tmp_path, monkeypatch)
    return tmp_path


def in_file(here: Path, line: str) -> None:
    with (here / "inline.yaml").open("a") as file:
        file.write(f"\n{line}\n")


def test_the_end_of_a_launch_is_told_nobody(here: Path, service: Service) -> None:
    said = call(*LAUNCH, "--notify", "env:TELL", "--at-end", "touch ended")
    [(title, body)] = service.sent
    assert title == "little: done"
    assert "done" in body
    assert (here / "ended").exists()
    assert SECRET not in said + "".join(path.read_text(errors="replace") for path in here.rglob("*") if path.is_file())
    call(*LAUNCH, "--notify", "env:TELL")
    assert service.sent[1:] == [("little: done", "nothing was to do")]


def test_a_launch_from_python_tells_nobody(here: Path, service: Service) -> None:
    launched = recipe_sweep.launch("little.yaml", cluster="inline.yaml", mlflow=False, notify="env:TELL")
    assert [title for title, _ in service.sent] == ["little: done"]
    assert len(launched.runs) > 0
    with pytest.raises(UserInputError, match="env:NAME") as raised:
        recipe_sweep.launch("little.yaml", cluster="inline.yaml", mlflow=False, notify=f"slack://{SECRET}")
    assert SECRET not in str(raised.value)


def test_a_cluster_file_tells_nobody(here: Path, service: Service) -> None:
    in_file(here, "notify: env:TELL")
    call("rehearse", *LAUNCH[1:])
    assert [title for title, _ in service.sent] == ["little: done"]


def test_a_notice_that_fails_changes_the_exit_code(here: Path, service: Service) -> None:
    service.works = False
    assert "1 of 1 notices to env:TELL could not be sent" in call(*LAUNCH, "--notify", "env:TELL")


def test_an_address_that_is_not_here_stops_a_launch_by_a_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELL", raising=False)
    in_file(here, "notify: env:TELL")
    assert "nobody will be told how this launch ends: env:TELL is no such variable here" in call(*LAUNCH)


@pytest.mark.parametrize(
    "words",
    [
        ("--notify", "env:NOT_SET_ANYWHERE"),
        ("--notify", f"slack://{SECRET}"),
        ("--at-end", "no-such-program-at-all"),
        ("--at-end", "true && true"),
    ],
)
def test_a_mistake_is_found_out_after_hours_of_training(here: Path, words: tuple[str, str]) -> None:
    before = contents(here)
    for command in ("launch", "rehearse", "retry"):
        said = call(command, *LAUNCH[1:], *words, expect=ExitCode.BAD_INPUT)
        assert words[0] in said or "env:NOT_SET_ANYWHERE" in said
        assert SECRET not in said
    assert contents(here) == before


def test_a_mistake_of_the_user_is_told_to_others_as_an_end(here: Path, service: Service) -> None:
    call("launch", "nowhere.yaml", "--notify", "env:TELL", "--at-end", "touch ended", expect=ExitCode.BAD_INPUT)
    assert service.sent == []
    assert not (here / "ended").exists()


@pytest.mark.parametrize(
    "value", [f"slack://{SECRET}", f"'{SECRET}'", f"[env:{SECRET}, 1]", f"{{a: {SECRET}}}", "'env:'", "true"]
)
def test_an_address_in_a_cluster_file_is_taken_or_repeated(here: Path, value: str) -> None:
    in_file(here, f"notify: {value}")
    for words in (LAUNCH, ("cluster", "validate", "inline.yaml")):
        said = call(*words, expect=ExitCode.BAD_INPUT)
        assert "notify" in said
        assert "env:NAME" in said
        assert SECRET not in said


def test_a_command_in_a_cluster_file_runs(here: Path) -> None:
    in_file(here, "at_end: touch ended")
    assert "unknown key 'at_end'" in call(*LAUNCH, expect=ExitCode.BAD_INPUT)
