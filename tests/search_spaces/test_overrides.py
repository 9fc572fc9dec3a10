"""`--set` changes what it names and nothing else; `--only` keeps what it names and nothing else."""

from __future__ import annotations

import pytest

from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.overrides import apply_overrides
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.yaml_file import parse_yaml
from tests.search_spaces.grids import GRID

DOCUMENT = parse_yaml(GRID, "grid.yaml")
POINTS = expand(grid_from(DOCUMENT)).points


def points_with(*texts: str) -> tuple[DesignPoint, ...]:
    overridden = apply_overrides(DOCUMENT, texts)
    assert not overridden.problems
    return expand(grid_from(overridden.document)).points


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("axes.seed=[4,5]", "seed", {4, 5}),
        ("seed=0-2", "seed", {0, 1, 2}),
        ("axes.seed = 7", "seed", {7}),
        ("settings.lr=3e-4", "lr", {3e-4}),
        ("gamma=[0.9, 0.99]", "gamma", {0.9, 0.99}),
        ("axes.alpha.brac=[0.5]", "alpha", {0.5, 3.0}),
        ("awr=[1,2]", "alpha", {0.1, 1.0, 2.0}),
        ("alpha={brac: 5, awr: 6}", "alpha", {5.0, 6.0}),
        ("critic_norm.mix=none", "critic_norm", {"none"}),
        ("hidden=[[8],[16,16]]", "hidden", {(8,), (16, 16)}),
        ("divergence_bound=none", "divergence_bound", {None}),
        ("settings.lr=null", "lr", {3e-4}),
        ("dataset=all", "dataset", {"expert", "medium", "medium-replay", "random"}),
    ],
)
def test_an_override_changes_what_it_names(text: str, field: str, values: set[object]) -> None:
    assert {getattr(point, field) for point in points_with(text)} == values


def test_an_override_leaves_the_file_and_everything_else_alone() -> None:
    before = str(DOCUMENT.content)
    points = points_with("seed=[0]", "dataset={simple_spread: [expert]}")
    assert str(DOCUMENT.content) == before
    assert {point.run_id for point in points} == {p.run_id for p in POINTS if p.seed == 0 and p.dataset == "expert"}


def test_a_key_can_be_taken_away() -> None:
    assert {point.tau for point in points_with("value_learning=[td]", "tau=null")} == {None}


def test_a_key_that_may_mean_several_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "recipe_sweep.search_spaces.overrides._paths", lambda: [("axes", "alpha", "mix"), ("axes", "critic_norm", "mix")]
    )
    (problem,) = apply_overrides(DOCUMENT, ["mix=svn"]).problems
    assert "one of axes.alpha.mix, axes.critic_norm.mix" in str(problem)
    assert not apply_overrides(DOCUMENT, ["axes.critic_norm.mix=svn"]).problems


def test_whole_sections_can_be_set() -> None:
    rules = 'exclude=[{when: {seed: 1-1}, reason: "short of time"}]'
    assert {point.seed for point in points_with(rules)} == {0}
    assert {point.critic_norm for point in points_with("ablation=true", "mix=[min]")} == {"min", "none"}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ((), 72),
        (("decomposition=mix",), 36),
        (("decomposition=mix,vdn",), 72),
        (("decomposition=mix", "seed=0"), 18),
        (("tau=none",), 24),
        (("tau=0.9,0.70",), 48),
        (("alpha=3", "critic_norm=svn"), 12),
        (("seed=[0, 1]",), 72),
        (("hidden=[[64, 64]]",), 72),
        (("seed=0-1",), 72),
        (("seed=1-1",), 36),
        (("hidden=[64, 64]",), 72),
        (("batch=64.0",), 72),
        (("dataset = expert",), 36),
    ],
)
def test_a_filter_keeps_what_it_names(filters: tuple[str, ...], count: int) -> None:
    chosen = select(POINTS, parse_filters(filters))
    assert len(chosen) == count
    assert list(chosen) == [point for point in POINTS if point in chosen]
