"""`launch GRID --cluster FILE` with machines that share nothing, opened with real ssh, typed on this host."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from recipe_sweep.cluster.backends.ssh_reach import CUT_OFF
from recipe_sweep.sweep.files.attempt_file import read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.results.done import read_done
from tests.lab import apart
from tests.lab.comparison import compare_sweeps
from tests.lab.conftest import MakeLab
from tests.lab.machines import Lab
from tests.lab.patience import progress_of, wait_while_moving
from tests.lab.test_ssh import PATIENCE_S, SWEEP, _left, describe
from tests.lab.test_sweeps import RUNS, WHAT, calm

__all__ = ["calm"]

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

PROGRAM = Path(sys.executable).with_name("recipe-sweep")


def test_one_command_leaves_a_cluster_up_or_results_on_it(make_lab: MakeLab, calm: Path, tmp_path: Path) -> None:
    """The first follower is killed. A worker loses its power. The same command, typed in another directory, finishes."""
    lab = make_lab(3, disks=True, ssh=True)
    here, elsewhere = describe(lab, lab.start_ssh(), tmp_path / "here").parent, tmp_path / "elsewhere"
    elsewhere.mkdir()
    (here / "grid.yaml").write_text(yaml.safe_dump(WHAT))
    words = [PROGRAM, "launch", here / "grid.yaml", "--cluster", here / "lab.yaml", "--no-mlflow", "--yes"]
    copy = SweepPaths(here / "sweeps" / SWEEP)
    with (tmp_path / "first").open("wb") as said:
        first = subprocess.Popen(words, cwd=here, stdout=said, stderr=said)
        wait_while_moving(
            lambda: any(300 < each.step < 1200 for each in read_all_progress(copy.progress)), lambda: progress_of(copy)
        )
        first.kill()
        first.wait()
    lab.cut_power(3)
    done = subprocess.run(words, cwd=elsewhere, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    print((tmp_path / "first").read_text(), done.stdout, done.stderr)
    assert done.returncode == 1, "one machine could not be ended"
    assert "not every machine could be ended" in done.stderr
    sweep = SweepPaths(elsewhere / "sweeps" / SWEEP)
    assert len(read_done(sweep).file_of) == RUNS
    assert compare_sweeps(sweep.root, calm) == []
    assert [_left(lab, machine) for machine in (1, 2)] == ["", ""]
    again = subprocess.run(words, cwd=elsewhere, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert "12 of 12 done" in again.stdout, "attached after the end"


class Typed:
    """The launch of `apart`'s grid on machines of a laboratory that keeps disks, typed on this host."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab, self.here = lab, describe(lab, lab.start_ssh(), directory, **apart.PACKING).parent
        (self.here / "grid.yaml").write_text(yaml.safe_dump(apart.WHAT))
        self._words = ["launch", *apart.GRID_WORDS, "--cluster", "lab.yaml", "--no-mlflow", "--yes"]
        name = "demo" if apart.DEMO else str(apart.WHAT["name"])
        self.copy, self._printed = SweepPaths(self.here / "sweeps" / name), self.here / "printed"
        self._started: list[subprocess.Popen[bytes]] = []

    def follow(self) -> subprocess.Popen[bytes]:
        """Type the command. What it prints goes to a file, because a pipe that nobody reads gets full."""
        with self._printed.open("wb") as printed:
            self._started.append(subprocess.Popen([PROGRAM, *self._words], cwd=self.here, stdout=printed, stderr=printed))
        return self._started[-1]

    def close(self) -> None:
        """Kill whoever still follows."""
        for process in self._started:
            process.kill()
            process.wait()

    def said(self) -> str:
        """Read what the newest command has printed."""
        return self._printed.read_text()

    def run(self, *words: str) -> str:
        """Run another command on the copy here."""
        done = subprocess.run([PROGRAM, *words], cwd=self.here, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def done(self) -> int:
        return len(read_done(self.copy).file_of)

    def attempts_on(self, host: str) -> int:
        packs = self.copy.attempts.iterdir() if self.copy.attempts.exists() else ()
        return sum(each.process.host == host for pack in packs for each in read_attempts(self.copy, pack.name))

    def wait(self, process: subprocess.Popen[bytes], what: str, happened: Callable[[], object]) -> None:
        """Wait until something has happened, for as long as runs are done or steps are made."""

        def moving() -> bool:
            assert process.poll() is None or happened(), (what, self.said())
            return bool(happened())

        seconds = wait_while_moving(moving, lambda: progress_of(self.copy), every_s=1)
        print(f"{what}: {seconds:.0f} s, {self.done} of {apart.RUNS} done")

    def switch_on(self, machine: int) -> None:
        self.lab.start(machine)
        self.lab.serve_ssh(machine)


@pytest.fixture
def typed(make_lab: MakeLab, tmp_path: Path) -> Iterator[Typed]:
    with closing(Typed(make_lab(3, disks=True, ssh=True), tmp_path / "here")) as typed:
        yield typed


def test_a_power_cut_of_the_head_is_followed_for_ever_or_costs_a_run(typed: Typed, undisturbed: Path) -> None:
    """A worker loses its power and comes back, and so does the head. The command tells of it, and typed again it finishes."""
    first, quarter = typed.follow(), apart.RUNS // 4
    typed.wait(first, "a worker has begun", lambda: typed.attempts_on("lab2"))
    typed.lab.cut_power(2)
    typed.wait(first, "a quarter after a worker's power cut", lambda: typed.done >= quarter)
    typed.switch_on(2)
    typed.wait(first, "a half", lambda: typed.done >= 2 * quarter)
    typed.lab.cut_power(1)
    time.sleep(10)
    assert first.poll() is None, "the head may come back"
    typed.switch_on(1)
    began = time.monotonic()
    first.wait(PATIENCE_S)
    said = typed.said()
    print(f"the end after the head was back: {time.monotonic() - began:.0f} s\n{said}")
    assert first.returncode == 1
    assert CUT_OFF in " ".join(said.split())
    assert [_left(typed.lab, machine) for machine in typed.lab.machines] == ["", "", ""]
    assert quarter < typed.done < apart.RUNS

    again = typed.follow()
    typed.wait(again, "the rest", lambda: again.poll() is not None)
    said = typed.said()
    assert again.returncode == 0, said
    assert f"{apart.RUNS} of {apart.RUNS} done" in said
    assert compare_sweeps(typed.copy.root, undisturbed) == []
    assert not list(typed.copy.failures.glob("*/*.json")), "a power cut was counted as a failure"
    assert [_left(typed.lab, machine) for machine in typed.lab.machines] == ["", "", ""]
    typed.run("report", str(typed.copy.root))
    assert list((typed.copy.root / "report").iterdir())
