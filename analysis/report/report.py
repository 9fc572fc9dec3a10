"""Writes a sweep's report: figures, tables and numbers, from the results so far."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.analysis.errors import MissingFigureError, NothingToReportError
from recipe_sweep.analysis.figures.inputs import FigureKind, Material
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.figures.registry import FIGURES, AbsentFigure, WrittenFigure, write_figures
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.results.samples import NothingLearned, TrainedRuns

if TYPE_CHECKING:
    from recipe_sweep.analysis.findings.claims import Claim
    from recipe_sweep.analysis.results.frame import CompactPaths, Results

BOOTSTRAP_SEED = 0


class ReportPaths(NamedTuple):
    """The files of one report."""

    figures: tuple[WrittenFigure, ...]
    absent: tuple[AbsentFigure, ...]
    """requested figures for which the sweep has no data"""
    table: Path | None
    """Markdown, beside Figure 7"""
    page: Path | None
    """HTML, if all figures were requested"""
    runs: Path
    """Parquet, one row per run"""
    curves: Path
    """Parquet, one row per run and evaluation"""
    summary: str
    """the sentence on Mix; for a rehearsal, a sentence that nothing is claimed"""
    coverage: str
    """the sentence on missing runs"""
    learning: str = ""
    """the sentence on panels that are still learning; empty if no panel can be judged"""
    claims: tuple[Claim, ...] = ()
    """the paper's claims, if there is a page"""

    def figure(self, name: str) -> WrittenFigure | None:
        """Find the figure whose files have this name. None if it was not drawn."""
        return next((figure for figure in self.figures if figure.name == name), None)


def write_report(
    sweep_dir: Path,
    points: Sequence[DesignPoint],
    failures: int,
    out_dir: Path,
    *,
    kinds: Sequence[FigureKind] = FIGURES,
    learned: TrainedRuns | None = None,
    score: ScoreRule = ScoreRule.FINAL,
    resamples: int = 2000,
    remarks: Sequence[str] = (),
    null_sentence: str = "",
    intervals: Intervals = Intervals.PAIRED,
) -> ReportPaths:
    """Report on the wanted points of a sweep, which need not be complete. `failures` points failed and wait for a retry.

    The same results give the same bytes. Results of a rehearsal are stamped everywhere. The figures of `kinds` are drawn for
    which the sweep has the data. `learned` gives access to the kept weights. `remarks` are further sentences for the page.
    `null_sentence` says how often claims hold in null sweeps. `intervals` are those of Figure 7, by default `paired`.

    Raises:
        NothingToReportError: none of the wanted points has a result.
        MissingFigureError: none of `kinds` can be drawn.
    """
    from recipe_sweep.analysis.figures.captions import standing_sentence
    from recipe_sweep.analysis.files import write_text
    from recipe_sweep.analysis.report.plain_text import in_markdown
    from recipe_sweep.analysis.report.table import figure7_markdown
    from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM

    material = gathered(sweep_dir, points, failures, learned, score, resamples)
    material = replace(material, null_sentence=null_sentence, intervals=intervals)
    results, ended = material.results, material.learning
    drawn = tuple(write_figures(kinds, material, out_dir))
    figures = tuple(one for one in drawn if isinstance(one, WrittenFigure))
    absent = tuple(one for one in drawn if isinstance(one, AbsentFigure))
    if not figures:
        raise MissingFigureError(*(Problem(f"--figure {one.kind.number}", found=one.sentence) for one in absent))
    table = None
    if any(figure.name == "figure7" for figure in figures):
        said = (*_notes(material), *filter(None, [ended.sentence]))
        notes = [*map(in_markdown, said), *remarks]
        text = figure7_markdown(material, notes, picture="figure7.png")
        table = write_text(out_dir / "figure7.md", text)
    page = write_documents(sweep_dir, out_dir, material, figures, absent, remarks) if set(kinds) == set(FIGURES) else None
    index = _compacted(sweep_dir, out_dir, results)
    return ReportPaths(
        figures=figures,
        absent=absent,
        table=table,
        page=page,
        runs=index.runs,
        curves=index.curves,
        summary=NO_CLAIM if results.rehearsal else standing_sentence(material.blocks),
        coverage=material.coverage.sentence(),
        learning=ended.sentence,
        claims=material.claims if page is not None else (),
    )


