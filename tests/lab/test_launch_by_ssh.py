"""`launch GRID --cluster FILE` with machines that share nothing, opened with real ssh, typed on this host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.results.done import read_done
from tests.lab.comparison import compare_sweeps
from tests.lab.conftest import MakeLab
from tests.lab.test_ssh import PATIENCE_S, SWEEP, _left, _wait, describe
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
        _wait(lambda: any(300 < progress.step < 1200 for progress in read_all_progress(copy.progress)))
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
