"""Kills: of what, during what, in which kind of sweep; and the fifty that are drawn by a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from tests.faults.moments import Phase


class Victim(StrEnum):
    """What is killed, always with kill -9."""

    DRIVER = "driver"
    """The launch, alone; all that it started is left behind."""
    ENGINE = "engine"
    """The process with Ray Tune in it."""
    WORKER = "worker"
    RAYLET = "raylet"
    GROUP = "process group"
    """The launch and everything that it started, Ray's servers and MLflow's writer included."""
    NODE = "node"
    """All that makes a node of a cluster of several; a new one takes its place."""
    MLFLOW = "MLflow writer"


class Work(StrEnum):
    """What the runs of a sweep do."""

    REHEARSAL = "rehearsal"
    REAL = "real training"


class Kill(NamedTuple):
    """One kill: the phase is what some worker is doing at that moment; with a worker or a node, the one that dies."""

    work: Work
    victim: Victim
    phase: Phase

    @property
    def on_nodes(self) -> bool:
        """Whether it takes a cluster of several nodes; the others need one machine."""
        return self.victim is Victim.NODE


REHEARSED_PHASES = tuple(phase for phase in Phase if phase is not Phase.EVALUATION)
"""A rehearsal evaluates nothing."""

FIFTY = 50


def draw(seed: int, count: int = FIFTY) -> tuple[Kill, ...]:
    """`count` kills: of fifty, each victim once in each phase of a rehearsal, and 22 of real trainings.

    Among the latter is each victim during an evaluation. Kills of one kind of sweep follow upon each other.
    """
    chance = random.Random(seed)
    rehearsed = [Kill(Work.REHEARSAL, victim, phase) for victim in Victim for phase in REHEARSED_PHASES]
    evaluating = [Kill(Work.REAL, victim, Phase.EVALUATION) for victim in Victim]
    others = [Kill(Work.REAL, victim, phase) for victim in Victim for phase in REHEARSED_PHASES]
    fifty = rehearsed + evaluating + chance.sample(others, FIFTY - len(rehearsed) - len(evaluating))
    drawn = chance.sample(fifty, count)
    return tuple(sorted(drawn, key=lambda kill: (kill.on_nodes, kill.work)))


class Struck(NamedTuple):
    """A kill that was done: what a worker was really doing, with which pack at which step, in which sweep, how late."""

    kill: Kill
    hit: Phase
    pack_id: str
    step: int
    sweep: str
    waited_s: float


def table(struck: Iterable[Struck]) -> str:
    """Kills by victim and by the phase that was really hit: rehearsals + real trainings."""
    counts = Counter((each.kill.victim, each.hit, each.kill.work) for each in struck)

    def cell(victim: Victim | None, phase: Phase | None) -> str:
        def number(work: Work) -> int:
            return sum(
                count
                for (of, hit, kind), count in counts.items()
                if kind is work and victim in (of, None) and phase in (hit, None)
            )

        return f"{number(Work.REHEARSAL)}+{number(Work.REAL)}"

    columns: tuple[Phase | None, ...] = (*Phase, None)
    lines = [f"{'victim':14}" + "".join(f"{phase or 'all':>12}" for phase in columns)]
    for victim in (*Victim, None):
        lines.append(f"{victim or 'all':14}" + "".join(f"{cell(victim, phase):>12}" for phase in columns))
    return "\n".join(lines)
