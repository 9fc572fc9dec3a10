"""Made-up results with every column of the schema, for tests that need a sweep's files but no training.

The scores are plausible, not real: better data score higher, each extraction has its best alpha inside its grid, Mix and AWR
are a little ahead, seeds share an effect across designs (they share batches), and a few runs diverge.
"""

from __future__ import annotations

import datetime
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recipe_sweep.analysis.figures.captions import figure7_note
from recipe_sweep.analysis.figures.figure7_bars import Look
from recipe_sweep.analysis.figures.inputs import Material
from recipe_sweep.analysis.figures.intervals import Intervals
from recipe_sweep.analysis.findings.one_alpha import one_alphas
from recipe_sweep.analysis.findings.panels import TaskPanels, task_panels
from recipe_sweep.analysis.results.coverage import Coverage
from recipe_sweep.analysis.results.frame import load_results
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.scores import points_table, task_scores
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import (
    ActorNorm,
    Chance,
    CriticNorm,
    Decomposition,
    Discretisation,
    Extraction,
    Precision,
    Source,
    ValueLearning,
)
from recipe_sweep.sweep.results.samples import NothingLearned, TrainedRuns
from recipe_sweep.sweep.results.schema import SCHEMA
from tests.builders import design_point
from tests.words import DECOMPOSITIONS, EXTRACTIONS, VALUE_LEARNERS

BRAC_ALPHAS = (0.03, 0.1, 0.3, 1.0)
AWR_ALPHAS = (0.3, 1.0, 3.0, 10.0)
TAUS = (0.7, 0.9)
SCALE = (159.8, 516.8)
AGENTS = 3

DIAGNOSTICS = (
    *("q_mean", "q_max_abs", "td_loss", "sigma", "head_share", "head_gap", "actor_loss", "actor_q_term", "actor_bc_term"),
    *("grad_norm/critic", "grad_norm/mixer", "grad_norm/value", "grad_norm/actor", "grad_norm/all"),
    *("mu_outside", "mu_max_abs", "awr_ess", "awr_capped", "mixer_gain"),
    *(f"awr_agent_share/{agent}" for agent in range(AGENTS)),
)

_QUALITY = {"expert": 0.95, "medium-expert": 0.8, "medium": 0.55, "medium-replay": 0.4, "random": 0.05}
_DECOMPOSITION = {Decomposition.CEN: -0.04, Decomposition.MIX: 0.05, Decomposition.VDN: -0.02, Decomposition.DEC: -0.05}
_BEST_ALPHA = {Extraction.BRAC: 0.3, Extraction.AWR: 3.0}


def synthetic_points(
    tasks: Sequence[str] = ("simple_spread",),
    datasets: Sequence[str] | None = None,
    seeds: Sequence[int] = (0, 1),
    decompositions: Sequence[Decomposition] = DECOMPOSITIONS,
    value_learners: Sequence[ValueLearning] = VALUE_LEARNERS,
    extractions: Sequence[Extraction] = EXTRACTIONS,
    brac_alphas: Sequence[float] = BRAC_ALPHAS,
    awr_alphas: Sequence[float] = AWR_ALPHAS,
    taus: Sequence[float] = TAUS,
    chance: Chance = Chance.FULL,
    discretisation: Discretisation = Discretisation.RAW,
    critic_norms: Sequence[CriticNorm] | None = None,
    actor_norms: Sequence[ActorNorm] = (ActorNorm.ABSMEAN,),
    steps: int = 2000,
    evaluations: int = 4,
) -> tuple[DesignPoint, ...]:
    """The full product of the axes, tau under IQL alone; `figure7()` is the paper's."""
    points = []
    for task, decomposition, value_learning, extraction in itertools.product(
        tasks, decompositions, value_learners, extractions
    ):
        source = next(iter(TASKS[task].datasets))
        norms = critic_norms or ((CriticNorm.SVN if decomposition is Decomposition.MIX else CriticNorm.NONE),)
        for dataset, alpha, tau, critic_norm, actor_norm, seed in itertools.product(
            datasets or TASKS[task].datasets[source],
            brac_alphas if extraction is Extraction.BRAC else awr_alphas,
            taus if value_learning is ValueLearning.IQL else (None,),
            norms,
            actor_norms,
            seeds,
        ):
            points.append(
                design_point(
                    task=task,
                    source=source,
                    dataset=dataset,
                    dataset_version=TASKS[task].versions[source],
                    dataset_seed=0 if source is Source.HOMEGROWN else None,
                    dataset_size=50_000 if source is Source.HOMEGROWN else None,
                    decomposition=decomposition,
                    value_learning=value_learning,
                    tau=tau,
                    extraction=extraction,
                    alpha=alpha,
                    critic_norm=critic_norm,
                    actor_norm=actor_norm,
                    seed=seed,
                    chance=chance,
                    discretisation=discretisation,
                    steps=steps,
                    batch=128,
                    hidden=(64, 64),
                    lr=3e-3,
                    eval_every=steps // evaluations,
                    eval_episodes=10,
                    diagnostics_every=steps // 20,
                    divergence_bound=1e8,
                    precision=Precision.FLOAT32,
                    numerics=1,  # What is drawn follows from a run's id, which holds the numerics.
                )
            )
    return tuple(points)


