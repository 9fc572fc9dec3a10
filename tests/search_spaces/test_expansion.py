"""Every point of a grid once, none that makes no sense, and the same ids whatever the order in which a grid is written."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.errors import GridError
from recipe_sweep.search_spaces.expansion import Excluded, axis_counts, expand
from recipe_sweep.search_spaces.filters import parse_filters, select
from recipe_sweep.search_spaces.grid_file import grid_from
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, DivergenceBound, Source, ValueLearning
from recipe_sweep.search_spaces.yaml_file import Document, parse_yaml
from tests.search_spaces.grids import GRID, GRID_POINTS, grid_mappings, grid_of


def points_of(content: dict[str, Any]) -> tuple[DesignPoint, ...]:
    return expand(grid_from(Document(content))).points


def ids(points: tuple[DesignPoint, ...]) -> list[str]:
    return [point.run_id for point in points]


def expected_count(content: dict[str, Any]) -> int:
    """The sum over designs of the products of what applies to each, written out by hand."""
    axes, own = content["axes"], content["settings"]
    shapes = 1 if own["hidden"] == [64, 64] else 2
    common = len(axes["dataset"]) * len(axes.get("dataset_seed", [0])) * len(axes["actor_norm"]) * len(axes["seed"])
    total = 0
    for decomposition in axes["decomposition"]:
        mix = len(axes["critic_norm"]) * len(own["mixer_embed"]) if decomposition == "mix" else 1
        for value_learning in axes["value_learning"]:
            taus = len(axes["tau"]) if value_learning == "iql" else 1
            total += sum(mix * taus * len(axes["alpha"][extraction]) for extraction in axes["extraction"])
    return total * common * shapes * len(own["lr"])


@given(grid_mappings())
@settings(max_examples=60, deadline=None)
def test_no_point_is_lost_or_listed_twice(content: dict[str, Any]) -> None:
    points = points_of(content)
    assert len(points) == expected_count(content)
    assert len(set(ids(points))) == len(points)


@given(grid_mappings())
@settings(max_examples=40, deadline=None)
def test_axes_that_do_not_apply_never_split_a_run_in_two(content: dict[str, Any]) -> None:
    for point in points_of(content):
        assert (point.tau is None) == (point.value_learning is not ValueLearning.IQL)
        assert (point.dataset_seed is None) == (point.source is not Source.HOMEGROWN)
        assert (point.dataset_size is None) == (point.source is not Source.HOMEGROWN)
        if point.decomposition is not Decomposition.MIX:
            assert point.critic_norm is CriticNorm.NONE
            assert point.mixer_embed == 32
        assert point.alpha in content["axes"]["alpha"][point.extraction]


@given(grid_mappings(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_reordering_a_grid_changes_no_id(content: dict[str, Any], shuffle: random.Random) -> None:
    def reordered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reordered(value[key]) for key in shuffle.sample(list(value), len(value))}
        is_shape = isinstance(value, list) and all(item in (32, 64) for item in value)
        return shuffle.sample(value, len(value)) if isinstance(value, list) and not is_shape else value

    assert sorted(ids(points_of(content))) == sorted(ids(points_of(reordered(copy.deepcopy(content)))))


@given(grid_mappings())
@settings(max_examples=20, deadline=None)
def test_the_order_of_points_is_the_same_every_time(content: dict[str, Any]) -> None:
    assert ids(points_of(content)) == ids(points_of(copy.deepcopy(content)))


@given(grid_mappings(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_rule_leaves_out_exactly_what_it_names(content: dict[str, Any], data: st.DataObject) -> None:
    axes = content["axes"]
    when = {
        "decomposition": data.draw(st.sampled_from(axes["decomposition"])),
        "seed": data.draw(st.lists(st.sampled_from(axes["seed"]), min_size=1, unique=True)),
    }
    every = points_of(content)
    named = [p for p in every if p.decomposition == when["decomposition"] and p.seed in when["seed"]]
    ruled = content | {"exclude": [{"when": when, "reason": "tried before"}]}
    if len(named) == len(every):
        with pytest.raises(GridError, match="exclude every point"):
            points_of(ruled)
        return
    expansion = expand(grid_from(Document(ruled)))
    assert expansion.excluded == (Excluded("tried before", len(named)),)
    gone = {point.run_id for point in named}
    assert ids(expansion.points) == [run_id for run_id in ids(every) if run_id not in gone]


def test_a_point_named_by_two_rules_is_counted_once() -> None:
    rules = [{"when": {"seed": 0}, "reason": "first"}, {"when": {"seed": [0, 1]}, "reason": "second"}]
    expansion = expand(grid_of(seed=[0, 1, 2], exclude=rules))
    assert [point.seed for point in expansion.points] == [2]
    assert expansion.excluded == (Excluded("first", 1), Excluded("second", 1))


def test_a_rule_may_name_absent_values_numbers_and_shapes() -> None:
    rules = [{"when": {"tau": "none", "hidden": [64, 64], "alpha": 1}, "reason": "known"}]
    shapes = {"hidden": [[64, 64], [32]]}
    points = expand(grid_of(value_learning=["td", "iql"], tau=[0.9], settings=shapes, exclude=rules)).points
    assert [(point.tau, point.hidden) for point in points] == [(None, (32,)), (0.9, (64, 64)), (0.9, (32,))]


def test_zipped_axes_advance_together() -> None:
    points = expand(grid_of(seed=[0, 1], zip=[{"lr": [1e-3, 1e-4, 1e-4], "batch": [64, 64, 256]}])).points
    rows = [(1e-3, 64), (1e-4, 64), (1e-4, 256)]
    assert [(point.lr, point.batch, point.seed) for point in points] == [(*row, seed) for row in rows for seed in (0, 1)]


def test_a_zip_group_of_axes_that_do_not_apply_makes_one_point() -> None:
    grid = grid_of(
        value_learning=["td", "iql"],
        extraction=["brac", "awr"],
        alpha={"awr": 3},
        zip=[{"tau": [0.7, 0.9], "alpha": {"brac": [0.1, 1.0]}}],
    )
    points = {(str(p.value_learning), p.tau, str(p.extraction), p.alpha) for p in expand(grid).points}
    assert points == {
        ("td", None, "brac", 0.1),
        ("td", None, "brac", 1.0),
        ("td", None, "awr", 3.0),
        ("iql", 0.7, "brac", 0.1),
        ("iql", 0.9, "brac", 1.0),
        ("iql", 0.7, "awr", 3.0),
        ("iql", 0.9, "awr", 3.0),
    }


def test_axes_that_others_depend_on_may_be_zipped() -> None:
    grid = grid_of(
        task=None,
        dataset="all",
        source=None,
        decomposition=None,
        zip=[
            {"task": ["two_step", "2ant"], "source": ["homegrown", "og_marl"]},
            {"decomposition": ["mix", "dec"], "mixer_embed": [8, 64]},
        ],
    )
    points = expand(grid).points
    assert {(p.task, str(p.source), p.dataset) for p in points} == {("two_step", "homegrown", "uniform")} | {
        ("2ant", "og_marl", quality) for quality in ("expert", "medium", "medium-expert", "medium-replay")
    }
    assert {(str(p.decomposition), p.mixer_embed) for p in points} == {("mix", 8), ("dec", 32)}


def test_datasets_may_be_listed_by_task() -> None:
    grid = grid_of(task=["simple_spread", "two_step"], dataset={"simple_spread": ["random", "expert"], "two_step": "all"})
    assert [(p.task, p.dataset) for p in expand(grid).points] == [
        ("simple_spread", "random"),
        ("simple_spread", "expert"),
        ("two_step", "uniform"),
    ]


def test_a_critic_norm_without_decomposition_is_for_mix() -> None:
    points = expand(grid_of(decomposition=["mix", "vdn"], critic_norm=["none", "svn"])).points
    assert [(str(p.decomposition), str(p.critic_norm)) for p in points] == [("mix", "none"), ("mix", "svn"), ("vdn", "none")]


def test_ablations_reach_the_points_of_a_grid_that_is_one() -> None:
    norms = {"mix": ["svn_both", "min"], "vdn": ["none", "min"], "cen": "svn_both"}
    own = {"mixer_training": "frozen", "mixer_gain": 0.1, "team_reward": "sum", "actor_bound": "tanh"}
    points = expand(grid_of(ablation=True, decomposition=["mix", "vdn", "cen"], critic_norm=norms, settings=own)).points
    assert [(str(p.decomposition), str(p.critic_norm)) for p in points] == [
        ("mix", "svn_both"),
        ("mix", "min"),
        ("vdn", "none"),
        ("vdn", "min"),
        ("cen", "svn_both"),
    ]
    assert points[0].mixer_gain == 0.1
    assert points[2].mixer_gain == 1.0


def test_more_episodes_at_the_end_are_other_runs_and_none_are_the_same_runs() -> None:
    usual = ids(expand(grid_of()).points)
    assert ids(expand(grid_of(settings={"final_episodes": "none"})).points) == usual
    longer = expand(grid_of(settings={"final_episodes": ["none", 100]})).points
    assert [(point.episodes_at_the_end, point.run_id in usual) for point in longer] == [(10, True), (100, False)]
    assert [point.episodes for point in longer] == [100, 190], "ten evaluations"


def test_a_bound_from_the_data_makes_other_runs_which_files_and_filters_know() -> None:
    usual = ids(expand(grid_of()).points)
    points = expand(grid_of(settings={"divergence_bound": ["auto", 1e8, "none"]})).points
    assert [point.divergence_bound for point in points] == [DivergenceBound.AUTO, 1e8, None]
    assert [point.run_id in usual for point in points] == [False, True, False]
    assert select(points, parse_filters(["divergence_bound=auto"])) == points[:1]
    assert '"divergence_bound":"auto"' in points[0].canonical_text()


def test_ranges_of_seeds_include_their_ends() -> None:
    assert [point.seed for point in expand(grid_of(seed=["0-2", 8])).points] == [0, 1, 2, 8]


def test_one_number_written_in_three_ways_is_one_run() -> None:
    written = [parse_yaml(GRID.replace("awr: [3.0]", f"awr: [{text}]"), "g") for text in ("3", "3.0", "3e0", "0.3e+1")]
    assert len({tuple(ids(expand(grid_from(document)).points)) for document in written}) == 1


def test_counts_per_axis_add_up() -> None:
    points = expand(grid_from(parse_yaml(GRID, "g"))).points
    assert len(points) == GRID_POINTS
    counts = {count.axis: dict(count.values) for count in axis_counts(points)}
    assert list(counts) == ["dataset", "decomposition", "value_learning", "tau", "extraction", "alpha", "critic_norm", "seed"]
    assert counts["tau"] == {None: 24, 0.7: 24, 0.9: 24}
    assert all(sum(values.values()) == GRID_POINTS for values in counts.values())


def test_points_made_in_bulk_are_those_made_one_by_one() -> None:
    points = expand(grid_from(parse_yaml(GRID, "g"))).points
    alone = [replace(point) for point in points]  # through the constructor, their ids computed anew
    assert list(points) == alone
    assert ids(points) == ids(alone)
    assert [vars(point) for point in points] == [vars(point) for point in alone]


def test_points_made_in_bulk_refuse_fields_that_are_missing_or_unknown() -> None:
    fields = vars(expand(grid_from(parse_yaml(GRID, "g"))).points[0]).copy()
    del fields["run_id"]
    alpha = fields.pop("alpha")
    with pytest.raises(TypeError, match="alpha"):
        list(DesignPoint.sharing(fields, [{"seed": 1}]))
    with pytest.raises(TypeError, match="colour"):
        list(DesignPoint.sharing(fields | {"colour": "red"}, [{"alpha": alpha}]))
    assert next(DesignPoint.sharing(fields, [{"alpha": alpha}])).alpha == alpha


def test_a_slip_of_the_finger_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(GridError, match="1,500,000 points"):
        expand(grid_of(seed="0-9999", settings={"lr": [step / 1e6 for step in range(1, 151)]}))


def test_points_of_a_finished_sweep_keep_their_ids_when_the_grid_grows() -> None:
    before = expand(grid_of(seed=[0, 1])).points
    after = expand(grid_of(seed=[0, 1, 2], alpha={"brac": [1.0, 3.0]}, decomposition=["mix", "dec"])).points
    assert set(ids(before)) < set(ids(after))
    assert replace(before[0], seed=2).run_id in ids(after)


def test_a_discretisation_belongs_to_discrete_tasks_alone() -> None:
    both = grid_of(task=["simple_spread", "two_step"], dataset="all", settings={"discretisation": ["raw", "softmax"]})
    found = {(point.task, str(point.discretisation)) for point in expand(both).points}
    assert found == {("simple_spread", "raw"), ("two_step", "raw"), ("two_step", "softmax")}
    usual = expand(grid_of(task="two_step", dataset="all")).points
    assert "discretisation" not in usual[0].canonical()
    assert expand(grid_of(task="two_step", dataset="all", settings={"discretisation": "raw"})).points == usual


@pytest.mark.parametrize("words", ["softmax", ["raw", "softmax"]])
def test_a_discretisation_of_continuous_actions_is_refused_because_it_would_change_nothing(words: object) -> None:
    with pytest.raises(GridError, match="discretisation") as caught:
        expand(grid_of(settings={"discretisation": words}))
    [problem] = caught.value.problems
    assert "continuous" in str(problem.found) or "two_step" in str(problem.found)
    assert expand(grid_of(settings={"discretisation": "raw"})).points == expand(grid_of()).points


def test_runs_that_are_not_evaluated_have_other_ids_and_play_no_episode() -> None:
    usual, kept = (expand(grid_of(settings={"evaluate": word})).points for word in ("played", "none"))
    assert ids(usual) == ids(expand(grid_of()).points)
    assert set(ids(usual)).isdisjoint(ids(kept))
    assert {point.episodes for point in kept} == {0}


def test_chance_splits_only_tasks_that_offer_it_and_is_absent_from_ids_as_usual() -> None:
    names = {"skirmish_3m": ["good"], "two_step": "all"}
    usual = expand(grid_of(task=["skirmish_3m", "two_step"], dataset=names)).points
    both = expand(grid_of(task=["skirmish_3m", "two_step"], dataset=names, chance=["full", "fixed"])).points
    assert [(p.task, str(p.chance)) for p in usual] == [("skirmish_3m", "full"), ("two_step", "full")]
    assert [(p.task, str(p.chance)) for p in both] == [("skirmish_3m", "full"), ("skirmish_3m", "fixed"), ("two_step", "full")]
    full, fixed, game = both
    assert (full, game) == usual
    assert "chance" not in full.canonical()
    assert len({full.dataset_id, fixed.dataset_id}) == len({full.pack_key, fixed.pack_key}) == 2, "other data, other packs"
    assert (full.environment, fixed.environment) == ("skirmish_3m", "skirmish_3m (fixed chance)")


def test_chance_of_a_task_without_a_choice_is_refused() -> None:
    with pytest.raises(GridError, match=r"chance, which applies only where task is skirmish_3m or"):
        expand(grid_of(task=["two_step"], dataset="all", chance=["fixed"]))
