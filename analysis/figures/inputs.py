"""What a figure is drawn from and what comes of drawing it: the types that the registry and the figures share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.frame import Results
from recipe_sweep.analysis.results.scores import ScoreRule
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.results.samples import Lacking, TrainedRuns

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Material:
    """All that figures are drawn from: a sweep's results, the points it wants (`points_table`), and what follows from both."""

    results_dir: Path
    results: Results
    wanted: pd.DataFrame
    blocks: tuple[TaskPanels, ...]
    coverage: Coverage
    rule: ScoreRule
    learned: TrainedRuns
    """what only weights and datasets tell; a figure that shows it chooses its own runs"""


class Numbers(NamedTuple):
    """A table that stands beside a figure as a CSV file of this name."""

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
    """in the paper; None for figures of our own, which are drawn where the data are there, and not missed elsewhere"""
    title: str
    preset: str
    """has the data that it needs"""
    draw: Callable[[Material], Sequence[Drawing] | Lacking]


def alike(points: Sequence[DesignPoint]) -> list[list[DesignPoint]]:
    """Group points that share dataset and normalisation, in the order of their first members."""

    def key(point: DesignPoint) -> tuple[str, ...]:
        return (point.dataset_id, point.critic_norm, point.actor_norm)

    first = {key(point): number for number, point in reversed(list(enumerate(points)))}
    ordered = sorted(points, key=lambda point: first[key(point)])
    return [list(group) for _, group in groupby(ordered, key=key)]
