"""Whatever becomes of one file of a sweep, commands name it in one sentence, and go on as far as they can."""

from __future__ import annotations

import json
import random
import shlex
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from recipe_sweep.sweep.files import kinds
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.results.schema_version import SCHEMA_VERSION
from tests.sweep import stand_in
from tests.sweep.damage import sweeps
from tests.sweep.damage.damages import DAMAGES
from tests.sweep.damage.sweeps import SWEEP, a_file, some_runs

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
    "launch": {"doctor", "explain"},
    "estimate": {"doctor", "status", "status --json"},
    "outcome": {"doctor"},
    "source": {"doctor"},
    "calibration": {"doctor"},
    "index": {"doctor"},
    "log": {"doctor", "logs"},
}
"""The commands that read a kind of file, and so must name one that is damaged."""

NEVER_PARSED = {"claim", "lock", "heartbeat", "log", "checkpoint", "index"}
"""Of these only what is no regular file is damage: their content may be anything, or is made anew."""
NO_FILE = {"FIFO", "directory", "link to nowhere", "link to itself", "link to an endless device"}


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("laid")
    with pytest.MonkeyPatch.context() as patch:
        sweeps.lay(directory, patch)
    return directory


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("searched")
    with pytest.MonkeyPatch.context() as patch:
        sweeps.lay_search(directory, patch)
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


def output_of(command: str, runs: Mapping[str, str]) -> tuple[str, int]:
    """What a command prints, and its exit code. Fails where it ends by an error that is not shown as text."""
    with no_hang(command):
        result = CliRunner().invoke(app, [runs.get(word, word) for word in COMMANDS[command]])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"{command}: {result.output}") from result.exception
    assert result.exit_code in {code.value for code in ExitCode}, result.output
    return result.output, result.exit_code


def check(kind: str, damage: str, *commands: str) -> None:
    """Damage one file, and hold commands to what they promise."""
    path, runs = a_file(kind), some_runs()
    DAMAGES[damage](path)
    for command in commands:
        _check(kind, damage, command, path, *output_of(command, runs))


def _check(kind: str, damage: str, command: str, path: Path, output: str, code: int) -> None:
    named = [line for line in output.splitlines() if str(path) in line]
    is_damage = kind not in NEVER_PARSED or damage in NO_FILE
    if command in READERS[kind] and is_damage:
        assert named, f"{command} says nothing of {path}, {damage}:\n{output}"
        assert sum(f"warning: {path}" in line for line in named) <= 1, output
    assert "(b'" not in output
    if command == "doctor" and is_damage:
        assert "warning" not in output, "it speaks of the file as a problem"
        assert code == (ExitCode.BAD_INPUT if kind == "sweep.json" else ExitCode.FAILURE)
        assert any("mv -- " in line or "make it readable" in line for line in output.splitlines()), output


ALL = [(kind, damage) for kind in READERS for damage in DAMAGES]
CASES = [(kind, damage) for number, (kind, damage) in enumerate(ALL) if number % 5 == 0]
"""Every kind of file with three damages, every damage to three or four kinds."""


@pytest.mark.parametrize(("kind", "damage"), CASES, ids=[f"{kind}, {damage}" for kind, damage in CASES])
def test_a_damaged_file_is_named_and_doctor_says_what_to_do(here: Path, kind: str, damage: str) -> None:
    readers = sorted(READERS[kind] - {"doctor"}) or sorted(COMMANDS)
    check(kind, damage, "doctor", random.Random(f"{kind} {damage}").choice(readers))


@pytest.mark.faults
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("kind", "damage"), ALL, ids=[f"{kind}, {damage}" for kind, damage in ALL])
def test_every_command_stands_every_damage_of_every_file(here: Path, kind: str, damage: str, command: str) -> None:
    check(kind, damage, command)


def test_results_that_cannot_be_read_hold_only_their_own_runs_and_come_back_once_moved_away(here: Path) -> None:
    path = a_file("results")
    DAMAGES["truncated"](path)
    output, code = output_of("launch", {})
    assert code == ExitCode.FAILURE, output
    assert "waiting: 1 run, because a damaged results file may already hold" in output
    assert "1 run did not run" in output
    status = json.loads(CliRunner().invoke(app, ["status", "little.yaml", "--json"]).stdout)
    assert (status["done"], status["waiting"], status["failed"]) == (2, 1, 1), "the one that was killed is done now"
    path.rename(f"{path}.damaged")
    assert "3 of 4 done" in output_of("launch", {})[0]
    assert path.exists()


