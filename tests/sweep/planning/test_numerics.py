"""A sweep of older numerics is read for ever, but new code adds no run to it, because their numbers do not compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.point import FIRST_NUMERICS, NUMERICS_VERSION
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch import launch
from recipe_sweep.sweep.planning import numerics
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.results.read import result_files
from recipe_sweep.sweep.worker import pack_worker
from tests.sweep import stand_in
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

SWEEP = SweepPaths(Path("sweeps/little"))
RUNS = 4


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return stand_in_sweep(tmp_path, monkeypatch) / "data"


def began_before(patch: pytest.MonkeyPatch, *options: str) -> None:
    """Launch as code with the first numerics did, whose file of a sweep did not say so."""
    with patch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", FIRST_NUMERICS)
        call(*LAUNCH, *options)
    content = json.loads(SWEEP.lock_file.read_text())
    del content["numerics"]
    SWEEP.lock_file.write_text(json.dumps(content | {"schema_version": 3}))


def kept() -> int:
    known: int = json.loads(SWEEP.lock_file.read_text())["numerics"]
    return known


def state() -> dict[str, bytes]:
    found = (path for path in sorted(SWEEP.root.rglob("*")) if path.is_file() and SWEEP.index not in path.parents)
    return {str(path): path.read_bytes() for path in found}


def numerics_of_the_grid() -> set[int]:
    return {point.numerics for point in open_target("little.yaml").points}


def test_a_new_sweep_says_which_numerics_its_runs_have(data: Path) -> None:
    call(*LAUNCH)
    assert kept() == NUMERICS_VERSION
    assert numerics_of_the_grid() == {NUMERICS_VERSION}


@pytest.mark.parametrize(
    "words",
    [
        LAUNCH,
        (*LAUNCH, "--retry-failed"),
        (*LAUNCH, "--set", "axes.seed=0-5"),
        ("run", "little.yaml"),
        ("run", "sweeps/little", "--only", "seed=1"),
    ],
)
def test_no_command_adds_runs_of_other_numerics(words: tuple[str, ...], data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began_before(monkeypatch, "--only", "seed=0")
    before, trained = state(), stand_in.trainings(data)
    text = call(*words, expect=ExitCode.BAD_INPUT)
    assert "error: sweeps/little\n  found     a sweep of numerics 1, to which this code would add runs of numerics 2" in text
    assert "--renumber" in text
    [archive] = SWEEP.code.iterdir()
    assert f"tar -xzf {archive}" in text
    assert "python -m recipe_sweep.sweep.cli.main launch sweeps/little" in text
    assert state() == before
    assert stand_in.trainings(data) == trained


def test_failed_runs_of_other_numerics_are_not_tried_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", FIRST_NUMERICS)
        victim = open_target("little.yaml").points[0].run_id
        stand_in.behave(data, stand_in.Behaviour(raising=(victim,)))
        call(*LAUNCH, expect=ExitCode.FAILURE)
    stand_in.behave(data, stand_in.Behaviour())
    assert "a sweep of numerics 1" in call("retry", *LAUNCH[1:], expect=ExitCode.BAD_INPUT)


def test_a_sweep_without_kept_code_names_the_release(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began_before(monkeypatch, "--only", "seed=0")
    [archive] = SWEEP.code.iterdir()
    archive.unlink()
    version = archive.name.removesuffix(".tar.gz")
    text = " ".join(call(*LAUNCH, expect=ExitCode.BAD_INPUT).split())
    assert f"the release of recipe-sweep that trained it ({version})" in text


def test_a_finished_sweep_of_older_numerics_is_read_as_before(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began_before(monkeypatch)
    run = open_target("little.yaml").points[0].run_id
    assert numerics_of_the_grid() == {FIRST_NUMERICS}
    assert "nothing to do" in call(*LAUNCH)
    assert f"done: {RUNS} of {RUNS}" in call("plan", "little.yaml")
    assert len(json.loads(call("runs", "little.yaml", "--json"))["runs"]) == RUNS
    for words in (("status",), ("best",), ("report",), ("logs",), ("recommend",)):
        call(words[0], "little.yaml")
    call("ls")
    call("export", "little.yaml", "-o", "runs.csv")
    assert run in Path("runs.csv").read_text()
    assert f"run {run}" in call("explain", "little.yaml", run)
    assert "no problem found" in call("doctor", "little.yaml")


def test_renumber_trains_the_same_grid_anew_and_keeps_the_old_results(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began_before(monkeypatch)
    old = {path: path.read_bytes() for path in (*result_files(SWEEP.results), *SWEEP.weights.iterdir())}
    text = call(*LAUNCH, "--renumber")
    assert "numerics 1 -> 2" in text
    assert kept() == NUMERICS_VERSION
    assert numerics_of_the_grid() == {NUMERICS_VERSION}
    assert {path: path.read_bytes() for path in old} == old
    assert len(stand_in.trainings(data)) == 2 * RUNS
    assert "nothing to do" in call(*LAUNCH)
    assert "nothing to do" in call(*LAUNCH, "--renumber")
    assert f"outside this grid: {RUNS} finished runs" in call("plan", "little.yaml")


def test_renumber_of_a_half_trained_sweep_takes_no_step_of_the_old_numbers(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", FIRST_NUMERICS)
        victim = open_target("little.yaml").points[0].run_id
        stand_in.behave(data, stand_in.Behaviour(cutting=(victim,)))
        with pytest.raises(stand_in.Cut):
            raise_through(*LAUNCH)
    stand_in.behave(data, stand_in.Behaviour())
    assert "--renumber" in call(*LAUNCH, expect=ExitCode.BAD_INPUT)
    text = call(*LAUNCH, "--renumber")
    assert "from checkpoints" not in text
    assert "nothing to do" in call(*LAUNCH)


def raise_through(*words: str) -> None:
    from typer.testing import CliRunner

    from recipe_sweep.sweep.cli.main import app

    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exception is not None
    raise result.exception


def test_without_its_file_a_sweep_has_the_numerics_of_its_results(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began_before(monkeypatch, "--only", "seed=0")
    SWEEP.lock_file.unlink()
    assert numerics_of_the_grid() == {FIRST_NUMERICS}
    assert "a sweep of numerics 1" in call(*LAUNCH, expect=ExitCode.BAD_INPUT)
    call(*LAUNCH, "--renumber")
    assert kept() == NUMERICS_VERSION


def test_a_sweep_of_newer_numerics_is_neither_continued_nor_renumbered(data: Path) -> None:
    call(*LAUNCH, "--only", "seed=0")
    content = json.loads(SWEEP.lock_file.read_text())
    SWEEP.lock_file.write_text(json.dumps(content | {"numerics": NUMERICS_VERSION + 1}))
    for options in ((), ("--renumber",)):
        text = call(*LAUNCH, *options, expect=ExitCode.BAD_INPUT)
        assert f"a sweep of numerics {NUMERICS_VERSION + 1}" in text
        assert "--renumber" not in text


def test_a_rehearsal_of_older_numerics_goes_on_because_it_trains_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearse = ("rehearse", *LAUNCH[1:], "--dir", "sweeps/little")
    with monkeypatch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", FIRST_NUMERICS)
        call(*rehearse, "--only", "seed=0")
    call(*rehearse)
    assert kept() == FIRST_NUMERICS
    assert "nothing to do" in call(*rehearse)


def test_a_search_of_older_numerics_asks_for_no_round_and_begins_anew(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = ("--set", "settings.steps=40", "--set", "settings.eval_every=10")
    begin = ("launch", "search_spread", *small, "--cluster", "inline.yaml", "--no-mlflow")
    search, more = (*begin, "--set", "search.trials=6"), (*begin, "--set", "search.trials=8")
    sweep = SweepPaths(Path("sweeps/search_spread"))
    with monkeypatch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", FIRST_NUMERICS)
        call(*search)
    assert "nothing to do" in call(*search)
    rounds = sorted(sweep.search.iterdir())
    assert "a sweep of numerics 1" in call(*more, expect=ExitCode.BAD_INPUT)
    assert sorted(sweep.search.iterdir()) == rounds
    known = len(stand_in.trainings(data))
    call(*search, "--renumber")
    assert len(stand_in.trainings(data)) == 2 * known
    assert sorted(sweep.search.iterdir())[: len(rounds)] == rounds


def test_a_worker_with_newer_code_than_its_launch_trains_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package may be renewed while a launch goes on: its next worker must not put new numbers under old ids."""
    with monkeypatch.context() as before:
        before.setattr(numerics, "NUMERICS_VERSION", FIRST_NUMERICS)
        point = open_target("little.yaml").points[0]
    with pytest.raises(SweepDirectoryError, match="numerics 1"):
        numerics.refuse_numerics([point], SWEEP)
    with monkeypatch.context() as renewed:
        renewed.setattr(numerics, "NUMERICS_VERSION", FIRST_NUMERICS)
        renewed.setattr(pack_worker, "REAL", stand_in.NAME)
        renewed.setattr(launch, "prepared_data", renewing(renewed))
        call(*LAUNCH, "--only", "seed=0", expect=ExitCode.FAILURE)
    assert stand_in.trainings(data) == []
    assert "numerics 1" in call("status", "little.yaml")


def renewing(patch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Prepare data, and then renew the package."""
    prepare = launch.prepared_data

    def prepared(*arguments: object) -> object:
        found = prepare(*arguments)  # type: ignore[arg-type]
        patch.setattr(numerics, "NUMERICS_VERSION", NUMERICS_VERSION)
        return found

    return prepared
