"""Writes the report as one HTML file: the recipe first, then figures and claims, then all numbers.

The file contains its style, scripts, pictures and numbers, and forbids every request. The same results give the same bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from recipe_sweep.analysis.figures.inputs import Material
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.figures.registry import AbsentFigure, WrittenFigure
from recipe_sweep.analysis.files import write_text
from recipe_sweep.analysis.findings.choices import Choice
from recipe_sweep.analysis.findings.claims import FAMILY_SENTENCE, Claim, Verdict
from recipe_sweep.analysis.findings.evaluation_noise import evaluation_noise
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.panels import Bar, Panel, TaskPanels, shown_decompositions
from recipe_sweep.analysis.findings.recommendation import Recommendation
from recipe_sweep.analysis.findings.references import score_sentences
from recipe_sweep.analysis.number_text import NOTHING, with_interval
from recipe_sweep.analysis.report.configuration_table import configuration_rows
from recipe_sweep.analysis.report.episodes import episode_links
from recipe_sweep.analysis.report.learning_rows import learning_rows
from recipe_sweep.analysis.report.markup import picture, render
from recipe_sweep.analysis.report.page_facts import Fact, cost_rows, dataset_rows, missing_rows, provenance
from recipe_sweep.analysis.report.page_figures import figures_json
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE
from recipe_sweep.search_spaces.vocabulary import Decomposition

EPISODES = "episodes"
"""Folder of a sweep with the pictures that `play` makes."""
_COLOUR = re.compile("#[0-9a-f]{6}")
DRAWN_BY_SCRIPT = ("figure7", "figure7_alpha")
"""Figures that the page draws itself from numbers, so that readers can point at marks."""


def write_page(
    out_dir: Path,
    material: Material,
    judged: Sequence[Claim],
    recommendation: Recommendation,
    figures: Sequence[WrittenFigure],
    absent: Sequence[AbsentFigure],
    found: Sequence[Choice],
    notes: Sequence[str],
    remarks: Sequence[str],
    title: str,
) -> Path:
    """Write `index.html`. The page of a rehearsal has no claims and no recipe, and is marked on every screen and sheet."""
    rehearsal = material.results.rehearsal
    runs = material.results.runs
    text = render(
        "report.html.j2",
        title=title,
        rehearsal=SENTENCE if rehearsal else "",
        coverage=material.coverage,
        rule=material.rule,
        newest=f"{runs['finished_at'].max():%Y-%m-%d}",
        facts=_facts(material),
        recommendation=None if rehearsal else recommendation,
        judged=[claim for claim in judged if claim.ours != NOTHING],
        unjudged=[claim for claim in judged if claim.ours == NOTHING],
        family_sentence=FAMILY_SENTENCE,
        null_sentence=material.null_sentence,
        learning=material.learning,
        learning_rows=learning_rows(material.learning),
        verdicts=tuple((verdict, sum(claim.verdict is verdict for claim in judged)) for verdict in Verdict),
        blocks=material.blocks,
        below=any(bar.mark is Mark.BELOW for block in material.blocks for panel in block.panels for bar in panel.bars),
        placed=score_sentences(material.blocks),
        layouts=_layouts(material.intervals),
        bar_text=bar_text,
        panel_name=panel_name,
        decompositions=[(value, value.display_name) for value in shown_decompositions(material.blocks)],
        colours=_colours(material.blocks),
        numbers=figures_json(material, configuration_rows(material), found),
        pictures=[(one, picture(one.paths.png)) for one in figures if one.name not in DRAWN_BY_SCRIPT],
        choices=found,
        episodes=episode_links(material.results_dir.parent / EPISODES, out_dir, runs),
        absent=absent,
        missing=missing_rows(material.blocks),
        costs=cost_rows(runs),
        noises=evaluation_noise([block.scores for block in material.blocks]),
        provenance=provenance(runs),
        datasets=dataset_rows(runs),
        notes=notes,
        remarks=remarks,
    )
    return write_text(out_dir / "index.html", text)


def _layouts(first: Intervals) -> list[tuple[str, str]]:
    """Pair the values and the words of the filter that chooses a layout. The first one is shown when the page opens."""
    words = {
        Intervals.PAIRED: ("corrected", "compared with the best"),
        Intervals.SINGLE: ("value", "the paper\N{RIGHT SINGLE QUOTATION MARK}s: best \N{GREEK SMALL LETTER ALPHA}"),
    }
    return [words[one] for one in sorted(Intervals, key=lambda one: one is not first)]


def _colours(blocks: Sequence[TaskPanels]) -> list[tuple[int, str]]:
    """Pair the place and the colour of each decomposition whose lines page.css does not know."""
    further = [word for word in shown_decompositions(blocks) if not word.in_paper]
    return [(Decomposition.place(word), word.colour) for word in further if _COLOUR.fullmatch(word.colour)]


def panel_name(panel: Panel) -> str:
    """Name a panel: `SARSA, AWR`, or `mean, AWR` if it averages over an axis."""
    return ", ".join(panel.names)


def bar_text(bar: Bar | None) -> str:
    """Format value and interval of a bar, or the values of its seeds if there is no interval."""
    if bar is None or not math.isfinite(bar.value):
        return NOTHING
    if bar.interval is not None:
        return with_interval(bar.score, bar.interval.low, bar.interval.high)
    seeds = ", ".join(f"{score:.2f}" for score in bar.corrected_seeds)
    return f"{bar.score:.2f} ({seeds})" if seeds else f"{bar.score:.2f}"


def _facts(material: Material) -> tuple[Fact, ...]:
    """List the facts under the title."""
    coverage, runs = material.coverage, material.results.runs
    tasks = [block.scores for block in material.blocks]
    seeds = sorted({len(task.seeds) for task in tasks})
    designs = len(runs[["decomposition", "value_learning", "extraction"]].drop_duplicates())
    diverged = int((runs["status"] == "diverged").sum())
    return (
        Fact(f"of {coverage.wanted:,} runs done", f"{coverage.done:,}"),
        _count(designs, "design"),
        _count(len(tasks), "task"),
        _count(sum(len(task.datasets) for task in tasks), "dataset"),
        Fact("seeds", "\N{EN DASH}".join(str(count) for count in dict.fromkeys((seeds[0], seeds[-1])))),
        Fact("diverged", f"{diverged:,}"),
        Fact("CPU-hours", f"{runs['cpu_s'].sum() / 3600:,.1f}"),
    )


def _count(number: int, word: str) -> Fact:
    return Fact(word if number == 1 else f"{word}s", f"{number:,}")
