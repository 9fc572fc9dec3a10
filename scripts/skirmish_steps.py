"""Steps per CPU-second of one core: skirmish with observations, and with all that the collection of data needs.

    OMP_NUM_THREADS=1 python -m scripts.skirmish_steps [--copies 100] [--rounds 5] [--seconds 2]

Allies attack the weakest enemy in range. Actions are chosen outside of the timed part. Only steps of episodes that are not over
count, and an episode's start is timed. Printed are medians over the rounds, which take turns.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import NamedTuple

import numpy as np

from recipe_sweep.trainers.data.homegrown.scripted_battle import FOCUS, Fighters
from recipe_sweep.trainers.environments.skirmish import Skirmish
from recipe_sweep.trainers.environments.skirmish_units import BATTLES, Battle
from recipe_sweep.trainers.randomness import generator


class Speed(NamedTuple):
    """Steps per CPU-second."""

    unfinished: float
    """of episodes that are not over"""
    every: float
    """of all episodes, because those that are over step on beside the others"""


def speed(battle: Battle, copies: int, seconds: float, collects: bool) -> Speed:
    """Play whole batches of episodes for at least so many CPU-seconds."""
    environment, allies = Skirmish(battle, copies), Fighters(battle, (FOCUS,))
    one_hot = np.eye(battle.spec.action_dim)
    spent, useful, taken, batch = 0.0, 0, 0, 0
    while spent < seconds:
        starts = [generator(0, "benchmark", batch, episode) for episode in range(copies)]
        began = time.process_time()
        seen = environment.reset(starts)
        spent += time.process_time() - began
        act, running, moment = allies.begin(starts), np.ones(copies, np.bool_), 0
        while running.any():
            actions = one_hot[act(moment, seen, environment.legal())]
            began = time.process_time()
            seen, _, done = environment.step(actions)
            if collects:
                environment.legal()
                environment.states()
            spent += time.process_time() - began
            useful, taken, moment = useful + int(running.sum()), taken + copies, moment + 1
            running &= ~done
        batch += 1
    return Speed(useful / spent, taken / spent)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    cases = [(battle, collects) for battle in BATTLES.values() for collects in (False, True)]
    found = [[speed(*case[:1], options.copies, options.seconds, case[1]) for case in cases] for _ in range(options.rounds)]
    print(f"{options.copies} copies, steps per CPU-second: of unfinished episodes / of all")
    for (battle, collects), speeds in zip(cases, zip(*found, strict=True), strict=True):
        what = "with legal actions and states" if collects else "with observations"
        print(
            f"{battle.task:15} {what:30} {median(s.unfinished for s in speeds):8,.0f} {median(s.every for s in speeds):8,.0f}"
        )


if __name__ == "__main__":
    main()
