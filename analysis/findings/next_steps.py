"""Lists what to train next, in order of preference, within a budget of runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.findings.best_recipe import Choice, Recipe, stands

_MOST_TIED = 4


@dataclass(frozen=True)
class Step:
    """One configuration to train."""

    recipe: Recipe
    runs: int
    why: str


def next_steps(choice: Choice, budget: int | None) -> tuple[Step, ...]:
    """List the recipe, then up to four designs that are tied with it; if there are none, the next best design."""
    sure = [one for one in choice.rivals if one.sure]
    steps = [_step(choice, choice.recipe, "the best so far")]
    steps += [_step(choice, one.recipe, "no significant difference from the best") for one in choice.tied[:_MOST_TIED]]
    steps += [_step(choice, one.recipe, "the next best") for one in sure[:1] if not choice.tied]
    # Finished runs are not listed, because a launch would not train them again.
    return within([step for step in steps if step.runs], budget)


def _step(choice: Choice, recipe: Recipe, why: str) -> Step:
    """Count the runs that a configuration lacks of `FEWEST_SEEDS` seeds on every dataset."""
    found = stands(choice.scope, recipe, choice.dataset)
    missing = sum(max(0, FEWEST_SEEDS - stand.done) for stand in found)
    datasets = f"{len(found)} dataset{'' if len(found) == 1 else 's'}"
    whole = FEWEST_SEEDS * len(found)
    done = f", of which {whole - missing} of {whole} runs are done" if missing < whole else ""
    return Step(recipe, missing, f"{why}; {FEWEST_SEEDS} seeds on {datasets}{done}")


def within(steps: Sequence[Step], budget: int | None) -> tuple[Step, ...]:
    """Keep as many steps as the budget of runs allows. The first step is always kept, with at most `budget` runs."""
    kept: list[Step] = []
    left = math.inf if budget is None else budget
    for step in steps:
        runs = min(step.runs, left)
        if runs < step.runs and kept:
            break
        kept.append(Step(step.recipe, int(runs), step.why))
        left -= runs
    return tuple(kept)
