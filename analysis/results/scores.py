"""A sweep's scores as one dense array per task, so that every statistic is a reduction over named axes.

Shape letters: X decompositions (4), V value learners (3), E extractions (2), D datasets, K configurations, S seeds. A
configuration holds everything but the seed that varies within one (design, dataset): alpha, tau, and other settings. K is the
largest number of configurations of any (design, dataset). If a design has fewer, its other places are not wanted and their
scores are NaN.

AWR with alpha 0 gives every action the same weight: it is behaviour cloning, not a configuration of a design. Its runs are
stored separately, as the baseline of every score.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.analysis.estimators.seed_statistics import Booleans, Floats, Integers, seed_means
from recipe_sweep.analysis.results.evaluation_variance import evaluation_variances
from recipe_sweep.analysis.results.references import ENDS, ReferenceScores, reference_scores
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.analysis.results.thresholds import DATASET, cloning_runs
from recipe_sweep.search_spaces.point import DesignPoint, environment_name
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Chance, Decomposition, Extraction, Source, ValueLearning
from recipe_sweep.sweep.results.scales import Scale

if TYPE_CHECKING:
    import pandas as pd


_DESIGN_FIELDS = ("decomposition", "value_learning", "extraction")
_CONDITIONAL = frozenset({"regularisation"})
"""Settings that only some designs have"""
_CELL = ["task", "dataset_label", *_DESIGN_FIELDS]


class _DatasetIdentity(NamedTuple):
    task: str
    source: str
    dataset: str
    dataset_version: str
    dataset_seed: float | None
    dataset_size: float | None
    chance: str


class Configuration(NamedTuple):
    """Settings among which the best are selected. `other` names further settings that the grid varies; usually empty."""

    alpha: float | None
    tau: float | None
    other: str = ""


@dataclass(frozen=True)
class TaskScores:
    """All scores of one task."""

    task: str
    title: str
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: Floats
    """(X, V, E, D, K, S): normalised scores; NaN if there is no run"""
    wanted: Booleans
    """(X, V, E, D, K, S): whether the grid has the run"""
    done: Booleans
    """(X, V, E, D, K, S): whether the results have the run"""
    diverged: Booleans
    """(X, V, E, D, K, S)"""
    evaluation_variance: Floats
    """(X, V, E, D, K, S): variance of a run's score that its choice of episodes causes; NaN where it is not known"""
    configurations: NDArray[np.object_]
    """(X, V, E, D, K): Configuration; None in places without one"""
    cloning: Floats
    """(D, S): normalised scores of behaviour cloning; NaN if there is no run"""
    varied: tuple[str, ...]
    """Settings besides alpha and tau among which the best configuration is chosen."""
    steps: tuple[int, ...]
    """Lengths of the runs in gradient steps; usually one."""
    source: str = ""
    """The source, if the sweep has the task of several; `task` names it, too."""
    references: tuple[ReferenceScores, ...] = ()
    """Policies that learn nothing from rewards; empty if nothing is known of them."""
    scale: Scale | None = None
    """The returns that score 0 and 1; None without results, with several scales, or if scores are no returns."""

    chance: Chance = Chance.FULL
    """How much chance decides in its environment. If it is not as usual, `task` says so, too."""

    @property
    def environment(self) -> str:
        """The environment's name, which is the task's unless chance is not as usual."""
        return self.task.removesuffix(f" ({self.source})")

    @property
    def grid_task(self) -> str:
        """The task's name in the grid."""
        return self.environment.removesuffix(environment_name("", self.chance))

    @property
    def with_diverged_at_worst(self) -> TaskScores:
        """Give every diverged run the lowest score that any run of its dataset has."""
        there = np.isfinite(self.scores)
        worst = np.where(there, self.scores, np.inf).min(axis=(0, 1, 2, 4, 5))
        return replace(self, scores=np.where(self.diverged & there, worst[:, None, None], self.scores))

    @property
    def cloning_by_dataset(self) -> Floats:
        """Mean score of behaviour cloning over its seeds (D,); NaN if there is none."""
        return seed_means(self.cloning)


