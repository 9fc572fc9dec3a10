"""Sweeps that are killed again and again until the kills are used up, each then compared with an undisturbed one.

Every kill is written down at once, and a sweep goes on wherever it was left. So a campaign that is itself killed goes on as
well, in the same directory; and a sweep that turns out wrong ends neither the campaign nor its table.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from recipe_sweep.sweep.files.launch_file import REAL, REHEARSED
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.launch import launch
from recipe_sweep.sweep.planning.request import LaunchRequest
from tests.faults.kills import Kill, Struck, Victim, Work, table
from tests.faults.moments import Phase
from tests.faults.suffering import Suffering
from tests.faults.verdict import faults_in, mlflow_faults, redone_steps
from tests.sweep.driver import Quiet, request_of
from tests.sweep.nodes import Nodes, ray_nodes

GRIDS: dict[Work, dict[str, object]] = {
    Work.REHEARSAL: {"alphas": [0.1, 1.0], "steps": 400, "eval_every": 100, "diagnostics_every": 100},
    Work.REAL: {"alphas": [0.1, 1.0], "steps": 1600, "eval_every": 400, "diagnostics_every": 200},
}
WORKLOADS = {Work.REHEARSAL: "tests.faults.rehearsed", Work.REAL: "tests.faults.real"}
UNDISTURBED = {Work.REHEARSAL: REHEARSED, Work.REAL: REAL}
# Two runs of one seed to a pack: so packs are the same however often what is left of them is planned anew.
PACKING: dict[str, object] = {"slots": 2, "max_lanes": 2, "keep": "all"}
SECONDS_PER_RUN = 1.5


@dataclass
class Campaign:
    """Kills in order, and what came of them, in one directory. `seeds` is the number of packs of a sweep."""

    directory: Path
    kills: Sequence[Kill]
    seed: int
    seeds: int
    mlflow: bool = True
    tell: Callable[[str], None] = print
    struck: list[Struck] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    redone: list[int] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    """Sweeps that were killed, finished and compared."""

    def run(self) -> None:
        """Do every kill that was not done yet, and compare every sweep that it was done to."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._recall()
        for place, kills in groupby(self.kills[len(self.struck) :], key=lambda kill: (kill.on_nodes, kill.work)):
            on_nodes, work = place
            with ray_nodes() if on_nodes else contextlib.nullcontext() as nodes:
                self._run_group(work, list(kills), nodes)

    def _run_group(self, work: Work, kills: list[Kill], nodes: Nodes | None) -> None:
        kind = f"{work.name.lower()}-{'nodes' if nodes else 'machine'}"
        grid = GRIDS[work] | {"seeds": self.seeds}
        while kills:
            number = sum(name.startswith(kind) for name in self.finished)
            paths = SweepPaths(self.directory / f"{kind}-{number}")
            sweep = Suffering(paths, self._data, grid, self._launch(work, nodes), nodes, f"{self.seed} {len(self.struck)}")
            kills = sweep.endure(kills, self._note)
            self.faults += [f"{paths.root.name}: {fault}" for fault in (*sweep.faults, *self._compared(paths, work, grid))]
            self.finished.append(paths.root.name)
            self._write()

    def _launch(self, work: Work, nodes: Nodes | None) -> dict[str, object]:
        rehearsed: dict[str, object] = {"seconds_per_run": SECONDS_PER_RUN} if work is Work.REHEARSAL else {}
        where: dict[str, object] = {"address": nodes.address} if nodes else {}
        how: dict[str, object] = {"workload": WORKLOADS[work], "mlflow": self.mlflow, "reuse_workers": True}
        return PACKING | {"checkpoint_minutes": 0.005} | how | rehearsed | where

    def _compared(self, paths: SweepPaths, work: Work, grid: dict[str, object]) -> list[str]:
        """Everything that is wrong with a sweep that was killed and finished."""
        calm = self._undisturbed(work, grid)
        if launch(calm, Quiet()).interrupted:
            raise KeyboardInterrupt  # A launch in this process takes the signal for itself.
        points = tuple(calm.points)
        found = list(faults_in(paths, calm.paths, points))
        found += mlflow_faults(paths, points) if self.mlflow else []
        redone = redone_steps(paths)
        self.redone += redone
        self.tell(
            f"{paths.root.name}: {len(points)} runs, {len(redone)} times a pack was tried again, with at most "
            f"{max(redone, default=0)} steps done again (an interval is {points[0].eval_every}), {len(found) or 'no'} faults"
        )
        return found

    def _undisturbed(self, work: Work, grid: dict[str, object]) -> LaunchRequest:
        root = self.directory / f"{work.name.lower()}-undisturbed"
        rehearsed: dict[str, object] = {"seconds_per_run": 0.0} if work is Work.REHEARSAL else {}
        return request_of(root, self._data, grid, UNDISTURBED[work], inline=True, **PACKING | rehearsed)  # type: ignore[arg-type]

    def _note(self, struck: Struck) -> None:
        """Keep what was done before anything else is."""
        self.struck.append(struck)
        self._write()
        kill = struck.kill
        aimed = "" if kill.phase is struck.hit else f" (aimed at {kill.phase})"
        self.tell(
            f"kill {len(self.struck):2} of {len(self.kills)}: {kill.victim} during {struck.hit}{aimed}, {kill.work}, "
            f"pack {struck.pack_id} at step {struck.step}, after {struck.waited_s:.1f} s"
        )

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _file(self) -> Path:
        return self.directory / "kills.json"

    def _write(self) -> None:
        content = {
            "seed": self.seed,
            "kills": [[*each.kill, *each[1:]] for each in self.struck],
            "finished": self.finished,
            "faults": self.faults,
            "redone_steps": self.redone,
            "table": table(self.struck).splitlines(),
        }
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps(content, indent=1))
        temporary.replace(self._file)

    def _recall(self) -> None:
        if not self._file.exists():
            return
        content = json.loads(self._file.read_text())
        assert content["seed"] == self.seed, f"{self.directory} holds a campaign with seed {content['seed']}"
        for work, victim, phase, hit, *rest in content["kills"]:
            self.struck.append(Struck(Kill(Work(work), Victim(victim), Phase(phase)), Phase(hit), *rest))
        self.faults, self.redone, self.finished = content["faults"], content["redone_steps"], content["finished"]
        self.tell(f"going on after {len(self.struck)} kills")
