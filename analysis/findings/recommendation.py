"""The recipe in three sentences, made from the numbers: which configuration to try first, why, and what to try next.

Designs are compared by scores whose configuration was chosen by other seeds, so that a design with more temperatures to
choose from gains nothing by that; a recommended alpha is the one whose mean over tasks and datasets is highest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from recipe_sweep.analysis.estimators.comparisons import Estimate, holm, paired_difference, seeds_to_settle, stratified_mean
from recipe_sweep.analysis.estimators.seed_statistics import FEWEST_SEEDS, Booleans, Floats, seed_means
from recipe_sweep.analysis.findings.claims import Claim, Verdict
from recipe_sweep.analysis.findings.designs import Designs, designs
from recipe_sweep.analysis.findings.panels import TaskPanels
from recipe_sweep.analysis.findings.titles import Design
from recipe_sweep.analysis.number_text import short, with_interval
from recipe_sweep.analysis.results.rehearsal_mark import NO_CLAIM
from recipe_sweep.analysis.results.scores import Configuration
from recipe_sweep.search_spaces.counted import agreeing, counted
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

_SURE = 0.05
_MATTERS = ("decomposition-matters", "extraction-matters", "mix-leads", "awr-steadier-seeds")
"""Claims that the second sentence and the evidence draw on."""


class Basis(StrEnum):
    """What a recommendation rests on."""

    RESULTS = "these results"
    PAPER = "the paper"


@dataclass(frozen=True)
class Recipe:
    """A configuration to train."""

    decomposition: Decomposition
    value_learning: ValueLearning
    extraction: Extraction
    alpha: float
    tau: float | None
    """None unless value learning is IQL"""
    other: str = ""
    """settings beyond these that the sweep varies, empty as a rule"""

    @property
    def text(self) -> str:
        """Its name and numbers."""
        tau = f" (\N{GREEK SMALL LETTER TAU} {short(self.tau)})" if self.tau is not None else ""
        other = f", {self.other}" if self.other else ""
        return (
            f"{self.decomposition.display_name} with {self.value_learning.display_name}{tau} and "
            f"{self.extraction.display_name} at \N{GREEK SMALL LETTER ALPHA} {short(self.alpha)}{other}"
        )


@dataclass(frozen=True)
class Evidence:
    """One number that speaks for (or against) a recommendation."""

    statement: str
    value: float
    low: float | None
    high: float | None
    """95 % interval; None under four seeds"""


@dataclass(frozen=True)
class Step:
    """One thing to train, in order of preference."""

    recipe: Recipe
    runs: int
    why: str


@dataclass(frozen=True)
class Recommendation:
    """What to try first, why, and what next."""

    sentences: tuple[str, ...]
    """three of them, of which those of a rehearsal are one refusal"""
    basis: Basis
    recipe: Recipe | None
    """None for a rehearsal, and where every run diverged"""
    steps: tuple[Step, ...]
    """the recipe first, as many as the budget allows; none where nothing is missing"""
    evidence: tuple[Evidence, ...]
    caveats: tuple[str, ...]


class _Ranked(NamedTuple):
    """A design's place (x, v, e) and its score."""

    place: tuple[int, int, int]
    estimate: Estimate


PUBLISHED = Recipe(Decomposition.MIX, ValueLearning.IQL, Extraction.AWR, alpha=3.0, tau=0.9)
"""The paper's words (5.2): Mix, in-sample targets, AWR; the numbers are choices of this project's `figure7` grid."""


def recommend(
    blocks: Sequence[TaskPanels],
    claims: Sequence[Claim] = (),
    *,
    task: str | None = None,
    dataset: str | None = None,
    budget: int | None = None,
    rehearsal: bool = False,
) -> Recommendation:
    """Recommend a configuration for all tasks of a sweep, or for one task or dataset; `budget` is a number of runs.

    Where the blocks have no scores of that task and dataset, the paper's published recipe stands in, and says so.
    """
    if rehearsal:
        return Recommendation((NO_CLAIM,), Basis.RESULTS, None, (), (), (NO_CLAIM,))
    scope = [block.designs for block in blocks if task in (None, block.scores.task)]
    scope = [one for one in scope if dataset is None or dataset in one.scores.datasets]
    diverged = _diverged(scope, dataset)
    if diverged.everything:
        return _nothing_trained(_where(scope, dataset), diverged)
    scope = [_without_diverged(one, dataset) for one in scope]
    ranked = _ranked(scope, dataset)
    if not ranked:
        return _published(task, dataset, budget, diverged.caveats)
    first, recipe = ranked[0], _recipe(scope, ranked[0].place, dataset)
    rivals = _rivals(scope, ranked, dataset)
    near = [one for one in rivals if not one.sure]
    where = _where(scope, dataset)
    sentences = (
        f"Train {recipe.text} first: its design scores {_interval(first.estimate)} on {where}, the best of {len(ranked)} "
        "designs when some seeds choose its temperature and others score it.",
        _what_matters(claims),
        _how_sure(near, len(rivals), scope),
    )
    return Recommendation(
        sentences=sentences,
        basis=Basis.RESULTS,
        recipe=recipe,
        steps=_steps(recipe, near or rivals, scope, dataset, budget),
        evidence=(
            Evidence(f"score of {_name(first.place)} on {where}", *_numbers(first.estimate)),
            *(Evidence(f"{_name(first.place)} less {_name(one.place)}", *_numbers(one.lead)) for one in rivals[:5]),
        ),
        caveats=(*_caveats(scope, recipe, first.estimate), *_own_divergence(scope, recipe, dataset), *diverged.caveats),
    )


