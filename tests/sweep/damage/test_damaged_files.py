"""Whatever becomes of one file of a sweep, commands name it in one sentence, and go on as far as they can."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.opening import open_target
from tests.sweep import stand_in
from tests.sweep.damage import sweeps
from tests.sweep.damage.damages import DAMAGES
from tests.sweep.damage.sweeps import SWEEP, a_file

HANG_S = 60
"""A command that is not back by then waits for ever."""

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "plan": ("plan", "little.yaml", "--cluster", "inline.yaml"),
    "plan --json": ("plan", "little.yaml", "--cluster", "inline.yaml", "--json"),
    "launch": ("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow"),
    "retry": ("retry", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow"),
    "status": ("status", "little.yaml"),
    "status --json": ("status", str(SWEEP), "--json"),
    "explain": ("explain", "little.yaml", "RUN"),
    "logs": ("logs", "little.yaml"),
    "cancel": ("cancel", "little.yaml"),
    "doctor": ("doctor", "little.yaml"),
    "recommend": ("recommend", "little.yaml"),
    "export": ("export", "little.yaml", "-o", "out.csv"),
    "export --policy": ("export", "little.yaml", "-o", "out.safetensors", "--policy", "DONE"),
}

SWEEPING = set(COMMANDS) - {"recommend"}
LAUNCHING = {"launch", "retry"}
PLANNING = {"plan", "plan --json", *LAUNCHING}
LOOKING = {"status", "status --json", "doctor"}
COUNTING = SWEEPING - {"cancel"} | {"recommend"}
READERS: Mapping[str, set[str]] = {
    "sweep.json": SWEEPING - {"plan", "plan --json", "cancel", "logs", "explain"},
    "results": COUNTING,
    "weights": {"doctor", "export --policy"},
    "record of a pack": {"doctor", "explain", *PLANNING},
    "attempt": {"doctor"},
    "attempt that failed": {"doctor", "logs"},
    "claim": {"doctor"},
    "failure": {"doctor", "logs", "status", "status --json", "explain"},
    "progress": {"doctor"},
    "checkpoint": {"doctor"},
    "lease": {*LOOKING, "cancel", *LAUNCHING},
    "lock": {"doctor", *LAUNCHING},
    "heartbeat": {"doctor"},
    "launch": {"doctor", "status", "status --json"},
    "estimate": {"doctor", "status", "status --json"},
    "outcome": {"doctor"},
    "calibration": {"doctor"},
    "index": {"doctor"},
    "log": {"doctor", "logs"},
}
"""The commands that read a kind of file, and so must name one that is damaged."""

NEVER_PARSED = {"claim", "lock", "heartbeat", "log", "checkpoint", "index"}
"""Of these only what is no regular file is damage: their content may be anything, or is made anew."""
NO_FILE = {"FIFO", "directory", "link to nowhere", "link to itself", "link to an endless device"}
SOUND = {("calibration", "link to nowhere")}


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("laid")
    with pytest.MonkeyPatch.context() as patch:
        sweeps.lay(directory, patch)
    return directory


@pytest.fixture
def here(laid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return go_to_copy(laid, tmp_path / "copy", monkeypatch)


def go_to_copy(laid: Path, to: Path, patch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(laid, to)
    patch.chdir(to)
    patch.setenv("COLUMNS", "200")
    patch.setenv("RECIPE_SWEEP_WORKLOAD", stand_in.NAME)
    patch.setenv("RECIPE_SWEEP_DATA", str(to / "data"))
    return to


@contextmanager
def no_hang(what: str) -> Iterator[None]:
    def give_up(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"{what} waits for ever")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(HANG_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def output_of(command: str) -> tuple[str, int]:
    """What a command prints, and its exit code. Fails where it ends by an error that is not shown as text."""
    words = {"RUN": "", "DONE": ""}
    if words.keys() & set(COMMANDS[command]):
        points = open_target("little.yaml").points
        words = {"RUN": points[0].run_id, "DONE": points[0].run_id}
    with no_hang(command):
        result = CliRunner().invoke(app, [words.get(word, word) for word in COMMANDS[command]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"{command}: {result.output}") from result.exception
    assert result.exit_code in {code.value for code in ExitCode}, result.output
    assert "Traceback" not in result.output
    return result.output, result.exit_code


def check(kind: str, damage: str, command: str) -> None:
    """Damage one file, and hold a command to what it promises."""
    path = a_file(kind)
    DAMAGES[damage](path)
    output, code = output_of(command)
    named = [line for line in output.splitlines() if str(path) in line]
    is_damage = kind not in NEVER_PARSED or damage in NO_FILE
    if command in READERS[kind] and is_damage:
        assert named, f"{command} says nothing of {path}, {damage}:\n{output}"
        assert sum(f"warning: {path}" in line for line in named) <= 1, output
    assert "(b'" not in output
    if command == "doctor" and is_damage:
        assert code == (ExitCode.BAD_INPUT if kind == "sweep.json" else ExitCode.FAILURE)
        assert any("mv -- " in line or "make it readable" in line for line in output.splitlines()), output


CASES = [(kind, damage) for kind in READERS for damage in DAMAGES]


@pytest.mark.parametrize(("kind", "damage"), CASES, ids=[f"{kind}, {damage}" for kind, damage in CASES])
def test_doctor_names_a_damaged_file_and_says_what_to_do(here: Path, kind: str, damage: str) -> None:
    check(kind, damage, "doctor")


@pytest.mark.parametrize(("kind", "damage"), CASES, ids=[f"{kind}, {damage}" for kind, damage in CASES])
def test_a_damaged_file_is_named_and_stops_no_command_without_a_sentence(here: Path, kind: str, damage: str) -> None:
    chooser = random.Random(f"{kind} {damage}")
    choice = chooser.choice(sorted(READERS[kind] - {"doctor"}) or sorted(set(COMMANDS) - {"doctor"}))
    check(kind, damage, choice)


@pytest.mark.faults
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("kind", "damage"), CASES, ids=[f"{kind}, {damage}" for kind, damage in CASES])
def test_every_command_stands_every_damage_of_every_file(here: Path, kind: str, damage: str, command: str) -> None:
    check(kind, damage, command)
