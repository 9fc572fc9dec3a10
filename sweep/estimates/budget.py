"""Compares what a plan takes with the budget of the machines: hours after which they end, and dollars."""

from __future__ import annotations

from dataclasses import dataclass

from recipe_sweep.sweep.clusters.machines import Machines
from recipe_sweep.sweep.estimates.estimate import money
from recipe_sweep.sweep.estimates.estimate_file import Estimate
from recipe_sweep.sweep.units import span


@dataclass(frozen=True)
class Budget:
    """Whether a plan needs more than the budget, and a sentence that says so."""

    over: bool
    sentence: str


def budget_of(estimated: Estimate | None, machines: Machines, hours: float | None) -> Budget:
    """Compare an estimate with the hours of the machines. Without an estimate or hours nothing is over a budget."""
    limit = _limit(machines, hours)
    if estimated is None or hours is None:
        return Budget(over=False, sentence=f"{_needs(estimated, machines)}; {limit}.")
    over = estimated.wall_s > 3600.0 * hours
    compared = f"more than the budget: {limit}" if over else f"within the budget: {limit}"
    return Budget(over, f"{_needs(estimated, machines)}, {compared}.")


def _needs(estimated: Estimate | None, machines: Machines) -> str:
    if estimated is None:
        return "The time of this plan is not known"
    costs = money(estimated, machines)
    dollars = "" if costs is None else f" and ${costs.on_demand_usd:,.2f} on demand"
    return f"This plan needs about {span(estimated.wall_s)}{dollars}"


def _limit(machines: Machines, hours: float | None) -> str:
    if hours is None:
        return "nothing ends the machines"
    dollars = "" if machines.spending is None else f", which is ${machines.spending.budget_usd:g}"
    return f"the machines end after {hours:.3g} h{dollars}"
