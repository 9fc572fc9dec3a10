"""Train a behaviour policy; for example: `python -m recipe_sweep.trainers.behaviour 3hopper --seed 0 --out runs/3hopper-0`."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from recipe_sweep.trainers.behaviour.settings import Checkpoint, Settings
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS

TASKS = tuple(name for name, task in MUJOCO_TASKS.items() if not task.contacts and not name.endswith("_native"))


def main(arguments: list[str] | None = None) -> None:
    """Train one policy with the given settings, and print each checkpoint as it is made."""
    parser = argparse.ArgumentParser(prog="python -m recipe_sweep.trainers.behaviour", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=5_000_000, help="environment steps")
    parser.add_argument("--out", type=Path, required=True, help="directory of the checkpoints")
    for name, field in Settings.model_fields.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(field.default), default=field.default)
    given = vars(parser.parse_args(arguments))
    task, seed, steps, out = (given.pop(name) for name in ("task", "seed", "steps", "out"))
    import torch

    from recipe_sweep.trainers.behaviour.training import Wish, train

    torch.set_num_threads(1)  # the layers are too small to gain from more threads
    words = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "recipe_sweep.trainers.behaviour", *words])
    print("      steps   mean return     std   noisy   exploration   CPU-seconds")
    train(Wish(task, seed, steps, Settings(**given), command), out, _tell)


def _tell(checkpoint: Checkpoint) -> None:
    noisy = "-" if checkpoint.noisy_mean is None else f"{checkpoint.noisy_mean:,.0f}"
    numbers = f"{checkpoint.steps:>11,}{checkpoint.mean:>14,.0f}{checkpoint.std:>8,.0f}{noisy:>8}"
    print(f"{numbers}{checkpoint.exploration:>14.3f}{checkpoint.cpu_seconds:>14,.0f}", flush=True)


if __name__ == "__main__":
    main()
