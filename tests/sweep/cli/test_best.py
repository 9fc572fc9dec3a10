"""`best` and `logs` answer for any sweep, not only for searches and failures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sweep.commands import LAUNCH, call, stand_in_sweep


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch)


def test_best_of_a_grid_shows_the_configuration_with_the_highest_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    call(*LAUNCH)
    runs = json.loads(call("runs", "little.yaml", "--json"))["runs"]
    means = {alpha: sum(run["score"] for run in runs if run["alpha"] == alpha) / 2 for alpha in (0.1, 1.0)}
    [best] = json.loads(call("best", "little.yaml", "--json"))["designs"]
    assert best["alpha"] == max(means, key=lambda alpha: means[alpha])
    assert best["score"] == pytest.approx(max(means.values()))
    assert (best["seeds"], best["configurations"], len(best["run_ids"])) == (2, 2, 2)
    for columns in (80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        told = call("best", "little.yaml", "--beside", "sweeps/little")
        assert max(map(len, told.splitlines())) <= columns
        for text in ("vdn sarsa brac", f"alpha {best['alpha']:g}", f"{best['score']:.3f}", f"{best['corrected']:.3f}"):
            assert text in told
        assert told.count(f"{best['corrected']:.3f}") >= 2, "that of the other sweep stands beside"


def test_best_of_a_sweep_without_a_finished_run_says_so() -> None:
    call(*LAUNCH, "--only", "seed=0")
    told = call("best", "sweeps/little")
    assert "cannot both choose and score" in told
    for path in Path("sweeps/little/results").iterdir():
        path.unlink()
    assert "no finished run" in call("best", "sweeps/little"), "that is an answer, and it has the exit code of the JSON"
    assert json.loads(call("best", "sweeps/little", "--json"))["designs"] == []


def test_logs_of_a_finished_sweep_show_the_newest() -> None:
    assert "never launched" in call("logs", "little.yaml")
    call(*LAUNCH)
    logs = Path("sweeps/little/logs")
    for pack in {path.stem for path in Path("sweeps/little/results").glob("*.parquet")}:
        (logs / pack).mkdir(parents=True, exist_ok=True)
        (logs / pack / "0001.log").write_text(f"trained {pack}\n")
    told = call("logs", "little.yaml")
    assert "(published)" in told
    assert "trained " in told
