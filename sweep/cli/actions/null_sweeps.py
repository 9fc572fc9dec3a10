"""How often a report of a sweep's shape would say that a claim holds if nothing differed: found by simulation.

No formula gives this, because it depends on the grid, the seeds and the runs that are missing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from recipe_sweep.analysis.findings.claims import Claim, Verdict, claims
from recipe_sweep.analysis.findings.panels import task_panels
from recipe_sweep.analysis.results.refilled import arrangement_of
from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.worker.world_scores import draw, facts_of
from recipe_sweep.sweep.worker.worlds import NULL, world_named

_RESAMPLES = 2
"""Claims do not read the intervals of panels."""


@dataclass(frozen=True)
class NullShares:
    """What the report says of sweeps in which nothing differs."""

    sweeps: int
    holds: tuple[tuple[str, float], ...]
    """Names of the claims that were judged in any sweep, each with the share of sweeps in which it holds."""
    any_holds: float
    """Share of sweeps in which at least one claim holds."""

    @property
    def sentences(self) -> str:
        """What a reader of the real report should know."""
        made = f"The claims of this report were judged in {counted(self.sweeps, 'null sweep')} of the same runs."
        if not self.holds:
            return f"{made} None could be judged."
        each = ", ".join(f"{name} {100.0 * share:.2g} %" for name, share in self.holds)
        any_one = f"any claim {100.0 * self.any_holds:.2g} %"
        return f"{made} Only normal chance differs there, and yet they hold in this share of them: {each}; {any_one}."


def null_shares(points: Sequence[DesignPoint], done: Collection[str], sweeps: int) -> NullShares:
    """Judge the claims in `sweeps` sweeps without differences, which have the runs of these points that are `done`."""
    world, facts, arrangement = world_named(NULL), facts_of(points), arrangement_of(points)
    there = np.array([point.run_id in done for point in points], dtype=np.bool_)
    found: list[tuple[Claim, ...]] = []
    for number in range(sweeps):
        drawn = draw(world, facts, number)
        tasks = arrangement.filled(drawn.scores, there, drawn.diverged, drawn.evaluation_errors**2)
        found.append(claims([task_panels(task, np.random.default_rng(0), _RESAMPLES) for task in tasks]))
    holds = np.array([[claim.verdict is Verdict.HOLDS for claim in sweep] for sweep in found])
    judged = [any(not np.isnan(_number(sweep[at])) for sweep in found) for at in range(holds.shape[1])]
    names = [claim.name for claim in found[0]]
    shares = tuple((name, float(holds[:, at].mean())) for at, name in enumerate(names) if judged[at])
    return NullShares(sweeps, shares, float(holds.any(axis=1).mean()))


def _number(claim: Claim) -> float:
    """Return an end of the claim's interval; NaN where there is none."""
    return np.nan if claim.low is None else claim.low
