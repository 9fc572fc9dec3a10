"""Sweeps that are struck again and again until the strikes are used up, each then compared with an undisturbed one.

Every strike is written down at once, and a sweep goes on wherever it was left. So a campaign that is itself killed goes on as
well, in the same directory; and a sweep that turns out wrong ends neither the campaign nor its table.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.planning.opening import open_target
from tests.faults.kills import Blow, Kill, Struck, Victim, table
from tests.faults.moments import Phase
from tests.faults.suffering import Ended, Suffering
from tests.faults.verdict import faults_in, mlflow_faults, redone_steps, store_faults
from tests.faults.works import HABITS, Work, cluster_of, command_of, grid_of, write_yaml
from tests.sweep.nodes import Nodes, ray_nodes
from tests.sweep.processes import CommandProcess


@dataclass
class Campaign:
    """Strikes in order, and what came of them, in one directory. `seeds` is the number of packs of a sweep."""

    directory: Path
    kills: Sequence[Kill]
    seed: int
    seeds: int
    mlflow: bool = True
    harmed: bool = True
    tell: Callable[[str], None] = print
    struck: list[Struck] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    redone: list[int] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    """Sweeps that were struck, finished and compared."""

    def run(self) -> None:
        """Do every strike that was not done yet, and compare every sweep that it was done to."""
        self._recall()
        for place, kills in groupby(self.kills[len(self.struck) :], key=lambda kill: (kill.on_nodes, kill.work)):
            on_nodes, work = place
            with ray_nodes() if on_nodes else contextlib.nullcontext() as nodes:
                self._run_group(work, list(kills), nodes)

    def _run_group(self, work: Work, kills: list[Kill], nodes: Nodes | None) -> None:
        home = self._home(work, nodes)
        while kills:
            number = sum(name.startswith(f"{home.name}-") for name in self.finished)
            paths = SweepPaths(home / f"{home.name}-{number}")
            options = ["--store", f"file://{self._store_of(paths)}"] if work is not Work.RETRY else []
            options += [] if self.mlflow else ["--no-mlflow"]
            sweep = Suffering(work, paths, home, nodes, f"{self.seed} {len(self.struck)}", options, self.harmed)
            kills = sweep.endure(kills, self._note)
            self.ended += sweep.ended
            self.faults += [f"{paths.root.name}: {fault}" for fault in (*sweep.faults, *self._compared(paths, work, home))]
            self.finished.append(paths.root.name)
            self._write()

    def _home(self, work: Work, nodes: Nodes | None, inline: bool = False) -> Path:
        """Where commands for such sweeps are typed: a directory with a grid and a cluster file."""
        place = "undisturbed" if inline else "nodes" if nodes else "machine"
        home = self.directory / f"{work.name.lower()}-{place}"
        home.mkdir(parents=True, exist_ok=True)
        (home / "data").mkdir(exist_ok=True)
        write_yaml(home / "grid.yaml", grid_of(work, self.seeds))
        write_yaml(home / "cluster.yaml", cluster_of(work, nodes.address if nodes else None, inline))
        return home

    def _store_of(self, paths: SweepPaths) -> Path:
        return self.directory / "stores" / paths.root.name

    def _compared(self, paths: SweepPaths, work: Work, home: Path) -> list[str]:
        """Everything that is wrong with a sweep that was struck and finished."""
        calm = self._undisturbed(work)
        points = open_target(str(home / "grid.yaml"), paths.root).points
        found = list(faults_in(paths, calm, points))
        found += mlflow_faults(paths, points) if self.mlflow else []
        found += store_faults(paths, SweepPaths(self._store_of(paths))) if work is not Work.RETRY else []
        redone = redone_steps(paths)
        self.redone += redone
        self.tell(
            f"{paths.root.name}: {len(points)} runs, {len(redone)} times a pack was tried again, with at most "
            f"{max(redone, default=0)} steps done again (an interval is {points[0].eval_every}), {len(found) or 'no'} faults"
        )
        return found

    def _undisturbed(self, work: Work) -> SweepPaths:
        """The same sweep, which nobody struck: of pinned packs without Ray, else as the others."""
        work = HABITS[work].undisturbed or work
        home = self._home(work, None, inline=HABITS[work].pinned)
        paths = SweepPaths(home / "calm")
        command = "rehearse" if HABITS[work].rehearsed else "launch"
        words = [*command_of(work, command, home, paths.root), "--no-mlflow"]
        words = ["0" if before == "--seconds-per-run" else word for before, word in zip(["", *words], words, strict=False)]
        with CommandProcess(words, home, home / "calm.log") as process:
            code = process.wait(3600)
        assert code == 0, (home / "calm.log").read_text()[-3000:]
        return paths

    def _note(self, struck: Struck) -> None:
        """Keep what was done before anything else is."""
        self.struck.append(struck)
        self._write()
        kill = struck.kill
        aimed = "" if kill.phase is struck.hit else f" (aimed at {kill.phase})"
        self.tell(
            f"{len(self.struck):2} of {len(self.kills)}: {kill.victim} {kill.blow} during {struck.hit}{aimed}, {kill.work}, "
            f"pack {struck.pack_id} at step {struck.step}, after {struck.waited_s:.1f} s"
        )

    def summary(self) -> str:
        """What was struck, and how commands ended after what, as a table to be read."""
        counts = Counter(self.ended)
        lines = [
            f"{count:4} x `{each.command}` ended with {each.code} after {each.after}" for each, count in sorted(counts.items())
        ]
        return "\n".join([table(self.struck), *lines])

    @property
    def _file(self) -> Path:
        return self.directory / "kills.json"

    def _write(self) -> None:
        content = {
            "seed": self.seed,
            "kills": [[*each.kill, *each[1:]] for each in self.struck],
            "ended": self.ended,
            "finished": self.finished,
            "faults": self.faults,
            "redone_steps": self.redone,
            "summary": self.summary().splitlines(),
        }
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps(content, indent=1))
        temporary.replace(self._file)

    def _recall(self) -> None:
        if not self._file.exists():
            return
        content = json.loads(self._file.read_text())
        assert content["seed"] == self.seed, f"{self.directory} holds a campaign with seed {content['seed']}"
        for work, victim, phase, blow, hit, *rest in content["kills"]:
            kill = Kill(Work(work), Victim(victim), Phase(phase), Blow(blow))
            self.struck.append(Struck(kill, Phase(hit), *rest))
        self.ended = [Ended(*each) for each in content["ended"]]
        self.faults, self.redone, self.finished = content["faults"], content["redone_steps"], content["finished"]
        self.tell(f"going on after {len(self.struck)} strikes")
