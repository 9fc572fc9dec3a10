"""Worlds: made-up sweeps whose truth is known, so that a report can be tried where its answer can be checked.

A world says how much each part of a design is worth, and how runs vary by chance. `world_scores.py` draws the scores of runs.
All sizes are in units of the chance of one run, which is `UNIT` on the scale of scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

UNIT = 0.1
"""Standard deviation of one run's chance, as a normalised score."""
EVALUATING = 0.15
"""Part of a run's chance, in units, that the few episodes of its last evaluation cause. Its row states it."""

NULL = "null"
AS_PAPER = "as-paper"
"""Names of the worlds that `rehearse` draws."""


class Effects(NamedTuple):
    """What parts of a design add to its score, in units of a run's chance."""

    mixing: float = 0.0
    """Added where a network mixes the agents' values."""
    weighing: float = 0.0
    """Added where the extraction weighs the data's actions and does not climb the critic."""
    following: float = 0.0
    """Added where the critic follows the actor."""
    together: float = 0.0
    """Added where both `mixing` and `weighing` are."""
    decade: float = 0.0
    """Taken away for each decade from the best alpha, where the extraction climbs the critic."""


NO_EFFECTS = Effects()


class Chance(StrEnum):
    """How runs of one configuration differ."""

    NORMAL = "normal"
    EXPONENTIAL = "exponential"
    COLLAPSE = "collapse"
    """One run in ten loses `COLLAPSE` units. The others are normal."""
    ONES = "ones"
    """Every run scores 1."""
    RATE = "rate"
    """97 runs in 100 score 1. The others score 0.9."""

    @property
    def tied(self) -> bool:
        """Whether runs may have the very same score."""
        return self in (Chance.ONES, Chance.RATE)


class Missing(StrEnum):
    """Which runs a sweep lacks because it is half done."""

    NONE = "none"
    MIXING = "mixing"
    """Designs that mix lack the later half of their seeds."""
    SOME = "some"
    """Every second design lacks them. Chance says which."""


@dataclass(frozen=True)
class World:
    """One world. `truth` says in a sentence what is true in it."""

    name: str
    truth: str
    effects: Effects = NO_EFFECTS
    chance: Chance = Chance.NORMAL
    climbing_chance: float = 1.0
    """Chance of a run whose extraction climbs the critic, in units."""
    climbing_evaluation: float = 0.0
    """Further chance of such a run, in units, that the few episodes of its last evaluation cause. Its row states it."""
    shared: float = 0.5
    """Luck that all runs of a seed share on a dataset, in units."""
    missing: Missing = Missing.NONE
    diverging: float = 0.0
    """Share of the runs that diverge, among those whose critic follows the actor. Their scores are like others'."""
    span: float = 1.0
    """Length of the scale of designs that mix, divided by the scale of the others. All have the same returns."""

    @property
    def null(self) -> bool:
        """Whether no design is better than another."""
        return self.effects == NO_EFFECTS or self.chance.tied


SIZES = (0.25, 0.5, 1.0)
"""Sizes of effects, in units of a run's chance."""


def _true_choices() -> tuple[World, ...]:
    """List the worlds in which one choice matters, or all three do, in every size."""
    worlds = []
    for size in SIZES:
        worlds += [
            World(f"mix-{size:g}", f"Mix is better by {size:g}", Effects(mixing=size)),
            World(f"awr-{size:g}", f"AWR is better by {size:g}", Effects(weighing=size)),
            World(f"td-{size:g}", f"TD is worse by {size:g}", Effects(following=-size)),
            World(
                f"all-{size:g}",
                f"Mix and AWR are better by {size:g}, TD is worse by {0.6 * size:g}",
                Effects(mixing=size, weighing=size, following=-0.6 * size),
            ),
        ]
    return tuple(worlds)


_NULL = World(NULL, "nothing differs")

WORLDS = (
    _NULL,
    replace(_NULL, name="ones", truth="every run scores 1", chance=Chance.ONES),
    replace(_NULL, name="rate-97", truth="every run scores 1 with probability 0.97", chance=Chance.RATE),
    replace(_NULL, name="exponential", truth="nothing differs, chance is exponential", chance=Chance.EXPONENTIAL),
    replace(_NULL, name="collapse", truth="nothing differs, one run in ten collapses", chance=Chance.COLLAPSE),
    replace(_NULL, name="noisy-brac", truth="BRAC's chance is thrice AWR's, nothing depends on alpha", climbing_chance=3.0),
    replace(
        _NULL, name="half-done-mix", truth="nothing differs, Mix has half of its seeds", missing=Missing.MIXING, shared=2.0
    ),
    replace(_NULL, name="half-done", truth="nothing differs, half of the designs lack seeds", missing=Missing.SOME, shared=2.0),
    replace(_NULL, name="two-scales", truth="nothing differs, Mix is scored on a shorter scale", span=0.9),
    replace(_NULL, name="diverged", truth="nothing differs, one TD run in ten diverges", diverging=0.1),
    *_true_choices(),
    World(
        AS_PAPER,
        "the paper is right: Mix is best, AWR beats BRAC and is steadier, value learning matters least",
        Effects(mixing=0.8, weighing=0.5, following=-0.2, together=0.4, decade=0.8),
        climbing_chance=1.5,
    ),
    replace(
        _NULL,
        name="few-episodes",
        truth="training differs nowhere, evaluations of BRAC are noisy and say so",
        climbing_evaluation=2.0,
    ),
)
"""All worlds. A name stands in `sweep.json` for ever, so none is renamed."""


def world_named(name: str) -> World:
    """Return the world of this name. Raises KeyError for an unknown one."""
    return {world.name: world for world in WORLDS}[name]
