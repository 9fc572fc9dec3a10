"""Writes a comparison of two sweeps as a page, a text and a CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.analysis.errors import NothingToReportError
from recipe_sweep.analysis.files import write_csv, write_text
from recipe_sweep.analysis.findings.shared_scale import on_shared_scale
from recipe_sweep.analysis.findings.two_sweeps import Comparison, DesignDifference, Side, compare
from recipe_sweep.analysis.number_text import NOTHING, score, signed
from recipe_sweep.analysis.report.markup import render
from recipe_sweep.analysis.report.plain_text import in_markdown
from recipe_sweep.analysis.results.frame import load_results, unscored_sentence
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE, stamped
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint

if TYPE_CHECKING:
    import pandas as pd


class ComparisonPaths(NamedTuple):
    """The files of one comparison, and its summary in one sentence."""

    page: Path
    text: Path
    numbers: Path
    summary: str


def load_side(name: str, sweep_dir: Path, points: Sequence[DesignPoint], failures: int) -> Side:
    """Read one sweep. Raise NothingToReportError if no wanted run is done."""
    results = load_results(sweep_dir / "results", wanted={point.run_id for point in points})
    if results.runs.empty:
        problem = Problem(
            file=str(sweep_dir / "results"),
            found=unscored_sentence(results.unscored) if results.unscored else f"none of the {len(points):,} wanted runs",
            expected=f"at least one finished run{' with a score' if results.unscored else ''} on each side",
            hint=None if results.unscored else "train some first: recipe-sweep launch",
        )
        raise NothingToReportError(problem)
    return Side(name, tuple(points), results, failures)


def write_comparison(first: Side, second: Side, out_dir: Path, rule: ScoreRule = ScoreRule.FINAL) -> ComparisonPaths:
    """Compare two sweeps and write index.html, comparison.md and comparison.csv. The same results give the same bytes.

    Raises ScoreRuleError if a dataset has no threshold, and MixedScalesError.
    """
    comparison = compare(*on_shared_scale(first, second), rule)
    page = render(
        "comparison.html.j2",
        title=f"{first.name} and {second.name}",
        rehearsal=SENTENCE if comparison.rehearsal else "",
        comparison=comparison,
        rule=rule,
        range_text=_range_text,
        configurations_text=_configurations_text,
        chart=_places(comparison.differences),
    )
    numbers = _frame(comparison)
    return ComparisonPaths(
        page=write_text(out_dir / "index.html", page),
        text=write_text(out_dir / "comparison.md", comparison_text(comparison, rule)),
        numbers=write_csv(out_dir / "comparison.csv", numbers),
        summary=SENTENCE if comparison.rehearsal else comparison.summary,
    )


def comparison_text(comparison: Comparison, rule: ScoreRule = ScoreRule.FINAL) -> str:
    """Write the comparison as Markdown."""
    first, second = comparison.first, comparison.second
    parts = [f"> **{SENTENCE}**"] if comparison.rehearsal else []
    parts += ["# " + in_markdown(f"{first.name} and {second.name}")]
    parts += [] if comparison.rehearsal else [f"**{in_markdown(comparison.summary)}**"]
    parts += [in_markdown(f"{side.name}: {side.coverage.sentence()}") for side in (first, second)]
    parts += [f"{counted(comparison.same_runs, 'run')} {agreeing(comparison.same_runs, 'is', 'are')} the same point in both."]
    parts += ["\n".join(f"- {in_markdown(sentence)}" for sentence in comparison.remarks)] if comparison.remarks else []
    rows = [(one.kind, one.name, one.first, one.second) for one in comparison.settings]
    parts += ["## What differs", _table(("", "what", first.name, second.name), rows) if rows else "Nothing that is recorded."]
    parts += ["## Designs"] if comparison.differences else []
    parts += [f"A run's score is its {rule.words}."] if comparison.differences and rule != ScoreRule.FINAL else []
    header = ("design", first.name, second.name, "difference", "95 % interval", "significant", "configurations")
    for task in dict.fromkeys(one.title for one in comparison.differences):
        mine = [one for one in comparison.differences if one.title == task]
        title = in_markdown(f"{task} ({', '.join(mine[0].datasets)})")
        parts += [f"### {title}", _table(header, [_cells(one) for one in mine])]
    return "\n\n".join(parts) + "\n"


class _Place(NamedTuple):
    """Position of a difference in the chart, in percent of the width."""

    zero: float
    at: float
    low: float
    high: float


def _places(differences: Sequence[DesignDifference]) -> tuple[_Place, ...]:
    """Compute the positions of all differences on one axis. Without an interval, both ends are at the value."""
    ends = [
        (one.difference.low, one.difference.high) if one.difference.known else (one.difference.value,) * 2
        for one in differences
    ]
    reach = 1.05 * max((abs(end) for pair in ends for end in pair), default=0.0) or 1.0

    def place(value: float) -> float:
        return round(50.0 + 50.0 * value / reach, 2)

    return tuple(
        _Place(50.0, place(one.difference.value), place(low), place(high))
        for one, (low, high) in zip(differences, ends, strict=True)
    )


def _frame(comparison: Comparison) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "task": one.task,
            "datasets": " ".join(one.datasets),
            "decomposition": one.decomposition,
            "value_learning": one.value_learning,
            "extraction": one.extraction,
            "first": one.first,
            "second": one.second,
            "difference": one.difference.value,
            "low": one.difference.low,
            "high": one.difference.high,
            "p_value": one.difference.p_value,
            "p_adjusted": one.p_adjusted,
            "seeds": one.difference.seeds,
            "paired": one.paired,
            "settled": one.settled,
            "first_configurations": one.configurations[0],
            "second_configurations": one.configurations[1],
        }
        for one in comparison.differences
    ]
    frame = pd.DataFrame(rows)
    return stamped(frame) if comparison.rehearsal else frame


def _cells(one: DesignDifference) -> tuple[str, ...]:
    value = signed(one.difference.value)
    settled = "yes" if one.settled else "no"
    return (one.design, score(one.first), score(one.second), value, _range_text(one), settled, _configurations_text(one))


def _configurations_text(one: DesignDifference) -> str:
    first, second = one.configurations
    return f"{first:,} and {second:,}"


def _range_text(one: DesignDifference) -> str:
    known = one.difference.known
    return f"[{signed(one.difference.low)}, {signed(one.difference.high)}]" if known else NOTHING


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(map(in_markdown, cells)) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])
