"""Measure the control plane on large sweeps with simulated training: `python -m benchmarks.scale [--short] [-o FILE]`.

Rehearses the paper's grid at three sizes. Every command runs as a user types it, in its own processes: plan, launch, launch
again, status, report. Launches use Ray Tune and MLflow; the largest uses neither and trains one pack after another. Plain Ray
Tune with one trivial trial per run is measured as well. Wall seconds are what a user waits. CPU-seconds are the sum over all
processes; they show how much of the wall time a busy machine added.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.spent import Spent, run

GRIDS = {
    512: ("task=simple_spread", "seed=0"),
    4_096: ("task=simple_spread",),
    16_384: (),
    65_536: ("seed=0-31",),
}
"""Changes to Figure 7's grid by number of runs. Except for the largest, more runs also mean more configurations."""
PLAIN_TRIALS = 200
CLUSTERS = {
    "reused": "backend: local\nreuse_workers: true\n",
    "fresh": "backend: local\nreuse_workers: false\n",
    "inline": "backend: inline\n",
}


@dataclass(frozen=True)
class Line:
    """One command at one size. `processes` is where packs trained: reused or fresh Ray workers, or the launch (inline)."""

    runs: int
    processes: str
    command: str
    spent: Spent


def main() -> None:
    """Measure every sweep, print the table and store the numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one task and seed, 512 runs, and 20 plain trials")
    parser.add_argument("-o", "--out", type=Path, default=Path("benchmarks-scale.json"), help="file for the numbers")
    given = parser.parse_args()
    sweeps = (
        [(512, "reused")] if given.short else [(4_096, "reused"), (16_384, "reused"), (16_384, "fresh"), (65_536, "inline")]
    )
    load = os.getloadavg()
    print(f"load average {load[0]:.1f} on {os.cpu_count()} cores")
    plain = [plain_tune(20 if given.short else PLAIN_TRIALS, actors) for actors in ("fresh", "reuse")]
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="rs-scale-") as directory:
        for runs, processes in sweeps:
            for line in sweep(Path(directory), runs, processes):
                lines.append(line)
                print(sentence(line), flush=True)
    Console(width=130).print(table(lines))
    print(f"plain Ray Tune: {plain[0]:,.0f} ms per run with a process per trial, {plain[1]:,.0f} ms with reused ones")
    content = {
        "load_average": [load, os.getloadavg()],
        "cores": os.cpu_count(),
        "plain_tune_ms_per_run": {"fresh": plain[0], "reused": plain[1]},
        "lines": [asdict(line) for line in lines],
    }
    given.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"load average {os.getloadavg()[0]:.1f}; wrote {given.out}")


def sweep(directory: Path, runs: int, processes: str) -> Iterator[Line]:
    """Run every command on one rehearsal, in a user's order."""
    root, cluster = directory / f"{runs}-{processes}", directory / f"{processes}.yaml"
    cluster.write_text(CLUSTERS[processes], encoding="utf-8")
    grid = ("figure7", "--dir", str(root), *(word for change in GRIDS[runs] for word in ("--set", change)))
    mlflow = () if processes != "inline" else ("--no-mlflow",)
    commands = (
        ("plan", *grid),
        ("rehearse", *grid, "--cluster", str(cluster), *mlflow),
        ("rehearse", *grid, "--cluster", str(cluster), *mlflow),
        ("status", *grid),
        ("report", *grid),
    )
    for name, words in zip(("plan", "launch", "launch again", "status", "report"), commands, strict=True):
        yield Line(runs, processes, name, run([sys.executable, "-m", "recipe_sweep.sweep.cli.main", *words], {}))


def plain_tune(trials: int, actors: str) -> float:
    """Measure plain Ray Tune in milliseconds per run."""
    spent = run([sys.executable, "-m", "benchmarks.plain_tune", str(trials), actors], {})
    found = re.search(r"seconds per trial: (\S+)", spent.output)
    assert found, spent.output
    return 1e3 * float(found[1])


def sentence(line: Line) -> str:
    """Write one line for the person who waits."""
    spent = line.spent
    parts = ", ".join(f"{kind} {seconds:.0f}" for kind, seconds in sorted(spent.cpu_by_kind.items(), key=lambda item: -item[1]))
    memory = ", ".join(f"{kind} {size / 1e6:,.0f}" for kind, size in sorted(spent.peak_bytes.items()))
    each = 1e3 * spent.wall_s / line.runs
    return (
        f"{line.runs:,} {line.processes} {line.command}: {spent.wall_s:.1f} s, {each:.2f} ms per run; "
        f"{spent.cpu_s:.1f} CPU-s ({parts}); MB: {memory}"
    )


def table(lines: Sequence[Line]) -> Table:
    """Draw one row per command and size. The driver is the larger of the launch and its engine."""
    out = Table(box=None, pad_edge=False)
    for name in ("runs", "processes", "command"):
        out.add_column(name, justify="right" if name == "runs" else "left", no_wrap=True)
    for name in ("wall s", "CPU s", "ms per run", "CPU ms per run", "driver MB"):
        out.add_column(name, justify="right")
    for line in lines:
        spent = line.spent
        driver = max(spent.peak_bytes.get(kind, 0) for kind in ("launch", "engine"))
        out.add_row(
            f"{line.runs:,}",
            line.processes,
            line.command,
            f"{spent.wall_s:,.1f}",
            f"{spent.cpu_s:,.1f}",
            f"{1e3 * spent.wall_s / line.runs:.2f}",
            f"{1e3 * spent.cpu_s / line.runs:.2f}",
            f"{driver / 1e6:,.0f}",
        )
    return out


if __name__ == "__main__":
    main()
