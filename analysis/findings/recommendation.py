"""Words the recommendation in three sentences: which configuration to try first, which choices matter, and how sure this is.

Everything is made from the numbers of a sweep. `best_recipe` chooses the configuration, and `next_steps` what to train next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, seeds_to_settle
from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS
from recipe_sweep.analysis.findings.best_recipe import Choice, Divergence, Recipe, choose, divergence, scope_of, stands
from recipe_sweep.analysis.findings.claims import Claim, Verdict
from recipe_sweep.analysis.findings.designs import Designs
from recipe_sweep.analysis.findings.next_steps import Step, next_steps, within
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.titles import Design
from recipe_sweep.analysis.number_text import short, with_interval
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

_MATTERS = ("decomposition-matters", "extraction-matters", "mix-leads", "awr-steadier-seeds")
"""Claims that the second sentence is made from."""


class Basis(StrEnum):
    """Source of a recommendation."""

    RESULTS = "these results"
    PAPER = "the paper"


@dataclass(frozen=True)
class Evidence:
    """One number for or against a recommendation."""

    statement: str
    value: float
    low: float | None
    high: float | None
    """95 % interval; None under four seeds"""


@dataclass(frozen=True)
class Recommendation:
    """What to try first, why, and what to train next."""

    sentences: tuple[str, ...]
    """three sentences; for a rehearsal one, which says that nothing is recommended"""
    basis: Basis
    recipe: Recipe | None
    """None for a rehearsal, and if every run diverged"""
    steps: tuple[Step, ...]
    """the recipe first, as many steps as the budget allows; empty if no run is missing"""
    evidence: tuple[Evidence, ...]
    caveats: tuple[str, ...]


PUBLISHED = Recipe(Decomposition.MIX, ValueLearning.IQL, Extraction.AWR, alpha=3.0, tau=0.9)
"""The paper's recommendation (5.2): Mix, in-sample targets, AWR. The numbers are those of this project's `figure7` grid."""


def recommend(
    blocks: Sequence[TaskPanels],
    claims: Sequence[Claim] = (),
    *,
    task: str | None = None,
    dataset: str | None = None,
    budget: int | None = None,
    rehearsal: bool = False,
) -> Recommendation:
    """Recommend a configuration for all tasks of a sweep, or for one task or dataset. `budget` is a number of runs.

    If there are no scores of that task and dataset, recommend the recipe that the paper published, and say so.
    """
    if rehearsal:
        return Recommendation((NO_CLAIM,), Basis.RESULTS, None, (), (), (NO_CLAIM,))
    scope = scope_of(blocks, task, dataset)
    diverged = divergence(scope, dataset)
    if diverged.everything:
        return _nothing_trained(_where(scope, dataset), diverged)
    choice = choose(scope, dataset)
    if choice is None:
        return _published(task, dataset, budget, _diverged_everywhere(diverged))
    return Recommendation(
        sentences=(_best(choice), _what_matters(claims), _how_sure(choice)),
        basis=Basis.RESULTS,
        recipe=choice.recipe,
        steps=next_steps(choice, budget),
        evidence=_evidence(choice),
        caveats=(*_caveats(choice), *_own_divergence(choice), *_diverged_everywhere(diverged)),
    )


def _best(choice: Choice) -> str:
    """Write the first sentences: the recipe, its score, and the number of designs."""
    designs = counted(1 + len(choice.rivals), "design")
    return (
        f"Train {choice.recipe.text} first. On {_where(choice.scope, choice.dataset)}: "
        f"score {_interval(choice.first.estimate)} (\N{GREEK SMALL LETTER ALPHA} chosen on half of the seeds, "
        f"scored on the other half); highest of {designs}."
    )


def _what_matters(claims: Sequence[Claim]) -> str:
    """Write the second sentence: which choices matter."""
    found = [claim for claim in claims if claim.name in _MATTERS and claim.verdict is not Verdict.OPEN]
    if not found:
        return "These runs do not show which choice matters most."
    said = [f"{claim.statement.rstrip('.')}: {claim.verdict} here ({claim.ours})" for claim in found]
    return "; ".join(said) + "."


def _how_sure(choice: Choice) -> str:
    """Write the last sentences: how many designs are tied with the best, and whether more seeds would separate them."""
    rivals, tied = len(choice.rivals), choice.tied
    if not rivals:
        return "No other design was trained, so there is no comparison."
    if not tied:
        others = counted(rivals, "other design")
        return f"The recipe is significantly ahead of {others}, after correction for all pairs of designs (95 %)."
    closest = tied[0]
    if not closest.lead.known:
        seeds = min(len(one.scores.seeds) for one in choice.scope)
        return f"{counted(seeds, 'seed')} {agreeing(seeds, 'is', 'are')} too few for an interval, which needs {FEWEST_SEEDS}."
    are = agreeing(len(tied), "is", "are")
    count = f"{len(tied)} of {counted(rivals, 'other design')} {are} statistically tied with it."
    nearest = f"nearest, {_name(closest.place)}, is {_interval(closest.lead)} behind"
    needed = seeds_to_settle(closest.lead.value, closest.lead.deviation, level=1.0 - 0.05 / choice.pairs)
    if needed is None:
        return f"{count} More seeds will not separate them: the {nearest}."
    return f"{count} The {nearest}; if that is the true difference, about {counted(needed, 'seed')} would separate the two."


def _evidence(choice: Choice) -> tuple[Evidence, ...]:
    best, first = _name(choice.first.place), choice.first.estimate
    return (
        Evidence(f"score of {best} on {_where(choice.scope, choice.dataset)}", *_numbers(first)),
        *(Evidence(f"{best} minus {_name(one.place)}", *_numbers(one.lead)) for one in choice.rivals[:5]),
    )


def _nothing_trained(where: str, diverged: Divergence) -> Recommendation:
    """Recommend nothing, because every run diverged."""
    runs = "The only run" if diverged.done == 1 else f"Every one of the {diverged.done:,} runs"
    return Recommendation(
        sentences=(
            f"{runs} on {where} diverged, so these results recommend no configuration.",
            "More launches do not help, because a diverged run is never trained again.",
            "Try a smaller lr first; then a critic norm, or rewards of a smaller scale.",
        ),
        basis=Basis.RESULTS,
        recipe=None,
        steps=(),
        evidence=(),
        caveats=_diverged_everywhere(diverged),
    )


def _published(task: str | None, dataset: str | None, budget: int | None, caveats: tuple[str, ...]) -> Recommendation:
    """Recommend the paper's recipe, because there are no results."""
    asked = " ".join(filter(None, (task, dataset))) or "this grid"
    sarsa = Recipe(Decomposition.MIX, ValueLearning.SARSA, Extraction.AWR, alpha=3.0, tau=None)
    brac = Recipe(Decomposition.MIX, ValueLearning.IQL, Extraction.BRAC, alpha=0.3, tau=0.9)
    steps = (
        Step(PUBLISHED, FEWEST_SEEDS, f"the paper's recipe; {FEWEST_SEEDS} seeds on one dataset"),
        Step(sarsa, FEWEST_SEEDS, "value learning matters least, says the paper: SARSA is the simpler of the two"),
        Step(brac, FEWEST_SEEDS, "BRAC is sometimes strong on expert data, says the paper"),
    )
    return Recommendation(
        sentences=(
            f"There are no results of {asked} with two seeds, so this is the paper's recipe: train {PUBLISHED.text}, with SVN.",
            "The paper (5.2, Figure 7) finds: Mix is best or runner-up in 17 of 24 panels; AWR is steadier than BRAC; value "
            "learning matters least.",
            "Nothing here was measured on your data. The paper prints no temperatures and no expectiles, so this project chose "
            "them. A few seeds of each step below would tell more.",
        ),
        basis=Basis.PAPER,
        recipe=PUBLISHED,
        steps=within(steps, budget),
        evidence=(),
        caveats=("No result of this sweep supports this recipe.", *caveats),
    )


