"""An export goes into a pipe as into a file; a reader that ends first, such as `head`, ends a command in silence."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.cli.main import app
from tests.sweep.commands import LAUNCH, call, stand_in_sweep


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    return here


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_gets_the_table_alone(name: str, sweep: Path) -> None:
    call("export", "little.yaml", "-o", "runs.csv")
    result = CliRunner().invoke(app, ["export", "little.yaml", "-o", name])
    assert result.exit_code == 0
    assert result.stdout_bytes == Path("runs.csv").read_bytes()
    assert "4 runs" in result.stderr


@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.parquet"])
def test_a_named_pipe_is_written_to_and_stays_a_pipe(name: str, sweep: Path) -> None:
    os.mkfifo(name)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path(name).read_bytes()), daemon=True)
    reader.start()
    call("export", "little.yaml", "-o", name)
    reader.join(30)
    assert Path(name).is_fifo()
    if name.endswith(".parquet"):
        assert pq.read_table(io.BytesIO(read[0])).num_rows == 4
    else:
        assert len(list(csv.DictReader(io.StringIO(read[0].decode())))) == 4


@pytest.mark.parametrize("out", ["runs", "runs.xlsx", "."])
def test_a_name_that_says_no_format_is_refused_before_anything_is_written(out: str, sweep: Path) -> None:
    before = sorted(sweep.rglob("*"))
    assert "- to print CSV" in call("export", "little.yaml", "-o", out, expect=ExitCode.BAD_INPUT)
    assert sorted(sweep.rglob("*")) == before


def test_a_policy_is_not_printed(sweep: Path) -> None:
    run = CliRunner().invoke(app, ["export", "little.yaml", "-o", "-"]).stdout.splitlines()[1].split(",")[0].strip('"')
    assert "expected  .safetensors" in call("export", "little.yaml", "--policy", run, "-o", "-", expect=ExitCode.BAD_INPUT)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("export", "little.yaml", "-o", "-"), id="export"),
        pytest.param(("status", "little.yaml"), id="a table"),
        pytest.param(("status", "nothing-of-that-name"), id="a complaint"),
    ],
)
def test_a_reader_that_has_gone_ends_a_command_without_a_word(words: tuple[str, ...], sweep: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    both = subprocess.STDOUT if "nothing-of-that-name" in words else subprocess.PIPE
    try:
        done = subprocess.run(
            [sys.executable, "-m", "recipe_sweep.sweep.cli.main", *words], stdout=theirs, stderr=both, text=True, timeout=60
        )
    finally:
        os.close(theirs)
    assert done.returncode == ExitCode.READER_GONE
    assert not done.stderr


def test_a_closed_standard_output_is_said_and_breaks_nothing(sweep: Path) -> None:
    command = f"{sys.executable} -m recipe_sweep.sweep.cli.main export little.yaml -o - >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == ExitCode.BAD_INPUT
    assert done.stderr.startswith("error: -o -\n  found     a standard output that is closed\n")
