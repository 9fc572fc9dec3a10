"""What is printed into a narrow terminal, a file or a pipe is all there."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from recipe_sweep.sweep.cli.show.live import LaunchDisplay
from recipe_sweep.sweep.estimates.spending import Spending
from recipe_sweep.sweep.monitoring.status import SweepStatus
from recipe_sweep.sweep.planning.opening import open_target
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


def test_a_command_of_explain_cannot_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH)
    monkeypatch.setenv("COLUMNS", "60")
    run_id = open_target("little.yaml").points[0].run_id
    commands = json.loads(call("explain", "little.yaml", run_id, "--json"))
    told = call("explain", "little.yaml", run_id).splitlines()
    for name in ("rerun", "replay", "with_its_code"):
        assert any(line.endswith(f"  {commands[name]}") for line in told), name


def test_a_dumb_terminal_sees_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    status = SweepStatus(4, 1, 0, 0, 0, 0, 3, 0, (), 0.0, None, Spending(0, 0, 0.0, 0.0, 0.0), None, (), (), None)
    for terminal, lines in (("dumb", 1), ("xterm", 0)):
        out = io.StringIO()
        monkeypatch.setenv("TERM", terminal)
        display = LaunchDisplay(Console(file=out, force_terminal=True))
        display.show(status)
        assert out.getvalue().count("1 of 4 done") == lines


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
