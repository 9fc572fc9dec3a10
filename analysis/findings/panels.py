"""The bars and panels of Figure 7 as values, which the figure draws and the table prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.corrected_mean import corrected_interval
from recipe_sweep.analysis.estimators.seed_statistics import EQUAL, Best, Booleans, Floats, Interval, percentile_interval, ranks
from recipe_sweep.analysis.estimators.ties import top_shares
from recipe_sweep.analysis.findings.bar_numbers import BarNumbers, bar_numbers
from recipe_sweep.analysis.findings.designs import Designs, designs
from recipe_sweep.analysis.findings.marks import Comparison, Mark, against_the_best, beside_cloning
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.search_spaces.words import Word

RESAMPLES = 2000


class Range(NamedTuple):
    """A closed interval of scores."""

    low: float
    high: float


class Choice(NamedTuple):
    """The best configuration on one dataset."""

    dataset: str
    configuration: Configuration | None
    """None if the dataset has no run yet"""
    score: float
    edge: str
    """`low` or `high` if the best alpha is the smallest or largest of its grid, else empty"""


@dataclass(frozen=True)
class Bar:
    """One bar. `value` and all other scores are normalised returns; NaN or None if missing."""

    decomposition: Decomposition
    value: float
    rank: int
    """1 is the best of the panel; 0 if the bar cannot be ranked, because it is alone, lacks a dataset or shares no seed"""
    interval: Range | None
    """95 % interval of `corrected` over seeds; None under 4 seeds, and where all are the same"""
    percentile: Range | None
    """95 % percentile bootstrap interval of `value`; None where the other is"""
    corrected: float
    """selection-corrected value; NaN with one seed"""
    seeds: int
    """fewest seeds behind any of its datasets, of those that all bars of the panel have"""
    seed_scores: tuple[float, ...]
    """the bar's value in each seed that has every dataset"""
    choices: tuple[Choice, ...]
    """one per dataset; empty in a marginal bar"""
    wanted: int
    missing: int
    """wanted runs without a result, failed ones among them"""
    diverged: int
    mark: Mark
    saturated: bool
    """whether every resample of the seeds has the same score: then there is no interval, though there are enough seeds"""
    place: int
    """as `rank`, by `score`"""
    difference: Range | None
    """simultaneous 95 % interval of its difference to the panel's best. A bar is behind where it excludes 0. None in the best
    itself, in bars that are not ranked, and under 4 seeds."""
    corrected_seeds: tuple[float, ...]
    """each seed's part in `corrected`, of the seeds that have every dataset"""

    @property
    def score(self) -> float:
        """Score by which bars are compared: `corrected`, or `value` with one seed, where nothing can be corrected."""
        return self.corrected if math.isfinite(self.corrected) else self.value

    @property
    def emphasis(self) -> int:
        """1 in tables for the only best bar of its panel, 2 for the runner-up, 0 for others."""
        hidden = self.place > 2 or self.mark is Mark.BELOW or (self.place == 1 and self.mark is not Mark.BEST)
        return 0 if hidden else self.place


@dataclass(frozen=True)
class Panel:
    """Bars side by side, one per decomposition. A marginal panel has None for the axis that it averages over."""

    task: str
    value_learning: ValueLearning | None
    extraction: Extraction | None
    bars: tuple[Bar, ...]
    """the wanted bars, in the order of figures"""

    @property
    def names(self) -> tuple[str, str]:
        """Names of its value learner and its extraction; `mean` for the one that it averages over."""
        return _name(self.value_learning), _name(self.extraction)

    @property
    def best(self) -> Bar | None:
        """The bar with the highest score, with which the others are compared. None if none can be ranked."""
        return next((bar for bar in self.bars if bar.place == 1), None)

    @property
    def ranked(self) -> bool:
        """Whether every bar can be ranked."""
        return all(bar.rank > 0 for bar in self.bars)

    def top_shares(self, places: int) -> Floats:
        """Compute which share of tie-breaks puts each bar among the first `places`."""
        return top_shares(np.array([bar.value for bar in self.bars]), places)

    def bar(self, decomposition: Decomposition) -> Bar | None:
        """Find the bar of one decomposition. None if the sweep does not want it."""
        return next((bar for bar in self.bars if bar.decomposition is decomposition), None)


@dataclass(frozen=True)
class TaskPanels:
    """One task's block of Figure 7."""

    scores: TaskScores
    cells: tuple[Panel, ...]
    """one per (value learner, extraction) that the sweep wants: at most 6"""
    over_extraction: tuple[Panel, ...]
    """the panels on top: per value learner, mean over extractions; empty if there is only one extraction"""
    over_value_learning: tuple[Panel, ...]
    """the panels on the right: per extraction, mean over value learners; empty if there is only one value learner"""

    @cached_property
    def designs(self) -> Designs:
        """Every design's scores without the bias of choosing alpha. Claims and recommendation both use them."""
        return designs(self.scores)

    @cached_property
    def at_worst(self) -> TaskPanels:
        """The same with diverged runs at the worst score of their dataset. No interval of a bar is read from it."""
        if not self.scores.diverged.any():
            return self
        return task_panels(self.scores.with_diverged_at_worst, np.random.default_rng(0), resamples=2)

    @property
    def cloning(self) -> float:
        """Behaviour cloning's mean score over the datasets; NaN unless it was run on all of them."""
        return float(self.scores.cloning_by_dataset.mean())

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, the cells first."""
        return (*self.cells, *self.over_extraction, *self.over_value_learning)

    @property
    def decompositions(self) -> tuple[Decomposition, ...]:
        """Decompositions that have a place in the panels: the paper's, and others that the sweep wants."""
        wanted = {bar.decomposition for panel in self.cells for bar in panel.bars}
        return tuple(one for one in Decomposition.members() if one.in_paper or one in wanted)


