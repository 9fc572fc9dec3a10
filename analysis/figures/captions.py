"""Writes the sentences under Figure 7 and above its table: what was averaged, what the bars are, what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.findings.marks import Mark
from recipe_sweep.analysis.findings.one_alpha import OneAlphas
from recipe_sweep.analysis.findings.panels import Bar, TaskPanels
from recipe_sweep.analysis.findings.references import reference_sentences
from recipe_sweep.analysis.findings.standing import standing, under_cloning
from recipe_sweep.analysis.findings.worst_scores import WORDS, at_worst
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM, SENTENCE
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.vocabulary import Decomposition

ALPHA, TAU = "\N{GREEK SMALL LETTER ALPHA}", "\N{GREEK SMALL LETTER TAU}"


def standing_sentence(blocks: Sequence[TaskPanels], decomposition: Decomposition = Decomposition.MIX) -> str:
    """Say in how many panels a decomposition is best or runner-up, and how many chance would give."""
    count = standing(tuple(blocks), decomposition)
    name = decomposition.display_name
    if not count.panels:
        why = "yet: no panel has all of its bars" if count.unranked else "here: no panel has it beside another decomposition"
        return f"{name} cannot be ranked {why}."
    bars = max(len(panel.bars) for block in blocks for panel in block.cells)
    leads = count.best + count.runner_up
    text = f"{name} is best or runner-up in {leads:.3g} of {counted(count.panels, 'panel')} (best in {count.best:.3g})"
    text += f"; it is tied in {counted(count.tied, 'panel')}, which count by the share of tie-breaks" if count.tied else ""
    # Two bars of four: any decomposition would be there in half of the panels if nothing mattered.
    text += _at_worst(blocks, decomposition)
    text += f"; chance would give {min(2, bars) * count.panels / bars:.3g}" if bars > 1 else ""
    if not count.unranked:
        return f"{text}."
    be = agreeing(count.unranked, "is", "are")
    why = "a dataset being without runs or without a common seed"
    return f"{text}; {counted(count.unranked, 'panel')} {be} not counted, {why}."


def _at_worst(blocks: Sequence[TaskPanels], decomposition: Decomposition) -> str:
    """Say in how many panels it is best or runner-up with diverged runs at the worst score; empty if no run diverged."""
    lowered = at_worst(blocks)
    if not lowered:
        return ""
    count = standing(lowered, decomposition)
    return f"; {count.best + count.runner_up:.3g} {WORDS}"


def figure7_note(
    blocks: Sequence[TaskPanels],
    coverage: Coverage,
    rule: ScoreRule,
    intervals: Intervals,
    alphas: OneAlphas,
) -> tuple[str, ...]:
    """Write the footnote of Figure 7 as a list of sentences."""
    bars = [bar for block in blocks for panel in block.cells for bar in panel.bars]
    diverged = sum(bar.diverged for bar in bars)
    varied = sorted({name for block in blocks for name in block.scores.varied})
    note = [*_bar_sentences(blocks, rule, intervals), *_spread_sentences(blocks, intervals)]
    if alphas.several and any(bar.seeds >= FEWEST_SEEDS for bar in bars):
        note.append(f"Dots: one ({ALPHA}, {TAU}) for all tasks and datasets, also chosen on one half of the seeds.")
    if any(math.isfinite(block.cloning) for block in blocks):
        note.append(f"Dashed: behaviour cloning (AWR with {ALPHA} 0) with the same networks, steps and data.")
        note += _cloning_sentence(blocks, intervals)
    note += _marks_sentences(bars)
    note += reference_sentences(blocks)
    note += [f"The best is also taken over {', '.join(varied)}."] if varied else []
    note += [f"Red: how many runs of a bar diverged ({diverged:,} in all; they count with their score)."] if diverged else []
    note += [] if diverged else ["No run diverged."]
    if coverage.rehearsal:
        return (SENTENCE, *note, coverage.sentence(), NO_CLAIM)
    return (*note, coverage.sentence(), standing_sentence(blocks))


def _cloning_sentence(blocks: Sequence[TaskPanels], intervals: Intervals) -> list[str]:
    """Count the panels in which no bar is above behaviour cloning, if there are any."""
    found = under_cloning(blocks)
    if not found.panels:
        return []
    by = " by the dotted score" if intervals is Intervals.SINGLE and _several(blocks) else ""
    where = f"in {found.panels} of {counted(found.of, 'panel')}"
    return [f"No bar is above behaviour cloning{by} {where}; no bar below it is called best."]


def _bar_sentences(blocks: Sequence[TaskPanels], rule: ScoreRule, intervals: Intervals) -> list[str]:
    """Say what the height of a bar is, and the line beside it."""
    tail = f"mean over {_datasets(blocks)}; {_steps(blocks)}; a run's score is its {rule.words}."
    choice = f"mean {rule.noun} over {_seeds(blocks)} for every (dataset, {ALPHA}, {TAU}), the best of them per dataset"
    if intervals is Intervals.SINGLE:
        return [f"Each bar: {choice}, {tail}", "Dotted: the same, chosen on one half of the seeds and scored on the other."]
    if not _several(blocks):
        return [f"Each bar: mean {rule.noun} over {_seeds(blocks)}, {tail}"]
    if all(len(block.scores.seeds) < 2 for block in blocks):
        return [f"Each bar: {choice}, {tail}"]
    halves = "chosen on one half of the seeds and scored on the other"
    return [
        f"Each bar: {choice}, {halves}, {tail}",
        "Outline: the paper's score, chosen and scored on the same seeds; panels are counted by it.",
    ]


def _several(blocks: Sequence[TaskPanels]) -> bool:
    """Tell whether any design has a choice of configurations."""
    return any(bool((block.scores.wanted.any(axis=-1).sum(axis=-1) > 1).any()) for block in blocks)


def _spread_sentences(blocks: Sequence[TaskPanels], intervals: Intervals) -> list[str]:
    """Say what whiskers and circles are."""
    bars = [bar for block in blocks for panel in block.panels for bar in panel.bars]
    said = []
    if intervals is Intervals.SINGLE and any(bar.interval for bar in bars):
        said.append("Error bars: each bar's own 95 % interval over seeds, around the dotted score; compare no bars by them.")
    if intervals is Intervals.PAIRED and any(bar.difference for bar in bars):
        said.append(
            "Whiskers: 95 % intervals of a bar's difference to the panel's best, within seeds, all pairs of the panel "
            "together. One without a cap goes on. Thin line: the best's level."
        )
    if intervals is Intervals.PAIRED and any(bar.interval and bar.mark is Mark.UNRANKED for bar in bars):
        said.append("Pale whiskers: own 95 % intervals of bars that are not ranked.")
    if any(1 < bar.seeds < FEWEST_SEEDS for bar in bars):
        said.append(f"Circles: single seeds; under {FEWEST_SEEDS} seeds no interval would hold its level, so none is drawn.")
    return said


def _marks_sentences(bars: Sequence[Bar]) -> list[str]:
    """Say what the colours rest on, and which bars have no interval though they have seeds."""
    if not any(bar.rank for bar in bars):
        return []
    said = ["Grey: surely behind the best, because the interval of the difference excludes 0."]
    if all(bar.seeds < FEWEST_SEEDS for bar in bars):
        said = [f"Under {FEWEST_SEEDS} seeds no bar can be shown to be behind."]
    saturated = sum(bar.saturated for bar in bars)
    if saturated:
        have = "bar has" if saturated == 1 else "bars have"
        said.append(f"=: {saturated} {have} one score in all seeds, so no interval is known.")
    return said


def _seeds(blocks: Sequence[TaskPanels]) -> str:
    return _range([len(block.scores.seeds) for block in blocks], "seed")


def _datasets(blocks: Sequence[TaskPanels]) -> str:
    return _range([len(block.scores.datasets) for block in blocks], "dataset")


def _steps(blocks: Sequence[TaskPanels]) -> str:
    return _range([steps for block in blocks for steps in block.scores.steps], "step")


def _range(numbers: Sequence[int], word: str) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,} {word}{'' if low == 1 else 's'}" if low == high else f"{low:,} to {high:,} {word}s"
