"""One sweep that is launched again and again while its processes are killed, each at a chosen moment."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.ray_engine import RAY_DIRECTORY
from tests.faults.kills import Kill, Struck, Victim
from tests.faults.moments import Moment, Phase, again, newest_moments
from tests.faults.slow_disk import MOMENTS
from tests.sweep.nodes import Nodes
from tests.sweep.processes import LaunchProcess, Process, alive, wait_until

PATIENCE_S = 300.0
REST_PATIENCE_S = 3600.0
"""The last launch, which nobody kills any more, trains all that is left."""
LOOK_EVERY_S = 0.004
STARTING_RAY_S = 4.0
DELAY_S = {Phase.START: 0.01, Phase.STEP: 1.0, Phase.EVALUATION: 0.005, Phase.CHECKPOINT: 0.03, Phase.PUBLISH: 0.06}
"""How long after a phase was seen it is killed, at most: some part of what it takes."""

ENDS_THE_LAUNCH = (Victim.DRIVER, Victim.GROUP)
ENDS_THE_WORKER = (Victim.WORKER, Victim.NODE, Victim.GROUP)
NEEDS_NO_WORKER = (Victim.DRIVER, Victim.ENGINE, Victim.GROUP)
NOBODY = Moment("none yet", 0, 0, Phase.START, -1, -1, -1)


class Suffering:
    """The sweep at `paths`: `launch` is how it is launched, `chance` where its random numbers begin."""

    def __init__(
        self,
        paths: SweepPaths,
        data: Path,
        grid: dict[str, object],
        launch: dict[str, object],
        nodes: Nodes | None,
        chance: str,
    ) -> None:
        self.faults: list[str] = []
        self._paths, self._data, self._grid, self._launch, self._nodes = paths, data, grid, launch, nodes
        self._chance = random.Random(chance)
        self._orphans: list[Process] = []
        self._ray_directories: set[str] = set()

    def endure(self, kills: list[Kill], note: Callable[[Struck], None]) -> list[Kill]:
        """Launch until the sweep is finished, killing meanwhile; returns the kills that were left when it was."""
        left = list(kills)
        while (code := self._launch_once(left, note)) != 0:
            if code not in (-signal.SIGKILL, 130):  # It was killed, or asked to make way for the next.
                self.faults.append(f"a launch ended with exit code {code}")
                break
            time.sleep(self._chance.uniform(0.0, 1.0))
        wait_until(lambda: not [process for process in self._orphans if alive(process)])
        for directory in self._ray_directories:
            shutil.rmtree(directory, ignore_errors=True)
        return left

    def _launch_once(self, left: list[Kill], note: Callable[[Struck], None]) -> int:
        """One launch, to its end; takes the kills that it suffered off the list. Returns its exit code."""
        began_ns = time.monotonic_ns()
        writer_killed = False
        with LaunchProcess(self._paths.root, self._data, self._grid, **self._launch) as process:
            while left and not process.ended:
                kill = left[0]
                if kill.victim is Victim.MLFLOW and writer_killed:
                    process.signal(signal.SIGTERM)  # No launch starts its writer twice; so the next one is due.
                    break
                if not self._strike(process, kill, began_ns, note):
                    break
                left.pop(0)
                writer_killed |= kill.victim is Victim.MLFLOW
            return process.wait(REST_PATIENCE_S)

    def _strike(self, process: LaunchProcess, kill: Kill, began_ns: int, note: Callable[[Struck], None]) -> bool:
        """Wait for the moment and kill; False where the launch was over before."""
        asked = time.monotonic()
        moment = self._moment(process, kill, began_ns)
        if moment is None:
            return False
        waited_s, killed_ns = time.monotonic() - asked, time.monotonic_ns()
        self._kill(process, kill.victim, moment)
        if moment is not NOBODY and kill.victim in ENDS_THE_WORKER:
            wait_until(lambda: not _lives(moment))
            moment = again(self._moments, moment)
        note(Struck(kill, moment.phase, moment.pack_id, moment.step, self._paths.root.name, round(waited_s, 2)))
        if kill.victim in ENDS_THE_LAUNCH:
            process.wait()
        elif kill.victim is not Victim.MLFLOW:
            wait_until(lambda: process.ended or newest_moments(self._moments, killed_ns))
        return True

    def _moment(self, process: LaunchProcess, kill: Kill, began_ns: int) -> Moment | None:
        """Wait until some worker of this launch is in that phase; None where the launch ends before.

        At its start a launch, or its engine, can also be killed before there is any worker.
        """
        if kill.phase is Phase.START and kill.victim in NEEDS_NO_WORKER and not newest_moments(self._moments, began_ns):
            wait_until(lambda: process.ended or process.named("recipe_sweep.sweep.launch.ray_engine"))
            time.sleep(self._chance.uniform(0.0, STARTING_RAY_S))
            if not newest_moments(self._moments, began_ns):
                return None if process.ended else NOBODY
        deadline = time.monotonic() + PATIENCE_S
        while not process.ended:
            assert time.monotonic() < deadline, f"{PATIENCE_S:.0f} s without a worker in the phase {kill.phase}"
            at_it = [moment for moment in newest_moments(self._moments, began_ns) if self._is_at(moment, kill.phase)]
            if at_it:
                chosen = self._chance.choice(at_it)
                time.sleep(self._chance.uniform(0.0, DELAY_S[kill.phase]))
                now = again(self._moments, chosen)
                if self._is_at(now, kill.phase):
                    return now
            time.sleep(LOOK_EVERY_S)
        return None

    def _is_at(self, moment: Moment, phase: Phase) -> bool:
        if moment.phase is not phase or not _lives(moment):
            return False
        if phase is not Phase.PUBLISH:
            return True
        attempts = read_attempts(self._paths, moment.pack_id)  # A worker does not say when publishing is over.
        return bool(attempts) and attempts[-1].end is AttemptEnd.OPEN

    def _kill(self, process: LaunchProcess, victim: Victim, moment: Moment) -> None:
        match victim:
            case Victim.WORKER:
                os.kill(moment.pid, signal.SIGKILL)
            case Victim.ENGINE:
                process.kill(*process.named("recipe_sweep.sweep.launch.ray_engine"))
            case Victim.RAYLET:
                process.kill(*process.named("raylet/raylet"))
            case Victim.MLFLOW:
                wait_until(lambda: process.named("recipe_sweep.sweep.tracking.writer_process"))
                process.kill(*process.named("recipe_sweep.sweep.tracking.writer_process"))
            case Victim.NODE:
                assert self._nodes is not None
                self._nodes.kill(self._nodes.node_of(moment.pid))
                self._nodes.add()
            case Victim.DRIVER:
                self._orphans += process.descendants()
                process.signal(signal.SIGKILL)
            case Victim.GROUP:
                everything = process.descendants()
                self._ray_directories |= {
                    _ray_directory(each) for each in everything if "recipe_sweep.sweep.launch.ray_engine" in each.command
                }
                process.signal(signal.SIGKILL)
                process.kill(*everything)

    @property
    def _moments(self) -> Path:
        return self._paths.root / MOMENTS


def _lives(moment: Moment) -> bool:
    try:
        return Path(f"/proc/{moment.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _ray_directory(engine: Process) -> str:
    """Where that engine's Ray has its files, which nobody is left to remove."""
    words = Path(f"/proc/{engine.pid}/environ").read_text().split("\0")
    return next(word.partition("=")[2] for word in words if word.startswith(f"{RAY_DIRECTORY}="))