def task_panels(task: TaskScores, rng: np.random.Generator, resamples: int = RESAMPLES) -> TaskPanels:
    """Compute all bars of one task with their intervals. `rng` draws one set of resamples for the whole task."""
    cells, best = bar_numbers(task, rng, resamples)
    wants: Booleans = cells.wanted > 0
    several_extractions = np.any(wants, axis=(0, 1)).sum() > 1
    several_value_learners = np.any(wants, axis=(0, 2)).sum() > 1
    return TaskPanels(
        scores=task,
        cells=tuple(
            _panel(task, (value_learning, extraction), cells.at(v, e), wants[:, v, e], _choices(task, best, v, e))
            for v, value_learning in enumerate(ValueLearning.members())
            for e, extraction in enumerate(Extraction.members())
            if wants[:, v, e].any()
        ),
        over_extraction=tuple(
            _panel(task, (value_learning, None), cells.at(v, None).mean(wants[:, v, :]), np.any(wants[:, v, :], axis=-1))
            for v, value_learning in enumerate(ValueLearning.members())
            if np.any(wants[:, v, :]) and several_extractions
        ),
        over_value_learning=tuple(
            _panel(task, (None, extraction), cells.at(None, e).mean(wants[:, :, e]), np.any(wants[:, :, e], axis=-1))
            for e, extraction in enumerate(Extraction.members())
            if np.any(wants[:, :, e]) and several_value_learners
        ),
    )


def _panel(
    task: TaskScores,
    axes: tuple[ValueLearning | None, Extraction | None],
    numbers: BarNumbers,
    wants: Booleans,
    choices: tuple[tuple[Choice, ...], ...] | None = None,
) -> Panel:
    """Make the bars of one panel from numbers (X, ...)."""
    comparable = numbers.ranked & wants & (wants.sum() > 1)
    rank, place = (ranks(np.where(comparable, scores, np.nan)) for scores in (numbers.value, numbers.scores))
    found = against_the_best(numbers.scores, numbers.corrected.pull, numbers.seeds, comparable)
    marked = beside_cloning(found.marks, numbers.scores, float(task.cloning_by_dataset.mean()))
    scaled = corrected_interval(numbers.corrected, numbers.seeds)
    plain = percentile_interval(numbers.samples)
    known = np.isfinite(scaled.low)
    saturated = known & (scaled.high - scaled.low <= EQUAL * np.abs(numbers.value))
    drawn = known & ~saturated
    bars = tuple(
        Bar(
            decomposition=decomposition,
            value=float(numbers.value[x]),
            rank=int(rank[x]),
            interval=_range(scaled, x) if drawn[x] else None,
            percentile=_range(plain, x) if drawn[x] else None,
            corrected=float(numbers.corrected.value[x]),
            seeds=int(numbers.seeds[x]),
            seed_scores=_finite(numbers.seed_scores[x]),
            choices=() if choices is None else choices[x],
            wanted=int(numbers.wanted[x]),
            missing=int(numbers.missing[x]),
            diverged=int(numbers.diverged[x]),
            mark=marked[x],
            saturated=bool(saturated[x]),
            place=int(place[x]),
            difference=_range(found, x) if np.isfinite(found.low[x]) else None,
            corrected_seeds=_finite(numbers.corrected.seed_scores[x]),
        )
        for x, decomposition in enumerate(Decomposition.members())
        if wants[x]
    )
    return Panel(task=task.task, value_learning=axes[0], extraction=axes[1], bars=bars)


def _name(word: Word | None) -> str:
    return "mean" if word is None else word.display_name


def _range(ends: Interval | Comparison, x: int) -> Range:
    return Range(float(ends.low[x]), float(ends.high[x]))


def _finite(scores: Floats) -> tuple[float, ...]:
    return tuple(float(score) for score in scores if np.isfinite(score))


def _choices(task: TaskScores, best: Best, v: int, e: int) -> tuple[tuple[Choice, ...], ...]:
    """List the best configurations of one panel: per decomposition, per wanted dataset."""
    return tuple(
        tuple(
            _choice(task, (x, v, e, d), int(best.choice[x, v, e, d]), float(best.by_dataset[x, v, e, d]))
            for d in range(len(task.datasets))
            if task.wanted[x, v, e, d].any()
        )
        for x in range(len(Decomposition.members()))
    )


def _choice(task: TaskScores, where: tuple[int, int, int, int], chosen: int, score: float) -> Choice:
    dataset = task.datasets[where[-1]]
    if chosen < 0:
        return Choice(dataset, None, score, "")
    configuration: Configuration = task.configurations[(*where, chosen)]
    grid = sorted({other.alpha for other in task.configurations[where] if other is not None and other.alpha is not None})
    edge = ""
    if len(grid) > 1:
        edge = {grid[0]: "low", grid[-1]: "high"}.get(configuration.alpha, "")
    return Choice(dataset, configuration, score, edge)


def shown_decompositions(blocks: Sequence[TaskPanels]) -> tuple[Decomposition, ...]:
    """List the decompositions that have a place in the panels of any task."""
    shown = {one for block in blocks for one in block.decompositions}
    return tuple(one for one in Decomposition.members() if one in shown)