def gathered(
    sweep_dir: Path,
    points: Sequence[DesignPoint],
    failures: int,
    learned: TrainedRuns | None = None,
    score: ScoreRule = ScoreRule.FINAL,
    resamples: int = 2000,
) -> Material:
    """Read the results of the wanted points, and compute the panels. Raises NothingToReportError if there are none."""
    import numpy as np

    from recipe_sweep.analysis.findings.panels import task_panels
    from recipe_sweep.analysis.results.coverage import Coverage
    from recipe_sweep.analysis.results.frame import load_results
    from recipe_sweep.analysis.results.scores import points_table, task_scores

    results = load_results(sweep_dir / "results", wanted={point.run_id for point in points})
    if results.runs.empty:
        raise NothingToReportError(_nothing(sweep_dir, len(points), results, failures))
    wanted = points_table(points)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    blocks = tuple(task_panels(task, rng, resamples) for task in task_scores(results.runs, wanted, score))
    there = set(results.runs["task"])
    coverage = Coverage(
        wanted=len(points),
        done=len(results.runs),
        failed=failures,
        rehearsal=results.rehearsal,
        absent=tuple(block.scores.title for block in blocks if block.scores.grid_task not in there),
    )
    learned = learned if learned is not None else NothingLearned()
    return Material(sweep_dir / "results", results, wanted, blocks, coverage, score, learned)


def write_documents(
    sweep_dir: Path,
    out_dir: Path,
    material: Material,
    figures: Sequence[WrittenFigure],
    absent: Sequence[AbsentFigure],
    remarks: Sequence[str],
) -> Path:
    """Write the page, the tables for a paper, `choices.csv` and `learning.csv`. Return the path of the page."""
    from recipe_sweep.analysis.figures.inputs import Numbers
    from recipe_sweep.analysis.figures.registry import write_numbers
    from recipe_sweep.analysis.findings.choices import choices
    from recipe_sweep.analysis.findings.choices_table import choices_frame
    from recipe_sweep.analysis.findings.learning_table import learning_frame
    from recipe_sweep.analysis.findings.recommendation import recommend
    from recipe_sweep.analysis.report.page import write_page
    from recipe_sweep.analysis.report.paper_tables import write_paper_tables

    blocks, claims, rehearsal = material.blocks, material.claims, material.results.rehearsal
    advice = recommend(blocks, claims, rehearsal=rehearsal)
    write_paper_tables(out_dir, material, claims)
    found = choices(blocks)
    if found:
        write_numbers(Numbers("choices", choices_frame(found)), rehearsal, out_dir)
    if not rehearsal:
        write_numbers(Numbers("learning", learning_frame(material.learning)), rehearsal, out_dir)
    notes = _notes(material)
    return write_page(out_dir, material, claims, advice, figures, absent, found, notes, remarks, sweep_dir.resolve().name)


def _notes(material: Material) -> tuple[str, ...]:
    """List what a reader should know of the runs: where they come from, seeds that are left out, the noise of evaluations."""
    from recipe_sweep.analysis.findings.common_seeds import seed_notes
    from recipe_sweep.analysis.findings.evaluation_noise import noise_notes
    from recipe_sweep.analysis.results.provenance import provenance_notes

    tasks = [block.scores for block in material.blocks]
    return (*provenance_notes(material.results, material.rule), *seed_notes(tasks), *noise_notes(tasks))


def _compacted(sweep_dir: Path, out_dir: Path, results: Results) -> CompactPaths:
    """Write the results as two files: into the sweep's index, or into the report's if the sweep is read-only."""
    from recipe_sweep.analysis.results.frame import compact

    try:
        return compact(sweep_dir, results)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return compact(out_dir, results)


def _nothing(sweep_dir: Path, wanted: int, results: Results, failures: int) -> Problem:
    from recipe_sweep.analysis.results.frame import unscored_sentence

    outside = results.outside
    if results.unscored:
        said = unscored_sentence(results.unscored)
        return Problem(file=str(sweep_dir / "results"), found=said, expected="at least one run with a score")
    others = f", {counted(outside, 'finished run')} of other grids" if outside else ""
    failed = f", {failures:,} failed" if failures else ""
    return Problem(
        file=str(sweep_dir / "results"),
        found=f"none of the {wanted:,} wanted runs{failed}{others}",
        expected="at least one finished run",
        hint="train some first: recipe-sweep launch",
    )