class _Diverged(NamedTuple):
    """What diverged in a scope: of its runs and of its configurations, which are of one dataset each."""

    runs: int
    done: int
    configurations: tuple[str, ...]

    @property
    def everything(self) -> bool:
        """Whether no run is left to learn from."""
        return 0 < self.done == self.runs

    @property
    def caveats(self) -> tuple[str, ...]:
        """What is left out, in a sentence."""
        count, shown = len(self.configurations), "; ".join(self.configurations[:3])
        if not count:
            return ()
        more = f"; and {count - 3:,} more" if count > 3 else ""
        every = "1 configuration" if count == 1 else f"{count:,} configurations"
        return (f"Every run of {every} diverged, and none is recommended: {shown}{more}.",)


def _lost(task: Designs) -> Booleans:
    """The configurations (X, V, E, D, K) of which every run that is done diverged."""
    done, diverged = task.scores.done, task.scores.diverged
    lost: Booleans = np.any(done, axis=-1) & ~np.any(done & ~diverged, axis=-1)
    return lost


def _diverged(scope: Sequence[Designs], dataset: str | None) -> _Diverged:
    runs, done, names = 0, 0, {}
    for task in scope:
        chosen = [d for d, name in enumerate(task.scores.datasets) if dataset in (None, name)]
        runs += int(task.scores.diverged[:, :, :, chosen].sum())
        done += int(task.scores.done[:, :, :, chosen].sum())
        for x, v, e, d, k in np.argwhere(_lost(task)).tolist():
            if d in chosen:
                entry = task.scores.configurations[x, v, e, d, k]
                names[Recipe(*Design.at(x, v, e), entry.alpha, entry.tau, entry.other).text] = 1
    return _Diverged(runs, done, tuple(names))


def _without_diverged(task: Designs, dataset: str | None) -> Designs:
    """The task's designs with no scores of configurations that diverged in every run. Itself where there are none."""
    lost = _lost(task)
    if dataset is not None:
        lost[:, :, :, [name != dataset for name in task.scores.datasets]] = False
    if not lost.any():
        return task
    # On every dataset: what diverges on one of them is no recipe for all.
    names = {_entry(task, place) for place in map(tuple, np.argwhere(lost).tolist())}
    lost = np.array([_entry(task, place) in names for place in np.ndindex(lost.shape)]).reshape(lost.shape)
    return designs(replace(task.scores, scores=np.where(lost[..., None], np.nan, task.scores.scores)))


def _entry(task: Designs, place: tuple[int, ...]) -> tuple[object, ...]:
    """A design and its configuration."""
    return (*place[:3], task.scores.configurations[place])


def _own_divergence(scope: Sequence[Designs], recipe: Recipe, dataset: str | None) -> tuple[str, ...]:
    """Says how many runs of the recommended configuration diverged, where some did."""
    stands = [stand for task in scope for stand in _stands(task, recipe, dataset)]
    diverged, done = sum(stand.diverged for stand in stands), sum(stand.done for stand in stands)
    return (f"{diverged:,} of its {done:,} runs diverged.",) if diverged else ()


class _Stand(NamedTuple):
    """How far a configuration is on one dataset, in runs."""

    done: int
    diverged: int


def _stands(task: Designs, recipe: Recipe, dataset: str | None) -> list[_Stand]:
    """How far a configuration is on each dataset of a task; 0 runs where the grid does not have it."""
    place = Design(recipe.decomposition, recipe.value_learning, recipe.extraction).place
    wanted, found = Configuration(recipe.alpha, recipe.tau, recipe.other), []
    for d, name in enumerate(task.scores.datasets):
        if dataset in (None, name):
            here = [k for k, entry in enumerate(task.scores.configurations[place][d].tolist()) if entry == wanted]
            done, diverged = (int(marks[place][d][here].sum()) for marks in (task.scores.done, task.scores.diverged))
            found.append(_Stand(done, diverged))
    return found


