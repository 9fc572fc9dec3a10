"""The grids that come with the product are what they say they are."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import jsonschema
import pytest

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.search_spaces.expansion import axis_counts, expand
from recipe_sweep.search_spaces.grid import Settings, grid_schema
from recipe_sweep.search_spaces.grid_file import grid_from, read_grid
from recipe_sweep.search_spaces.presets import preset_names, preset_path, preset_text, resolve_grid
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition, Discretisation, Source, ValueLearning
from recipe_sweep.search_spaces.yaml_file import parse_yaml, read_yaml


def test_figure_7_is_the_papers_16384_runs() -> None:
    points = expand(read_grid("figure7")).points
    assert len({point.run_id for point in points}) == 16_384
    assert Counter(point.value_learning for point in points) == {
        ValueLearning.TD: 4_096,
        ValueLearning.SARSA: 4_096,
        ValueLearning.IQL: 8_192,
    }
    counts = {count.axis: dict(count.values) for count in axis_counts(points)}
    assert counts["task"] == dict.fromkeys(("2ant", "3hopper", "6halfcheetah", "simple_spread"), 4_096)
    assert counts["seed"] == dict.fromkeys(range(8), 2_048)
    assert counts["tau"] == {None: 8_192, 0.7: 4_096, 0.9: 4_096}
    assert {(point.task, point.dataset) for point in points if point.dataset == "random"} == {("simple_spread", "random")}
    assert all((point.critic_norm is CriticNorm.SVN) == (point.decomposition is Decomposition.MIX) for point in points)
    assert {point.source for point in points} == {Source.OG_MARL}


def test_the_mixers_preset_compares_all_mixers_long_enough_and_on_seeds_enough() -> None:
    points = expand(read_grid("mixers")).points
    mixing = {word for word in Decomposition.members() if word.mixes or word.pairs}
    assert mixing < {point.decomposition for point in points}
    assert {point.task for point in points} == {"simple_spread", "3hopper"}
    assert {point.seed for point in points} == set(range(8))
    assert min(point.steps for point in points) >= 5_000
    assert len({p.mixer_embed for p in points if p.decomposition.mixes and not p.decomposition.embeds} | {32}) == 1
    assert all((point.critic_norm is CriticNorm.SVN) == (point.decomposition in mixing) for point in points)


def test_figure_9_is_6144_runs_on_the_papers_six_datasets() -> None:
    points = expand(read_grid("figure9")).points
    assert len({point.run_id for point in points}) == 6_144
    sets = {("smac_3m", "good"), ("smac_3m", "medium"), ("smac_2s3z", "good"), ("smac_2s3z", "medium")}
    sets |= {("smac_terran_5_vs_5", "replay"), ("smac_zerg_5_vs_5", "replay")}
    assert Counter((point.task, point.dataset) for point in points) == dict.fromkeys(sets, 1_024)
    assert {(point.steps, point.eval_every, point.eval_episodes) for point in points} == {(1_000_000, 50_000, 10)}
    assert {point.source for point in points} == {Source.OG_MARL}


def test_the_small_figure_9_has_all_designs_of_the_large_one_cloning_once_and_seeds_enough_for_intervals() -> None:
    whole, points = expand(read_grid("figure9")).points, expand(read_grid("figure9_small")).points
    cloning = [p for p in points if p.alpha == 0.0]
    designs = [p for p in points if p.alpha > 0.0]
    sets = {(p.task, p.dataset) for p in points}
    assert len(sets) == 5
    wanted = {(p.decomposition, p.value_learning, p.extraction) for p in whole}
    assert len(wanted) == 24
    for place in sets:
        assert {(p.decomposition, p.value_learning, p.extraction) for p in designs if (p.task, p.dataset) == place} == wanted
    assert Counter((p.task, p.dataset, p.seed) for p in cloning) == dict.fromkeys(
        {(p.task, p.dataset, p.seed) for p in designs}, 1
    )
    assert len({p.seed for p in points}) >= FEWEST_SEEDS


def test_the_discretisations_differ_in_nothing_else() -> None:
    points = expand(read_grid("discretisation")).points
    kinds = {kind: [p for p in points if p.discretisation is kind] for kind in Discretisation}
    alike = [{replace(p, discretisation=Discretisation.RAW).run_id for p in own} for own in kinds.values()]
    assert alike[0] == alike[1] == alike[2]
    assert {p.seed for p in points} == set(range(FEWEST_SEEDS))
    assert {p.extraction for p in points if p.alpha == 0.0} == {"awr"}


def test_figure_7_is_planned_in_a_blink() -> None:
    start = time.process_time()
    points = expand(read_grid("figure7")).points
    assert all(point.config_id for point in points[:1])
    assert time.process_time() - start < 3


def test_a_setting_left_out_has_the_papers_value() -> None:
    """Figure 7's file states every setting, and what it states are the defaults."""
    grid = read_grid("figure7")
    assert set(Settings.model_fields) == grid.settings.model_fields_set
    assert grid.settings == Settings()
    stated = grid.axes.model_fields_set
    assert {"critic_norm", "actor_norm"} < stated
    bare = re.sub(r"(?s)\nsettings:.*|  (critic|actor)_norm:[^\n]*\n", "", preset_text("figure7"))
    document = parse_yaml(bare, "bare.yaml")
    assert "settings" not in document.content
    assert [p.run_id for p in expand(grid_from(document)).points[:50]] == [p.run_id for p in expand(grid).points[:50]]


