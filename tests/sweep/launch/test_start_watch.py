"""Workers that die before they begin end a launch with what they printed, instead of being started for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.attempt_file import begin_attempt
from recipe_sweep.sweep.files.launch_file import REAL, LaunchSettings
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.start_watch import DEATHS_ALLOWED, StartWatch, never_registered, printed, reason
from tests.sweep.cli.test_bad_input import GRID
from tests.sweep.commands import call
from tests.sweep.conftest import make_resources

PACK = "0123456789abcdef"
UNREGISTERED = (
    "(raylet) worker_pool.cc:660: Some workers of the worker process(1) have not registered within the timeout. "
    "The process is dead, probably it crashed during start."
)
BROKEN = """
import importlib, os, sys
if any("default_worker" in word for word in sys.orig_argv):
    raise ImportError("libopenblas.so: cannot open shared object file")
sys.path = [place for place in sys.path if place != os.path.dirname(os.path.abspath(__file__))]
del sys.modules["numpy"]
importlib.import_module("numpy")
"""


class Trial(NamedTuple):
    num_failures: int
    config: dict[str, object]


def settings(paths: SweepPaths) -> LaunchSettings:
    return LaunchSettings(paths.root, 2, paths.root, Keep.NONE, REAL, make_resources())


class Watched:
    """A launch of one pack, looked at again and again."""

    def __init__(self, paths: SweepPaths, logs: Path) -> None:
        self.paths, self.logs = paths, logs
        self._watch = StartWatch(settings(paths), logs)

    def look(self, restarts: int) -> bool:
        return self._watch.stillborn([Trial(restarts, {"pack_id": PACK}), Trial(99, {})], [PACK]) == (PACK,)

    def unregistered(self, count: int) -> None:
        self.logs.mkdir(exist_ok=True)
        (self.logs / "raylet.err").write_text(f"{UNREGISTERED}\n" * count)


@pytest.fixture
def watched(paths: SweepPaths, tmp_path: Path) -> Watched:
    begin_attempt(paths, PACK, 1, 0)  # of an earlier launch
    return Watched(paths, tmp_path / "logs")


def test_three_deaths_in_a_row_before_an_attempt_begins_are_the_end(watched: Watched) -> None:
    assert [watched.look(restarts) for restarts in range(5)] == [False, False, False, True, True]


def test_an_attempt_that_begins_starts_the_count_anew(watched: Watched) -> None:
    assert [watched.look(restarts) for restarts in (0, 1, 2)] == [False, False, False]
    begin_attempt(watched.paths, PACK, 2, 0)
    # The third restart is of the attempt that began; three more follow upon it.
    assert [watched.look(restarts) for restarts in (2, 3, 4, 5, 6)] == [False, False, False, False, True]


def test_deaths_of_attempts_that_began_never_count(watched: Watched) -> None:
    for restarts in range(20):
        begin_attempt(watched.paths, PACK, 2, 0)
        assert not watched.look(restarts)
        assert not watched.look(restarts + 1)


def test_workers_that_never_registered_count_only_while_none_begins(watched: Watched) -> None:
    for count in (0, 1, 2):
        watched.unregistered(count)
        assert not watched.look(0)
    watched.unregistered(3)
    assert watched.look(0)
    begin_attempt(watched.paths, PACK, 2, 0)
    for count in (3, 5, 9):  # over days, on a machine that is slow now and then
        watched.unregistered(count)
        assert not watched.look(0)


def test_workers_that_ray_never_knew_of_are_counted_by_its_log(tmp_path: Path) -> None:
    assert never_registered(tmp_path) == 0
    (tmp_path / "raylet.err").write_text(f"{UNREGISTERED}\n" * DEATHS_ALLOWED)
    assert never_registered(tmp_path) == DEATHS_ALLOWED


def test_what_is_told_is_the_line_that_says_why(tmp_path: Path) -> None:
    assert printed(tmp_path) == "nothing"
    (tmp_path / "raylet.err").write_text("python3: can't open file '/x/start.py': [Errno 2] No such file\nthe end\n")
    assert reason(printed(tmp_path)).startswith("python3: can't open file")
    chained = "Traceback\n  raise ImportError()\nImportError: libx.so\n\nTraceback\nImportError: and so on\n"
    (tmp_path / "worker-1.err").write_text(chained)
    assert reason(printed(tmp_path)) == "ImportError: libx.so"
    (tmp_path / "worker-2.err").write_text(":job_id:01000000\n")  # one that has only just begun
    os.utime(tmp_path / "worker-2.err", (2e9, 2e9))
    assert reason(printed(tmp_path)) == "ImportError: libx.so"
    assert reason("nothing at all") == "nothing at all"


@pytest.mark.slow
@pytest.mark.xdist_group("ray-users")
def test_a_broken_library_of_the_workers_ends_the_launch_and_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "little.yaml").write_text(GRID)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "numpy.py").write_text(BROKEN)
    words = ["rehearse", "little.yaml", "--dir", "sweep", "--no-mlflow"]
    broken = os.environ | {"PYTHONPATH": f"{tmp_path / 'broken'}{os.pathsep}{os.environ['PYTHONPATH']}"}
    command = [sys.executable, "-m", "recipe_sweep.sweep.cli.main", *words]
    done = subprocess.run(command, env=broken, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == ExitCode.FAILURE, done.stdout + done.stderr
    assert "no worker could be started" in done.stderr
    assert "libopenblas.so" in done.stderr
    assert "Traceback" not in done.stderr
    assert "libopenblas.so" in call("status", "sweep")
    assert "libopenblas.so" in call("doctor", "sweep", expect=ExitCode.FAILURE)
    mended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    call("doctor", "sweep")
