"""Measure what a gradient step costs, print the tables and store the numbers: `python -m benchmarks [--short] [-o FILE]`.

Every case has a process of its own, one thread, and is timed in CPU-seconds; the peak that shares are taken of is a large
matrix product measured between them. A design's runs alone and its pack are neighbours, so that a busy machine slows them
alike.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.case import Case, Measured
from search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from trainers.allocator import ALLOCATOR

TASKS = {2: "2ant", 3: "3hopper", 6: "6halfcheetah"}
FAMILY = {"extractions": tuple(Extraction), "alphas": 4}
FIGURE7_SHARE = {"td": 0.25, "sarsa": 0.25, "iql": 0.5}
"""Of the paper's 16,384 runs."""


def paper_size(agents: Iterable[int], decompositions: Sequence[str], seconds: float) -> list[Case]:
    """For each decomposition and learner: a run of each extraction alone, and the family of eight."""
    cases = []
    for task, decomposition, learning in itertools.product((TASKS[n] for n in agents), decompositions, ValueLearning):
        base = Case(task, decomposition, learning, seconds=seconds)
        cases += [dataclasses.replace(base, extractions=(extraction,), alphas=1) for extraction in Extraction]
        cases.append(base)
    return cases


def large_packs(seconds: float) -> list[Case]:
    """Mix at three agents in packs of 64."""
    return [Case(TASKS[3], Decomposition.MIX, learning, seeds=8, seconds=seconds) for learning in ValueLearning]


def scaling(hidden: int, lanes: Sequence[int], learners: Sequence[str], seconds: float) -> list[Case]:
    """Mix at three agents and small batches, from one run to many."""
    cases = []
    for learning, count in itertools.product(learners, lanes):
        base = Case(TASKS[3], Decomposition.MIX, learning, hidden=(hidden, hidden), batch=64, seconds=seconds)
        if count == 1:
            cases += [dataclasses.replace(base, extractions=(extraction,), alphas=1) for extraction in Extraction]
        else:
            cases.append(dataclasses.replace(base, seeds=max(count // 8, 1), alphas=min(count // 2, 4)))
    lone_td = Case(TASKS[3], Decomposition.MIX, "td", ("brac",), 1, hidden=(hidden, hidden), batch=64, seconds=seconds)
    return [*cases, lone_td, dataclasses.replace(lone_td, alphas=4, seeds=8)]


def run(case: Case | str) -> object:
    """Measure one case in a process of its own."""
    given = json.dumps(case if isinstance(case, str) else dataclasses.asdict(case))
    environment = os.environ | ALLOCATOR | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.case", given]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{given} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="three agents, mix and cen alone, no packs of 64")
    parser.add_argument("-o", "--out", type=Path, default=Path("benchmarks.json"), help="where the numbers go")
    given = parser.parse_args()
    if given.short:
        sections = {
            "paper size": paper_size([3], ["mix", "cen"], 1.0),
            "hidden 64": scaling(64, (1, 8, 32), tuple(ValueLearning), 1.0),
        }
    else:
        sections = {
            "paper size": paper_size(TASKS, tuple(Decomposition), 2.0),
            "paper size, packs of 64": large_packs(1.0),
            "hidden 64": scaling(64, (1, 2, 4, 8, 16, 32, 64, 128), tuple(ValueLearning), 2.0),
            "hidden 256": scaling(256, (1, 8, 32, 128), tuple(ValueLearning), 2.0),
        }
    console, stored = Console(), {}
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for title, cases in sections.items():
        peaks = [_number(run("peak"))]
        found = []
        for number, case in enumerate(track(cases, title, console=Console(stderr=True), transient=True), start=1):
            found.append(Measured(**run(case)))  # type: ignore[arg-type]
            if number % 12 == 0:
                peaks.append(_number(run("peak")))
        peak = median(peaks)
        stored[title] = {"peak_flops": peak, "peaks": peaks, "cases": [each._asdict() for each in found]}
        given.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        console.print(table(title, found, peak))
        for line in summary(found):
            print(line)
    print(f"load average {os.getloadavg()[0]:.1f}; wrote {given.out}")


def table(title: str, found: Sequence[Measured], peak: float) -> Table:
    """One line per case."""
    out = Table(
        title=f"{title}: matrix products reach {peak / 1e9:.1f} GFLOP/s", title_justify="left", box=None, pad_edge=False
    )
    for name in ("task", "design"):
        out.add_column(name, no_wrap=True)
    for name in ("runs", "ms per run", "of alone", "GFLOP", "of least", "of peak", "MB", "of model"):
        out.add_column(name, justify="right")
    for each in found:
        alone = cost_alone(each, found)
        out.add_row(
            each.case["task"],
            Case(**each.case).name,
            str(each.lanes),
            f"{1e3 * each.cpu_s / each.lanes:,.1f}",
            f"{each.cpu_s / alone:.2f}" if alone and each.lanes > 1 else "",
            f"{each.flops / 1e9 / each.lanes:,.2f}",
            f"{each.flops / each.least_flops:.3f}",
            f"{each.flops / each.cpu_s / peak:.2f}",
            f"{each.peak_bytes / 1e6:,.0f}",
            f"{each.peak_bytes / each.model_bytes:.2f}",
        )
    return out


def cost_alone(pack: Measured, found: Sequence[Measured], what: str = "cpu_s") -> float | None:
    """What the runs of a pack cost when each is trained alone: half of them with each extraction."""
    shape = ("task", "decomposition", "value_learning", "hidden", "batch")
    alone = {
        each.case["extractions"][0]: float(getattr(each, what))
        for each in found
        if each.lanes == 1 and all(each.case[key] == pack.case[key] for key in shape)
    }
    extractions = pack.case["extractions"]
    if not set(extractions) <= alone.keys():
        return None
    return sum(alone[name] for name in extractions) * pack.lanes / len(extractions)


def summary(found: Sequence[Measured]) -> Iterable[str]:
    """The mixture of Figure 7's runs, where all of its families were measured."""
    families = [each for each in found if each.lanes == 8 and len(each.case["extractions"]) == 2]
    if len({each.case["decomposition"] for each in families}) < len(Decomposition):
        return
    for what, words in (("cpu_s", "CPU-seconds"), ("flops", "counted operations"), ("least_flops", "least operations")):
        packed = alone = 0.0
        for each in families:
            weight = FIGURE7_SHARE[each.case["value_learning"]] * (2 if each.case["task"] == TASKS[3] else 1)  # and spread
            lone = cost_alone(each, found, what)
            assert lone is not None
            packed += weight * float(getattr(each, what))
            alone += weight * lone
        yield f"the runs of Figure 7 in families, of as many alone: {packed / alone:.3f} by {words}"


def _number(value: object) -> float:
    assert isinstance(value, float)
    return value


if __name__ == "__main__":
    main()
