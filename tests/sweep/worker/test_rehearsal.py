"""Rehearsals: plausible, the same every time, as good a worker as the trainer, and never taken for the real thing."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM, SENTENCE, WORD
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, Extraction, Keep, ValueLearning
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import Rehearsal, SweepFile, write_sweep_file
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results.schema import REHEARSAL
from recipe_sweep.sweep.worker.rehearsal import SCALE, made_up, prepare_data, train_pack
from recipe_sweep.sweep.worker.world_scores import draw, facts_of
from recipe_sweep.sweep.worker.worlds import world_named
from recipe_sweep.trainers.outcome import PackOutcome, PackProgress
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import RunStatus
from tests.sweep import stand_in
from tests.sweep.commands import call, little_sweep
from tests.sweep.conftest import make_point, make_points
from tests.words import DECOMPOSITIONS

FIGURES = ("figure7", "figure7_alpha")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return little_sweep(tmp_path, monkeypatch)


def rehearse(*arguments: str, expect: ExitCode = ExitCode.OK) -> str:
    return call("rehearse", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow", *arguments, expect=expect)


def train(root: Path, points: Sequence[DesignPoint], stop_after: int | None = None) -> tuple[PackOutcome, list[PackProgress]]:
    """One pack by the workload itself, told to stop at the question after so many."""
    seen: list[PackProgress] = []
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return stop_after is not None and asked > stop_after

    request = TrainRequest(
        points,
        root,
        data_hash=f"{REHEARSAL}-data",
        checkpoint_dir=root / "checkpoint",
        progress=seen.append,
        should_stop=should_stop,
    )
    return train_pack(request), seen


def slow(root: Path, seconds_per_run: float) -> None:
    sweep = SweepFile("little", {}, Keep.ACTOR, str(root), "2026-01-01", rehearsal=Rehearsal(seconds_per_run))
    write_sweep_file(SweepPaths(root), sweep)


def test_a_run_is_a_function_of_its_point_alone(tmp_path: Path) -> None:
    points = make_points(seeds=3)
    together = train(tmp_path, points)[0].results
    alone = [train(tmp_path, [point])[0].results[0] for point in points]
    assert list(together) == alone
    assert len({result.curve for result in together}) == len(points), "and no two are alike"


def test_its_results_have_what_the_trainers_have(tmp_path: Path) -> None:
    points = make_points(seeds=2, decompositions=(Decomposition.MIX,))
    outcome, seen = train(tmp_path, points)
    assert outcome.complete
    assert [result.run_id for result in outcome.results] == [point.run_id for point in points]
    assert set(outcome.weights) == {point.run_id for point in points}
    for result in outcome.results:
        assert [at.step for at in result.curve] == [10, 20, 30, 40]
        assert result.diagnostics_steps == (0, 20)
        assert {len(values) for values in result.diagnostics.values()} == {2}
        assert "q_max_abs" in result.diagnostics
        assert not any(name.startswith("awr_") for name in result.diagnostics), "BRAC has none of these"
    assert (seen[0].step, seen[0].lanes) == (0, len(points))


def test_scores_have_structure_curves_rise_and_a_few_runs_diverge() -> None:
    def mean(**changes: object) -> float:
        results = [made_up(make_point(seed=seed, **changes)) for seed in range(40)]
        return statistics.fmean(SCALE.score(result.curve[-1].return_mean) for result in results)

    assert mean(alpha=0.2) > mean(alpha=20.0) + 0.05, "a best alpha inside of the grid"
    datasets = [mean(dataset=name) for name in ("expert", "medium-replay", "random")]
    assert max(datasets) - min(datasets) > 0.05
    designs = [mean(decomposition=name, extraction=how, alpha=0.5) for name in DECOMPOSITIONS for how in Extraction.members()]
    assert max(designs) - min(designs) > 0.05

    risky = {"value_learning": ValueLearning.TD, "critic_norm": CriticNorm.NONE}
    results = [made_up(make_point(seed=seed, **risky)) for seed in range(200)]
    diverged = [result for result in results if result.status is RunStatus.DIVERGED]
    assert 1 <= len(diverged) <= 40
    assert all(result.diverged_step is not None and 0 < result.diverged_step < 40 for result in diverged)
    finished = [result for result in results if result.status is RunStatus.FINISHED]
    assert all(result.curve[-1].return_mean > result.curve[0].return_mean for result in finished)


def test_a_slow_rehearsal_reports_progress_stops_when_told_and_goes_on_where_it_was(tmp_path: Path) -> None:
    points = make_points(seeds=1)
    slow(tmp_path, seconds_per_run=0.2)
    outcome, _ = train(tmp_path, points, stop_after=2)
    assert not outcome.complete
    saved = json.loads((tmp_path / "checkpoint/rehearsal.json").read_text())["step"]
    assert 0 < saved < 40
    outcome, seen = train(tmp_path, points)
    assert outcome.complete
    assert (seen[0].step, seen[-1].step) == (saved, 40)
    assert outcome.results == tuple(made_up(point) for point in points)


def test_it_needs_no_data_and_every_row_says_so(tmp_path: Path) -> None:
    assert prepare_data(make_points(), tmp_path / "none", {}, print) == {
        make_point().dataset_id: f"REHEARSAL-{make_point().dataset_id}"
    }
    rehearse()
    for path in SweepPaths(Path("sweeps/little-rehearsal")).results.glob("*.parquet"):
        assert all(text.startswith(REHEARSAL) for text in pq.read_table(path)["data_hash"].to_pylist())
    assert json.loads(Path("sweeps/little-rehearsal/sweep.json").read_text())["rehearsal"] == {"seconds_per_run": 0.0}


def scores(name: str) -> dict[str, float]:
    """Scores of a rehearsal by run, from its result files."""
    tables = [pq.read_table(path).to_pandas() for path in SweepPaths(Path("sweeps") / name).results.glob("*.parquet")]
    assert all(table["data_hash"].str.startswith(REHEARSAL).all() for table in tables), "every row says that it is made up"
    return pd.concat(tables).set_index("run_id")["score"].to_dict()


@pytest.mark.parametrize("name", ["null", "as-paper"])
def test_a_rehearsal_in_a_world_has_that_worlds_scores_and_is_marked_like_any_other(name: str) -> None:
    rehearse(f"--{name}", "--only", "seed=0")
    file = json.loads(Path("sweeps/little-rehearsal/sweep.json").read_text())
    assert file["rehearsal"] == {"seconds_per_run": 0.0, "world": name}
    # The same command goes on in the same world, with the option or without.
    assert "trained 2 runs" in call("rehearse", "sweeps/little-rehearsal", "--cluster", "inline.yaml", "--no-mlflow")
    assert json.loads(Path("sweeps/little-rehearsal/sweep.json").read_text())["rehearsal"]["world"] == name
    assert "4 of 4 done, nothing to do" in rehearse(f"--{name}")
    points = open_target("little.yaml").points
    drawn = draw(world_named(name), facts_of(points)).scores.tolist()
    assert scores("little-rehearsal") == pytest.approx(dict(zip((one.run_id for one in points), drawn, strict=True)))
    assert NO_CLAIM in call("report", "sweeps/little-rehearsal"), "nothing is claimed of made-up numbers"


def test_two_worlds_never_meet_in_one_directory() -> None:
    both = call("rehearse", "little.yaml", "--null", "--as-paper", "--no-mlflow", expect=ExitCode.BAD_INPUT)
    assert "two worlds" in both
    rehearse("--null", "--only", "seed=0")
    text = rehearse("--as-paper", expect=ExitCode.BAD_INPUT)
    assert "found     a rehearsal --null" in text
    assert "--dir" in text
    rehearse("--dir", "sweeps/plain")
    assert "a plain rehearsal" in rehearse("--null", "--dir", "sweeps/plain", expect=ExitCode.BAD_INPUT)
    assert len(scores("little-rehearsal")) == 2


def test_a_rehearsal_goes_on_where_it_was_and_a_finished_one_has_nothing_to_do() -> None:
    rehearse("--only", "seed=0")
    assert "trained 2 runs" in rehearse()
    assert "4 of 4 done, nothing to do" in rehearse()
    assert "4 of 4 done, nothing to do" in call("rehearse", "sweeps/little-rehearsal", "--no-mlflow")


def test_every_figure_table_and_page_of_a_rehearsal_says_what_it_is(here: Path) -> None:
    rehearse()
    text = call("report", "sweeps/little-rehearsal")
    assert NO_CLAIM in text
    root = here / "sweeps/little-rehearsal"
    for name in FIGURES:
        stem = root / "report" / name
        assert SENTENCE.encode() in stem.with_suffix(".png").read_bytes()
        assert b"/Title (REHEARSAL: every number is made up" in stem.with_suffix(".pdf").read_bytes()
        svg = stem.with_suffix(".svg").read_text()
        assert f'<g id="{WORD}">' in svg
        assert SENTENCE in svg
    page = (root / "report/figure7.md").read_text()
    assert page.startswith(f"> **{SENTENCE}**")
    assert "best or runner-up in" not in page, "nothing is claimed"
    for name in ("figure7.csv", "figure7_configurations.csv"):
        table = pd.read_csv(root / "report" / name)
        assert table.columns[0] == WORD
        assert table[WORD].eq("made up").all()
    for name in ("runs", "curves"):
        assert pq.read_schema(root / f"index/{name}.parquet").metadata[b"rehearsal"] == SENTENCE.encode()
    call("export", "sweeps/little-rehearsal", "-o", "runs.csv")
    assert (here / "runs.csv").read_text().startswith(f'"{WORD}"')
    assert "REHEARSAL" in call("status", "sweeps/little-rehearsal")
    assert json.loads(call("status", "sweeps/little-rehearsal", "--json"))["rehearsal"] is True
    assert "rehearsal" in call("doctor", "sweeps/little-rehearsal")


def test_a_real_sweep_bears_no_such_mark(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real(here, monkeypatch)
    call("report", "sweeps/little")
    for path in (here / "sweeps/little/report").iterdir():
        assert WORD.encode() not in path.read_bytes(), path
    assert WORD not in call("status", "sweeps/little")


def test_a_rehearsal_and_a_real_sweep_refuse_each_others_directory(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearse()
    for command in ("launch", "plan"):
        text = call(command, "little.yaml", "--dir", "sweeps/little-rehearsal", expect=ExitCode.BAD_INPUT)
        assert "a rehearsal: its results are made up" in text
    real(here, monkeypatch)
    before = (here / "sweeps/little/sweep.json").read_bytes()
    for arguments in (("little.yaml", "--dir", "sweeps/little"), ("sweeps/little",)):
        assert "found     a real sweep" in call("rehearse", *arguments, "--no-mlflow", expect=ExitCode.BAD_INPUT)
    assert (here / "sweeps/little/sweep.json").read_bytes() == before


def test_results_of_a_rehearsal_count_nowhere_else(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where its sweep.json was lost, nor where a file was copied into a real sweep."""
    rehearse()
    (here / "sweeps/little-rehearsal/sweep.json").unlink()
    text = call("launch", "little.yaml", "--dir", "sweeps/little-rehearsal", expect=ExitCode.BAD_INPUT)
    assert "its results are made up" in text

    real(here, monkeypatch, "--only", "seed=0")
    copied = next(SweepPaths(here / "sweeps/little-rehearsal").results.glob("*.parquet"))
    shutil.copy(copied, here / "sweeps/little/results")
    assert copied.name in call("launch", "little.yaml", "--no-mlflow", expect=ExitCode.BAD_INPUT)
    assert "holds made-up results in a real sweep" in call("doctor", "little.yaml", expect=ExitCode.FAILURE)


def real(here: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """A sweep that is none of a rehearsal's, whoever trains it."""
    monkeypatch.setenv("RECIPE_SWEEP_WORKLOAD", stand_in.NAME)
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(here / "data"))
    (here / "data").mkdir(exist_ok=True)
    call("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow", *arguments)


def test_a_worker_that_rehearses_does_not_wait_for_pytorch_to_load() -> None:
    modules = ("worker.pack_worker", "worker.rehearsal", "results.publish", "worker.device")
    imports = ", ".join(f"recipe_sweep.sweep.{module}" for module in modules)
    loaded = f"import sys, {imports}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "False\n"
