"""Writes the numbers of Figure 7 as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from recipe_sweep.analysis.figures.captions import figure7_note
from recipe_sweep.analysis.figures.inputs import Material
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.one_alpha import OneAlphas
from recipe_sweep.analysis.findings.panels import Bar, Choice, Panel, Range, TaskPanels
from recipe_sweep.analysis.findings.sensitivity import alpha_curves
from recipe_sweep.analysis.number_text import NOTHING, score, short
from recipe_sweep.analysis.report.plain_text import in_markdown
from recipe_sweep.analysis.results.rehearsal_mark import SENTENCE
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import Configuration
from recipe_sweep.search_spaces.vocabulary import Extraction

ALPHA, TAU = "\N{GREEK SMALL LETTER ALPHA}", "\N{GREEK SMALL LETTER TAU}"
EDGES = {"low": "\N{DOWNWARDS ARROW}", "high": "\N{UPWARDS ARROW}", "": ""}
EVERYWHERE = f"one {ALPHA} everywhere"
_BEHIND = "\N{DAGGER}"
_COUNTS = ("seeds", "diverged", "missing")


def figure7_markdown(material: Material, notes: Sequence[str], picture: str | None = None) -> str:
    """Write the whole page: the sentence on Mix, the caption, and for each task its bars, choices and datasets."""
    blocks, coverage = material.blocks, material.coverage
    caption = [
        in_markdown(sentence)
        for sentence in figure7_note(blocks, coverage, material.rule, material.intervals, material.one_alphas)
    ]
    parts = [f"> **{SENTENCE}**"] if coverage.rehearsal else []
    parts += ["# Best performance according to design choices", f"**{caption[-1]}**", f"{caption[-2]}"]
    parts += [f"![Figure 7]({picture})"] if picture else []
    parts += [" ".join(caption[:-2])]
    parts += ["Please note:\n\n" + "\n".join(f"- {note}" for note in notes)] if notes else []
    for block in blocks:
        parts += [f"## {in_markdown(block.scores.title)}", bars_table(block, material.rule)]
        parts += [choices_table(block, material.one_alphas), datasets_table(block)]
    return "\n\n".join(parts) + "\n"


def bars_table(block: TaskPanels, rule: ScoreRule = ScoreRule.FINAL) -> str:
    """Write one row per panel and one column per decomposition: value and interval, best in bold, runner-up in italics."""
    rows = [(*panel.names, *(_bar_text(panel.bar(name)) for name in block.decompositions)) for panel in block.panels]
    header = ("value learning", "extraction", *(name.display_name for name in block.decompositions))
    return (
        f"{rule.noun.capitalize()}, selection-corrected, with its own 95 % interval (under 4 seeds: each seed in round "
        f"brackets). **Best**, *runner-up*; {_BEHIND}: surely behind the best.{_cloning_text(block)}\n\n"
        + _markdown(header, rows)
    )


def _cloning_text(block: TaskPanels) -> str:
    return f" Behaviour cloning: {score(block.cloning)}." if math.isfinite(block.cloning) else ""


def choices_table(block: TaskPanels, alphas: OneAlphas) -> str:
    """Write one row per bar: its best configuration on each dataset, its other estimates, diverged and missing runs."""
    datasets = block.scores.datasets
    header = ("design", *map(in_markdown, datasets), "best", "selection-corrected", EVERYWHERE, "percentile", *_COUNTS)
    rows = []
    edges = choices = 0
    for panel in block.cells:
        for bar in panel.bars:
            found = {choice.dataset: choice for choice in bar.choices}
            choices += sum(choice.configuration is not None for choice in bar.choices)
            edges += sum(bool(choice.edge) for choice in bar.choices)
            design = f"{bar.decomposition.display_name}, {', '.join(panel.names)}"
            counts = (str(bar.seeds), f"{bar.diverged} of {bar.wanted}", f"{bar.missing} of {bar.wanted}")
            percentile = _range_text(bar.percentile) if bar.percentile else NOTHING
            scores = (score(bar.value), score(bar.corrected), everywhere_text(alphas, panel, bar), percentile)
            rows.append((design, *(_choice_text(found.get(name)) for name in datasets), *scores, *counts))
    if np.isfinite(block.scores.cloning).any():
        means = [score(mean) for mean in block.scores.cloning_by_dataset.tolist()]
        rows.append(("behaviour cloning", *means, *(NOTHING,) * (len(header) - 1 - len(means))))
    for one in block.scores.references:
        means = [score(value) for value in one.by_dataset.tolist()]
        rows.append((one.name, *means, *(NOTHING,) * (len(header) - 1 - len(means))))
    return (
        f"Best configuration of each dataset. {EDGES['low']} and {EDGES['high']}: the best {ALPHA} is the smallest or the "
        f"largest of its grid ({edges} of {choices}); a better one may lie outside. Best: the paper's score, which is "
        f"optimistic. {EVERYWHERE}: what a reader would get who cannot tune for each dataset.\n\n" + _markdown(header, rows)
    )


def datasets_table(block: TaskPanels) -> str:
    """Write one row per dataset: mean score of each extraction at each alpha, over all designs and seeds that have it."""
    points = alpha_curves(block.scores)
    columns = sorted({(Extraction.place(point.extraction), point.alpha) for point in points})
    scores = {(point.dataset, Extraction.place(point.extraction), point.alpha): point.score for point in points}
    header = ("dataset", *(f"{Extraction.members()[e].display_name} {ALPHA} {short(alpha)}" for e, alpha in columns))
    rows = [
        (in_markdown(dataset), *(score(scores.get((dataset, e, alpha), math.nan)) for e, alpha in columns))
        for dataset in block.scores.datasets
    ]
    return (
        "By dataset: mean over decompositions, value learners and seeds. Under BRAC a large "
        f"{ALPHA} is nearly behaviour cloning; under AWR a small one is.\n\n" + _markdown(header, rows)
    )


def _bar_text(bar: Bar | None) -> str:
    if bar is None or not math.isfinite(bar.value):
        return NOTHING
    mark = {1: "**", 2: "*"}.get(bar.emphasis, "")
    text = f"{mark}{score(bar.score)}{mark}{_BEHIND if bar.mark is Mark.BEHIND else ''}"
    if bar.interval:
        text += f" {_range_text(bar.interval)}"
    elif bar.saturated:
        text += " (in every seed)"
    elif bar.corrected_seeds:
        text += f" ({', '.join(map(score, bar.corrected_seeds))})"
    return text


def everywhere_text(alphas: OneAlphas, panel: Panel, bar: Bar) -> str:
    """Format a design's score with one configuration everywhere, and that configuration."""
    (found,) = alphas.of(panel, bar)
    if found is None:
        return NOTHING
    return f"{score(alphas.score(panel, bar))} ({_settings_text(found.configuration)})"


def _settings_text(chosen: Configuration, edge: str = "") -> str:
    settings = [f"{ALPHA} {short(chosen.alpha)}{EDGES[edge]}"] if chosen.alpha is not None else []
    settings += [f"{TAU} {short(chosen.tau)}"] if chosen.tau is not None else []
    settings += [in_markdown(chosen.other)] if chosen.other else []
    return ", ".join(settings)


def _choice_text(choice: Choice | None) -> str:
    if choice is None or choice.configuration is None:
        return NOTHING
    return f"{score(choice.score)} ({_settings_text(choice.configuration, choice.edge)})"


def _range_text(interval: Range) -> str:
    return f"[{score(interval.low)}, {score(interval.high)}]"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]])
