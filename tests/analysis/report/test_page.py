"""The page as a file: what it says of complete, incomplete and made-up sweeps, and that it holds all it needs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.analysis.figures.inputs import Material
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.figures.registry import AbsentFigure, figure_kinds
from recipe_sweep.analysis.findings.panel_tables import bars_frame, configurations_frame
from recipe_sweep.analysis.findings.panels import task_panels
from recipe_sweep.analysis.report.markup import code, render, script_json
from recipe_sweep.analysis.report.report import write_documents, write_report
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.results.samples import NothingLearned
from recipe_sweep.sweep.results.schema import REHEARSAL
from tests.analysis import synthetic
from tests.analysis.synthetic import synthetic_points, write_pack, write_sweep

POINTS = synthetic_points(datasets=("expert", "random"), seeds=range(4), brac_alphas=(0.1, 1.0), awr_alphas=(1.0, 3.0))


def material(sweep_dir: Path, points: tuple[DesignPoint, ...], failures: int = 0) -> Material:
    results, wanted = load_results(sweep_dir / "results", {point.run_id for point in points}), points_table(points)
    rng = np.random.default_rng(0)
    blocks = tuple(task_panels(task, rng, 200) for task in task_scores(results.runs, wanted))
    coverage = Coverage(len(points), len(results.runs), failures, results.rehearsal)
    return Material(sweep_dir / "results", results, wanted, blocks, coverage, ScoreRule.FINAL, NothingLearned())


def page(sweep_dir: Path, out: Path, points: tuple[DesignPoint, ...] = POINTS, failures: int = 0) -> str:
    """The page alone: drawing the figures, which are tested elsewhere, would take most of the time."""
    absent = AbsentFigure(figure_kinds([2])[0], "Figure 2 is not drawn: no game.")
    made = material(sweep_dir, points, failures)
    path = write_documents(sweep_dir, out, made, (), (absent,), ["Launch 1: as <estimated>."])
    return path.read_text(encoding="utf-8")


def numbers(text: str) -> dict[str, list[dict[str, object]]]:
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    content: dict[str, list[dict[str, object]]] = json.loads(found.group(1))
    return content


@pytest.fixture(scope="module")
def sweep_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("page") / "trial", POINTS)


@pytest.fixture(scope="module")
def text(sweep_dir: Path) -> str:
    return page(sweep_dir, sweep_dir / "report")


def test_the_same_results_give_the_same_page(sweep_dir: Path, text: str, tmp_path: Path) -> None:
    assert page(sweep_dir, tmp_path) == text


def test_the_page_asks_the_network_for_nothing(text: str) -> None:
    assert "default-src 'none'" in text
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text) + re.findall(r"url\(([^)]*)\)", text)
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    # The one that is left is SVG's namespace, which is a name and no place.
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) == {"http://www.w3.org/2000/svg"}


def test_the_recipe_comes_first_then_figures_then_the_claims(text: str) -> None:
    places = [text.index(f'<section id="{name}">') for name in ("recipe", "figures", "claims", "tables", "cost", "provenance")]
    assert places == sorted(places)
    recipe = text[places[0] : places[1]]
    assert "Train " in recipe
    assert " on the other half); highest of " in recipe
    assert "17 of 24" in text[places[2] : places[3]]


def test_what_comes_from_data_is_escaped(text: str) -> None:
    assert "Launch 1: as &lt;estimated&gt;." in text
    assert "</script" not in script_json(json.dumps({"dataset": "</script><b>"}))
    assert json.loads(script_json(json.dumps("</script>&\u2028"))) == "</script>&\u2028"


def test_commands_in_a_sentence_are_set_as_code_and_nothing_else_is_markup() -> None:
    assert code("run `a <b>` & <i>") == "run <code>a &lt;b&gt;</code> &amp; &lt;i&gt;"


def test_a_name_that_a_template_lacks_is_an_error() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        render("report.html.j2", title="x")


def test_the_numbers_to_draw_are_those_of_the_table(sweep_dir: Path, text: str) -> None:
    content = numbers(text)
    (task,) = content["tasks"]
    panels = task["panels"]
    assert isinstance(panels, list)
    assert len(panels) == 6 + 3 + 2
    made = material(sweep_dir, POINTS)
    bars = bars_frame(made.blocks, made.one_alphas)
    bars = bars[(bars["dataset"] == "all") & (bars["value_learning"] == "sarsa") & (bars["extraction"] == "awr")]
    (panel,) = [one for one in panels if (one["value_learning"], one["extraction"]) == (1, 1)]
    assert [bar["value"] for bar in panel["bars"]] == pytest.approx(bars["score"].tolist(), abs=1e-4)
    assert [bar["interval"][0] for bar in panel["bars"]] == pytest.approx(bars["low"].tolist(), abs=1e-4)
    assert [bar["everywhere"]["score"] for bar in panel["bars"]] == pytest.approx(bars["one_alpha_score"].tolist(), abs=1e-4)
    assert {bar["everywhere"]["alpha"] for bar in panel["bars"]} <= {1.0, 3.0}
    (averaged,) = [one for one in panels if (one["value_learning"], one["extraction"]) == (None, 1)]
    assert {bar["everywhere"]["alpha"] for bar in averaged["bars"]} == {None}, "it has no single configuration"


def test_the_page_opens_with_the_layout_that_was_not_asked_for(sweep_dir: Path, text: str, tmp_path: Path) -> None:
    asked = replace(material(sweep_dir, POINTS), intervals=Intervals.SINGLE)
    single = write_documents(sweep_dir, tmp_path, asked, (), (), ()).read_text(encoding="utf-8")
    first = [re.search(r'id="f-score"><option value="(\w+)"', page) for page in (text, single)]
    assert [found and found[1] for found in first] == ["corrected", "value"]


def test_every_configuration_has_its_mean_and_its_curve(sweep_dir: Path, text: str) -> None:
    rows = numbers(text)["configurations"]
    made = material(sweep_dir, POINTS)
    table = configurations_frame(made.blocks, made.one_alphas)
    assert len(rows) == len(table) == len(POINTS) // 4
    assert sorted(row[11] for row in rows) == pytest.approx(sorted(table["mean"]), abs=1e-4)
    for row in rows:
        steps, mean, low, high = row[15]
        assert steps == [500, 1000, 1500, 2000]
        assert mean[-1] == pytest.approx(row[11], abs=1e-4)
        assert (low[-1], high[-1]) == pytest.approx((row[13], row[14]), abs=1e-4)


def test_of_a_long_curve_the_first_and_the_last_evaluation_are_kept(tmp_path: Path) -> None:
    points = synthetic_points(
        datasets=("expert",), seeds=(0,), brac_alphas=(0.1,), awr_alphas=(1.0,), taus=(0.9,), evaluations=50
    )
    for row in numbers(page(write_sweep(tmp_path, points), tmp_path / "report", points))["configurations"]:
        assert len(row[15][0]) == 20
        assert (row[15][0][0], row[15][0][-1]) == (40, 2000)


def test_an_incomplete_sweep_says_what_is_missing(tmp_path: Path) -> None:
    write_sweep(tmp_path, POINTS[:150])
    text = page(tmp_path, tmp_path / "report", failures=7)
    assert f"{len(POINTS) - 150:,} of {len(POINTS):,} runs are missing, 7 of them failed" in text
    missing = text[text.index('<section id="missing">') : text.index('<section id="cost">')]
    assert "Dec, IQL, AWR" in missing
    assert "Figure 2 is not drawn" in missing


def test_one_finished_run_is_enough_for_a_page(tmp_path: Path) -> None:
    write_pack(tmp_path / "results", POINTS[:1], "pack")
    text = page(tmp_path, tmp_path / "report")
    assert "nan" not in re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL).lower().split()
    assert "NaN" not in json.dumps(numbers(text))


def test_a_rehearsal_shows_neither_recipe_nor_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = synthetic.result_row
    monkeypatch.setattr(synthetic, "result_row", lambda point, **where: {**plain(point, **where), "data_hash": REHEARSAL})
    text = page(write_sweep(tmp_path, POINTS), tmp_path / "report")
    assert SENTENCE in text
    assert 'class="watermark"' in text
    assert '<section id="recipe">' not in text
    assert '<section id="claims">' not in text
    assert "Train " not in text
    for name in ("tables.md", "tables.tex"):
        tables = (tmp_path / "report" / name).read_text()
        assert SENTENCE in tables
        assert "17 of 24" not in tables


def test_a_report_of_one_figure_writes_no_page(sweep_dir: Path, tmp_path: Path) -> None:
    paths = write_report(sweep_dir, POINTS, 0, tmp_path, kinds=figure_kinds([7]))
    assert paths.page is None
    assert not (tmp_path / "index.html").exists()
