"""A sweep on machines that share nothing: its directory is on the disk of machine 1, where the launch is typed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from recipe_sweep.sweep.files.attempt_file import Attempt, AttemptEnd, read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.results.done import read_done
from tests.checkout import ROOT
from tests.faults.slow_disk import MOMENTS
from tests.faults.verdict import redone_steps
from tests.lab import telling
from tests.lab.comparison import compare_sweeps
from tests.lab.machines import DISK, HOST, Lab
from tests.sweep.interface.conftest import GRID
from tests.sweep.processes import wait_until

DEMO = "LAB_DEMO" in os.environ
"""Whether to train the demo's 192 runs in place of 16, which takes long. LAB_DEMO says how many steps; the demo has 1500."""
WHOLE = 1500
STEPS = int(os.environ.get("LAB_DEMO", "1500"))
EVAL_EVERY = STEPS // (5 if DEMO else 10)
PACKING: dict[str, object] = {"max_lanes": 8 if DEMO else 2, "threads": 1}
_SHORTER = [] if STEPS == WHOLE else [("steps", STEPS), ("eval_every", EVAL_EVERY), ("diagnostics_every", EVAL_EVERY)]
GRID_WORDS = (
    ("demo", *(word for key, value in _SHORTER for word in ("--set", f"settings.{key}={value}"))) if DEMO else ("grid.yaml",)
)
LAUNCH = ("recipe-sweep", "launch", *GRID_WORDS, "--no-mlflow", "--data", "data")
REFUSALS_ALLOWED, REFUSED_S = 60, 5.0
PATIENCE_S = 7200.0 if DEMO else 600.0

_AXES = {**GRID["axes"], "seed": list(range(8))}  # type: ignore[dict-item]
_SETTINGS = {**GRID["settings"], "hidden": [16, 16], "lr": 1e-3, "steps": STEPS, "eval_every": EVAL_EVERY}  # type: ignore[dict-item]
WHAT = GRID | {"axes": _AXES, "settings": _SETTINGS}
RUNS = 192 if DEMO else 16


def train_calm(here: Path) -> Path:
    """Train the undisturbed sweep on this host in one process, and return its directory.

    LAB_CALM names one that was trained before.
    """
    if trained := os.environ.get("LAB_CALM"):
        return Path(trained)
    (here / "grid.yaml").write_text(yaml.safe_dump(WHAT))
    (here / "alone.yaml").write_text(yaml.safe_dump({"backend": "inline"} | PACKING))
    command = [Path(sys.executable).with_name(LAUNCH[0]), *LAUNCH[1:], "--cluster", "alone.yaml", "--dir", "calm"]
    subprocess.run(command, cwd=here, check=True, capture_output=True)
    return here / "calm"


