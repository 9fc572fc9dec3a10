"""`launch GRID --cluster slurm.yaml` under a real Slurm, typed on a machine that sees the shared folder, in both modes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.results.done import read_done
from tests.lab.comparison import compare_sweeps
from tests.lab.conftest import MakeLab
from tests.lab.machines import SHARED, Lab
from tests.lab.patience import progress_of, wait_while_moving
from tests.lab.slurm import MAX_ARRAY_SIZE, Slurm, wait, why_no_slurm
from tests.lab.test_sweeps import RUNS, WHAT

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.xdist_group("lab")]

HERE = SHARED / "here"
THERE = SHARED / "there"
SWEEP = str(WHAT["name"])
LAUNCH = ("recipe-sweep", "launch", "grid.yaml", "--cluster", "slurm.yaml", "--no-mlflow", "--yes")
END_S = 15.0
"""Seconds after the last result in which the queue has to be empty."""
PACKING: dict[str, object] = {"max_lanes": 1, "threads": 1}
"""Packs of one run, because a launch that takes over plans anew, and bits depend on the pack."""
MODES = pytest.mark.parametrize("mode", ["array", "job"])


class Site:
    """A laboratory with a Slurm, a grid and a cluster file. The command is typed on machine 1."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.slurm = Slurm(lab)
        assert lab.shared is not None
        self.there = SweepPaths(lab.shared / "there" / "sweeps" / SWEEP)
        self.here = SweepPaths(lab.shared / "here" / "sweeps" / SWEEP)
        self._exit = lab.shared / "here" / "slurm.generated" / "launch.exit"
        lab.run(1, "mkdir", "-p", THERE)
        lab.put(1, HERE / "grid.yaml", yaml.safe_dump(WHAT))

    def describe(self, mode: str, **changes: object) -> None:
        """Write the cluster file. A node's Python is that of this checkout, with what is installed there."""
        content: dict[str, object] = {
            "backend": "slurm", "mode": mode, "directory": str(THERE), "nodes": 3, "cpus_per_node": 1, "memory_gb_per_node": 4,
            "hours": 1, "python": sys.executable, "packages": "given", "checkpoint_minutes": 0.005,
        }  # fmt: skip
        self.lab.put(1, HERE / "slurm.yaml", yaml.safe_dump(content | PACKING | changes))

    def launch(self, *options: str, code: int = 0) -> str:
        """Type the command and wait for its end. Return what it prints."""
        process = self.follow(*options)
        self.wait(lambda: process.poll() is not None)
        printed = process.communicate()[0].decode(errors="replace")
        assert process.returncode == code, f"{process.returncode}: {printed}\n{self.logs()}"
        return printed

    def follow(self, *options: str) -> subprocess.Popen[bytes]:
        return self.lab.popen(1, *LAUNCH, *options, directory=HERE)

    def logs(self) -> str:
        return self.lab.run(1, "sh", "-c", f"tail -n 30 {THERE}/*.log {HERE}/slurm.generated/launch.log", check=False)

    @property
    def done(self) -> int:
        return len(read_done(self.there).file_of)

    def attempts(self) -> list[Attempt]:
        packs = self.there.attempts.iterdir() if self.there.attempts.exists() else ()
        return [attempt for pack in packs for attempt in read_attempts(self.there, pack.name)]

    def is_half_way(self, host: str | None = None) -> bool:
        """Whether a pack, on this machine or on any, is past its first checkpoint and not yet done."""
        working = {each.pack_id for each in self.attempts() if each.ended_at is None and host in (None, each.process.host)}
        return any(300 < each.step < 1200 and each.pack_id in working for each in read_all_progress(self.there.progress))

    def wait(self, happened: Callable[[], object]) -> float:
        """Wait until something has happened, as long as runs, steps or Slurm's queue move. Return the seconds."""
        return wait_while_moving(happened, lambda: (progress_of(self.there), self.slurm.queue()))

    def until_empty(self, what: str) -> None:
        """Measure from the newest result to the empty queue."""
        self.wait(lambda: self.done == RUNS)
        newest = max(path.stat().st_mtime for path in self.there.results.glob("*.parquet"))
        self.wait(lambda: not self.slurm.queue())
        seconds = time.time() - newest
        print(f"{what}: the queue was empty {seconds:.1f} s after the last result")
        assert seconds < END_S, self.logs()

    def is_as(self, calm: Path) -> None:
        """Every run is there once, here and there, with the bits of the undisturbed sweep, and nothing counts as a failure."""
        assert self.done == RUNS
        assert compare_sweeps(self.there.root, calm) == []
        assert compare_sweeps(self.here.root, calm) == []
        assert not list(self.there.failures.glob("*/*.json"))

    def job(self) -> str:
        return self.slurm.queue()[0].split()[0].partition("_")[0]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The undisturbed sweep, trained on this host in one process."""
    here = tmp_path_factory.mktemp("calm")
    (here / "grid.yaml").write_text(yaml.safe_dump(WHAT))
    (here / "alone.yaml").write_text(yaml.safe_dump({"backend": "inline"} | PACKING))
    program = Path(sys.executable).with_name("recipe-sweep")
    words = [program, "launch", "grid.yaml", "--no-mlflow", "--data", "data", "--cluster", "alone.yaml", "--dir", "calm"]
    subprocess.run(words, cwd=here, check=True, capture_output=True)
    return here / "calm"


@pytest.fixture
def site(make_lab: MakeLab, calm: Path) -> Site:
    if (lacking := why_no_slurm()) is not None:
        pytest.skip(f"no Slurm: {lacking}")
    return Site(make_lab(3, shared=True))


@MODES
def test_a_sweep_that_nobody_follows_leaves_its_job_or_differs_from_one_of_a_single_machine(
    site: Site, calm: Path, mode: str
) -> None:
    site.describe(mode)
    began = time.monotonic()
    first = site.follow()
    site.wait(site.is_half_way)
    site.lab.run(1, "pkill", "--signal", str(int(signal.SIGINT)), "-f", "recipe-sweep launch grid.yaml --cluster slurm.yaml")
    said = first.communicate(timeout=60)[0].decode(errors="replace")
    assert first.returncode == ExitCode.INTERRUPTED, said
    assert "detached: the launch goes on there" in said
    site.until_empty(f"{mode}, not followed")
    print(f"{mode}: {time.monotonic() - began:.0f} s in all")
    said = site.launch()
    assert f"{RUNS} of {RUNS} done" in said
    site.is_as(calm)
    assert {attempt.process.host for attempt in site.attempts()} == {"lab1", "lab2", "lab3"}
    assert not (HERE / "slurm.generated" / "up.json").exists()


@MODES
def test_a_job_that_is_put_back_into_the_queue_loses_or_doubles_a_run(site: Site, calm: Path, mode: str) -> None:
    site.describe(mode, **({} if mode == "array" else {"nodes": 2}))
    process = site.follow()
    site.wait(site.is_half_way)
    job = site.job() + ("_0" if mode == "array" else "")  # the element that leads
    site.lab.run(1, "scontrol", "requeue", job)
    began = time.monotonic()
    site.wait(lambda: len({each.epoch for each in site.attempts()}) > 1)
    print(f"{mode}: packs were trained again {time.monotonic() - began:.0f} s after `scontrol requeue {job}`")
    site.until_empty(f"{mode}, put back into the queue")
    said = process.communicate(timeout=60)[0].decode(errors="replace")
    assert process.returncode == 0, said
    site.is_as(calm)


@MODES
def test_a_power_cut_of_the_node_that_leads_loses_or_doubles_a_run(site: Site, calm: Path, mode: str) -> None:
    site.describe(mode, **({} if mode == "array" else {"nodes": 2}))
    process = site.follow()
    site.wait(lambda: site.is_half_way("lab2"))
    site.lab.cut_power(2)
    began = time.monotonic()
    site.wait(lambda: len({each.epoch for each in site.attempts()}) > 1)
    print(f"{mode}: packs were trained again {time.monotonic() - began:.0f} s after the power cut")
    site.until_empty(f"{mode}, after a power cut")
    said = process.communicate(timeout=60)[0].decode(errors="replace")
    assert process.returncode == 0, said
    site.is_as(calm)
    assert any(each.process.host == "lab2" and each.ended_at is None for each in site.attempts())


def test_elements_that_reach_their_time_limit_do_not_go_on_by_themselves(site: Site, calm: Path) -> None:
    site.describe("array", hours=3 / 60, requeues=20)
    process = site.follow()
    site.wait(lambda: any("told to leave" in path.read_text() for path in (site.lab.shared or Path()).glob("there/*_*.log")))
    site.until_empty("array, with a time limit of three minutes")
    said = process.communicate(timeout=60)[0].decode(errors="replace")
    assert process.returncode == 0, said
    site.is_as(calm)
    ends = {each.end for each in site.attempts()}
    assert ends & {AttemptEnd.TERMINATED, AttemptEnd.STOPPED}, "no checkpoint was written at the time limit"


def test_a_job_that_reaches_its_time_limit_is_followed_for_ever(site: Site, calm: Path) -> None:
    site.describe("job")
    process = site.follow()
    site.wait(site.is_half_way)
    minutes = int(site.slurm.ask("squeue", "--noheader", "--format=%M").split(":")[-2])
    site.lab.run(1, "scontrol", "update", f"JobId={site.job()}", f"TimeLimit={minutes + 1}")
    site.wait(lambda: process.poll() is not None)
    said = process.communicate()[0].decode(errors="replace")
    assert process.returncode == ExitCode.INTERRUPTED, said
    assert "the launch on the cluster has ended, and so has the cluster" in said
    wait(lambda: not site.slurm.queue(), END_S)
    before = site.done
    assert before < RUNS
    print(f"job: {before} of {RUNS} runs were done at the time limit")
    site.describe("job")
    site.launch()
    site.is_as(calm)


def test_elements_cannot_be_cancelled_or_a_killed_follower_takes_them_along(site: Site, calm: Path) -> None:
    site.describe("array")
    first = site.follow()
    site.wait(site.is_half_way)
    first.kill()
    second = site.follow()
    site.lab.run(1, "recipe-sweep", "cancel", "grid.yaml", directory=HERE)
    site.wait(lambda: second.poll() is not None)
    said = second.communicate()[0].decode(errors="replace")
    assert second.returncode == ExitCode.INTERRUPTED, said
    print(f"array: empty {wait(lambda: not site.slurm.queue(), END_S):.1f} s after the end of the cancelled launch")
    assert site.done < RUNS
    assert list(site.here.checkpoints.glob("*/*")), "or nothing can go on from them here"
    site.launch()
    site.is_as(calm)


def test_more_elements_than_slurm_allows_are_submitted(site: Site) -> None:
    site.describe("array", nodes=MAX_ARRAY_SIZE + 1)
    said = site.launch(code=ExitCode.BAD_INPUT)
    assert f"{MAX_ARRAY_SIZE + 1} elements of an array" in said
    assert "MaxArraySize" in said
    assert not site.slurm.queue()
