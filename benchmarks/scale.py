"""Measure the control plane on large sweeps with made-up training: `python -m benchmarks.scale [--short] [--travel] [-o FILE]`.

Rehearses the paper's grid at three sizes. Every command runs as a user types it, in its own processes: plan, launch, launch
again, status, report. Launches use Ray Tune and MLflow; the largest uses neither and trains one pack after another. Plain Ray
Tune with one trivial trial per run is measured as well. Wall seconds are what a user waits. CPU-seconds are the sum over all
processes; they show how much of the wall time a busy machine added.

Packs also travel through Ray, and through Ray and a store. The store is moto's, on this machine. What the network carried is
counted by the workers (`benchmarks/carried.py`). `--travel` measures only this, in turn with the shared folder.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bucket import BUCKET, bucket
from benchmarks.carried import Carried, carried
from benchmarks.spent import Spent, run

GRIDS = {
    512: ("task=simple_spread", "seed=0"),
    2_048: ("task=simple_spread", "seed=0-3"),
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
    "ray": "backend: local\nreuse_workers: true\ntravel: ray\n",
    "store": "backend: local\nreuse_workers: true\ntravel: store\n",
}


@dataclass(frozen=True)
class Line:
    """One command at one size. `processes` is where packs trained: reused or fresh Ray workers, or the launch (inline).

    With `ray` and `store` workers are reused, and packs travel.
    """

    runs: int
    processes: str
    command: str
    spent: Spent
    carried: Carried | None = None
    """What the network carried, if packs travelled"""


def main() -> None:
    """Measure every sweep, print the table and store the numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one task and seed, 512 runs, and 20 plain trials")
    parser.add_argument("--travel", type=int, nargs="?", const=16_384, metavar="RUNS", help="only how packs travel")
    parser.add_argument("-o", "--out", type=Path, default=Path("benchmarks-scale.json"), help="file for the numbers")
    given = parser.parse_args()
    sweeps = _sweeps(short=given.short, travel=given.travel)
    load = os.getloadavg()
    print(f"load average {load[0]:.1f} on {os.cpu_count()} cores")
    plain = () if given.travel else [plain_tune(20 if given.short else PLAIN_TRIALS, actors) for actors in ("fresh", "reuse")]
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="rs-scale-") as directory:
        for number, (runs, processes) in enumerate(sweeps):
            with bucket() if processes == "store" else nullcontext() as environment:
                place = Path(directory) / str(number)
                place.mkdir()
                measured = sweep(place, runs, processes, environment or {})
                for line in itertools.islice(measured, 2 if given.travel else None):  # plan and launch
                    lines.append(line)
                    print(sentence(line), flush=True)
    Console(width=140).print(table(lines))
    if plain:
        print(f"plain Ray Tune: {plain[0]:,.0f} ms per run with a process per trial, {plain[1]:,.0f} ms with reused ones")
    content = {
        "load_average": [load, os.getloadavg()],
        "cores": os.cpu_count(),
        "plain_tune_ms_per_run": dict(zip(("fresh", "reused"), plain, strict=False)),
        "lines": [asdict(line) for line in lines],
    }
    given.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"load average {os.getloadavg()[0]:.1f}; wrote {given.out}")


def _sweeps(*, short: bool, travel: int | None) -> list[tuple[int, str]]:
    """List sizes and kinds of processes. What is compared directly comes one after another."""
    if travel:
        return [(travel, processes) for processes in ("reused", "ray", "store", "reused", "ray", "store")]
    if short:
        return [(512, "reused")]
    travelling = [(16_384, "ray"), (16_384, "store")]
    return [(4_096, "reused"), (16_384, "reused"), *travelling, (16_384, "fresh"), (65_536, "inline")]


def sweep(directory: Path, runs: int, processes: str, environment: Mapping[str, str]) -> Iterator[Line]:
    """Run every command on one rehearsal, in a user's order."""
    root, cluster = directory / f"{runs}-{processes}", directory / f"{processes}.yaml"
    cluster.write_text(CLUSTERS[processes], encoding="utf-8")
    grid = ("figure7", "--dir", str(root), *(word for change in GRIDS[runs] for word in ("--set", change)))
    more = {"inline": ("--no-mlflow",), "store": ("--store", f"s3://{BUCKET}/{directory.name}")}.get(processes, ())
    commands = (
        ("plan", *grid),
        ("rehearse", *grid, "--cluster", str(cluster), *more),
        ("rehearse", *grid, "--cluster", str(cluster), *more),
        ("status", *grid),
        ("report", *grid),
    )
    for name, words in zip(("plan", "launch", "launch again", "status", "report"), commands, strict=True):
        spent = run([sys.executable, "-m", "recipe_sweep.sweep.cli.main", *words], environment)
        yield Line(runs, processes, name, spent, carried(root / "logs") if name == "launch" else None)


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
        f"{spent.cpu_s:.1f} CPU-s ({parts}); MB: {memory}" + (f"; {line.carried}" if line.carried else "")
    )


def table(lines: Sequence[Line]) -> Table:
    """Draw one row per command and size. The driver is the larger of the launch and its engine."""
    out = Table(box=None, pad_edge=False)
    for name in ("runs", "processes", "command"):
        out.add_column(name, justify="right" if name == "runs" else "left", no_wrap=True)
    for name in ("wall s", "CPU s", "ms per run", "CPU ms per run", "driver MB", "gate MB"):
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
            f"{spent.peak_bytes['gate'] / 1e6:,.0f}" if "gate" in spent.peak_bytes else "",
        )
    return out


if __name__ == "__main__":
    main()