def points_table(points: Sequence[DesignPoint]) -> pd.DataFrame:
    """Tabulate the wanted points: run_id, config_id and one column per field of `DesignPoint`."""
    import pandas as pd

    names = [field.name for field in fields(DesignPoint)]
    columns = {name: [_cell(getattr(point, name)) for point in points] for name in ("run_id", "config_id", *names)}
    return pd.DataFrame(columns).astype(dict.fromkeys(("tau", "alpha", "regularisation"), "float64"))


def runs_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Make the table of `points_table` from results rows, which needs no grid."""
    rows = zip(runs["run_id"].tolist(), runs["config_id"].tolist(), runs["point"].tolist(), strict=True)
    return _settings([(run_id, config_id, json.loads(point)) for run_id, config_id, point in rows])


def task_scores(runs: pd.DataFrame, wanted: pd.DataFrame, rule: ScoreRule = ScoreRule.FINAL) -> tuple[TaskScores, ...]:
    """Arrange runs (rows of the results) by the wanted points (`points_table`): one entry per task, in the paper's order.

    A task with several sources has one entry for each of them. The reason: each source has a scale of its own. The same holds
    for a task with full and with fixed chance, because these are two environments.
    """
    noise = evaluation_variances(runs, wanted) if rule.is_one_evaluation else None
    columns = ["status", *(name for name in ENDS if rule.is_return and name in runs)]
    return arranged(wanted, runs.set_index("run_id")[columns], run_scores(runs, wanted, rule), noise)


def run_scores(runs: pd.DataFrame, wanted: pd.DataFrame, rule: ScoreRule) -> pd.Series[float]:
    """Score the wanted runs that are done, by run_id. Raises ScoreRuleError if a dataset lacks the rule's threshold."""
    finished = wanted.join(runs.set_index("run_id")[[*rule.columns]], on="run_id", how="inner")
    return rule.scores(finished).set_axis(finished["run_id"])


def arranged(
    wanted: pd.DataFrame, outcome: pd.DataFrame, values: pd.Series[float], noise: Floats | None = None
) -> tuple[TaskScores, ...]:
    """Arrange one number of each run as its score: `values` by run_id, `wanted` as in `points_table`.

    `outcome` has the status of each run by run_id, and its scale if scores of reference policies are wanted. `noise` has the
    variance of each wanted run (N,) by the choice of its episodes; without it no variance is known.
    """
    table = wanted.assign(name=task_names(wanted)).join(outcome, on="run_id")
    table = table.assign(run_score=table["run_id"].map(values), run_evaluation_variance=np.nan if noise is None else noise)
    known = list(TASKS)
    order = sorted(table["task"].unique(), key=lambda task: (known.index(task) if task in known else len(known), task))
    parts = [table[table["task"] == task] for task in order]
    return tuple(_one_task(str(name), part[part["name"] == name]) for part in parts for name in sorted(part["name"].unique()))


class ConfiguredRun(NamedTuple):
    """Where a run stands in `TaskScores`: the names of its task and dataset, and its configuration."""

    task: str
    dataset: str
    configuration: Configuration


def configured_runs(wanted: pd.DataFrame) -> dict[str, ConfiguredRun]:
    """Say for each wanted point (`points_table`) by run_id where it stands. Runs of behaviour cloning are left out."""
    found = {}
    table = wanted.assign(name=task_names(wanted))
    for (_, name), part in table.groupby(["task", "name"], sort=False):
        labelled = part.assign(dataset_label=dataset_labels(part))
        clones = cloning_runs(labelled)
        own = labelled if clones.all() else labelled[~clones]
        varied = _varied_settings(own)
        for row in own.itertuples(index=False):
            found[str(row.run_id)] = ConfiguredRun(str(name), str(row.dataset_label), _configuration(row, varied))
    return found


def _configuration(row: Any, varied: Sequence[str]) -> Configuration:
    named = [(name, getattr(row, name)) for name in varied]
    other = ", ".join(f"{name}={value}" for name, value in named if not is_absent(name, value))
    return Configuration(None if np.isnan(row.alpha) else row.alpha, None if np.isnan(row.tau) else row.tau, other)