def _caveats(choice: Choice) -> tuple[str, ...]:
    """List what a reader should know before trusting the recommendation."""
    recipe, estimate = choice.recipe, choice.first.estimate
    grid = {
        entry.alpha
        for task in choice.scope
        for entry in task.scores.configurations[:, :, Extraction.place(recipe.extraction)].ravel().tolist()
        if entry is not None and entry.alpha is not None
    }
    missing = sum(int((task.scores.wanted & ~task.scores.done).sum()) for task in choice.scope)
    found = []
    if not estimate.known:
        found.append(f"{counted(estimate.seeds, 'seed')} give no interval; an interval needs {FEWEST_SEEDS}.")
    if recipe.alpha is not None and len(grid) > 1 and recipe.alpha in (min(grid), max(grid)):
        found.append(f"{short(recipe.alpha)} is the end of the temperature grid: a better one may lie beyond it.")
    if missing:
        found.append(f"{counted(missing, 'run')} {agreeing(missing, 'is', 'are')} missing.")
    if choice.apart:
        found.append("Each design is ranked on its own seeds, because the designs have too few seeds in common.")
    elif choice.left_out:
        found.append(f"Designs are ranked on the seeds that all have; this leaves {counted(choice.left_out, 'run')} out.")
    found.append("The best design was chosen by its own score, so this score is biased upwards.")
    cloning = [task.scores.cloning_by_dataset for task in choice.scope]
    if not all(np.isfinite(one).all() for one in cloning):
        found.append("Behaviour cloning was not run on every dataset, so the comparison with it is missing.")
    elif np.mean([one.mean() for one in cloning]) >= estimate.value:
        found.append("Behaviour cloning scores at least as high.")
    return tuple(found)


def _own_divergence(choice: Choice) -> tuple[str, ...]:
    """Say how many runs of the recommended configuration diverged, if some did."""
    found = stands(choice.scope, choice.recipe, choice.dataset)
    diverged, done = sum(stand.diverged for stand in found), sum(stand.done for stand in found)
    return (f"{diverged:,} of the recipe's {done:,} runs diverged.",) if diverged else ()


def _diverged_everywhere(diverged: Divergence) -> tuple[str, ...]:
    """Name the configurations of which every run diverged, if there are any."""
    count, shown = len(diverged.configurations), "; ".join(diverged.configurations[:3])
    if not count:
        return ()
    more = f"; and {count - 3:,} more" if count > 3 else ""
    return (f"Every run of {counted(count, 'configuration')} diverged, and none is recommended: {shown}{more}.",)


def _where(scope: Sequence[Designs], dataset: str | None) -> str:
    tasks = ", ".join(one.scores.task for one in scope)
    if dataset is not None:
        return f"{tasks} {dataset}"
    return f"{tasks} ({counted(sum(len(one.scores.datasets) for one in scope), 'dataset')})"


def _name(place: tuple[int, int, int]) -> str:
    return " + ".join(Design.at(*place).names)


def _interval(estimate: Estimate) -> str:
    return with_interval(*_numbers(estimate), digits=3)


def _numbers(estimate: Estimate) -> tuple[float, float | None, float | None]:
    return estimate.value, (estimate.low if estimate.known else None), (estimate.high if estimate.known else None)