def figure7_points(seeds: Sequence[int] = tuple(range(8))) -> tuple[DesignPoint, ...]:
    """The shape of the paper's sweep: 16,384 points at 8 seeds."""
    tasks = ("2ant", "3hopper", "6halfcheetah", "simple_spread")
    return synthetic_points(tasks=tasks, seeds=seeds, steps=500_000, evaluations=10)


def score_of(point: DesignPoint, noise: float = 0.08) -> float:
    """The normalised score of a point; a function of the point alone, so that any subset gives the same numbers."""
    task_rng = np.random.default_rng([len(point.task), ord(point.task[0])])
    interaction = task_rng.normal(0.0, 0.04, size=(4, 3, 2))
    where = (
        list(Decomposition.members()).index(point.decomposition),
        list(ValueLearning.members()).index(point.value_learning),
        list(Extraction.members()).index(point.extraction),
    )
    seed_effect = np.random.default_rng([point.seed, len(point.dataset)]).normal(0.0, noise / 2.0)
    own = np.random.default_rng(int(point.run_id, 16)).normal(0.0, noise)
    off = abs(math.log10(point.alpha / _BEST_ALPHA.get(point.extraction, 0.3))) if point.alpha else 1.0
    return float(
        _QUALITY.get(point.dataset, 0.5)
        + _DECOMPOSITION.get(point.decomposition, 0.0)
        + (0.04 if point.extraction is Extraction.AWR else 0.0)
        + (-0.02 if point.value_learning is ValueLearning.TD else 0.0)
        - 0.12 * off
        + interaction[tuple(place % count for place, count in zip(where, interaction.shape, strict=True))]
        + seed_effect
        + own
    )


def scale_of(task: str) -> tuple[float, float]:
    """The returns that score 0 and 1: those of SMAC for battles, else those of spread."""
    return SCALE if TASKS[task].family is None else (0.0, 20.0)


def diverges(point: DesignPoint) -> bool:
    """A few of the least regularised TD runs."""
    risky = point.value_learning is ValueLearning.TD and point.extraction is Extraction.BRAC and point.alpha <= 0.03
    return risky and int(point.run_id, 16) % 5 == 0


def result_row(point: DesignPoint, pack_id: str = "pack", epoch: int = 1, lanes: int = 1) -> dict[str, object]:
    """One row of a results file."""
    low, high = scale_of(point.task)
    final = score_of(point)
    steps = list(range(point.eval_every, point.steps + 1, point.eval_every))
    scores = [final * (1.0 - 0.6 * math.exp(-3.0 * step / point.steps)) for step in steps[:-1]] + [final]
    finished = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    diverged = diverges(point)
    recorded = list(range(0, point.steps + 1, point.diagnostics_every))
    return {
        "run_id": point.run_id,
        "config_id": point.config_id,
        "task": point.task,
        "source": point.source,
        "dataset": point.dataset,
        "decomposition": point.decomposition,
        "value_learning": point.value_learning,
        "tau": point.tau,
        "extraction": point.extraction,
        "alpha": point.alpha,
        "critic_norm": point.critic_norm,
        "actor_norm": point.actor_norm,
        "seed": point.seed,
        "point": json.dumps(point.canonical(), sort_keys=True),
        "status": "diverged" if diverged else "finished",
        "diverged_step": point.steps // 2 if diverged else None,
        "score": final,
        "score_best": max(scores),
        "score_last3": sum(scores[-3:]) / len(scores[-3:]),
        "return_final": low + final * (high - low),
        "scale_min": low,
        "scale_max": high,
        "curve_step": steps,
        "curve_return": [low + score * (high - low) for score in scores],
        "curve_return_std": [20.0] * len(steps),
        "diagnostics_step": recorded,
        "diagnostics": _diagnostics(point, recorded),
        "pack_id": pack_id,
        "lanes": lanes,
        "epoch": epoch,
        "attempt": 1,
        "data_hash": f"hash-of-{point.dataset_id}",
        "code_version": "0.1.0",
        "torch_version": "2.13.0",
        "device": "cpu",
        "threads": 1,
        "host": "somewhere",
        "started_at": finished - datetime.timedelta(minutes=5),
        "finished_at": finished,
        "wall_s": 300.0 / lanes,
        "cpu_s": 300.0 / lanes,
    }


