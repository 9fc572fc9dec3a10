"""A search that is killed goes on with what it asked for: no trial lost, none asked for twice, none told otherwise."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.studies import Choice, SearchSpace, search_space
from recipe_sweep.search_spaces.yaml_file import Document
from recipe_sweep.sweep.cli.show.status import status_line
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.monitoring.doctor import examine
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.planning.opening import open_target
from recipe_sweep.sweep.planning.search_rounds import (
    Scored,
    ask_round,
    best_beside,
    best_of,
    floors_of,
    next_points,
    progress,
    read_rounds,
    scored_runs,
    search_points,
    unpruned,
)
from recipe_sweep.sweep.results.done import read_done
from tests.sweep.inline import Sweep
from tests.sweep.stand_in import Behaviour, behave, value_at


def document_of(
    sampler: str = "tpe", trials: int = 5, batch: int = 2, prune: dict[str, object] | None = None, **axes: object
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": "little",
        "axes": {
            "source": "homegrown",
            "task": "simple_spread",
            "dataset": "expert",
            "decomposition": "vdn",
            "value_learning": ["sarsa", "iql"],
            "extraction": "brac",
            "seed": [0, 1],
        }
        | axes,
        "settings": {"steps": 40, "eval_every": 10, "batch": 16, "hidden": [8, 8], "diagnostics_every": 20},
        "search": {
            "sampler": sampler,
            "trials": trials,
            "batch": batch,
            "alpha": {"brac": {"low": 0.1, "high": 10, "log": True}},
            "tau": {"low": 0.5, "high": 0.95},
        }
        | ({"prune": prune} if prune else {}),
    }


def searching(*arguments: Any, **changes: Any) -> SearchSpace:
    return space_of(document_of(*arguments, **changes))


def space_of(document: dict[str, Any]) -> SearchSpace:
    grid = grid_from(Document(document))
    space = search_space(grid, expand(grid).points)
    assert space is not None
    return space


def search(grid: SearchSpace, sweep: Sweep) -> tuple[DesignPoint, ...]:
    """Round after round until nothing is left, as the command does; returns every run."""
    while True:
        ask_round(grid, sweep.paths)
        points = search_points(grid, sweep.paths)
        sweep.launch(points)
        if not next_points(grid, sweep.paths):
            return points


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[DesignPoint, ...]:
    return search(searching(), Sweep(tmp_path_factory.mktemp("undisturbed")))


def test_a_search_trains_its_trials_once_and_tells_them_from_results(tmp_path: Path) -> None:
    grid, sweep = searching(), Sweep(tmp_path)
    points = search(grid, sweep)
    stand = progress(grid, sweep.paths)
    assert (stand.wanted, stand.asked, stand.told, stand.rounds) == (10, 10, 10, 3)
    assert len({point.run_id for point in points}) == len(points) == 20
    assert {point.run_id for point in points} == sweep.done
    for best in best_of(grid, sweep.paths):
        trials = {point.alpha: [] for point in points if point.value_learning == best.study.templates[0].value_learning}
        for point in points:
            if point.alpha in trials:
                trials[point.alpha].append(value_at(point.run_id, 40) / 100)
        assert best.score == pytest.approx(max(sum(scores) / 2 for scores in trials.values()))


@settings(max_examples=6, deadline=None)
@given(deaths=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7), st.booleans()), max_size=4))
def test_however_often_it_is_killed_it_tells_the_same_trials(
    undisturbed: tuple[DesignPoint, ...], deaths: list[tuple[int, int, bool]]
) -> None:
    grid = searching()
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(Path(folder))
        told: dict[str, bytes] = {}
        for rounds, victim, asked_alone in deaths:
            for _ in range(rounds):
                ask_round(grid, sweep.paths)
                sweep.launch(search_points(grid, sweep.paths))
            ask_round(grid, sweep.paths)
            if asked_alone:
                continue  # Killed between the asking and the training.
            points = search_points(grid, sweep.paths)
            todo = [pack.points[0] for pack in sweep.plan(points).packs]
            if todo:
                sweep.cut(points, todo[victim % len(todo)])
            kept = {path.name: path.read_bytes() for path in sweep.paths.results.glob("*.parquet")}
            assert {name: kept.get(name) for name in told} == told, "a told trial was lost"
            told = kept
        assert [point.run_id for point in search(grid, sweep)] == [point.run_id for point in undisturbed]
        assert not ask_round(grid, sweep.paths)
        assert len(sweep.done) == len(undisturbed)


def test_a_round_waits_for_the_one_before(tmp_path: Path) -> None:
    grid, sweep = searching(), Sweep(tmp_path)
    assert ask_round(grid, sweep.paths)
    assert not ask_round(grid, sweep.paths)
    assert len(read_rounds(sweep.paths)) == 1


def test_a_run_that_is_given_up_does_not_end_the_search(tmp_path: Path) -> None:
    grid, sweep = searching(), Sweep(tmp_path)
    ask_round(grid, sweep.paths)
    bad = search_points(grid, sweep.paths)[0]
    behave(sweep.data, Behaviour(raising=(bad.run_id,)))
    points = search(grid, sweep)
    assert {point.run_id for point in points} - sweep.done == {bad.run_id}
    assert progress(grid, sweep.paths).told == 9


def test_a_further_seed_is_trained_for_every_trial_and_more_trials_go_on(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    before = search(searching(), sweep)
    after = search(searching(seed=[0, 1, 2]), sweep)
    assert {point.run_id for point in before} <= {point.run_id for point in after}
    assert len(after) == 30
    assert len(search(searching(trials=6, seed=[0, 1, 2]), sweep)) == 36


def test_the_best_of_a_grid_is_found_beside(tmp_path: Path) -> None:
    grid, sweep, other = searching(), Sweep(tmp_path / "search"), Sweep(tmp_path / "grid")
    search(grid, sweep)
    [sarsa, iql] = best_of(grid, sweep.paths)
    listed = [point for alpha in (0.5, 2.0) for point in sarsa.study.points(Choice(alpha, None))]
    other.launch((*listed, *iql.study.points(Choice(0.5, 0.7))[:1]))
    beside = best_beside(sarsa.study, scored_runs(other.paths))
    assert beside is not None
    means = [sum(value_at(point.run_id, 40) for point in listed[at : at + 2]) / 200 for at in (0, 2)]
    assert beside.score == pytest.approx(max(means))
    assert beside.trials == 2
    assert best_beside(iql.study, scored_runs(other.paths)) is None, "one seed of two is no mean over seeds"


PRUNING: dict[str, object] = {"below": 60.0, "after": 0.0, "trials": 1}


def test_a_pruned_run_is_done_and_counts_nowhere(tmp_path: Path) -> None:
    grid, sweep = searching(prune=PRUNING, trials=9), Sweep(tmp_path)
    points = search(grid, sweep)
    done = read_done(sweep.paths)
    assert done.file_of.keys() == {point.run_id for point in points}, "a pruned run is not trained again"
    assert done.pruned
    assert not sweep.plan(points).packs
    stand = progress(grid, sweep.paths)
    assert (stand.asked, stand.told) == (18, 18)
    assert 0 < stand.pruned < 18
    rows = {run.point.run_id: run for run in scored_runs(sweep.paths)}
    for run_id in done.pruned:
        assert list(rows[run_id].curve) == list(range(10, max(rows[run_id].curve) + 1, 10))
        assert max(rows[run_id].curve) < 40
    for best in best_of(grid, sweep.paths):
        trials = defaultdict(list)
        for point in points:
            if point.value_learning == best.study.templates[0].value_learning:
                trials[point.alpha].append(point.run_id)
        whole = [runs for runs in trials.values() if not done.pruned & set(runs)]
        assert best.score == pytest.approx(max(sum(value_at(run_id, 40) for run_id in runs) / 200 for runs in whole))
        assert best.trials == len(whole)
    wanted = unpruned(points, sweep.paths)
    assert {point.run_id for point in wanted} == {point.run_id for point in points} - done.pruned
    table = load_results(sweep.paths.results, {point.run_id for point in points})
    assert set(table.runs["run_id"]) == {point.run_id for point in wanted}
    assert table.outside == 0
    look = SweepWatcher(points, sweep.paths).look()
    assert (look.done, look.pruned) == (len(points), len(done.pruned))
    assert f"{len(done.pruned)} pruned" in status_line(look)


def test_floors_stand_in_the_round_and_a_changed_grid_changes_only_later_ones(tmp_path: Path) -> None:
    grid, sweep = searching(prune=PRUNING, trials=9), Sweep(tmp_path)
    for _ in range(2):
        ask_round(grid, sweep.paths)
        sweep.launch(search_points(grid, sweep.paths))
    ask_round(grid, sweep.paths)
    points = search_points(grid, sweep.paths)
    floors = floors_of(sweep.paths, points)
    asked_first = {point.run_id for point in points[:8]}
    assert all(not floors[run_id] for run_id in asked_first), "the first round has nothing to be measured by"
    assert all(set(floors[point.run_id]) == {10, 20, 30} for point in points[-8:])
    assert floors_of(sweep.paths, search_points(searching(trials=9), sweep.paths)) == floors
    search(searching(trials=9), sweep)
    assert not read_rounds(sweep.paths)[-1].floors


@pytest.fixture(scope="module")
def undisturbed_pruning(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scored]:
    calm = Sweep(tmp_path_factory.mktemp("pruning"))
    search(searching(prune=PRUNING), calm)
    return {run.point.run_id: run for run in scored_runs(calm.paths)}


@settings(max_examples=4, deadline=None)
@given(deaths=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7)), max_size=3))
def test_however_often_it_is_killed_it_prunes_the_same_runs(
    undisturbed_pruning: dict[str, Scored], deaths: list[tuple[int, int]]
) -> None:
    grid = searching(prune=PRUNING)
    assert any(run.pruned for run in undisturbed_pruning.values())
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(Path(folder))
        for rounds, victim in deaths:
            for _ in range(rounds):
                ask_round(grid, sweep.paths)
                sweep.launch(search_points(grid, sweep.paths))
            ask_round(grid, sweep.paths)
            points = search_points(grid, sweep.paths)
            if todo := [pack.points[0] for pack in sweep.plan(points).packs]:
                sweep.cut(points, todo[victim % len(todo)])
        search(grid, sweep)
        assert {run.point.run_id: run for run in scored_runs(sweep.paths)} == undisturbed_pruning


def test_a_torn_round_is_named_and_nothing_is_asked_anew(tmp_path: Path) -> None:
    grid, sweep = searching(), Sweep(tmp_path)
    ask_round(grid, sweep.paths)
    sweep.paths.search_round(1).write_text("{")
    with pytest.raises(SweepDirectoryError, match="expected  a round of the search"):
        ask_round(grid, sweep.paths)


def test_a_search_killed_after_asking_can_be_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "s"
    target = open_target("search_spread", root)
    assert target.points == ()
    assert target.space is not None
    ask_round(target.space, target.paths)
    assert len(open_target("search_spread", root).points) == 2 * 4 * 2


def test_doctor_tells_of_a_point_that_was_asked_for_twice(tmp_path: Path) -> None:
    grid, sweep = searching(), Sweep(tmp_path)
    search(grid, sweep)
    assert not [finding for finding in examine(sweep.paths) if "twice" in finding.text]
    sweep.paths.search_round(4).write_bytes(sweep.paths.search_round(3).read_bytes())
    assert len([finding for finding in examine(sweep.paths) if "twice" in finding.text]) == 2


def moved(low: float, high: float, **changes: Any) -> SearchSpace:
    document = document_of(**changes)
    return space_of(document | {"search": document["search"] | {"alpha": {"brac": {"low": low, "high": high}}}})


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_search_whose_range_moved_away_tries_values_of_the_new_range(tmp_path: Path, sampler: str) -> None:
    sweep = Sweep(tmp_path)
    search(searching(sampler, trials=3), sweep)
    grid = moved(20, 30, sampler=sampler, trials=3)
    assert best_of(grid, sweep.paths) == ()
    assert search_points(grid, sweep.paths) == ()
    assert len(next_points(grid, sweep.paths)) == 8
    stand = progress(grid, sweep.paths)
    assert (stand.asked, stand.told, stand.outside) == (0, 0, 6)
    points = search(grid, sweep)
    assert len(points) == 12
    assert all(20 <= point.alpha <= 30 for point in points)
    assert all(20 <= best.choice.alpha <= 30 for best in best_of(grid, sweep.paths))
    assert not [finding for finding in examine(sweep.paths) if finding.severity == "problem"]


def test_a_range_that_moved_back_finds_its_earlier_trials_again(tmp_path: Path) -> None:
    sweep, grid = Sweep(tmp_path), searching(trials=3)
    before = search(grid, sweep)
    search(moved(20, 30, trials=3), sweep)
    assert search_points(grid, sweep.paths) == before
    assert next_points(grid, sweep.paths) == ()


def test_a_range_that_grew_keeps_every_trial(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    before = search(searching(trials=3), sweep)
    grown = moved(0.01, 30, trials=3)
    assert search_points(grown, sweep.paths) == before
    assert progress(grown, sweep.paths).outside == 0
