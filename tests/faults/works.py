"""The kinds of sweep that are struck: what a user types, with which files, and what an undisturbed one of it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from recipe_sweep.sweep.worker.workload import REHEARSAL_VARIABLE, WORKLOAD_VARIABLE

SECONDS_PER_RUN = 1.5


class Work(StrEnum):
    """A kind of sweep."""

    REHEARSAL = "rehearsal"
    REAL = "real training"
    SEARCH = "search"
    RETRY = "retry"
    """A sweep in which every run failed first, and is then tried again with `retry`."""
    DEFAULT = "default packs"
    """Packs as they are laid where the cluster's file says nothing of them."""


@dataclass(frozen=True)
class Habits:
    """The facts of a kind: its grid, its first commands in order (the last one again and again), and its steps."""

    steps: int
    eval_every: int
    commands: tuple[str, ...] = ("launch",)
    search: bool = False
    pinned: bool = True
    """Whether packs are the same however often what is left is planned anew: two runs of one seed to each."""
    fails_first: bool = False
    undisturbed: Work | None = None
    """The kind whose undisturbed sweep has the same runs; None: its own."""

    @property
    def rehearsed(self) -> bool:
        return self.commands == ("rehearse",)


HABITS = {
    Work.REHEARSAL: Habits(400, 100, commands=("rehearse",)),
    Work.REAL: Habits(1600, 400),
    Work.SEARCH: Habits(800, 400, search=True),
    Work.RETRY: Habits(1600, 400, commands=("retry", "launch"), fails_first=True, undisturbed=Work.REAL),
    Work.DEFAULT: Habits(1600, 400, pinned=False),
}

TELLING = {REHEARSAL_VARIABLE: "tests.faults.rehearsed", WORKLOAD_VARIABLE: "tests.faults.real"}
"""The environment in which workers say what they do."""


def grid_of(work: Work, seeds: int) -> dict[str, Any]:
    """A grid file's content: two temperatures with each seed; a search has half of the seeds and two rounds of two trials."""
    habits = HABITS[work]
    axes: dict[str, Any] = {
        "source": "homegrown",
        "task": "simple_spread",
        "dataset": "expert",
        "dataset_seed": 0,
        "dataset_size": 1000,
        "decomposition": "vdn",
        "value_learning": "sarsa",
        "extraction": "brac",
        "actor_norm": "absmean",
        "seed": list(range(seeds // 2 if habits.search else seeds)),
    }
    settings = {"steps": habits.steps, "eval_every": habits.eval_every, "diagnostics_every": 100, "batch": 16, "hidden": [8, 8]}
    search = {"trials": 4, "batch": 2, "seed": 0, "alpha": {"brac": {"low": 0.1, "high": 10.0, "log": True}}}
    chosen: dict[str, Any] = {"search": search} if habits.search else {}
    if not habits.search:
        axes["alpha"] = {"brac": [0.1, 1.0]}
    return {"schema_version": 1, "name": "struck", "axes": axes, "settings": settings} | chosen


def cluster_of(work: Work, address: str | None, inline: bool = False) -> dict[str, Any]:
    """A cluster file's content: two packs at once, on this machine or on the Ray cluster at `address`."""
    where: dict[str, Any] = {"backend": "local", "cpus": 2}
    if address is not None:
        where = {"backend": "ray", "address": address, "slots": 2}
    if inline:
        where = {"backend": "inline"}
    lanes = {"max_lanes": 2} if HABITS[work].pinned else {}
    return {"schema_version": 1, "threads": 1, "checkpoint_minutes": 0.005} | where | lanes


def write_yaml(path: Path, content: dict[str, Any]) -> Path:
    """Write a file that a command is given; JSON is YAML."""
    path.write_text(json.dumps(content, indent=1))
    return path


def command_of(work: Work, command: str, home: Path, sweep: Path) -> list[str]:
    """What is typed, in `home` with its `grid.yaml` and `cluster.yaml`."""
    words = [command, "grid.yaml", "--dir", str(sweep), "--cluster", "cluster.yaml"]
    if command == "rehearse":
        return [*words, "--seconds-per-run", str(SECONDS_PER_RUN)]
    return [*words, "--data", str(home / "data"), *(["--keep", "all"] if command == "launch" else [])]
