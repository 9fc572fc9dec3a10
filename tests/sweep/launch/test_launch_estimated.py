"""From `plan --calibrate` to a score, with real training. How good the estimate is depends on the machine: not asserted."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from recipe_sweep.sweep.estimates.estimate_file import last_score
from recipe_sweep.sweep.estimates.paces import Basis
from recipe_sweep.sweep.files.launch_file import REAL
from recipe_sweep.sweep.files.paths import SweepPaths
from tests.sweep.cli.test_bad_input import GRID, INLINE
from tests.sweep.cli.test_commands import call

pytestmark = pytest.mark.slow


def test_a_grid_that_was_planned_by_a_probe_is_scored_once_it_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECIPE_SWEEP_WORKLOAD", REAL)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "little.yaml").write_text(GRID)
    (tmp_path / "inline.yaml").write_text(INLINE)
    here = ("little.yaml", "--cluster", "inline.yaml")
    assert "`--calibrate` measures it within a minute" in call("plan", *here)
    assert "time: about" in call("plan", *here, "--calibrate")
    assert [path.name for path in Path("sweeps/little").iterdir()] == ["calibration.json"]
    call("launch", *here, "--no-mlflow")

    score = last_score(SweepPaths(Path("sweeps/little")))
    assert score is not None
    assert {count.basis for count in score.estimate.bases} == {Basis.PROBED}
    assert score.error is not None
    assert math.isfinite(score.error)
    assert score.text in call("status", "little.yaml")
    assert json.loads(call("status", "little.yaml", "--json"))["score"]["error"] == score.error
    assert score.text in call("report", "little.yaml")
    assert score.text in Path("sweeps/little/report/figure7.md").read_text()
