"""A whole report from files: complete, incomplete and empty sweeps, and the same bytes twice."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recipe_sweep.analysis.errors import NothingToReportError
from recipe_sweep.analysis.figures.alpha_curves import draw_alpha_figure
from recipe_sweep.analysis.figures.captions import standing_sentence
from recipe_sweep.analysis.figures.figure7_bars import Look, limits
from recipe_sweep.analysis.figures.figure7_designs import draw_figure7
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.figures.registry import WrittenFigure
from recipe_sweep.analysis.figures.style import BEST, OTHER, TIED
from recipe_sweep.analysis.findings.one_alpha import one_alphas
from recipe_sweep.analysis.findings.panel_tables import bars_frame
from recipe_sweep.analysis.findings.panels import RESAMPLES, TaskPanels, task_panels
from recipe_sweep.analysis.findings.recommendation import Basis
from recipe_sweep.analysis.findings.sensitivity import alpha_curves
from recipe_sweep.analysis.report.advice import advise
from recipe_sweep.analysis.report.report import ReportPaths, write_report
from recipe_sweep.analysis.report.table import ALPHA, NOTHING, bars_table, choices_table, datasets_table
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from tests.analysis.synthetic import figure7_points, look_of, note_of, synthetic_points, write_pack, write_sweep
from tests.words import DECOMPOSITIONS

DEMO = synthetic_points(datasets=("expert", "random"), brac_alphas=(0.1, 1.0), awr_alphas=(1.0, 3.0), taus=(0.9,))


def files(paths: ReportPaths) -> list[Path]:
    assert paths.table is not None
    of_figures = [path for figure in paths.figures for path in (*figure.paths, *figure.numbers)]
    return [*of_figures, paths.table, paths.runs, paths.curves]


def figure7(paths: ReportPaths) -> WrittenFigure:
    (figure,) = [figure for figure in paths.figures if figure.name == "figure7"]
    return figure


def page_of(paths: ReportPaths) -> str:
    assert paths.table is not None
    return paths.table.read_text()


def panels_of(points: tuple[DesignPoint, ...], sweep_dir: Path) -> tuple[TaskPanels, ...]:
    runs = load_results(sweep_dir / "results").runs
    return tuple(task_panels(task, np.random.default_rng(0), 200) for task in task_scores(runs, points_table(points)))


def areas_by_colour(figure: Figure) -> dict[str, list[NDArray[np.float64]]]:
    """Corners of every area of a sheet."""
    collections = [one for one in figure.axes[0].collections if isinstance(one, PolyCollection)]
    return {to_hex(one.get_facecolor()[0]): [path.vertices for path in one.get_paths()] for one in collections}


def lines_of(figure: Figure, colour: str | None = None) -> list[NDArray[np.float64]]:
    """Points of every line of a sheet, of one colour if it is given."""
    collections = [one for one in figure.axes[0].collections if isinstance(one, LineCollection)]
    chosen = [one for one in collections if colour is None or to_hex(one.get_colors()[0]) == to_hex(colour)]
    return [np.asarray(line) for one in chosen for line in one.get_segments()]


def inches(corners: NDArray[np.float64]) -> float:
    """Height of an area."""
    return float(np.ptp(corners[:, 1]))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReportPaths]:
    sweep_dir = write_sweep(tmp_path_factory.mktemp("demo"), DEMO)
    return sweep_dir, write_report(sweep_dir, DEMO, 0, sweep_dir / "report")


def test_the_same_results_give_the_same_bytes(demo: tuple[Path, ReportPaths], tmp_path: Path) -> None:
    sweep_dir, first = demo
    before = [path.read_bytes() for path in files(first)]
    second = write_report(sweep_dir, DEMO, 0, tmp_path)
    assert [path.read_bytes() for path in files(second)] == before
    figures = [f"{name}.{kind}" for name in ("figure7", "figure7_alpha") for kind in ("pdf", "png", "svg")]
    written = sorted([*figures, "figure7.csv", "figure7.md", "figure7_alpha.csv", "figure7_configurations.csv"])
    written = sorted([*written, "choices.csv", "learning.csv", "index.html", "tables.md", "tables.tex"])
    assert sorted(path.name for path in tmp_path.iterdir()) == written


def test_figures_embed_their_fonts_and_carry_no_date(demo: tuple[Path, ReportPaths]) -> None:
    figure = figure7(demo[1]).paths
    pdf = figure.pdf.read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    assert b"<dc:date>" not in figure.svg.read_bytes()
    assert figure.png.read_bytes()[:4] == b"\x89PNG"


def test_the_csv_holds_every_number_of_the_figure(demo: tuple[Path, ReportPaths]) -> None:
    numbers = figure7(demo[1]).numbers
    bars = pd.read_csv(numbers[0])
    whole = bars[bars["dataset"] == "all"]
    cells = whole[(whole["value_learning"] != "mean") & (whole["extraction"] != "mean")]
    assert len(cells) == 24
    assert len(whole) == 24 + 3 * 4 + 2 * 4
    assert whole["low"].isna().all()  # two seeds: no interval
    one = bars[(bars["decomposition"] == "mix") & (bars["value_learning"] == "iql") & (bars["extraction"] == "awr")]
    by_dataset = one[one["dataset"] != "all"]
    assert one[one["dataset"] == "all"]["score"].item() == pytest.approx(by_dataset["score"].mean())
    assert by_dataset["tau"].tolist() == [0.9, 0.9]
    configurations = pd.read_csv(numbers[1])
    assert len(configurations) == 24 * 2 * 2
    assert configurations["seeds"].eq(2).all()


def test_the_page_says_the_sentence_on_mix_and_shows_every_table(demo: tuple[Path, ReportPaths]) -> None:
    page = page_of(demo[1])
    assert demo[1].summary in page
    assert "Mix is best or runner-up in" in demo[1].summary
    assert "of 6 panels" in demo[1].summary
    assert "All 192 runs are in." in page
    assert f"| dataset | BRAC {ALPHA} 0.1 | BRAC {ALPHA} 1 | AWR {ALPHA} 1 | AWR {ALPHA} 3 |" in page
    assert page.count("Mix, SARSA, BRAC") == 1
    assert "under 4 seeds no interval" in page
    assert "2,000 steps" in page
    assert "evaluation at the last step" in page


def test_an_incomplete_sweep_still_reports_and_says_what_is_missing(tmp_path: Path) -> None:
    write_sweep(tmp_path, DEMO[:100])
    paths = write_report(tmp_path, DEMO, 7, tmp_path / "report")
    assert paths.coverage.startswith("Incomplete: 92 of 192 runs are missing, 7 of them failed")
    page = page_of(paths)
    assert paths.coverage in page
    assert "8 of 8" in page  # a design that is missing altogether
    assert all(path.stat().st_size > 0 for path in files(paths))


def test_a_sweep_without_a_third_of_its_runs_and_without_one_task_is_reported_on_and_says_so(tmp_path: Path) -> None:
    points = synthetic_points(
        tasks=("2ant", "simple_spread"),
        datasets=("expert", "medium"),
        seeds=range(4),
        brac_alphas=(0.1, 1.0),
        awr_alphas=(1.0,),
    )
    done = [point for i, point in enumerate(points) if point.task == "simple_spread" and i % 3]
    write_sweep(tmp_path, done)
    paths = write_report(tmp_path, points, 0, tmp_path / "report")
    assert paths.coverage.endswith("There is none of MA-MuJoCo - 2ant.")
    found = panels_of(points, tmp_path)
    (sheet,) = draw_figure7(found, ("note",), look_of(found)).axes
    assert [text.get_text() for text in sheet.texts].count("no runs") == 6 + 3 + 2
    assert {figure.name for figure in paths.figures} == {"figure7", "figure7_alpha"}
    assert {absent.kind.number for absent in paths.absent} == {1, 2, 3, 4, 5, 6, 8, 9, 10}
    assert paths.page is not None
    text = paths.page.read_text()
    missing = text[text.index('<section id="missing">') : text.index('<section id="cost">')]
    assert paths.coverage in missing
    assert missing.count("<td>MA-MuJoCo - 2ant</td>") == 24 * 2
    assert "Figure 8 is not drawn" in missing


def test_one_finished_run_is_enough_for_a_report(tmp_path: Path) -> None:
    write_pack(tmp_path / "results", DEMO[:1], "pack")
    paths = write_report(tmp_path, DEMO, 0, tmp_path / "report")
    assert "cannot be ranked yet" in paths.summary
    assert "191 of 192 runs are missing" in paths.coverage


@pytest.mark.parametrize("others", [0, 3])
def test_an_empty_sweep_is_an_error_that_says_what_to_do_and_writes_nothing(tmp_path: Path, others: int) -> None:
    if others:
        write_pack(tmp_path / "results", DEMO[-others:], "pack")
    with pytest.raises(NothingToReportError) as error:
        write_report(tmp_path, DEMO[:10], 4, tmp_path / "report")
    text = str(error.value)
    assert "none of the 10 wanted runs, 4 failed" in text
    assert ("3 finished runs of other grids" in text) == (others == 3)
    assert "recipe-sweep launch" in text
    assert error.value.exit_code == 2
    assert not (tmp_path / "report").exists()
    assert not (tmp_path / "index").exists()


def test_mixed_versions_data_and_doubled_runs_are_told_to_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.analysis import synthetic

    write_sweep(tmp_path, DEMO)
    plain = synthetic.result_row

    def later(point: DesignPoint, **where: object) -> dict[str, object]:
        return {**plain(point, **where), "torch_version": "9.9", "data_hash": "other"}  # type: ignore[arg-type]

    monkeypatch.setattr(synthetic, "result_row", later)
    more = synthetic_points(datasets=("expert",), seeds=(2,), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,))
    write_pack(tmp_path / "results", [*more, DEMO[0]], "late", epoch=2)
    page = page_of(write_report(tmp_path, [*DEMO, *more[:-1]], 0, tmp_path / "report"))
    assert "several versions of torch: 2.13.0 (192), 9.9 (23)" in page
    assert "Runs on simple_spread expert (homegrown) saw several contents" in page
    assert "1 run is in more than one pack" in page
    assert "1 finished run is outside the grid" in page


def test_a_bar_has_another_colour_than_what_the_seeds_show() -> None:
    points = synthetic_points(datasets=("expert",), seeds=range(8), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,))
    height = {Decomposition.CEN: 0.9, Decomposition.MIX: 0.91, Decomposition.VDN: 0.3, Decomposition.DEC: 0.2}
    noise = np.random.default_rng(1).normal(scale=0.05, size=len(points))
    scores = [height[point.decomposition] + off for point, off in zip(points, noise, strict=True)]
    runs = points_table(points)[["run_id"]].assign(score=scores, status="finished")
    (task,) = task_scores(runs, points_table(points))
    block = task_panels(task, np.random.default_rng(0), 200)
    figure = draw_figure7((block,), ("note",), look_of((block,)))
    areas = areas_by_colour(figure)
    for number, panel in enumerate(block.panels):
        first, second = sorted((bar.score for bar in panel.bars), reverse=True)[:2]
        assert inches(areas[BEST][number]) / inches(areas[TIED][number]) == pytest.approx(first / second)
    assert len(areas[BEST]) == len(areas[TIED]) == len(block.panels) == 6 + 3 + 2
    assert len(areas[OTHER]) == 2 * len(block.panels)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["best", "tied with the best", "behind", "level of the best", "difference to it, 95 %"]


def test_equal_bars_are_drawn_as_best_or_with_an_interval() -> None:
    points = synthetic_points(datasets=("expert",), seeds=range(8), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,))
    runs = points_table(points)[["run_id"]].assign(score=1.0, status="finished")
    (task,) = task_scores(runs, points_table(points))
    block = task_panels(task, np.random.default_rng(0), 200)
    figure = draw_figure7((block,), ("note",), look_of((block,)))
    areas = areas_by_colour(figure)
    assert BEST not in areas
    assert OTHER not in areas
    assert [text.get_text() for text in figure.axes[0].texts].count("=") == 44
    note = " ".join(note_of((block,), Coverage(1, 1, 0), ScoreRule.FINAL))
    assert "=: 24 bars have one score in all seeds" in note
    assert "Mix is best or runner-up in 3 of 6 panels (best in 1.5); it is tied in 6 panels" in note
    assert "1.00 (in every seed)" in bars_table(block)


@pytest.mark.parametrize("intervals", Intervals)
def test_bars_intervals_and_numbers_stand_where_the_axis_of_their_panel_says(intervals: Intervals, tmp_path: Path) -> None:
    points = synthetic_points(datasets=("expert",), seeds=range(4), taus=(0.9,))
    (block,) = panels_of(points, write_sweep(tmp_path, points))
    look = Look(intervals, one_alphas((block,)))
    figure = draw_figure7((block,), ("note",), look)
    (sheet,) = figure.axes
    numbers = [(text.get_position()[1], float(text.get_text())) for text in sheet.texts if "0." in text.get_text()]
    (zero, none), (above, tick) = sorted(numbers)[:2]  # of the lowest row, which the last panel is in
    unit = (above - zero) / tick
    assert none == 0.0
    best = block.panels[-1].best
    assert best is not None
    height = best.score if intervals is Intervals.PAIRED else best.value
    assert inches(areas_by_colour(figure)[BEST][-1]) == pytest.approx(height * unit)
    upright = [line for line in lines_of(figure) if len(line) == 2 and line[0][0] == line[1][0]]
    ends = {tuple(np.round([line[0][1], line[1][1]], 6)) for line in upright}
    assert best.interval is not None
    drawn = [bar.difference for bar in block.panels[-1].bars if bar.difference is not None]
    assert len(drawn) == 3
    expected = [[best.score + end for end in one] for one in drawn] if intervals is Intervals.PAIRED else [best.interval]
    for one in expected:
        assert tuple(np.round([zero + unit * end for end in np.clip(one, *limits(block, look))], 6)) in ends


def test_no_label_of_figure_7_lies_over_another(tmp_path: Path) -> None:
    points = figure7_points(seeds=(0,))
    panels = panels_of(points, write_sweep(tmp_path, points))
    note = note_of(panels, Coverage(len(points), len(points), 0), ScoreRule.FINAL)
    figure = draw_figure7(panels, note, look_of(panels))
    figure.draw_without_rendering()
    canvas = figure.bbox
    boxes = [text.get_window_extent() for text in (*figure.axes[0].texts, *figure.texts, *figure.legends[0].get_texts())]
    assert len(boxes) > 150
    assert all(canvas.x0 <= box.x0 and box.x1 <= canvas.x1 and canvas.y0 <= box.y0 and box.y1 <= canvas.y1 for box in boxes)
    clashes = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]
    assert not clashes


def test_the_note_tells_intervals_from_single_seeds_and_counts_divergence(tmp_path: Path) -> None:
    points = synthetic_points(datasets=("expert",), seeds=range(4), taus=(0.9,))
    panels = panels_of(points, write_sweep(tmp_path, points))
    diverged = sum(bar.diverged for panel in panels[0].cells for bar in panel.bars)
    assert diverged > 0
    text = " ".join(note_of(panels, Coverage(len(points), len(points), 0), ScoreRule.LAST3))
    assert "Whiskers: 95 % intervals of a bar's difference to the panel's best" in text
    single = note_of(panels, Coverage(len(points), len(points), 0), ScoreRule.LAST3, Intervals.SINGLE)
    assert any("each bar's own 95 % interval" in sentence for sentence in single)
    assert "Circles" not in text
    assert f"({diverged} in all" in text
    assert "mean of the last three evaluations" in text
    assert "4 seeds" in text


def test_every_score_stands_beside_that_of_behaviour_cloning(tmp_path: Path) -> None:
    dec, sarsa, awr = (Decomposition.DEC,), (ValueLearning.SARSA,), (Extraction.AWR,)
    cloning = synthetic_points(
        datasets=("expert", "random"), decompositions=dec, value_learners=sarsa, extractions=awr, awr_alphas=(0.0,)
    )
    points = (*DEMO, *cloning)
    (panels,) = panels_of(points, write_sweep(tmp_path, points))
    frame = bars_frame((panels,), one_alphas((panels,)))
    assert frame["cloning"].map(math.isfinite).all()
    assert frame["alpha"].min() > 0.0
    assert choices_table(panels, one_alphas((panels,))).splitlines()[-1].startswith("| behaviour cloning |")
    assert "Behaviour cloning: " in bars_table(panels)
    note = note_of((panels,), Coverage(len(points), len(points), 0), ScoreRule.FINAL)
    assert any("behaviour cloning" in sentence for sentence in note)
    figure = draw_figure7((panels,), note, look_of((panels,)))
    assert any("behaviour cloning" in text.get_text() for text in figure.legends[0].get_texts())
    without = panels_of(DEMO, write_sweep(tmp_path / "without", DEMO))
    assert not any("behaviour cloning" in sentence for sentence in note_of(without, Coverage(1, 1, 0), ScoreRule.FINAL))


def test_a_sweep_of_one_decomposition_makes_no_claim_on_rank(tmp_path: Path) -> None:
    points = synthetic_points(datasets=("expert",), decompositions=(Decomposition.MIX,), taus=(0.9,))
    panels = panels_of(points, write_sweep(tmp_path, points))
    assert standing_sentence(panels) == "Mix cannot be ranked here: no panel has it beside another decomposition."
    assert "**" not in bars_table(panels[0]).split("\n\n")[1]


def test_tables_print_a_dash_where_there_is_no_number(tmp_path: Path) -> None:
    points = tuple(point for point in DEMO if point.decomposition is not Decomposition.CEN)
    write_sweep(tmp_path, [point for point in points if point.dataset == "expert"])
    (panels,) = panels_of(points, tmp_path)
    for table in (bars_table(panels), choices_table(panels, one_alphas((panels,))), datasets_table(panels)):
        assert "nan" not in table
        assert NOTHING in table
    frame = bars_frame((panels,), one_alphas((panels,)))
    assert not frame[frame["dataset"] == "random"]["score"].map(math.isfinite).any()


def test_the_curves_over_alpha_go_through_every_value_that_was_tried(tmp_path: Path) -> None:
    points = synthetic_points(datasets=("expert", "random"), value_learners=(ValueLearning.TD,), awr_alphas=(1.0,))
    (panels,) = panels_of(points, write_sweep(tmp_path, points))
    figure = draw_alpha_figure([panels.scores])
    assert figure is not None
    words = [text.get_text() for text in figure.axes[0].texts]
    # BRAC on two datasets; AWR has one alpha and so no curve.
    assert (words.count("expert"), words.count("random"), [word for word in words if "AWR" in word]) == (1, 1, [])
    assert [words.count(alpha) for alpha in ("0.03", "0.1", "0.3")] == [2, 2, 2]
    curves = [one for one in alpha_curves(panels.scores, by_decomposition=True) if one.extraction is Extraction.BRAC]
    for decomposition in DECOMPOSITIONS:
        drawn = [line for line in lines_of(figure, decomposition.colour) if len(line) == 4]
        assert len(drawn) == 2
        scores = [one.score for one in curves if one.decomposition is decomposition]
        heights = np.concatenate(drawn)[:, 1]
        assert np.diff(heights) / np.diff(scores) == pytest.approx((heights[1] - heights[0]) / (scores[1] - scores[0]))
    lone = tuple(point for point in points if point.extraction is Extraction.AWR)
    assert draw_alpha_figure([panels_of(lone, tmp_path)[0].scores]) is None


def test_the_papers_16384_runs_are_reported_on_in_seconds() -> None:
    """The statistics alone: reading and drawing are measured by hand. A CPU-second limit an order of magnitude wide."""
    import time

    points = figure7_points()
    wanted = points_table(points)
    rng = np.random.default_rng(0)
    runs = wanted[["run_id"]].assign(score=rng.normal(size=len(points)), status="finished")
    start = time.process_time()
    blocks = [task_panels(task, rng, RESAMPLES) for task in task_scores(runs, wanted)]
    assert time.process_time() - start < 10.0
    assert sum(len(block.cells) for block in blocks) == 24
    assert sum(bar.wanted for block in blocks for panel in block.cells for bar in panel.bars) == 16_384


def without_scores(monkeypatch: pytest.MonkeyPatch, runs: Collection[str]) -> None:
    """From now on results of these runs are of runs that were not evaluated."""
    from tests.analysis import synthetic

    plain = synthetic.result_row

    def kept(point: DesignPoint, **where: object) -> dict[str, object]:
        row = plain(point, **where)  # type: ignore[arg-type]
        nothing = dict.fromkeys(("score", "score_best", "score_last3", "return_final"))
        curve: dict[str, object] = {"curve_step": [], "curve_return": [], "curve_return_std": []}
        return row | (nothing | curve if point.run_id in runs else {})

    monkeypatch.setattr(synthetic, "result_row", kept)


def test_a_report_of_runs_that_were_not_evaluated_says_so_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_scores(monkeypatch, [point.run_id for point in DEMO])
    write_sweep(tmp_path, DEMO)
    with pytest.raises(NothingToReportError, match="192 finished runs have no score, because `evaluate` is `none`"):
        write_report(tmp_path, DEMO, 0, tmp_path / "report")
    advice = advise(tmp_path, DEMO)
    assert advice.basis is Basis.PAPER
    assert advice.caveats[0].startswith("192 finished runs have no score")


def test_a_report_leaves_out_and_counts_the_runs_that_were_not_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_scores(monkeypatch, [point.run_id for point in DEMO[:3]])
    write_sweep(tmp_path, DEMO)
    paths = write_report(tmp_path, DEMO, 0, tmp_path / "report")
    assert "3 finished runs have no score" in page_of(paths)
    assert "3 of 192 runs are missing" in paths.coverage