def is_absent(name: str, value: object) -> bool:
    """Say whether a point has no such setting, because its design has none."""
    return name in _CONDITIONAL and (value is None or value != value)


def task_names(table: pd.DataFrame) -> pd.Series[str]:
    """Give each row the name of its environment: `2ant`, or `2ant (og_marl)` if the task has two sources."""
    import pandas as pd

    sources = table.groupby("task")["source"].transform("nunique")
    named = {
        pair: environment_name(str(pair[0]), Chance(pair[1])) for pair in set(zip(table["task"], table["chance"], strict=True))
    }
    names = pd.Series([named[pair] for pair in zip(table["task"], table["chance"], strict=True)], table.index, dtype=object)
    return names.where(sources == 1, names + " (" + table["source"].astype(str) + ")")


def _one_task(name: str, table: pd.DataFrame) -> TaskScores:
    task, chance = str(table["task"].iloc[0]), Chance(table["chance"].iloc[0])
    table = table.assign(dataset_label=dataset_labels(table))
    datasets = _dataset_order(task, table)
    seeds = tuple(sorted(int(seed) for seed in table["seed"].unique()))
    references = reference_scores(table, datasets)
    clones = cloning_runs(table)
    cloning = _cloning(table[clones], datasets, seeds)
    table = table if clones.all() else table[~clones]  # a sweep of cloning alone keeps its runs
    varied = _varied_settings(table)
    configurations = _configurations(table, varied)
    table = table.merge(configurations[["config_id", "dataset_label", "k"]], on=["config_id", "dataset_label"])
    design_shape = (len(Decomposition.members()), len(ValueLearning.members()), len(Extraction.members()), len(datasets))
    shape = (*design_shape, int(configurations["k"].max()) + 1, len(seeds))

    place = (*_places(table, datasets), table["seed"].map({seed: i for i, seed in enumerate(seeds)}).to_numpy(dtype=np.int64))
    (scores, evaluation_variance), marks = np.full((2, *shape), np.nan), np.zeros((3, *shape), dtype=np.bool_)
    scores[place] = table["run_score"].to_numpy(dtype=np.float64)
    evaluation_variance[place] = table["run_evaluation_variance"].to_numpy(dtype=np.float64)
    for mark, values in zip(
        marks, (True, table["status"].notna().to_numpy(), (table["status"] == "diverged").to_numpy()), strict=True
    ):
        mark[place] = values

    names = np.full(shape[:-1], None, dtype=object)
    for where, row in zip(
        np.stack(_places(configurations, datasets), axis=1), configurations.itertuples(index=False), strict=True
    ):
        names[tuple(where)] = _configuration(row, varied)
    return TaskScores(
        task=name,
        source=name.removeprefix(environment_name(task, chance)).strip(" ()"),
        chance=chance,
        title=f"{TASKS[task].title if task in TASKS else task}{name.removeprefix(task)}",
        datasets=datasets,
        seeds=seeds,
        scores=scores,
        wanted=marks[0],
        done=marks[1],
        diverged=marks[2],
        evaluation_variance=evaluation_variance,
        configurations=names,
        cloning=cloning,
        varied=varied,
        steps=tuple(sorted(int(steps) for steps in table["steps"].unique())),
        references=references,
        scale=_scale(table),
    )


def _scale(table: pd.DataFrame) -> Scale | None:
    """Find the scale of all runs that are done."""
    if not set(ENDS) <= set(table.columns):
        return None
    found = table[[*ENDS]].dropna().drop_duplicates()
    return Scale(*map(float, found.iloc[0])) if len(found) == 1 else None


def _cloning(table: pd.DataFrame, datasets: tuple[str, ...], seeds: tuple[int, ...]) -> Floats:
    """Average the scores (D, S) over runs of one seed. They are alike, because the actor does not use the values."""
    means = table.groupby(["dataset_label", "seed"])["run_score"].mean()
    return np.array([[means.get((dataset, seed), np.nan) for seed in seeds] for dataset in datasets], dtype=np.float64)


