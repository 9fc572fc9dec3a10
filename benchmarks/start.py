"""Measure what a small launch costs besides training: `python -m benchmarks.start [--rounds N] [--beside CHECKOUT]`.

Launches eight runs on data that exist already, and prints medians. "First step" is the wall time from the command to the first
file of progress, which a pack writes before its first gradient step. CPU-seconds are of all processes of the launch. "Outside"
is without what packs record as their training. CPU-seconds depend less than wall seconds on what else the machine does.

`--beside` names another checkout of this project with a .venv of its own. Rounds then alternate between both, so that a busy
machine slows both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.spent import Spent, run

ONLY_EIGHT = (
    "dataset=expert",
    "decomposition=mix",
    "value_learning=td",
    "tau=null",
    "extraction=brac",
    "alpha.brac=0.1",
    "alpha.awr=null",
    "seed=0-7",
    "steps=20",
    "eval_every=20",
    "diagnostics_every=20",
    "dataset_size=5000",
    "eval_episodes=2",
)
"""Changes to the grid of the demo: eight short runs."""


@dataclass(frozen=True)
class Launched:
    """One launch: seconds from the command to the first step, and the costs of its processes. `training_s` are CPU-seconds."""

    first_step_s: float
    spent: Spent
    training_s: float

    @property
    def outside_s(self) -> float:
        return self.spent.cpu_s - self.training_s


def main() -> None:
    """Measure rounds of launches and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="launches of each checkout")
    parser.add_argument("--beside", type=Path, help="another checkout, with a .venv, to compare with")
    given = parser.parse_args()
    pythons = {"here": sys.executable}
    if given.beside is not None:
        pythons = {"beside": str(given.beside.resolve() / ".venv" / "bin" / "python")} | pythons
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="rs-start-") as directory:
        place = Path(directory)
        found: dict[str, list[Launched]] = {name: [] for name in pythons}
        for name, python in pythons.items():
            launched(python, place, f"{name}-warm")  # Makes the data and Python's caches.
        for number in range(given.rounds):
            for name, python in pythons.items():
                found[name].append(launched(python, place, f"{name}-{number}"))
    Console(width=130).print(table(found))
    print(f"load average {os.getloadavg()[0]:.1f}")


def launched(python: str, place: Path, name: str) -> Launched:
    """Launch the eight runs into a fresh directory."""
    root = place / name
    changes = [word for change in ONLY_EIGHT for word in ("--set", change)]
    grid = ("demo", "--dir", str(root), *changes)
    command = (python, "-P", "-m", "recipe_sweep.sweep.cli.main")
    spent = run([*command, "launch", *grid, "--data", str(place / "data")], {}, appears=(root / "progress", "*.json"))
    answer = subprocess.run([*command, "status", *grid, "--json"], check=True, capture_output=True, text=True).stdout
    assert spent.appeared_s is not None
    return Launched(spent.appeared_s, spent, float(json.loads(answer)["spent"]["cpu_s"]))


def table(found: dict[str, Sequence[Launched]]) -> Table:
    """Draw a row per checkout: medians, and where the CPU-seconds outside training go."""
    out = Table(box=None, pad_edge=False)
    for name in ("checkout", "first step, wall s", "whole, wall s", "CPU s", "training", "outside", "by kind of process"):
        out.add_column(name, justify="left" if name in ("checkout", "by kind of process") else "right")
    for name, launches in found.items():
        kinds = sorted({kind for each in launches for kind in each.spent.cpu_by_kind})
        shares = {kind: statistics.median(each.spent.cpu_by_kind.get(kind, 0.0) for each in launches) for kind in kinds}
        parts = ", ".join(f"{kind} {seconds:.1f}" for kind, seconds in sorted(shares.items(), key=lambda item: -item[1]))
        numbers = (
            statistics.median(each.first_step_s for each in launches),
            statistics.median(each.spent.wall_s for each in launches),
            statistics.median(each.spent.cpu_s for each in launches),
            statistics.median(each.training_s for each in launches),
            statistics.median(each.outside_s for each in launches),
        )
        out.add_row(name, *(f"{number:.1f}" for number in numbers), parts)
    return out


if __name__ == "__main__":
    main()