def test_the_demo_lacks_a_design_or_seeds_for_an_interval() -> None:
    points = expand(read_grid("demo")).points
    assert len(points) >= 192
    designs = Counter((p.decomposition, p.value_learning, p.extraction) for p in points)
    assert len(designs) == 24
    for design in designs:
        own = [p for p in points if (p.decomposition, p.value_learning, p.extraction) == design]
        assert {p.dataset for p in own} >= {"expert", "random"}
        assert len({p.seed for p in own}) >= FEWEST_SEEDS
    assert {p.source for p in points} == {Source.HOMEGROWN}


def test_the_small_figure_7_has_every_panel_cloning_once_and_seeds_enough_for_intervals() -> None:
    whole, points = expand(read_grid("figure7")).points, expand(read_grid("figure7_small")).points
    cloning = [p for p in points if p.alpha == 0.0]
    designs = [p for p in points if p.alpha > 0.0]
    assert {(p.task, p.dataset, p.decomposition, p.value_learning, p.extraction) for p in designs} == {
        (p.task, p.dataset, p.decomposition, p.value_learning, p.extraction) for p in whole
    }
    assert {(p.source, p.extraction) for p in cloning} == {(Source.HOMEGROWN, "awr")}
    assert Counter((p.task, p.dataset, p.seed) for p in cloning) == dict.fromkeys(
        {(p.task, p.dataset, p.seed) for p in designs}, 1
    )
    assert len({p.seed for p in points}) >= 4


@pytest.mark.parametrize("preset", ["figure7", "figure7_small"])
@pytest.mark.parametrize("source", [Source.HOMEGROWN, Source.OG_MARL])
def test_figure_7_can_be_made_of_published_or_of_home_made_data(preset: str, source: Source) -> None:
    points = expand(read_grid(preset, [f"axes.source={source}"])).points
    assert {p.source for p in points} == {source}
    assert len(points) == len(expand(read_grid(preset)).points)


def test_the_ablation_crosses_both_normalisations() -> None:
    grid = read_grid("svn_ablation")
    points = expand(grid).points
    assert grid.ablation
    assert {(p.critic_norm, p.actor_norm) for p in points} == set(product(CriticNorm.members(), ActorNorm.members()))
    assert {(p.decomposition, p.value_learning) for p in points} == {("mix", "td")}


def test_the_two_step_game_compares_a_sum_with_a_mixture() -> None:
    points = expand(read_grid("two_step")).points
    assert Counter((str(p.decomposition), str(p.critic_norm)) for p in points) == {("vdn", "none"): 5, ("mix", "svn"): 5}


def test_the_starter_grid_is_small_and_its_commented_examples_work() -> None:
    text = preset_text("starter")
    assert len(expand(read_grid("starter")).points) <= 16
    groups = re.search(r"(?s)# zip:\n.*?\n\n", text)
    rules = re.search(r"(?s)# exclude:\n.*", text)
    assert groups
    assert rules
    examples = re.sub(r"(?m)^# ?", "", groups[0] + rules[0])
    shorter = re.sub(r"(?m)^  (lr|batch):.*\n", "", text.replace(groups[0], "").replace(rules[0], ""))
    expansion = expand(grid_from(parse_yaml(shorter + examples, "starter.yaml")))
    assert {(p.lr, p.batch) for p in expansion.points} == {(1e-3, 64), (3e-3, 128)}
    assert expansion.excluded[0].points == 4


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid_by_its_own_rules_and_by_the_editors_schema(name: str) -> None:
    grid = read_grid(name)
    assert expand(grid).points
    assert grid.description
    assert not list(jsonschema.Draft202012Validator(grid_schema()).iter_errors(read_yaml(preset_path(name)).content))


def test_the_editors_schema_marks_misspelt_keys() -> None:
    content = read_yaml(preset_path("demo")).content | {"setings": {}}
    assert [error.message for error in jsonschema.Draft202012Validator(grid_schema()).iter_errors(content)] == [
        "Additional properties are not allowed ('setings' was unexpected)"
    ]


def test_every_value_of_figure_7_has_its_source_above_it() -> None:
    lines = preset_text("figure7").splitlines()
    keys = [index for index, line in enumerate(lines) if re.match(r"  +\w+: ?\S", line)]
    assert len(keys) > 25
    for index in keys:
        comment = lines[index - 1]
        assert re.match(r" +# ", comment), lines[index]
        assert re.search(r"\((?:.*[\s;])?(?:\d\.\d|[CD](?:\.\d)?|Eq\. \d+|section \d|choice)[^(]*\)", comment), comment


def test_a_preset_is_found_from_anywhere_and_a_path_means_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_grid("figure7") == preset_path("figure7")
    (tmp_path / "figure7").write_text("x")
    assert resolve_grid("figure7") == preset_path("figure7")
    assert resolve_grid("./figure7") == Path("figure7")
    (tmp_path / "mine.yaml").write_text(preset_text("starter"))
    assert read_grid("mine.yaml").name == "my-first-sweep"
    assert read_grid(tmp_path / "mine.yaml").name == "my-first-sweep"
