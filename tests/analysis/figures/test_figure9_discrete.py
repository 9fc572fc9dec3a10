"""Figure 9: each bar is the best of its decomposition on each dataset, in returns, however much of the sweep is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from recipe_sweep.analysis.figures.figure9_discrete import OWN_BATTLE, draw
from recipe_sweep.analysis.figures.inputs import Drawing
from recipe_sweep.analysis.figures.registry import AbsentFigure, WrittenFigure, figure_kinds, write_figures
from recipe_sweep.analysis.findings.family_panels import family_panels
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.families import SMAC_V1, SMAC_V2
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Chance, Decomposition
from recipe_sweep.sweep.results.samples import Lacking
from tests.analysis.synthetic import material_of, score_of, synthetic_points, write_sweep
from tests.words import DECOMPOSITIONS

V1 = ("smac_3m", "smac_2s3z")
SMALL = {"brac_alphas": (0.1, 1.0), "awr_alphas": (0.0, 1.0, 3.0), "taus": (0.7, 0.9)}


def battles(seeds: Sequence[int] = range(4), tasks: Sequence[str] = V1) -> tuple[DesignPoint, ...]:
    return synthetic_points(tasks, ("good", "medium"), seeds, **SMALL)


def replays(seeds: Sequence[int] = range(4)) -> tuple[DesignPoint, ...]:
    return synthetic_points(("smac_terran_5_vs_5", "smac_zerg_5_vs_5"), ("replay",), seeds, **SMALL)


def drawn(points: Sequence[DesignPoint], sweep_dir: Path) -> Drawing:
    drawings = draw(material_of(points, sweep_dir))
    assert not isinstance(drawings, Lacking)
    (drawing,) = drawings
    return drawing


def table_of(drawing: Drawing, name: str = "figure9") -> pd.DataFrame:
    (found,) = (numbers.table for numbers in drawing.numbers if numbers.name == name)
    return found


def best_by_hand(points: Sequence[DesignPoint], decomposition: Decomposition, task: str, dataset: str) -> float:
    """Twenty times the largest mean over seeds of any configuration."""
    scores: dict[str, list[float]] = {}
    for one in points:
        if (one.decomposition, one.task, one.dataset) == (decomposition, task, dataset) and one.alpha:
            scores.setdefault(one.config_id, []).append(score_of(one))
    return 20.0 * max(np.mean(values) for values in scores.values())


def test_a_bar_is_the_mean_over_datasets_of_the_best_design_in_returns(tmp_path: Path) -> None:
    points = (*battles(), *replays())
    table = table_of(drawn(points, write_sweep(tmp_path, points)))
    assert set(table["family"]) == {SMAC_V1.title, SMAC_V2.title}
    for decomposition in DECOMPOSITIONS:
        mine = table[(table["policy"] == decomposition.value) & (table["family"] == SMAC_V1.title)].set_index(
            ["task", "dataset"]
        )
        best = {
            (task, dataset): best_by_hand(points, decomposition, task, dataset) for task in V1 for dataset in ("good", "medium")
        }
        for place, value in best.items():
            assert mine.loc[place, "return"] == pytest.approx(value)
        bar = mine.loc[("all", "all")]
        assert bar["return"] == pytest.approx(np.mean(list(best.values())))
        assert (bar["least"], bar["greatest"]) == pytest.approx((min(best.values()), max(best.values())))


def test_cloning_is_a_line_and_no_configuration_of_a_bar(tmp_path: Path) -> None:
    points = battles()
    table = table_of(drawn(points, write_sweep(tmp_path, points)))
    (cloning,) = table[table["policy"] == "behaviour cloning"]["return"]
    means = [
        np.mean([score_of(one) for one in points if (one.task, one.dataset, one.alpha) == (task, dataset, 0.0)])
        for task in V1
        for dataset in ("good", "medium")
    ]
    assert cloning == pytest.approx(20.0 * np.mean(means))
    assert not (table["alpha"] == 0.0).any()


def test_the_policy_behind_published_data_is_a_mark_at_its_cards_return(tmp_path: Path) -> None:
    points = battles()
    table = table_of(drawn(points, write_sweep(tmp_path, points))).set_index("policy")
    assert table.loc["the data's own policy", "return"] == pytest.approx(np.mean([16.49, 9.96, 18.32, 12.57]))
    assert np.isnan(table.loc["uniform actions", "return"])


@pytest.mark.parametrize("keep", [1, 7, 200])
def test_a_sweep_that_has_only_begun_is_drawn_and_says_what_is_missing(tmp_path: Path, keep: int) -> None:
    points = battles()
    write_sweep(tmp_path, points[:keep])
    (figure,) = write_figures(figure_kinds((9,)), material_of(points, tmp_path), tmp_path / "out")
    assert isinstance(figure, WrittenFigure)
    table = pd.read_csv(figure.numbers[0])
    there = table[(table["dataset"] != "all") & table["return"].notna()]
    assert 1 <= len(there) <= keep
    bars = table[(table["dataset"] == "all") & table["wanted"].notna()]
    assert bars["missing"].sum() == sum(one.alpha > 0.0 for one in points[keep:])


def test_one_lucky_seed_does_not_win_against_the_mean_of_many(tmp_path: Path) -> None:
    points = synthetic_points(("smac_3m",), ("good",), range(4), brac_alphas=(0.1, 1.0), awr_alphas=(1.0,), taus=(0.9,))
    lucky = next(one for one in points if one.alpha == 0.1)
    rest = [one for one in points if one.config_id != lucky.config_id]
    score = {one.run_id: 0.5 for one in rest} | {lucky.run_id: 0.9}
    runs = pd.DataFrame(
        [
            {"run_id": run_id, "score": value, "status": "finished", "scale_min": 0.0, "scale_max": 20.0}
            for run_id, value in score.items()
        ]
    )
    (panel,) = family_panels(task_scores(runs, points_table(points)))
    assert [bar.value for bar in panel.bars] == [10.0] * 4
    assert [one.seeds for bar in panel.bars for one in bar.chosen] == [4] * 4


def test_other_tasks_have_no_place_and_the_sentence_names_the_preset(tmp_path: Path) -> None:
    points = synthetic_points(datasets=("expert",), seeds=(0,))
    write_sweep(tmp_path, points)
    (absent,) = write_figures(figure_kinds((9,)), material_of(points, tmp_path), tmp_path)
    assert isinstance(absent, AbsentFigure)
    assert "recipe-sweep launch figure9_small" in absent.sentence


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    points = battles(tasks=("smac_3m",))
    write_sweep(tmp_path, points)
    for name in ("one", "two"):
        list(write_figures(figure_kinds((9,)), material_of(points, tmp_path), tmp_path / name))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_panels_stand_in_the_papers_order_whatever_the_grid_says(tmp_path: Path) -> None:
    points = (*replays((0,)), *battles((0,)))
    material = material_of(points, write_sweep(tmp_path, points))
    panels = family_panels([block.scores for block in material.blocks])
    assert [panel.family for panel in panels] == [SMAC_V1, SMAC_V2]
    assert panels[0].datasets == ("smac_3m good", "smac_3m medium", "smac_2s3z good", "smac_2s3z medium")


def test_a_panel_of_smac_is_not_called_our_own(tmp_path: Path) -> None:
    points = battles((0,))
    figure = drawn(points, write_sweep(tmp_path, points)).figure
    assert OWN_BATTLE not in said(figure)


def said(figure: Figure) -> str:
    return " ".join(text.get_text().replace("\n", " ") for text in figure.texts)


def skirmishes(chance: Chance = Chance.FULL, seeds: Sequence[int] = range(4)) -> tuple[DesignPoint, ...]:
    return (
        *synthetic_points(("skirmish_3m", "skirmish_2s3z"), ("good", "medium"), seeds, chance=chance, **SMALL),
        *synthetic_points(("skirmish_5v5",), ("replay",), seeds, chance=chance, **SMALL),
    )


def test_our_own_battle_has_its_own_name_and_the_note_says_whom_the_paper_means(tmp_path: Path) -> None:
    points = skirmishes(seeds=(0,))
    drawing = drawn(points, write_sweep(tmp_path, points))
    assert set(table_of(drawing)["family"]) == {"skirmish, fixed units", "skirmish, drawn units"}
    assert OWN_BATTLE in said(drawing.figure)
    assert "SMACv" not in " ".join(text.get_text() for text in drawing.figure.axes[0].texts)


def test_fixed_chance_has_panels_of_its_own(tmp_path: Path) -> None:
    points = (*skirmishes(seeds=(0,)), *skirmishes(Chance.FIXED, seeds=(0,)))
    table = table_of(drawn(points, write_sweep(tmp_path, points)))
    assert list(dict.fromkeys(table["family"])) == [
        "skirmish, fixed units", "skirmish, fixed units (fixed chance)",
        "skirmish, drawn units", "skirmish, drawn units (fixed chance)",
    ]  # fmt: skip
    mine = table[(table["family"] == "skirmish, drawn units (fixed chance)") & (table["policy"] == "mix")]
    nothing = table[table["policy"] == "doing nothing"].set_index("family")["return"]
    assert nothing["skirmish, fixed units"] == 0.0
    assert np.isnan(nothing["skirmish, fixed units (fixed chance)"]), "it was measured with full chance"
    own = [one for one in points if one.chance is Chance.FIXED]
    assert mine["return"].iloc[0] == pytest.approx(best_by_hand(own, Decomposition.MIX, "skirmish_5v5", "replay"))


def test_won_episodes_of_the_runs_behind_a_bar_are_tabulated_where_they_are_stored(tmp_path: Path) -> None:
    points = battles(tasks=("smac_3m",))
    material = material_of(points, write_sweep(tmp_path, points))
    drawings = draw(material)
    assert not isinstance(drawings, Lacking)
    assert {one.name for one in drawings[0].numbers} == {"figure9", "figure9_leads"}
    seeds = {one.run_id: one.seed for one in points}
    runs = material.results.runs.assign(win_rate=material.results.runs["run_id"].map(seeds) / 10.0)
    drawings = draw(replace(material, results=replace(material.results, runs=runs)))
    assert not isinstance(drawings, Lacking)
    wins = table_of(drawings[0], "figure9_wins")
    assert wins["win_rate"].to_list() == pytest.approx([0.15] * 8)
    assert set(wins["seeds"]) == {4}
