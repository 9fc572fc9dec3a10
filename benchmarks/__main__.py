"""Measure what a gradient step costs, print the tables and store the numbers: `python -m benchmarks [--short] [-o FILE]`.

Every case runs in its own process on one thread. Each step is timed in CPU-seconds, and a case's figure is its fastest step.
Shares are relative to a peak: the speed of a large matrix product, measured between the cases in the same way. A design's runs
alone and its pack are measured one after the other, because a busy machine then slows both.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, set_forkserver_preload
from pathlib import Path
from statistics import median
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from benchmarks.beside import BESIDE, beside
from benchmarks.case import Case, Measured, measure, peak_flops
from benchmarks.paper_words import of_paper
from benchmarks.tables import beside_lines, case_table, mixture_lines
from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from recipe_sweep.trainers.allocator import ALLOCATOR

TASKS = {2: "2ant", 3: "3hopper", 6: "6halfcheetah"}
Given, Found = TypeVar("Given"), TypeVar("Found")
PEAK_EVERY = 12
"""Cases between two measurements of the peak."""


def paper_size(agents: Iterable[int], decompositions: Sequence[str], seconds: float) -> list[Case]:
    """List, for each decomposition and learner, a run of each extraction alone, and the family of eight."""
    cases = []
    for task, decomposition, learning in itertools.product((TASKS[n] for n in agents), decompositions, ValueLearning):
        base = Case(task, decomposition, learning, seconds=seconds)
        cases += [dataclasses.replace(base, extractions=(extraction,), alphas=1) for extraction in of_paper(Extraction)]
        cases.append(base)
    return cases


def large_packs(seconds: float) -> list[Case]:
    """List packs of 64 with Mix at three agents."""
    return [Case(TASKS[3], Decomposition.MIX, learning, seeds=8, seconds=seconds) for learning in of_paper(ValueLearning)]


def scaling(hidden: int, lanes: Sequence[int], learners: Sequence[str], seconds: float) -> list[Case]:
    """List cases with Mix at three agents and small batches, from one run to many."""
    cases = []
    for learning, count in itertools.product(learners, lanes):
        base = Case(TASKS[3], Decomposition.MIX, learning, hidden=(hidden, hidden), batch=64, seconds=seconds)
        if count == 1:
            cases += [dataclasses.replace(base, extractions=(extraction,), alphas=1) for extraction in of_paper(Extraction)]
        else:
            cases.append(dataclasses.replace(base, seeds=max(count // 8, 1), alphas=min(count // 2, 4)))
    lone_td = Case(TASKS[3], Decomposition.MIX, "td", ("brac",), 1, hidden=(hidden, hidden), batch=64, seconds=seconds)
    return [*cases, lone_td, dataclasses.replace(lone_td, alphas=4, seeds=8)]


def on_a_gpu() -> dict[str, list[Case]]:
    """List cases with Mix at three agents at both sizes: step by step, as CUDA graphs, and in each precision."""
    sizes = {
        "paper size": paper_size([3], [Decomposition.MIX], 2.0) + large_packs(2.0),
        "hidden 64": scaling(64, (1, 8, 32, 128), of_paper(ValueLearning), 2.0),
    }
    ways = {
        "step by step": {},
        "as a graph": {"graph": True},
        "as a graph, tf32": {"graph": True, "precision": "tf32"},
        "as a graph, bf16": {"graph": True, "precision": "bf16"},
    }
    return {
        f"{size}, {way}": [dataclasses.replace(case, device="cuda", **changes) for case in cases]
        for (size, cases), (way, changes) in itertools.product(sizes.items(), ways.items())
    }


def in_a_process_of_its_own(measurement: Callable[[Given], Found], given: Given) -> Found:
    """Measure in a fresh process, which is forked from one that has imported the libraries, in the sweep's environment."""
    with ProcessPoolExecutor(1, get_context("forkserver"), max_tasks_per_child=1) as one:
        return one.submit(measurement, given).result()


def main() -> None:
    """Measure every case, print the tables and store the numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="three agents, mix alone, no packs of 64")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="cuda measures GPUs instead")
    parser.add_argument("-o", "--out", type=Path, default=Path("benchmarks.json"), help="file for the numbers")
    given = parser.parse_args()
    if given.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise SystemExit("no CUDA GPU here: nothing was measured")
        sections, others = on_a_gpu(), ()
    elif given.short:
        sections = {
            "paper size": paper_size([3], [Decomposition.MIX], 1.0),
            "hidden 64": scaling(64, (1, 32), of_paper(ValueLearning), 1.0),
        }
        others = ("profile",)
    else:
        sections = {
            "paper size": paper_size(TASKS, Decomposition.members(), 2.0),
            "paper size, packs of 64": large_packs(1.0),
            "hidden 64": scaling(64, (1, 2, 4, 8, 16, 32, 64, 128), of_paper(ValueLearning), 2.0),
            "hidden 256": scaling(256, (1, 8, 32, 128), of_paper(ValueLearning), 2.0),
        }
        others = BESIDE
    os.environ.update(ALLOCATOR | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
    set_forkserver_preload(["benchmarks.beside"])
    console, stored = Console(width=120), {}
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for title, cases in sections.items():
        found: list[Measured] = []
        peaks: list[float] = []
        for number, case in enumerate(track(cases, title, console=Console(stderr=True), transient=True)):
            if number % PEAK_EVERY == 0:
                peaks.append(in_a_process_of_its_own(peak_flops, given.device))
            found.append(in_a_process_of_its_own(measure, case))
        peak = median(peaks)
        stored[title] = {"peak_flops": peak, "peaks": peaks, "cases": [each._asdict() for each in found]}
        console.print(case_table(title, found, peak))
        for line in mixture_lines(found):
            print(line)
        given.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    for name in others:
        load = os.getloadavg()[0]
        stored[name] = {"load": load, "found": in_a_process_of_its_own(beside, name)}
        for line in beside_lines(name, stored[name]["found"]):
            print(f"{line} (load average {load:.1f})")
        given.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(f"load average {os.getloadavg()[0]:.1f}; wrote {given.out}")


if __name__ == "__main__":
    main()
