"""Makes a recommendation from a sweep's directory, for `recipe-sweep recommend`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recipe_sweep.analysis.errors import AdviceError
from recipe_sweep.analysis.findings.recommendation import Recommendation
from recipe_sweep.analysis.report.report import BOOTSTRAP_SEED
from recipe_sweep.analysis.results.frame import Results
from recipe_sweep.analysis.results.score_rules import ScoreRule
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.validation import nearest, one_of


def advise(
    sweep_dir: Path,
    points: Sequence[DesignPoint],
    *,
    task: str | None = None,
    dataset: str | None = None,
    budget: str | None = None,
    score: ScoreRule = ScoreRule.FINAL,
) -> Recommendation:
    """Recommend from the results of the points, or from the paper if there are none.

    `budget` is a number of runs (`64`) or hours of one slot (`12h`). Hours need finished runs, whose speed is used.
    `score` is the rule of a run's score.

    Raises:
        ScoreRuleError: a dataset has no threshold.
        AdviceError: an unknown task or dataset, an invalid budget, or results that a rehearsal made up.
    """
    import numpy as np

    from recipe_sweep.analysis.findings.claims import claims
    from recipe_sweep.analysis.findings.panels import task_panels
    from recipe_sweep.analysis.findings.recommendation import recommend
    from recipe_sweep.analysis.findings.stability import stability
    from recipe_sweep.analysis.results.frame import load_results, unscored_sentence
    from recipe_sweep.analysis.results.scores import points_table, task_scores

    problems = [*_unknown(points, task, dataset), *_not_a_budget(budget)]
    if problems:
        raise AdviceError(*problems)
    results = load_results(sweep_dir / "results", wanted={point.run_id for point in points})
    if results.rehearsal:
        problem = Problem(
            file=str(sweep_dir), found="a rehearsal, whose numbers are made up", expected="a sweep that was trained"
        )
        raise AdviceError(problem)
    runs = None if budget is None else _runs(budget, results, task)
    if results.runs.empty:
        found = recommend((), task=task, dataset=dataset, budget=runs)
        said = (f"{unscored_sentence(results.unscored)}.",) if results.unscored else ()
        return replace(found, caveats=(*said, *found.caveats))
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    blocks = [task_panels(scores, rng) for scores in task_scores(results.runs, points_table(points), score)]
    judged = claims(blocks, stability(sweep_dir / "results", results))
    asked = [block for block in blocks if task in (None, block.scores.grid_task)]
    # A task of two sources has two blocks, so its blocks are chosen here.
    found = recommend(asked, judged, task=None if asked else task, dataset=dataset, budget=runs)
    return (
        found
        if score == ScoreRule.FINAL
        else replace(found, caveats=(f"A run's score here is its {score.words}.", *found.caveats))
    )


def _unknown(points: Sequence[DesignPoint], task: str | None, dataset: str | None) -> list[Problem]:
    tasks = list(TASKS)
    names = sorted({name for entry in TASKS.values() for group in entry.datasets.values() for name in group})
    names = sorted({*names, *(point.dataset for point in points)})
    found = []
    if task is not None and task not in tasks:
        found.append(Problem(key="--task", found=repr(task), expected=one_of(tasks), hint=nearest(task, tasks)))
    if dataset is not None and dataset not in names:
        found.append(Problem(key="--dataset", found=repr(dataset), expected=one_of(names), hint=nearest(dataset, names)))
    return found


def _not_a_budget(budget: str | None) -> list[Problem]:
    if budget is None or (re.fullmatch(r"\d+|\d+(\.\d+)?h", budget) and float(budget.rstrip("h")) > 0.0):
        return []
    expected = "a number of runs, or hours of one slot as in 12h, above 0"
    return [Problem(key="--budget", found=repr(budget), expected=expected)]


def _runs(budget: str, results: Results, task: str | None) -> int:
    """Convert the budget to runs. Hours are divided by the mean time of a finished run's share in its pack."""
    if not budget.endswith("h"):
        return int(budget)
    runs = results.runs if task is None else results.runs[results.runs["task"] == task]
    if runs.empty:
        problem = Problem(
            key="--budget",
            found=f"{budget} and no finished run to take the speed from",
            expected="a number of runs",
            hint="recipe-sweep plan --calibrate measures the speed",
        )
        raise AdviceError(problem)
    return max(1, int(3600.0 * float(budget[:-1]) / float(runs["wall_s"].mean())))
