"""Steps per CPU-second of one core: this project's batched MuJoCo tasks, gymnasium's environments and gymnasium-robotics'.

    python -m scripts.mujoco_steps [--copies 100] [--rounds 5] [--seconds 2]

All three take uniformly random actions and reset when an episode ends. Each runs in its own process. They take turns, so that a
busy machine slows all three equally. Printed are medians over the rounds, and the median ratio to gymnasium-robotics
(`mamujoco_v1`, agent_obsk=1).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

import numpy as np

from recipe_sweep.trainers.environments.ma_mujoco import make_mujoco
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.randomness import generator

TEAMS = {"2ant": ("Ant", "2x4"), "3hopper": ("Hopper", "3x1"), "6halfcheetah": ("HalfCheetah", "6x1")}
Play = Callable[[], int]
"""Takes at least one environment step and returns how many it took."""


def batched(task: str, copies: int) -> Play:
    """Make this project's environment with `copies` episodes side by side."""
    environment, spec = make_mujoco(MUJOCO_TASKS[task], copies), MUJOCO_TASKS[task].spec
    drawn = generator(0, "benchmark")
    environment.reset([drawn] * copies)

    def play() -> int:
        done = environment.step(drawn.uniform(-1.0, 1.0, (copies, spec.n_agents, spec.action_dim))).done
        if done.any():
            environment.reset([drawn] * int(done.sum()), np.flatnonzero(done))
        return copies

    return play


def one_agent(task: str) -> Play:
    """Make gymnasium's v5 environment."""
    import gymnasium

    scenario, _ = TEAMS[task]
    ant = {"contact_cost_weight": 0, "include_cfrc_ext_in_observation": False} if scenario == "Ant" else {}
    environment = gymnasium.make(f"{scenario}-v5", **ant)
    environment.reset(seed=0)
    drawn = generator(0, "benchmark")
    size = MUJOCO_TASKS[task].robot.actuators

    def play() -> int:
        _, _, terminated, truncated, _ = environment.step(drawn.uniform(-1.0, 1.0, size))
        if terminated or truncated:
            environment.reset()
        return 1

    return play


def robotics(task: str) -> Play:
    """Make gymnasium-robotics' environment."""
    from gymnasium_robotics import mamujoco_v1

    environment = mamujoco_v1.parallel_env(*TEAMS[task], agent_obsk=1)
    environment.reset(seed=0)
    drawn = generator(0, "benchmark")
    agents, size = environment.possible_agents, MUJOCO_TASKS[task].spec.action_dim

    def play() -> int:
        _, _, terminated, truncated, _ = environment.step({agent: drawn.uniform(-1.0, 1.0, size) for agent in agents})
        if terminated[agents[0]] or truncated[agents[0]]:
            environment.reset()
        return 1

    return play


class Player:
    """One of the three environments in a process of its own."""

    def __init__(self, make: Callable[..., Play], *arguments: object) -> None:
        self._process = ProcessPoolExecutor(1, get_context("spawn"), _enter, (make, arguments))

    def speed(self, seconds: float) -> float:
        """Measure the steps per second of the process's CPU time."""
        return self._process.submit(_speed, seconds).result()

    def close(self) -> None:
        """End the process."""
        self._process.shutdown()


_play: Play


def _enter(make: Callable[..., Play], arguments: tuple[object, ...]) -> None:
    global _play
    warnings.simplefilter("ignore")
    _play = make(*arguments)


def _speed(seconds: float) -> float:
    began, steps = time.process_time(), 0
    while (spent := time.process_time() - began) < seconds:
        steps += _play()
    return steps / spent


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=100, help="episodes side by side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU time of each measurement")
    given = parser.parse_args()
    print(f"{'task':<14}{'mamujoco_v1':>14}{'gymnasium v5':>14}{'batched':>14}{'batched / mamujoco_v1':>24}")
    for task in TEAMS:
        players = (Player(robotics, task), Player(one_agent, task), Player(batched, task, given.copies))
        rounds = [[player.speed(given.seconds) for player in players] for _ in range(given.rounds)]
        for player in players:
            player.close()
        cells = "".join(f"{median(column):>12,.0f}/s" for column in zip(*rounds, strict=True))
        print(f"{task:<14}{cells}{median(row[2] / row[0] for row in rounds):>24.2f}", flush=True)


if __name__ == "__main__":
    main()