@dataclass(frozen=True)
class _Rival:
    """Another design and how far behind it is."""

    place: tuple[int, int, int]
    lead: Estimate
    sure: bool
    recipe: Recipe


def _ranked(scope: Sequence[Designs], dataset: str | None) -> list[_Ranked]:
    """Designs that every task of the scope has on all of its datasets, best first."""
    found = []
    for place in np.ndindex(scope[0].wanted.shape) if scope else ():
        cells = [_cells(one, place, dataset) for one in scope]
        if not all(np.isfinite(cell).any(axis=-1).all() for cell in cells):
            continue
        estimate = stratified_mean([cell.mean(axis=0) for cell in cells])
        if np.isfinite(estimate.value):
            found.append(_Ranked((place[0], place[1], place[2]), estimate))
    return sorted(found, key=lambda one: -one.estimate.value)


def _rivals(scope: Sequence[Designs], ranked: Sequence[_Ranked], dataset: str | None) -> list[_Rival]:
    """All other designs, best first; whether the first is surely ahead, all comparisons together (Holm)."""
    first = ranked[0].place
    leads = [
        stratified_mean([paired_difference(_cells(one, first, dataset), _cells(one, other.place, dataset)) for one in scope])
        for other in ranked[1:]
    ]
    adjusted = holm(np.array([lead.p_value for lead in leads]))
    return [
        _Rival(other.place, lead, bool(p_value < _SURE), _recipe(scope, other.place, dataset))
        for other, lead, p_value in zip(ranked[1:], leads, adjusted.tolist(), strict=True)
    ]


def _cells(task: Designs, place: tuple[int, int, int], dataset: str | None) -> Floats:
    cells: Floats = task.corrected[place]
    return cells if dataset is None else cells[task.scores.datasets.index(dataset), None]


def _recipe(scope: Sequence[Designs], place: tuple[int, int, int], dataset: str | None) -> Recipe:
    """The design with the configuration whose mean score over the scope's tasks and datasets is highest."""
    means: dict[Configuration, list[float]] = {}
    for task in scope:
        chosen = range(len(task.scores.datasets)) if dataset is None else [task.scores.datasets.index(dataset)]
        for d in chosen:
            scores = seed_means(task.scores.scores[place][d]).tolist()
            for entry, score in zip(task.scores.configurations[place][d].tolist(), scores, strict=True):
                if entry is not None and math.isfinite(score):
                    means.setdefault(entry, []).append(score)
    # Only what every dataset has: a mean over easier datasets would win.
    most = max(map(len, means.values()))
    best = max((one for one in means if len(means[one]) == most), key=lambda one: float(np.mean(means[one])))
    return Recipe(*Design.at(*place), best.alpha, best.tau, best.other)


def _what_matters(claims: Sequence[Claim]) -> str:
    """The second sentence: what the choice of each axis is worth."""
    found = [claim for claim in claims if claim.name in _MATTERS and claim.verdict is not Verdict.OPEN]
    if not found:
        return "What matters most cannot be told from these runs: no claim about it is settled either way."
    said = [f"{claim.statement.rstrip('.')}: {claim.verdict} here ({claim.ours})" for claim in found]
    return "; ".join(said) + "."


def _how_sure(near: Sequence[_Rival], rivals: int, scope: Sequence[Designs]) -> str:
    """The third sentence: what cannot be told apart, and how many seeds would."""
    if not rivals:
        return "No other design was trained, so there is nothing to prefer it to."
    if not near:
        return f"It is ahead of each of the other {rivals} designs with all comparisons taken together (Holm, 95 %)."
    closest = near[0]
    if not closest.lead.known:
        seeds = min(len(one.scores.seeds) for one in scope)
        return f"How sure this is cannot be said: {seeds} seeds give no interval, it takes {FEWEST_SEEDS}."
    needed = seeds_to_settle(closest.lead.value, closest.lead.deviation)
    settle = f"about {counted(needed, 'seed')} would settle it" if needed else "no affordable number of seeds would settle it"
    return (
        f"{len(near)} of the other {rivals} designs cannot be told from it: the nearest, {_name(closest.place)}, is "
        f"{_interval(closest.lead)} behind, and if that is the true difference {settle}."
    )


def _steps(
    recipe: Recipe, rivals: Sequence[_Rival], scope: Sequence[Designs], dataset: str | None, budget: int | None
) -> tuple[Step, ...]:
    """The recipe, then what it cannot be told from, then the next temperature where its own is the edge of the grid."""
    steps = [_step(scope, dataset, recipe, "the best so far")]
    steps += [_step(scope, dataset, one.recipe, "not told from the first") for one in rivals if not one.sure][:4]
    steps += [_step(scope, dataset, one.recipe, "the next best") for one in rivals if one.sure][:1]
    # What is done is not asked for: a launch would not train it again.
    return within([step for step in steps if step.runs], budget)