def test_a_launch_of_nothing_but_damaged_results_is_refused_with_the_file(here: Path) -> None:
    path = a_file("results")
    DAMAGES["garbage"](path)
    before = sorted(here.rglob("*"))
    words = ["launch", "little.yaml", "--only", "seed=0", "--cluster", "inline.yaml", "--no-mlflow"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == ExitCode.BAD_INPUT
    assert result.output.count(str(path)) == 3, "once by name, twice in the command that moves it away"
    assert "warning" not in result.output
    assert sorted(here.rglob("*")) == before


def test_with_the_record_of_its_pack_gone_too_no_run_is_trained_twice(here: Path) -> None:
    path = a_file("results")
    DAMAGES["empty"](path)
    SweepPaths(SWEEP).pack_record(path.stem).unlink()
    output, code = output_of("launch", {})
    assert code == ExitCode.BAD_INPUT
    assert str(path) in output


def test_a_foreign_parquet_beside_the_results_blocks_nothing(here: Path) -> None:
    foreign = SweepPaths(SWEEP).results / "my-table.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    output, _ = output_of("launch", {})
    assert "3 of 4 done" in output
    assert f"warning: {foreign} is not the results of a pack but a Parquet file without columns run_id" in output


def test_a_report_is_drawn_from_what_can_be_read(here: Path) -> None:
    path = a_file("results")
    DAMAGES["foreign Parquet"](path)
    result = CliRunner().invoke(app, ["report", str(SWEEP), "--figure", "7", "-o", "out"])
    assert result.exit_code == ExitCode.OK, result.output
    assert "3 of 4 runs are missing" in result.output
    assert f"warning: {path}" in result.output


NEWER = {
    "status": ("status", "little.yaml"),
    "plan": ("plan", "little.yaml", "--cluster", "inline.yaml"),
    "doctor": ("doctor", "little.yaml"),
    "export": ("export", "little.yaml", "-o", "out.csv"),
    "report": ("report", "little.yaml", "--figure", "7", "-o", "out"),
    "recommend": ("recommend", "little.yaml"),
    "logs": ("logs", "little.yaml"),
}


@pytest.mark.parametrize("command", NEWER)
def test_results_of_a_newer_version_are_read_and_every_command_says_so_alike(here: Path, command: str) -> None:
    path = a_file("results")
    table = pq.read_table(path).append_column("peak_memory_gb", pa.array([1.0])).drop_columns(["cpu_s"])
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, b"schema_version": str(SCHEMA_VERSION + 1).encode()}), path
    )
    result = CliRunner().invoke(app, list(NEWER[command]))
    assert result.exit_code == ExitCode.OK, result.output
    newer = f"schema version {SCHEMA_VERSION + 1}, known here: {SCHEMA_VERSION}"
    said = f"results of a newer version are in 1 file of sweeps/little/results ({newer})"
    assert said in result.output
    assert "damaged" not in result.output


@pytest.mark.parametrize("kind", ["sweep.json", "record of a pack", "failure", "launch", "estimate", "calibration", "progress"])
def test_a_newer_file_is_never_answered_with_move_it_away(here: Path, kind: str) -> None:
    path = a_file(kind)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    output, _ = output_of("doctor", {})
    assert str(path) in output
    assert "use that one for this sweep" in output
    assert f"mv -- {path}" not in output


@pytest.mark.parametrize("damage", ["truncated", "FIFO", "objects nested 100,000 deep"])
def test_a_damaged_round_of_a_search_stops_its_launch_and_no_look_at_it(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    go_to_copy(searched, tmp_path / "copy", monkeypatch)
    path = SweepPaths(Path("sweeps/search_spread")).search_round(1)
    DAMAGES[damage](path)
    with no_hang(damage):
        for command, code in (("status", ExitCode.OK), ("doctor", ExitCode.FAILURE), ("best", ExitCode.OK)):
            result = CliRunner().invoke(app, [command, "sweeps/search_spread"])
            assert (result.exit_code, str(path) in result.output) == (code, True), result.output
        result = CliRunner().invoke(app, ["launch", *sweeps.SEARCH, "--cluster", "inline.yaml", "--no-mlflow"])
    assert result.exit_code == ExitCode.BAD_INPUT, result.output
    assert str(path) in result.output


def test_a_path_with_a_space_is_quoted_in_the_command_that_moves_the_file_away() -> None:
    error = kinds.PACK.damaged(Path("my sweep/packs/it's.json"), "an empty file")
    assert shlex.split(error.remedy.rpartition(": ")[2]) == [
        "mv", "--", "my sweep/packs/it's.json", "my sweep/packs/it's.json.damaged",
    ]  # fmt: skip
