"""What is printed into a narrow terminal, a file or a pipe is all there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recipe_sweep.sweep.opening import open_target
from recipe_sweep.sweep.results.setting_text import value_text
from tests.sweep.commands import LAUNCH, call, stand_in_sweep


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 132, 300])
def test_explain_cuts_no_name_and_no_value(columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    monkeypatch.setenv("COLUMNS", str(columns))
    point = open_target("little.yaml").points[0]
    told = call("explain", "little.yaml", point.run_id)
    for name, value in point.canonical().items():
        assert name in told, f"{name} is cut at {columns} columns"
        assert value_text(value) in told, f"the value of {name} is cut at {columns} columns"


@pytest.mark.parametrize("to", ["file", "pipe"])
def test_watching_into_a_file_or_a_pipe_writes_lines(to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    command = [sys.executable, "-m", "recipe_sweep.sweep.cli.main", "status", "little.yaml", "--watch"]
    with (here / "watched").open("w") as file:
        output = file if to == "file" else subprocess.PIPE
        with subprocess.Popen(command, stdout=output, text=True, env=os.environ, cwd=here) as process:
            if process.stdout is not None:
                line = process.stdout.readline()
            else:
                while not (line := (here / "watched").read_text()):
                    assert process.poll() is None, "it ended without a word"
            process.send_signal(signal.SIGINT)
    assert "4 of 4 done" in line
    assert process.returncode == 130
