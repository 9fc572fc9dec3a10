"""Two sweeps of the same runs: one that was trained on machines that may fail, and one that nothing disturbed."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import open_target
from tests.faults.verdict import faults_in


def compare_sweeps(sweep: Path, calm: Path) -> list[str]:
    """List what is wrong with a sweep, `calm` being the undisturbed one, whose packs may be others.

    Each of its runs has to be there once, with the same rows and the same final parameters, bit for bit.
    """
    return list(faults_in(SweepPaths(sweep), SweepPaths(calm), open_target(str(calm)).points))
