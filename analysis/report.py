"""A sweep's report: Figure 7, its table and its numbers, from whatever results there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analysis.drawing import FigurePaths
from analysis.errors import NothingToReportError
from analysis.scores import ScoreRule
from search_spaces.errors import Problem
from search_spaces.point import DesignPoint

if TYPE_CHECKING:
    from analysis.figure2 import GameTables

BOOTSTRAP_SEED = 0


class ReportPaths(NamedTuple):
    """The files of one report."""

    figure7: FigurePaths
    table: Path
    """Markdown"""
    bars: Path
    """CSV, every number of the figure"""
    configurations: Path
    """CSV, every configuration that the best was chosen from"""
    runs: Path
    """Parquet, one row per run"""
    curves: Path
    """Parquet, one row per run and evaluation"""
    ablation: tuple[FigurePaths, ...]
    """training under each normalisation, where the sweep varies it"""
    alpha: FigurePaths | None
    """score against alpha, where the sweep varies it"""
    figure2: FigurePaths | None
    """the two-step game, where its learned tables are given"""
    summary: str
    """the sentence on Mix; of a rehearsal, that there is none"""
    coverage: str
    """the sentence on what is missing"""


def write_report(
    sweep_dir: Path,
    points: Sequence[DesignPoint],
    failures: int,
    out_dir: Path,
    *,
    score: ScoreRule = ScoreRule.FINAL,
    resamples: int = 2000,
    game_tables: Sequence[GameTables] = (),
    remarks: Sequence[str] = (),
) -> ReportPaths:
    """Report on the wanted points of a sweep, `failures` of which failed and wait for a retry; needs no complete sweep.

    The same results give the same bytes; made-up ones are stamped throughout. `game_tables` are what the runs on the two-step
    game have learned, for Figure 2, and `remarks` are what else the page should say.

    Raises:
        ResultsError: results files that cannot be read.
        NothingToReportError: none of the wanted points has a result.
    """
    import numpy as np

    from analysis.alpha_figure import draw_alpha_figure
    from analysis.captions import Coverage, figure7_note, standing_sentence
    from analysis.drawing import save
    from analysis.figure2 import write_figure2
    from analysis.figure7 import draw_figure7
    from analysis.files import write_atomically
    from analysis.frame import compact, load_results
    from analysis.panels import task_panels
    from analysis.provenance import provenance_notes
    from analysis.rehearsal import NO_CLAIM, stamped
    from analysis.scores import points_table, task_scores
    from analysis.svn_figure import write_svn_figure
    from analysis.table import bars_frame, configurations_frame, figure7_markdown

    results = load_results(sweep_dir / "results", wanted={point.run_id for point in points})
    if results.runs.empty:
        raise NothingToReportError(_nothing(sweep_dir, len(points), results.outside, failures))
    wanted = points_table(points)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    blocks = tuple(task_panels(task, rng, resamples) for task in task_scores(results.runs, wanted, score))
    rehearsal = results.rehearsal
    coverage = Coverage(wanted=len(points), done=len(results.runs), failed=failures, rehearsal=rehearsal)
    bars, configurations = bars_frame(blocks), configurations_frame(blocks)
    if rehearsal:
        bars, configurations = stamped(bars), stamped(configurations)
    notes = [*provenance_notes(results, score), *remarks]
    page = figure7_markdown(blocks, coverage, score, notes, picture="figure7.png")
    index = compact(sweep_dir, results)
    curves = draw_alpha_figure([block.scores for block in blocks])
    return ReportPaths(
        figure7=save(draw_figure7(blocks, figure7_note(blocks, coverage, score)), out_dir / "figure7", rehearsal=rehearsal),
        table=write_atomically(out_dir / "figure7.md", lambda path: _write_text(path, page)),
        bars=write_atomically(out_dir / "figure7.csv", lambda path: bars.to_csv(path, index=False)),
        configurations=write_atomically(
            out_dir / "figure7_configurations.csv", lambda path: configurations.to_csv(path, index=False)
        ),
        runs=index.runs,
        curves=index.curves,
        ablation=write_svn_figure(sweep_dir / "results", results, wanted, out_dir),
        alpha=save(curves, out_dir / "figure7_alpha", rehearsal=rehearsal) if curves else None,
        figure2=write_figure2(game_tables, out_dir) if game_tables else None,
        summary=NO_CLAIM if rehearsal else standing_sentence(blocks),
        coverage=coverage.sentence(),
    )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _nothing(sweep_dir: Path, wanted: int, outside: int, failures: int) -> Problem:
    others = f", {outside:,} finished runs of other grids" if outside else ""
    failed = f", {failures:,} failed" if failures else ""
    return Problem(
        file=str(sweep_dir / "results"),
        found=f"none of the {wanted:,} wanted runs{failed}{others}",
        expected="at least one finished run",
        hint="train some first: recipe-sweep launch",
    )
