"""A search asks for no point twice, asks the same again of the same results, and refuses ranges that make no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid import Grid
from recipe_sweep.search_spaces.grid_file import grid_from, read_grid
from recipe_sweep.search_spaces.search import Prune
from recipe_sweep.search_spaces.studies import Choice, Pruned, Study, Trial, choose, floors_after, search_space
from recipe_sweep.search_spaces.vocabulary import Extraction
from recipe_sweep.search_spaces.yaml_file import parse_yaml
from tests.search_spaces.grids import GRID

LISTS = "  tau: [0.7, 0.9]\n", "  alpha:\n    brac: [0.1, 1.0]\n    awr: [3.0]\n"
SEARCH = """\
search:
  sampler: tpe
  trials: 12
  batch: 4
  alpha:
    brac: {low: 0.01, high: 10, log: true}
    awr: {low: 0.0, high: 5.0}
  tau: {low: 0.5, high: 0.95}
"""
SEARCHED = GRID.replace(LISTS[0], "").replace(LISTS[1], "") + SEARCH


def searching(sampler: str = "tpe") -> Grid:
    return grid_from(parse_yaml(SEARCHED.replace("tpe", sampler), "grid.yaml"))


def studies_of(grid: Grid) -> tuple[Study, ...]:
    space = search_space(grid, expand(grid).points)
    assert space is not None
    return tuple(space.studies.values())


def study_with(grid: Grid, value_learning: str) -> Study:
    return next(study for study in studies_of(grid) if study.templates[0].value_learning == value_learning)


def told(choice: Choice) -> float:
    """A score that is best at alpha 1."""
    return -abs(choice.alpha - 1.0) - (choice.tau or 0.0)


def test_a_study_is_a_configuration_and_its_trials_have_all_seeds() -> None:
    grid = searching()
    studies = studies_of(grid)
    assert len(studies) == 2 * 2 * 2 * 2  # datasets, decompositions, learners, extractions
    for study in studies:
        points = study.points(Choice(0.5, 0.6 if study.tau else None))
        assert [point.seed for point in points] == [0, 1]
        assert {(point.alpha, point.tau) for point in points} == {(0.5, 0.6 if study.tau else None)}
        assert (study.tau is None) is (points[0].value_learning == "td")


def test_a_fixed_tau_beside_a_searched_alpha_makes_a_study_of_each() -> None:
    text = GRID.replace(LISTS[1], "") + SEARCH.replace("  tau: {low: 0.5, high: 0.95}\n", "")
    assert {study.templates[0].tau for study in studies_of(grid_from(parse_yaml(text, "grid.yaml")))} == {None, 0.7, 0.9}


@pytest.mark.parametrize("sampler", ["tpe", "random"])
@settings(max_examples=5, deadline=None)
@given(known=st.lists(st.booleans(), min_size=12, max_size=12))
def test_no_point_is_asked_for_twice_and_the_same_results_ask_for_the_same(sampler: str, known: list[bool]) -> None:
    grid = searching(sampler)
    assert grid.search is not None
    study = study_with(grid, "iql")
    trials: list[Trial] = []
    for scored in known:
        choice = choose(grid.search, study, trials)
        assert choice == choose(grid.search, study, trials)
        assert study.holds(choice)
        trials.append(Trial(choice, told(choice) if scored else None))
    assert len({trial.choice for trial in trials}) == len(trials)


def test_a_range_with_few_short_numbers_in_it_still_gives_a_new_one_each_time() -> None:
    text = SEARCHED.replace("low: 0.01, high: 10", "low: 1.0, high: 1.001").replace("iql]", "sarsa]").replace("  tau: {", "  #")
    grid = grid_from(parse_yaml(text, "grid.yaml"))
    assert grid.search is not None
    study = next(study for study in studies_of(grid) if study.templates[0].extraction == "brac")
    trials: list[Trial] = []
    for _ in range(20):
        trials.append(Trial(choose(grid.search, study, trials), 0.0))
    assert len({trial.choice for trial in trials}) == 20


def test_random_values_do_not_depend_on_what_was_told() -> None:
    grid = searching("random")
    assert grid.search is not None
    study = study_with(grid, "iql")
    one: list[Trial] = []
    other: list[Trial] = []
    for _ in range(8):
        one.append(Trial(choose(grid.search, study, one), 1.0))
        other.append(Trial(choose(grid.search, study, other), None))
    assert [trial.choice for trial in one] == [trial.choice for trial in other]


def test_tpe_comes_closer_than_its_first_batch() -> None:
    grid = searching()
    assert grid.search is not None
    study = study_with(grid, "td")
    trials: list[Trial] = []
    for _ in range(24):
        choice = choose(grid.search, study, trials)
        trials.append(Trial(choice, told(choice)))
    scores = [trial.score or 0.0 for trial in trials]
    assert sum(scores[12:]) > sum(scores[:12])


def test_a_floor_is_the_percentile_of_what_earlier_runs_had_at_that_step() -> None:
    study = study_with(searching(), "td")
    study = replace(study, templates=tuple(replace(each, steps=40, eval_every=10) for each in study.templates))
    early, late = 10, 30
    pruned = Trial(Choice(9.0, None), None, ({early: 100.0},), Pruned(early, 0.0))
    trials = [Trial(Choice(float(at), None), 0.0, ({early: 1.0 * at, late: 10.0 * at, 40: 1.0},)) for at in range(1, 6)]
    floors = floors_after(Prune(below=50.0, after=0.0, trials=5), study, [*trials, pruned])
    assert floors[early] == 3.5, "of 1 to 5, and of the 100 of one that was pruned there"
    assert floors[late] == 30.0, "of 10 to 50: a pruned run says nothing of what comes after"
    assert 40 not in floors, "who comes so far is done"
    assert floors_after(Prune(below=25.0, after=0.0, trials=5), study, trials)[late] == 20.0
    assert early not in floors_after(Prune(after=early / 40, trials=5), study, trials)
    assert floors_after(Prune(trials=6), study, [*trials, pruned]) == {}, "too few were trained to their end"
    assert floors_after(None, study, trials) == {}


def test_what_was_pruned_keeps_tpe_away_though_it_has_no_score() -> None:
    grid = searching()
    assert grid.search is not None
    study = study_with(grid, "td")
    known = [Trial(Choice(0.01 + at / 100, None), None, (), Pruned(10, -1.0)) for at in range(8)]
    known += [Trial(Choice(4.0 + at / 10, None), 1.0) for at in range(8)]
    chosen = [choose(grid.search, study, [*known, *(Trial(Choice(5.0 + at, None), 1.0) for at in range(n))]) for n in range(3)]
    assert all(choice.alpha > 0.1 for choice in chosen)


CASES = (
    ("pruned never", "  batch: 4", "  batch: 4\n  prune: {below: 0}", "search.prune.below", "0", "greater than 0"),
    ("pruned always", "  batch: 4", "  batch: 4\n  prune: {below: 100.0}", "search.prune.below", "100", "less than 100"),
    ("pruned after all", "  batch: 4", "  batch: 4\n  prune: {after: 1.0}", "search.prune.after", "1", "less than 1"),
    (
        "pruned by nothing",
        "  batch: 4",
        "  batch: 4\n  prune: {trials: 0}",
        "search.prune.trials",
        "0",
        "greater than or equal to 1",
    ),
    (
        "misspelt percentile",
        "  batch: 4",
        "  batch: 4\n  prune: {belows: 50}",
        "search.prune.belows",
        "unknown",
        "did you mean below?",
    ),
    ("a pruner's name", "  batch: 4", "  batch: 4\n  prune: median", "search.prune", "median", "mapping"),
    ("low above high", "low: 0.01, high: 10", "low: 10, high: 1", "search.alpha.brac", "low 10, high 1", "low below high"),
    ("log of nothing", "low: 0.0, high: 5.0", "low: 0, high: 5, log: true", "search.alpha.awr", "low 0", "above 0"),
    ("infinite", "high: 10", "high: .inf", "search.alpha.brac.high", "inf", "finite"),
    ("expectile of one", "high: 0.95", "high: 1.0", "search.tau.high", "1.0", "less than 1"),
    ("a list", "{low: 0.5, high: 0.95}", "[0.5, 0.9]", "search.tau", "0.5", "mapping"),
    ("no high", "{low: 0.5, high: 0.95}", "{low: 0.5}", "search.tau.high", "nothing", "no default"),
    ("misspelt sampler", "tpe", "tep", "search.sampler", "'tep'", "did you mean tpe?"),
    ("misspelt key", "  batch: 4", "  bach: 4", "search.bach", "unknown key", "did you mean batch?"),
    ("no trials", "  trials: 12\n", "", "search.trials", "nothing", "no default"),
    ("zero trials", "trials: 12", "trials: 0", "search.trials", "0", "greater than or equal to 1"),
    ("too many trials", "trials: 12", "trials: 1e9", "search.trials", "1000000000", "10000"),
    ("zero batch", "batch: 4", "batch: 0", "search.batch", "0", "greater than or equal to 1"),
    ("extraction without range", "    awr: {low: 0.0, high: 5.0}\n", "", "axes.alpha.awr", "nothing", "temperatures of awr"),
    ("tau without learner", "[td, iql]", "[td]", "search.tau", "only where value_learning is iql", "iql in value_learning"),
    ("listed as well", "  critic_norm:", "  tau: 0.9\n  critic_norm:", "axes.tau", "tau in two places", "once"),
    (
        "listed instead",
        "    awr: {low: 0.0, high: 5.0}\n",
        "axes.alpha: {awr: 3.0}",
        "axes.alpha.awr",
        "alpha.awr as a list",
        "a range for every extraction",
    ),
    (
        "excluded by value",
        "search:",
        "exclude: [{when: {alpha: 0.01}, reason: small}]\nsearch:",
        "exclude[0].when.alpha",
        "alpha, which is searched",
        "listed values",
    ),
)


@pytest.mark.parametrize(("old", "new", "key", "found", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_a_malformed_search_is_refused_with_one_clear_complaint(
    tmp_path: Path, old: str, new: str, key: str, found: str, expected: str
) -> None:
    assert old in SEARCHED
    text = SEARCHED.replace(old, "" if new.startswith("axes.alpha") else new)
    if new.startswith("axes.alpha"):
        text = text.replace("  critic_norm:", "  alpha: {awr: 3.0}\n  critic_norm:")
    (tmp_path / "grid.yaml").write_text(text)
    with pytest.raises(UserInputError) as raised:
        expand(read_grid(tmp_path / "grid.yaml"))
    [problem] = raised.value.problems
    assert problem.key == key
    assert found in problem.found
    assert expected in problem.expected or expected in (problem.hint or ""), str(problem)
    assert raised.value.exit_code == 2


def test_short_overrides_still_mean_the_axes(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(SEARCHED)
    grid = read_grid(tmp_path / "grid.yaml", ["seed=[4]", "search.seed=7", "search.alpha.awr={low: 1, high: 2}"])
    assert grid.search is not None
    assert (grid.axes.seed, grid.search.seed) == ((4,), 7)
    assert grid.search.alpha[Extraction.AWR].high == 2


def test_a_search_without_scores_is_refused() -> None:
    text = SEARCHED.replace("settings:\n", "settings:\n  evaluate: none\n")
    with pytest.raises(UserInputError, match="none in a search, which follows scores"):
        grid_from(parse_yaml(text, "grid.yaml"))
