"""Strikes: at what, during what, in which kind of sweep; and those that are drawn by a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from tests.faults.moments import Phase
from tests.faults.works import HABITS, Work


class Victim(StrEnum):
    """What is struck."""

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


class Blow(StrEnum):
    """What is done to it."""

    KILL = "killed"
    """kill -9."""
    PAUSE = "stopped"
    """SIGSTOP, some seconds, SIGCONT."""


class Kill(NamedTuple):
    """One strike: the phase is what some worker is doing at that moment; with a worker or a node, the one that is struck."""

    work: Work
    victim: Victim
    phase: Phase
    blow: Blow = Blow.KILL

    @property
    def on_nodes(self) -> bool:
        """Whether it takes a cluster of several nodes; the others need one machine."""
        return self.victim is Victim.NODE


def phases_of(work: Work) -> tuple[Phase, ...]:
    """What workers of a kind of sweep do: a rehearsal evaluates nothing."""
    return tuple(phase for phase in Phase if phase is not Phase.EVALUATION or not HABITS[work].rehearsed)


FIFTY = 50
_LAST = (Victim.DRIVER, Victim.GROUP)


def draw(seed: int, count: int | None = None) -> tuple[Kill, ...]:
    """Fifty kills of grids, then kills of the other kinds of sweep and stops of every kind of process: `count` of them all.

    Of the fifty, each victim once in each phase of a rehearsal, and 22 of real trainings. Among the latter is each victim
    during an evaluation. Strikes at one kind of sweep follow upon each other, those that end a launch last.
    """
    chance = random.Random(seed)
    common = phases_of(Work.REHEARSAL)
    rehearsed = [Kill(Work.REHEARSAL, victim, phase) for victim in Victim for phase in common]
    evaluating = [Kill(Work.REAL, victim, Phase.EVALUATION) for victim in Victim]
    others = [Kill(Work.REAL, victim, phase) for victim in Victim for phase in common]
    fifty = rehearsed + evaluating + chance.sample(others, FIFTY - len(rehearsed) - len(evaluating))
    elsewhere = [
        Kill(work, victim, chance.choice(phases_of(work)))
        for work in (Work.SEARCH, Work.RETRY, Work.DEFAULT)
        for victim in Victim
        if victim is not Victim.NODE
    ]
    stopped = [Kill(Work.REAL, victim, chance.choice(phases_of(Work.REAL)), Blow.PAUSE) for victim in Victim]
    all_of_them = fifty + elsewhere + stopped
    drawn = chance.sample(all_of_them, len(all_of_them) if count is None else count)
    order = list(Work)
    ordered = sorted(drawn, key=lambda kill: (kill.on_nodes, order.index(kill.work)))
    return tuple(kill for work, kills in groupby(ordered, lambda kill: kill.work) for kill in _in_order(work, list(kills)))


def _in_order(work: Work, kills: list[Kill]) -> list[Kill]:
    """A first command that is typed only once is struck as often as it bears."""
    return sorted(kills, key=lambda kill: kill.victim in _LAST) if len(HABITS[work].commands) > 1 else kills


class Struck(NamedTuple):
    """A strike that was done: what a worker was really doing, with which pack at which step, in which sweep, how late."""

    kill: Kill
    hit: Phase
    pack_id: str
    step: int
    sweep: str
    waited_s: float


def table(struck: Iterable[Struck]) -> str:
    """Strikes by victim and by the phase that was really hit, the stopped ones apart; then by kind of sweep."""
    done = list(struck)
    columns: tuple[Phase | None, ...] = (*Phase, None)
    lines = []
    for blow in Blow:
        counts = Counter((each.kill.victim, each.hit) for each in done if each.kill.blow is blow)
        lines.append(f"{blow:14}" + "".join(f"{phase or 'all':>12}" for phase in columns))
        for victim in (*Victim, None):
            numbers = [
                sum(count for (of, hit), count in counts.items() if victim in (of, None) and phase in (hit, None))
                for phase in columns
            ]
            lines.append(f"{victim or 'all':14}" + "".join(f"{number:>12}" for number in numbers))
    works = Counter(each.kill.work for each in done)
    return "\n".join([*lines, "in " + ", ".join(f"{work} {works[work]}" for work in Work)])
