"""Types that the registry and the figures share: the inputs of a figure and the result of drawing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.findings.claims import Claim, claims
from recipe_sweep.analysis.findings.learning import NOT_JUDGED, Learning, learning
from recipe_sweep.analysis.findings.one_alpha import OneAlphas, one_alphas
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.stability import stability
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.frame import Results
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.results.samples import Lacking, TrainedRuns

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Material:
    """All inputs of figures: a sweep's results, its wanted points (`points_table`), and what is computed from both."""

    results_dir: Path
    results: Results
    wanted: pd.DataFrame
    blocks: tuple[TaskPanels, ...]
    coverage: Coverage
    rule: ScoreRule
    learned: TrainedRuns
    """values that need weights and datasets; a figure that shows them chooses its own runs"""
    null_sentence: str = ""
    """How often claims hold in null sweeps, for the page; empty unless that was simulated."""
    intervals: Intervals = Intervals.PAIRED

    @cached_property
    def one_alphas(self) -> OneAlphas:
        """Scores of all designs with one configuration everywhere."""
        return one_alphas(self.blocks)

    @cached_property
    def learning(self) -> Learning:
        """Whether training had ended. This is not judged in a rehearsal."""
        return NOT_JUDGED if self.results.rehearsal else learning(self.results.runs, self.wanted, self.blocks)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The paper's claims, judged by the results. Nothing is claimed of a rehearsal."""
        rehearsal = self.results.rehearsal
        measured = () if rehearsal else stability(self.results_dir, self.results)
        return claims(self.blocks, measured, rehearsal=rehearsal)


class Numbers(NamedTuple):
    """A table that is written beside a figure, as a CSV file of this name."""

    name: str
    table: pd.DataFrame


class Drawing(NamedTuple):
    """A figure, the name of its files, what it shows in one sentence, and every number in it."""

    name: str
    figure: Figure
    says: str
    numbers: tuple[Numbers, ...]


@dataclass(frozen=True)
class FigureKind:
    """One entry of the registry."""

    name: str
    number: int | None
    """number in the paper; None for our own figures, which are skipped without a message if their data are missing"""
    title: str
    preset: str
    """preset that trains the data for this figure"""
    draw: Callable[[Material], Sequence[Drawing] | Lacking]


def alike(points: Sequence[DesignPoint]) -> list[list[DesignPoint]]:
    """Group points that share dataset and normalisation, in the order of their first members."""

    def key(point: DesignPoint) -> tuple[str, ...]:
        return (point.dataset_id, point.critic_norm, point.actor_norm)

    first = {key(point): number for number, point in reversed(list(enumerate(points)))}
    ordered = sorted(points, key=lambda point: first[key(point)])
    return [list(group) for _, group in groupby(ordered, key=key)]