@dataclass(frozen=True)
class Apart:
    """The sweep of a laboratory that keeps disks, and the undisturbed one.

    `store` is the address of its store, if it has one, and `bucket` has the variables with which this host reaches that.
    """

    lab: Lab
    calm: Path
    store: str | None = None
    bucket: Mapping[str, str] = field(default_factory=dict)

    @property
    def sweep(self) -> SweepPaths:
        """The sweep, as this host sees it."""
        return SweepPaths(self.lab.disk(1) / "sweep")

    def start_ray(self, machines: Iterable[int] | None = None) -> None:
        """Start Ray, with workers that note their steps."""
        self.lab.give(RECIPE_SWEEP_WORKLOAD=telling.__name__, PYTHONPATH=str(ROOT))
        self.lab.start_ray(machines=machines)

    def prepare(self, **more: object) -> None:
        """Write the grid and the cluster file on machine 1. `more` are keys of the cluster file."""
        machines = {"backend": "ray", "address": self.lab.ray_address, "slots": 3, "checkpoint_minutes": 0.005}
        self.lab.put(1, DISK / "grid.yaml", yaml.safe_dump(WHAT))
        self.lab.put(1, DISK / "machines.yaml", yaml.safe_dump(machines | PACKING | more))

    def launch(self) -> subprocess.Popen[bytes]:
        """Type the launch on machine 1."""
        store = () if self.store is None else ("--store", self.store)
        return self.lab.popen(1, *LAUNCH, "--cluster", "machines.yaml", "--dir", "sweep", *store, directory=DISK)

    def restart_head(self, launch: subprocess.Popen[bytes], *, replaced: bool = False) -> None:
        """Cut the power of machine 1. Then it is on again, or a new one is, and so is Ray everywhere."""
        self.lab.cut_power(1)
        self.keep_notes()
        if replaced:
            self.lab.replace(1)
            self.prepare()
        else:
            self.lab.start(1)
        launch.wait(60)
        for machine in self.lab.machines[1:]:
            self.lab.run(machine, "ray", "stop", "--force")
        for machine in self.lab.machines:
            self.lab.join_ray(machine)

    def finish(self, process: subprocess.Popen[bytes]) -> str:
        """Wait for the launch, check that everything is there once with the same bits, and return what it printed."""
        return self._check(process, process.communicate(timeout=PATIENCE_S)[0].decode(errors="replace"))

    def finish_again(self) -> str:
        """Type the launch until it is no longer refused because the one before seems to live. Then do as `finish`."""
        for _ in range(REFUSALS_ALLOWED):
            process = self.launch()
            printed = process.communicate(timeout=PATIENCE_S)[0].decode(errors="replace")
            if "another launch" not in printed:
                return self._check(process, printed)
            time.sleep(REFUSED_S)
        raise AssertionError(printed)

    def _check(self, process: subprocess.Popen[bytes], printed: str) -> str:
        assert process.returncode == 0, printed
        self.keep_notes()
        shutil.copytree(self._notes, self.sweep.root / MOMENTS)
        assert compare_sweeps(self.sweep.root, self.calm) == [], printed
        assert len(read_done(self.sweep).file_of) == RUNS, printed
        return printed

    def keep_notes(self) -> None:
        """Copy what workers have noted, before a disk is lost."""
        for machine in self.lab.machines:
            notes = self.lab.disk(machine) / telling.NOTES.name
            if notes.exists():
                shutil.copytree(notes, self._notes, dirs_exist_ok=True)

    @property
    def _notes(self) -> Path:
        return self.lab.disk(HOST) / telling.NOTES.name

    def attempts(self) -> list[Attempt]:
        """List every attempt at every pack."""
        packs = self.sweep.attempts.iterdir() if self.sweep.attempts.exists() else ()
        return [attempt for pack in packs for attempt in read_attempts(self.sweep, pack.name)]

    def working_on(self, host: str) -> set[str]:
        """List the packs that have begun on a machine and not ended."""
        return {each.pack_id for each in self.attempts() if each.process.host == host and each.end is AttemptEnd.OPEN}

    def wait_until_working(self, process: subprocess.Popen[bytes], *hosts: str) -> None:
        """Wait until each of these machines has a pack whose checkpoint is at the sweep, and which is not nearly done."""
        wait_until(lambda: all(map(self._in_the_middle, hosts)) or process.poll() is not None)
        if process.poll() is not None:
            raise AssertionError((process.stdout.read() if process.stdout else b"").decode(errors="replace"))

    def _in_the_middle(self, host: str) -> bool:
        there = self.working_on(host)
        return any(
            each.step < 0.8 * each.steps and each.pack_id in there and self.saved(each.pack_id)
            for each in read_all_progress(self.sweep.progress)
        )

    def saved(self, pack_id: str) -> list[int]:
        """List the steps of a pack's checkpoints at the sweep."""
        return sorted(int(path.stem.removeprefix("step-")) for path in self.sweep.pack_checkpoint(pack_id).glob("step-*.json"))


def tell(what: str, apart: Apart) -> None:
    """Print what was cut, and what was done again. `pytest -rP` shows it."""
    again = sum(attempt.number > 1 for attempt in apart.attempts())
    print(f"{what}: {again} further attempts; of the {STEPS} steps of a pack they did again {redone_steps(apart.sweep)}")
