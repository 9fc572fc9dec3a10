"""How training behaves under each normalisation: the numbers behind the paper's claim that SVN bounds |Q| (4.2 to 4.4).

Growth is measured over the second half of training, because a value that converges has converged by then. Gradient norms are
made comparable by `curves.comparable_gradient`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recipe_sweep.analysis.estimators.seed_statistics import Floats
from recipe_sweep.analysis.results.curves import comparable_gradient
from recipe_sweep.analysis.results.frame import Results, load_diagnostics
from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm, Decomposition

if TYPE_CHECKING:
    import pandas as pd

_RECORDED = ("q_max_abs", "sigma", "grad_norm/critic")
_SETTING = ["task", "dataset", "value_learning", "extraction", "alpha", "tau"]
_NORMS = ["critic_norm", "actor_norm"]
_TENTH = 0.1


@dataclass(frozen=True)
class Stability:
    """One design under one normalisation. Tuples have one number per seed, in the order of `seeds`; NaN if not recorded."""

    task: str
    setting: str
    """everything but the normalisation: dataset, value learner, extraction, alpha, tau"""
    decomposition: Decomposition
    critic_norm: CriticNorm
    actor_norm: ActorNorm
    seeds: tuple[int, ...]
    q_growth: tuple[float, ...]
    """log10 of the largest |Q| in the last tenth of training over that in the middle tenth; both are medians"""
    gradient_growth: tuple[float, ...]
    """log10 growth of the critic's gradient norm, times sigma squared if the loss was divided by it"""
    scores: tuple[float, ...]
    diverged: int


def stability(results_dir: Path, results: Results) -> tuple[Stability, ...]:
    """Measure stability for each decomposition and pair of norms, in settings where a mixing one has several pairs.

    Most sweeps have no such setting, and the result is empty.
    """
    runs = results.runs
    mixing = [one.value for one in Decomposition.members() if one.mixes]
    norms = runs.loc[runs["decomposition"].isin(mixing), [*_SETTING, *_NORMS]].drop_duplicates()
    varied = norms.loc[norms.duplicated(_SETTING), _SETTING].drop_duplicates()
    runs = runs.merge(varied, on=_SETTING)
    if runs.empty:
        return ()
    diagnostics = load_diagnostics(results_dir, _RECORDED, runs["run_id"].tolist())
    curves = diagnostics.merge(runs[["run_id", "critic_norm"]], on="run_id")
    curves = curves.assign(gradient=comparable_gradient(curves))
    runs = runs.join(_growths(curves), on="run_id").sort_values(["seed", "run_id"], kind="stable")
    groups = runs.groupby([*_SETTING, "decomposition", *_NORMS], dropna=False, sort=True)
    return tuple(_entry(key, group) for key, group in groups)


def _growths(curves: pd.DataFrame) -> pd.DataFrame:
    """Compute `q_growth` and `gradient_growth` by run_id."""
    import pandas as pd

    rows = {
        run_id: (_growth(curve["q_max_abs"].to_numpy()), _growth(curve["gradient"].to_numpy()))
        for run_id, curve in curves.groupby("run_id", sort=True)
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["q_growth", "gradient_growth"], dtype=np.float64)


def _growth(values: Floats) -> float:
    """Compute log10 of the last tenth's median over the middle tenth's median. NaN unless both are above 0."""
    values = values[np.isfinite(values)]
    width = max(1, round(_TENTH * len(values)))
    if len(values) < 2:
        return float("nan")
    start = (len(values) - width) // 2
    middle, last = np.median(values[start : start + width]), np.median(values[-width:])
    return float(np.log10(last / middle)) if middle > 0.0 and last > 0.0 else float("nan")


def _entry(key: tuple[object, ...], group: pd.DataFrame) -> Stability:
    task, dataset, value_learning, extraction, alpha, tau, decomposition, critic_norm, actor_norm = key
    ending = "" if tau != tau else f", \N{GREEK SMALL LETTER TAU} {tau}"
    ending = ending if alpha != alpha else f", \N{GREEK SMALL LETTER ALPHA} {alpha}{ending}"
    return Stability(
        task=str(task),
        setting=f"{dataset}, {value_learning}, {extraction}{ending}",
        decomposition=Decomposition.of(str(decomposition)),
        critic_norm=CriticNorm.of(str(critic_norm)),
        actor_norm=ActorNorm.of(str(actor_norm)),
        seeds=tuple(int(seed) for seed in group["seed"]),
        q_growth=tuple(group["q_growth"].tolist()),
        gradient_growth=tuple(group["gradient_growth"].tolist()),
        scores=tuple(group["score"].tolist()),
        diverged=int((group["status"] == "diverged").sum()),
    )
