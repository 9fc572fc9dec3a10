"""`report`: figures, a page, tables and numbers of one sweep, or a comparison of two."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.figures.registry import figure_kinds
from recipe_sweep.analysis.findings.claims import Claim, Verdict
from recipe_sweep.analysis.report.report import ReportPaths, write_report
from recipe_sweep.analysis.report.two_sweeps_files import load_side, write_comparison
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.cli.actions.null_sweeps import null_shares
from recipe_sweep.sweep.cli.shared import console, open_reference, open_sweep, without_garbage_collection
from recipe_sweep.sweep.cli.show.search import best_table, compared
from recipe_sweep.sweep.cli.streams import say, tell
from recipe_sweep.sweep.errors import SweepDirectoryError
from recipe_sweep.sweep.estimates.estimate_file import read_scores
from recipe_sweep.sweep.monitoring.status import SweepWatcher
from recipe_sweep.sweep.planning.opening import Reference, Target
from recipe_sweep.sweep.planning.search_rounds import unpruned
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.results.trained import kept_weights


@dataclass(frozen=True)
class ReportOptions:
    """Which runs of which sweep, which `figures` of the paper (all without), and where to write."""

    reference: Reference
    only: Sequence[str]
    data: Path | None
    figures: Sequence[int]
    every: bool
    """whether to say what is missing for the figures that cannot be drawn"""
    out: Path | None
    null_sweeps: int = 0
    score: ScoreRule = ScoreRule.FINAL
    intervals: Intervals = Intervals.PAIRED


def report_sweep(options: ReportOptions) -> Path | None:
    """Write the report of one sweep, and print its summary and its paths. Return the page, if there is one."""
    kinds = figure_kinds(options.figures or None)
    with without_garbage_collection():
        target = open_reference(options.reference).begun()
        _check_writable(options.out, target.paths.report)
        selected = target.selected(options.only)
        points = unpruned(selected, target.paths)
        look = SweepWatcher(target.points, target.paths, {point.run_id for point in points}).look()
        remarks = _remarks(target, len(selected) - len(points))
        null_sentence = _null_sentence(options, target, points)
        paths = write_report(
            target.paths.root,
            points,
            look.failed,
            options.out or target.paths.report,
            kinds=kinds,
            learned=kept_weights(target.paths, points, options.data),
            score=options.score,
            remarks=remarks,
            null_sentence=null_sentence,
            intervals=options.intervals,
        )
    _tell(options, target, paths, [*remarks, *filter(None, [null_sentence])])
    return paths.page


def _null_sentence(options: ReportOptions, target: Target, points: Sequence[DesignPoint]) -> str:
    """Simulate null sweeps of the runs that are done, and say how often claims hold in them; empty if not asked."""
    if not options.null_sweeps:
        return ""
    return null_shares(points, read_done(target.paths).file_of, options.null_sweeps).sentences


def _remarks(target: Target, ended_early: int) -> list[str]:
    """Write how good the estimates of the launches were, and how many runs a search ended early."""
    remarks = [f"Launch {score.epoch}: {score.text}." for score in read_scores(target.paths) if score.error is not None]
    if ended_early:
        ended = f"The search ended {counted(ended_early, 'more run')} early"
        remarks.append(f"{ended}. {agreeing(ended_early, 'It is', 'They are')} in none of these numbers.")
    return remarks


def _tell(options: ReportOptions, target: Target, paths: ReportPaths, remarks: Sequence[str]) -> None:
    for sentence in (paths.coverage, *([paths.summary] if paths.table else []), *filter(None, [paths.learning]), *remarks):
        tell(sentence)
    for line in claim_lines(paths.claims):
        tell(line)
    if target.space is not None:
        console().print(best_table(compared(target, None)))
    if paths.page is not None:
        say(f"page     {paths.page}")
    for figure in paths.figures:
        say(f"figure   {figure.paths.png}")
    if paths.table is not None:
        say(f"table    {paths.table}")
    say(f"numbers  {paths.figures[0].numbers[0].parent}/*.csv\nParquet  {paths.runs}")
    if options.every or options.figures:
        for absent in paths.absent:
            tell(absent.sentence)


def claim_lines(claims: Sequence[Claim]) -> list[str]:
    """Say how many of the paper's claims the sweep settles, and each that it settles; nothing without claims."""
    settled = [claim for claim in claims if claim.verdict is not Verdict.OPEN]
    if not claims:
        return []
    lines = [f"{len(settled)} of the paper's {counted(len(claims), 'claim')} {agreeing(len(settled), 'is', 'are')} settled."]
    return lines + [f"  {claim.verdict}: {claim.statement} {claim.ours}" for claim in settled]


def compare_sweeps(options: ReportOptions, other: str) -> Path:
    """Compare two sweeps and return the page. Raises SweepDirectoryError for options that only make sense for one sweep."""
    _check_alone(options)
    targets = [open_sweep(text, None, None).begun() for text in (options.reference.text, other)]
    names = [target.paths.root.resolve().name for target in targets]
    default = targets[0].paths.report / f"against-{names[1]}"
    _check_writable(options.out, default)
    sides = []
    for target, name, text in zip(targets, names, (options.reference.text, other), strict=True):
        points = unpruned(target.selected(options.only), target.paths)
        failed = SweepWatcher(target.points, target.paths, {point.run_id for point in points}).look().failed
        # Two copies of a sweep have one name, so their paths are shown instead.
        sides.append(load_side(name if names.count(name) == 1 else text, target.paths.root, points, failed))
    first, second = sides
    paths = write_comparison(first, second, options.out or default, options.score)
    say(paths.text.read_text(encoding="utf-8"))
    say(f"page     {paths.page}\ntext     {paths.text}\nnumbers  {paths.numbers}")
    return paths.page


def _check_alone(options: ReportOptions) -> None:
    # --data is allowed, because the environment may set it. A comparison reads no data.
    given = {
        "--dir": options.reference.directory,
        "--set": options.reference.overrides,
        "--figure": options.figures,
        "--all": options.every,
        "--null-sweeps": options.null_sweeps,
        "--intervals": options.intervals is not Intervals.PAIRED,
    }
    if not options.score.one_scale:
        expected = "a score as in 0.5, because each sweep has a best and a cloning score of its own"
        raise SweepDirectoryError(Problem("--threshold", found=options.score.words, expected=expected))
    expected = "two grids or sweep directories, with --only, --score, --threshold and --out alone"
    misplaced = [option for option, value in given.items() if value]
    if misplaced:
        raise SweepDirectoryError(
            *(Problem(file=option, found=f"{option} beside two sweeps", expected=expected) for option in misplaced)
        )


def _check_writable(out: Path | None, default: Path) -> None:
    """Refuse a place where no report can be written, before anything is computed. Raises SweepDirectoryError."""
    place = out or default
    existing = next(path for path in (place, *place.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        found = f"{existing} may only be read" if existing.is_dir() else f"{existing} is a file"
        hint = "name another place: -o DIR" if out is None else None
        raise SweepDirectoryError(Problem(str(place), found=found, expected="a directory that can be written", hint=hint))