def _cell(value: object) -> object:
    return str(list(value)) if isinstance(value, tuple) else value


def _settings(rows: list[tuple[str, str, dict[str, object]]]) -> pd.DataFrame:
    """Tabulate canonical points. Absent fields have their defaults."""
    import pandas as pd

    columns: dict[str, object] = {"run_id": [row[0] for row in rows], "config_id": [row[1] for row in rows]}
    for field in fields(DesignPoint):
        default = None if field.default is MISSING else field.default
        values = [row[2].get(field.name, default) for row in rows]
        columns[field.name] = [str(value) if isinstance(value, list) else value for value in values]
    return pd.DataFrame(columns).astype(dict.fromkeys(("tau", "alpha", "regularisation"), "float64"))


def dataset_labels(table: pd.DataFrame) -> list[str]:
    """Give a task's datasets short unique names: `expert`, or `expert (dataset_size 1000)` if there are two."""
    columns = [table[name].astype(object).where(table[name].notna(), None).tolist() for name in DATASET]
    identities = [_DatasetIdentity(*row) for row in zip(*columns, strict=True)]
    namesakes: dict[tuple[str, str], set[_DatasetIdentity]] = {}
    for identity in set(identities):
        namesakes.setdefault((identity.task, identity.dataset), set()).add(identity)
    labels = {one: _label(one, alike) for alike in namesakes.values() for one in alike}
    return [labels[identity] for identity in identities]


def _label(identity: _DatasetIdentity, alike: set[_DatasetIdentity]) -> str:
    telling = [name for name in identity._fields if len({getattr(one, name) for one in alike}) > 1]
    # None is left out: only a home-made dataset has a size and a seed, and its source is named already.
    facts = [(name.removeprefix("dataset_"), getattr(identity, name)) for name in telling]
    told = [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in facts if value is not None
    ]
    return f"{identity.dataset} ({', '.join(told)})" if told else identity.dataset


def _dataset_order(task: str, table: pd.DataFrame) -> tuple[str, ...]:
    published = [name for source in Source for name in TASKS[task].datasets.get(source, ())] if task in TASKS else []
    pairs = table[["dataset", "dataset_label"]].drop_duplicates().itertuples(index=False)
    rank = {name: i for i, name in reversed(list(enumerate(published)))}
    return tuple(str(label) for _, label in sorted((rank.get(name, len(rank)), label) for name, label in pairs))


def _varied_settings(table: pd.DataFrame) -> tuple[str, ...]:
    """List the settings that vary within a (design, dataset), besides alpha, tau and the seed."""
    fixed = {*DATASET, "alpha", "tau", "seed", *_DESIGN_FIELDS}
    names = [field.name for field in fields(DesignPoint) if field.name not in fixed]
    varying = table.groupby(_CELL, sort=False)[names].nunique(dropna=False).max() > 1
    return tuple(name for name in names if varying[name])


def _configurations(table: pd.DataFrame, varied: tuple[str, ...]) -> pd.DataFrame:
    """Number the configurations of each (design, dataset) in the order of alpha, then tau: one row each."""
    unique = table.drop_duplicates(["config_id", "dataset_label"])[["config_id", *_CELL, "alpha", "tau", *varied]]
    unique = unique.sort_values(["alpha", "tau", *varied, "config_id"], kind="stable")
    return unique.assign(k=unique.groupby(_CELL, sort=False).cumcount())


def _places(table: pd.DataFrame, datasets: tuple[str, ...]) -> tuple[Integers, ...]:
    """Compute index arrays (X, V, E, D, K) for the rows of a table."""

    def positions(column: str, names: Sequence[str]) -> Integers:
        index = {str(name): i for i, name in enumerate(names)}
        return np.array([index[str(name)] for name in table[column]], dtype=np.int64)

    return (
        positions("decomposition", Decomposition.members()),
        positions("value_learning", ValueLearning.members()),
        positions("extraction", Extraction.members()),
        positions("dataset_label", datasets),
        np.asarray(table["k"], dtype=np.int64),
    )