def _step(scope: Sequence[Designs], dataset: str | None, recipe: Recipe, why: str) -> Step:
    """What a configuration lacks of `FEWEST_SEEDS` seeds on every dataset."""
    stands = [stand for task in scope for stand in _stands(task, recipe, dataset)]
    missing = sum(max(0, FEWEST_SEEDS - stand.done) for stand in stands)
    datasets = f"{len(stands)} dataset{'' if len(stands) == 1 else 's'}"
    whole = FEWEST_SEEDS * len(stands)
    done = f", of which {whole - missing} of {whole} runs are done" if missing < whole else ""
    return Step(recipe, missing, f"{why}; {FEWEST_SEEDS} seeds on {datasets}{done}")


def within(steps: Sequence[Step], budget: int | None) -> tuple[Step, ...]:
    """As many steps as the budget of runs holds; the first always, cut to the budget."""
    kept: list[Step] = []
    left = math.inf if budget is None else budget
    for step in steps:
        runs = min(step.runs, left)
        if runs < step.runs and kept:
            break
        kept.append(Step(step.recipe, int(runs), step.why))
        left -= runs
    return tuple(kept)


def _nothing_trained(where: str, diverged: _Diverged) -> Recommendation:
    """No recipe, because every run diverged."""
    runs = "The only run" if diverged.done == 1 else f"Every one of the {diverged.done:,} runs"
    return Recommendation(
        sentences=(
            f"{runs} on {where} diverged, so these results recommend no configuration.",
            "Seeds do not help here: what diverged is never trained again.",
            "Try a smaller lr first; then a critic norm, or rewards of a smaller scale.",
        ),
        basis=Basis.RESULTS,
        recipe=None,
        steps=(),
        evidence=(),
        caveats=diverged.caveats,
    )


def _published(task: str | None, dataset: str | None, budget: int | None, caveats: tuple[str, ...]) -> Recommendation:
    """The paper's recipe, for want of results."""
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
            "The paper finds Mix best or runner-up in 17 of 24 panels, AWR steadier than BRAC, and value learning to matter "
            "least (5.2, Figure 7).",
            "Nothing here was measured on your data: the paper prints neither temperatures nor expectiles, so those are this "
            "project's choices, and a few seeds of each step would say more.",
        ),
        basis=Basis.PAPER,
        recipe=PUBLISHED,
        steps=within(steps, budget),
        evidence=(),
        caveats=("No result of this sweep stands behind it.", *caveats),
    )


def _caveats(scope: Sequence[Designs], recipe: Recipe, estimate: Estimate) -> tuple[str, ...]:
    """What a reader should know before trusting it."""
    grid = {
        entry.alpha
        for task in scope
        for entry in task.scores.configurations[:, :, Extraction.place(recipe.extraction)].ravel().tolist()
        if entry is not None
    }
    missing = sum(int((task.scores.wanted & ~task.scores.done).sum()) for task in scope)
    found = []
    if not estimate.known:
        found.append(f"{estimate.seeds} seeds give no interval; it takes {FEWEST_SEEDS}.")
    if len(grid) > 1 and recipe.alpha in (min(grid), max(grid)):
        found.append(f"{short(recipe.alpha)} is an end of the temperatures tried: a better one may lie beyond it.")
    if missing:
        found.append(f"{counted(missing, 'run')} {agreeing(missing, 'is', 'are')} missing.")
    found.append("The best of several designs was picked by its own score, which therefore leans high.")
    cloning = [task.scores.cloning_by_dataset for task in scope]
    if not all(np.isfinite(one).all() for one in cloning):
        found.append("Behaviour cloning was not run beside it on every dataset.")
    elif np.mean([one.mean() for one in cloning]) >= estimate.value:
        found.append("Behaviour cloning scores no less.")
    return tuple(found)


def _where(scope: Sequence[Designs], dataset: str | None) -> str:
    tasks = ", ".join(one.scores.task for one in scope)
    if dataset is not None:
        return f"{tasks} {dataset}"
    datasets = sum(len(one.scores.datasets) for one in scope)
    return f"{tasks} ({datasets} dataset{'' if datasets == 1 else 's'})"


def _name(place: tuple[int, int, int]) -> str:
    return " + ".join(Design.at(*place).names)


def _interval(estimate: Estimate) -> str:
    return with_interval(*_numbers(estimate), digits=3)


def _numbers(estimate: Estimate) -> tuple[float, float | None, float | None]:
    return estimate.value, (estimate.low if estimate.known else None), (estimate.high if estimate.known else None)
