"""How training behaves under each normalisation of the critic: the numbers behind the paper's claim that SVN bounds |Q|."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.frame import Results
from search_spaces.vocabulary import ActorNorm, CriticNorm

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Stability:
    """One design under one normalisation, each list with one number per seed, in the order of `seeds`."""

    task: str
    dataset: str
    design: str
    """what is the same under every normalisation: decomposition, value learner, extraction, alpha, tau"""
    critic_norm: CriticNorm
    actor_norm: ActorNorm
    seeds: tuple[int, ...]
    q_growth: tuple[float, ...]
    """largest |Q| over the last tenth of the records divided by that over the first tenth"""
    gradient_growth: tuple[float, ...]
    """the same of the critic's gradient norm, times sigma squared where its loss was divided by it"""
    scores: tuple[float, ...]
    diverged: int


def stability(
    results_dir: Path, results: Results, wanted: pd.DataFrame, only: Collection[str] | None = None
) -> tuple[Stability, ...]:
    """One entry per design and normalisation, of designs of Mix that the sweep trained under several; empty for most sweeps.

    Raises:
        ResultsError: as `load_results`.
    """
    raise NotImplementedError("stability is not measured yet")