def write_pack(results_dir: Path, points: Sequence[DesignPoint], pack_id: str, epoch: int = 1) -> Path:
    """Publish one pack."""
    results_dir.mkdir(parents=True, exist_ok=True)
    rows = [result_row(point, pack_id=pack_id, epoch=epoch, lanes=len(points)) for point in points]
    path = results_dir / f"{pack_id}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return path


def write_sweep(sweep_dir: Path, points: Sequence[DesignPoint], pack_size: int = 128) -> Path:
    """Publish points as packs under `sweep_dir/results`; returns `sweep_dir`."""
    for start in range(0, len(points), pack_size):
        write_pack(sweep_dir / "results", points[start : start + pack_size], pack_id=f"pack{start:06d}")
    return sweep_dir


def material_of(points: Sequence[DesignPoint], sweep_dir: Path, learned: TrainedRuns | None = None) -> Material:
    """What figures are drawn from, of a sweep on disk that wants `points`."""
    results = load_results(sweep_dir / "results", [point.run_id for point in points])
    wanted = points_table(points)
    blocks = tuple(task_panels(task, np.random.default_rng(0), 200) for task in task_scores(results.runs, wanted))
    coverage = Coverage(len(points), len(results.runs), 0, results.rehearsal)
    return Material(sweep_dir / "results", results, wanted, blocks, coverage, ScoreRule.FINAL, learned or NothingLearned())


def look_of(blocks: Sequence[TaskPanels]) -> Look:
    """How Figure 7 of these panels looks without options."""
    return Look(Intervals.PAIRED, one_alphas(blocks))


def note_of(
    blocks: Sequence[TaskPanels], coverage: Coverage, rule: ScoreRule, intervals: Intervals = Intervals.PAIRED
) -> tuple[str, ...]:
    """The footnote of Figure 7 of these panels."""
    return figure7_note(blocks, coverage, rule, intervals, one_alphas(blocks))


def _diagnostics(point: DesignPoint, steps: Sequence[int]) -> list[tuple[str, list[float]]]:
    rng = np.random.default_rng(int(point.run_id, 16))
    time = np.asarray(steps) / max(point.steps, 1)
    normalised = point.critic_norm in (CriticNorm.SVN, CriticNorm.SVN_BOTH)
    growth = {CriticNorm.NONE: 3.0, CriticNorm.MIN: 2.0, CriticNorm.SVN: 0.4, CriticNorm.SVN_BOTH: 0.5}[point.critic_norm]
    q = 10.0 * np.exp(growth * time + 0.1 * rng.normal(size=time.shape))
    sigma = 0.2 * q
    gradient = 2.0 * q * np.exp(0.3 * rng.normal(size=time.shape))
    share = 0.5 + (0.45 * time if point.critic_norm in (CriticNorm.SVN, CriticNorm.MIN) else 0.02 * rng.normal(size=time.shape))
    special = {
        "q_mean": 0.6 * q,
        "q_max_abs": q,
        "td_loss": 0.05 * q**2 * np.exp(0.2 * rng.normal(size=time.shape)),
        "sigma": sigma,
        "grad_norm/critic": gradient / sigma**2 if normalised else gradient,
        "head_share": share,
        "head_gap": 0.1 * q * (1.0 + 3.0 * time * (point.critic_norm in (CriticNorm.SVN, CriticNorm.MIN))),
        "grad_norm/value": np.full(time.shape, 1.0 if point.value_learning is ValueLearning.IQL else np.nan),
    }
    return [(name, special.get(name, np.ones_like(time)).tolist()) for name in DIAGNOSTICS]
