"""What a gradient step costs: every design alone and in its grid's packs, as ratios from one run.

    python scripts/step_cost.py [--grid demo] [--seconds 1.0]

CPU seconds of this process per run and step, one thread, median of several rounds. "overhead" is the same learner on a batch
of one transition and two hidden units: what is left when there is next to nothing to compute.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from search_spaces.expansion import expand
from search_spaces.grid_file import read_grid
from search_spaces.point import DesignPoint
from trainers.data.catalogue import default_data_root, ensure_dataset, open_dataset
from trainers.train import PackTrainer

ROUNDS = 5
NEVER = 10**9


def seconds_per_run_step(points: Sequence[DesignPoint], root: Path, budget_s: float) -> float:
    """Median CPU seconds of a gradient step, divided by the runs of the pack."""
    endless = [dataclasses.replace(point, eval_every=NEVER, diagnostics_every=NEVER) for point in points]
    trainer = PackTrainer(endless, open_dataset(endless[0], root))
    for _ in range(5):
        trainer.advance()
    begin = time.process_time()
    trainer.advance()
    steps = max(2, int(budget_s / ROUNDS / max(time.process_time() - begin, 1e-6)))
    rounds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(steps):
            trainer.advance()
        rounds.append((time.process_time() - begin) / steps / len(points))
    return statistics.median(rounds)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", default="demo")
    parser.add_argument("--seconds", type=float, default=1.0, help="of measuring per figure")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    root = default_data_root()
    points = expand(read_grid(arguments.grid)).points
    ensure_dataset(points[0], root)
    packs: dict[str, list[DesignPoint]] = {}
    for point in points:
        if point.dataset == points[0].dataset:
            packs.setdefault(point.pack_key, []).append(point)
    print(f"{'design':<16}{'alone ms':>10}{'overhead ms':>13}{'pack':>6}{'in pack ms':>12}{'pack/alone':>12}")
    for pack in packs.values():
        packed = seconds_per_run_step(pack, root, arguments.seconds)
        for extraction in dict.fromkeys(point.extraction for point in pack):
            run = next(point for point in pack if point.extraction is extraction)
            alone = seconds_per_run_step([run], root, arguments.seconds)
            tiny = dataclasses.replace(run, batch=1, hidden=(2,) * len(run.hidden))
            overhead = seconds_per_run_step([tiny], root, arguments.seconds)
            name = f"{run.decomposition}-{run.value_learning}-{extraction}"
            ratio = packed / alone
            print(f"{name:<16}{1e3 * alone:>10.2f}{1e3 * overhead:>13.2f}{len(pack):>6}{1e3 * packed:>12.2f}{ratio:>12.2f}")


if __name__ == "__main__":
    main()
