"""`down` on a host: nothing of the cluster stays, and nothing else is ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_sweep.cluster.host_processes import VARIABLE, end_cluster, of_cluster
from tests.sweep.processes import wait_until

MARK = f"/home/me/clusters/one-{os.getpid()}"
"""Only this process has this mark. Another run of these tests may be at work on this machine."""
SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
CHILD = (
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], env={})\n"
    "print(child.pid, flush=True); time.sleep(60)\n"
)
LAUNCH = (
    "#!{python}\nimport pathlib, signal, sys, time\n"
    "def stop(*_): pathlib.Path(sys.argv[2]).write_text('stopped in good order'); sys.exit()\n"
    "signal.signal(signal.SIGTERM, stop)\nprint(flush=True); time.sleep(60)\n"
)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(started: list[subprocess.Popen[str]], words: list[str], mark: str | None) -> tuple[subprocess.Popen[str], str]:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=environment | ({} if mark is None else {VARIABLE: mark})
    )
    started.append(process)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_another_cluster_or_another_program_of_the_user_is_ended(started: list[subprocess.Popen[str]]) -> None:
    ours, _ = start(started, SLEEP, MARK)
    others = [start(started, SLEEP, mark)[0] for mark in (None, f"{MARK}-two", "one")]
    assert end_cluster(MARK) == 0
    assert ours.wait(10) != 0
    assert [other.poll() for other in others] == [None] * 3


def test_a_process_without_the_mark_that_one_of_ours_started_stays(started: list[subprocess.Popen[str]]) -> None:
    """Ray's workers write over their environment."""
    _, child = start(started, [sys.executable, "-c", CHILD], MARK)
    assert int(child) in [process.pid for process in of_cluster(MARK)]
    assert end_cluster(MARK) == 0
    wait_until(lambda: _is_over(child))


def _is_over(pid: str) -> bool:
    """Whether a process is gone, or is only waited for by its parent."""
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return True


def test_a_launch_is_killed_before_its_packs_wrote_their_checkpoints(
    started: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    program = tmp_path / "recipe-sweep"
    program.write_text(LAUNCH.format(python=sys.executable))
    program.chmod(0o755)
    launch, _ = start(started, [str(program), "launch", str(tmp_path / "said")], MARK)
    began = time.monotonic()
    assert end_cluster(MARK) == 0
    assert launch.wait(10) == 0
    assert (tmp_path / "said").read_text() == "stopped in good order"
    assert time.monotonic() - began < 30


def test_who_asks_is_ended_too(started: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    inside = [sys.executable, "-m", "recipe_sweep.cluster.host_processes", MARK]
    done = subprocess.run(inside, env=os.environ | {VARIABLE: MARK}, timeout=60, check=False)
    assert done.returncode == 0
