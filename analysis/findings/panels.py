"""The bars and panels of Figure 7 as values, which the figure draws and the table prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import (
    EQUAL,
    Best,
    Booleans,
    Floats,
    Integers,
    best_of,
    bootstrap_best,
    chosen_seed_counts,
    chosen_seed_scores,
    half_splits,
    percentile_interval,
    ranks,
    resample_weights,
    seed_means,
    seed_skewness,
    selection_corrected,
    t_interval,
)
from recipe_sweep.analysis.estimators.ties import top_shares
from recipe_sweep.analysis.findings.common_seeds import compared
from recipe_sweep.analysis.findings.designs import Designs, designs
from recipe_sweep.analysis.findings.marks import Mark, beside_cloning, marks
from recipe_sweep.analysis.results.scores import Configuration, TaskScores
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

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
    """95 % t-scaled bootstrap interval over seeds; None under 4 seeds, and where all are the same"""
    percentile: Range | None
    """95 % percentile bootstrap interval, beside the other; None where that is"""
    corrected: float
    """selection-corrected value"""
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

    @property
    def emphasis(self) -> int:
        """1 in tables for the only best bar of its panel, 2 for the runner-up, 0 for others."""
        hidden = self.rank > 2 or self.mark is Mark.BELOW or (self.rank == 1 and self.mark is not Mark.BEST)
        return 0 if hidden else self.rank


@dataclass(frozen=True)
class Panel:
    """Bars side by side, one per decomposition. A marginal panel has None for the axis that it averages over."""

    task: str
    value_learning: ValueLearning | None
    extraction: Extraction | None
    bars: tuple[Bar, ...]
    """the wanted bars, in the order of figures"""

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


class _Numbers(NamedTuple):
    """Numbers behind bars: (X, V, E) for a task, then (X,) for a panel.

    `samples` has R in front, `seed_scores` has S at the end.
    """

    value: Floats
    samples: Floats
    corrected: Floats
    seed_scores: Floats
    seeds: Integers
    ranked: Booleans
    wanted: Integers
    missing: Integers
    diverged: Integers


def task_panels(task: TaskScores, rng: np.random.Generator, resamples: int = RESAMPLES) -> TaskPanels:
    """Compute all bars of one task with their intervals. `rng` draws one set of resamples for the whole task."""
    scores, ranked, _, _ = compared(task)
    best = best_of(seed_means(scores))
    splits = half_splits(rng, len(task.seeds))
    runs = (-1, -2, -3)
    cells = _Numbers(
        value=best.value,
        samples=bootstrap_best(scores, resample_weights(rng, resamples, len(task.seeds))),
        corrected=selection_corrected(scores, splits),
        seed_scores=chosen_seed_scores(scores, best.choice),
        seeds=chosen_seed_counts(scores, best.choice),
        # Bars are compared on the same datasets and seeds.
        ranked=ranked,
        wanted=task.wanted.sum(axis=runs),
        missing=(task.wanted & ~task.done).sum(axis=runs),
        diverged=task.diverged.sum(axis=runs),
    )
    wants: Booleans = cells.wanted > 0
    several_extractions = np.any(wants, axis=(0, 1)).sum() > 1
    several_value_learners = np.any(wants, axis=(0, 2)).sum() > 1
    return TaskPanels(
        scores=task,
        cells=tuple(
            _panel(task, (value_learning, extraction), _at(cells, v, e), wants[:, v, e], _choices(task, best, v, e))
            for v, value_learning in enumerate(ValueLearning.members())
            for e, extraction in enumerate(Extraction.members())
            if wants[:, v, e].any()
        ),
        over_extraction=tuple(
            _panel(task, (value_learning, None), _mean(_at(cells, v, None), wants[:, v, :]), np.any(wants[:, v, :], axis=-1))
            for v, value_learning in enumerate(ValueLearning.members())
            if np.any(wants[:, v, :]) and several_extractions
        ),
        over_value_learning=tuple(
            _panel(task, (None, extraction), _mean(_at(cells, None, e), wants[:, :, e]), np.any(wants[:, :, e], axis=-1))
            for e, extraction in enumerate(Extraction.members())
            if np.any(wants[:, :, e]) and several_value_learners
        ),
    )


def _at(numbers: _Numbers, v: int | None, e: int | None) -> _Numbers:
    """Select one column, one row or one cell of numbers (X, V, E, ...). Samples have R in front."""
    pick_v, pick_e = (slice(None) if v is None else v), (slice(None) if e is None else e)
    return numbers._replace(
        **{name: getattr(numbers, name)[:, pick_v, pick_e] for name in numbers._fields if name != "samples"},
        samples=numbers.samples[:, :, pick_v, pick_e],
    )


def _mean(numbers: _Numbers, wants: Booleans) -> _Numbers:
    """Average numbers (X, M, ...) over the axis M that a marginal panel averages over.

    The mean is over the members that any decomposition wants. A bar that lacks one of them is NaN, because its mean would be
    over other designs than its neighbours'.
    """
    members = wants.any(axis=0)

    def of(array: Floats) -> Floats:
        mean: Floats = np.compress(members, array, axis=1).mean(axis=1)
        return mean

    return _Numbers(
        value=of(numbers.value),
        samples=np.compress(members, numbers.samples, axis=2).mean(axis=2),
        corrected=of(numbers.corrected),
        seed_scores=of(numbers.seed_scores),
        seeds=np.compress(members, numbers.seeds, axis=1).min(axis=1),
        ranked=np.all(np.compress(members, numbers.ranked, axis=1), axis=1),
        wanted=numbers.wanted.sum(axis=1),
        missing=numbers.missing.sum(axis=1),
        diverged=numbers.diverged.sum(axis=1),
    )


def _panel(
    task: TaskScores,
    axes: tuple[ValueLearning | None, Extraction | None],
    numbers: _Numbers,
    wants: Booleans,
    choices: tuple[tuple[Choice, ...], ...] | None = None,
) -> Panel:
    """Make the bars of one panel from numbers (X, ...)."""
    comparable = numbers.ranked & wants & (wants.sum() > 1)
    rank = ranks(np.where(comparable, numbers.value, np.nan))
    marked = marks(numbers.value, numbers.samples, numbers.seeds, comparable)
    marked = beside_cloning(marked, numbers.value, float(task.cloning_by_dataset.mean()))
    scaled = t_interval(numbers.value, numbers.samples, numbers.seeds, seed_skewness(numbers.seed_scores))
    plain = percentile_interval(numbers.samples)
    known = np.isfinite(scaled.low)
    saturated = known & (scaled.high - scaled.low <= EQUAL * np.abs(numbers.value))
    drawn = known & ~saturated
    bars = tuple(
        Bar(
            decomposition=decomposition,
            value=float(numbers.value[x]),
            rank=int(rank[x]),
            interval=Range(float(scaled.low[x]), float(scaled.high[x])) if drawn[x] else None,
            percentile=Range(float(plain.low[x]), float(plain.high[x])) if drawn[x] else None,
            corrected=float(numbers.corrected[x]),
            seeds=int(numbers.seeds[x]),
            seed_scores=tuple(float(score) for score in numbers.seed_scores[x] if np.isfinite(score)),
            choices=() if choices is None else choices[x],
            wanted=int(numbers.wanted[x]),
            missing=int(numbers.missing[x]),
            diverged=int(numbers.diverged[x]),
            mark=marked[x],
            saturated=bool(saturated[x]),
        )
        for x, decomposition in enumerate(Decomposition.members())
        if wants[x]
    )
    return Panel(task=task.task, value_learning=axes[0], extraction=axes[1], bars=bars)


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
    grid = sorted({other.alpha for other in task.configurations[where] if other is not None})
    edge = ""
    if len(grid) > 1:
        edge = {grid[0]: "low", grid[-1]: "high"}.get(configuration.alpha, "")
    return Choice(dataset, configuration, score, edge)


def shown_decompositions(blocks: Sequence[TaskPanels]) -> tuple[Decomposition, ...]:
    """List the decompositions that have a place in the panels of any task."""
    shown = {one for block in blocks for one in block.decompositions}
    return tuple(one for one in Decomposition.members() if one in shown)


class Standing(NamedTuple):
    """How often a decomposition is best or runner-up. Only panels count in which every bar can be ranked."""

    decomposition: Decomposition
    best: float
    runner_up: float
    """ties count by the share of tie-breaks that put it there"""
    panels: int
    unranked: int
    """panels that are not counted, because a bar lacks a dataset or shares no seed with another"""
    tied: int
    """panels in which another bar has exactly its score"""


def standing(blocks: tuple[TaskPanels, ...], decomposition: Decomposition) -> Standing:
    """Count the panels in which a decomposition is best or runner-up (paper 5.2). Marginal panels do not count."""
    panels = [panel for block in blocks for panel in block.cells if len(panel.bars) > 1]
    cells = [panel for panel in panels if panel.bar(decomposition) is not None]
    ranked = [panel for panel in cells if panel.ranked]
    places = [[bar.decomposition for bar in panel.bars].index(decomposition) for panel in ranked]
    found = list(zip(ranked, places, strict=True))
    best, leads = (math.fsum(panel.top_shares(many)[x] for panel, x in found) for many in (1, 2))
    # Its rank is the best that a tied bar can have, so only some of the tie-breaks give it.
    tied = sum(bool(panel.top_shares(panel.bars[x].rank)[x] < 1.0) for panel, x in found)
    return Standing(decomposition, best, leads - best, len(ranked), len(cells) - len(ranked), tied)
