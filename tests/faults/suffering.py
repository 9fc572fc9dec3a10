"""One sweep that is launched again and again, by the commands that a user types, while its processes are struck."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.attempt_file import AttemptEnd, read_attempts
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.launch.ray_engine import RAY_DIRECTORY
from tests.faults.harms import HARMS, Done, harm
from tests.faults.kills import Blow, Kill, Struck, Victim
from tests.faults.moments import Moment, Phase, again, newest_moments
from tests.faults.slow_disk import BROKEN, MOMENTS
from tests.faults.works import HABITS, TELLING, Work, command_of
from tests.sweep.nodes import Nodes
from tests.sweep.processes import CommandProcess, Process, alive, descendants_of, wait_until

PATIENCE_S = 300.0
REST_PATIENCE_S = 3600.0
"""The last launch, which nobody strikes any more, trains all that is left."""
LOOK_EVERY_S = 0.004
STARTING_RAY_S = 4.0
DELAY_S = {Phase.START: 0.01, Phase.STEP: 1.0, Phase.EVALUATION: 0.005, Phase.CHECKPOINT: 0.03, Phase.PUBLISH: 0.06}
"""How long after a phase was seen it is struck, at most: some part of what it takes."""
STOPPED_S = 12.0
"""For how long a process is stopped, at most: longer than a worker waits for one that has its pack."""

ENDS_THE_LAUNCH = (Victim.DRIVER, Victim.GROUP)
ENDS_THE_WORKER = (Victim.WORKER, Victim.NODE, Victim.GROUP)
NEEDS_NO_WORKER = (Victim.DRIVER, Victim.ENGINE, Victim.GROUP)
NOBODY = Moment("none yet", 0, 0, Phase.START, -1, -1, -1)
KILLED = -signal.SIGKILL


class Ended(NamedTuple):
    """How a command ended, after what was done to it or to its sweep."""

    command: str
    after: str
    code: int


class Suffering:
    """The sweep at `paths`; `chance` is where its random numbers begin, `home` where commands are typed."""

    def __init__(
        self,
        work: Work,
        paths: SweepPaths,
        home: Path,
        nodes: Nodes | None,
        chance: str,
        options: Sequence[str],
        harmed: bool = True,
    ) -> None:
        self.faults: list[str] = []
        self.ended: list[Ended] = []
        self._work, self._paths, self._home, self._nodes = work, paths, home, nodes
        self._options = options
        self._chance = random.Random(chance)
        self._harms = list(HARMS[work]) if harmed else []
        self._harm: Done | None = None
        self._borne: list[Done] = []
        self._commands = list(HABITS[work].commands)
        self._orphans: list[Process] = []
        self._ray_directories: set[str] = set()

    def endure(self, kills: list[Kill], note: Callable[[Struck], None]) -> list[Kill]:
        """Launch until the sweep is finished, striking meanwhile; returns the kills that were left when it was."""
        left = list(kills)
        if HABITS[self._work].fails_first:
            self._fail_first()
        while not self._launch_once(left, note):
            if self.faults:
                break
            time.sleep(self._chance.uniform(0.0, 1.0))
        wait_until(lambda: not [process for process in self._orphans if alive(process)])
        for directory in self._ray_directories:
            shutil.rmtree(directory, ignore_errors=True)
        for each in self._borne:
            self.faults += each.seen_to(self._paths)
        return left

    def _fail_first(self) -> None:
        """Let a launch give up, because every run fails."""
        broken = self._home / "data" / BROKEN
        broken.touch()
        with self._command("launch") as process:
            self._note_end("launch", "every run failed", process.wait(REST_PATIENCE_S), (ExitCode.FAILURE,), process)
        broken.unlink()

    def _launch_once(self, left: list[Kill], note: Callable[[Struck], None]) -> bool:
        """Type one command and see it end; takes the strikes that it suffered off the list. Returns whether all is done."""
        began_ns = time.monotonic_ns()
        command = self._commands.pop(0) if len(self._commands) > 1 else self._commands[0]
        written = self._output.stat().st_size if self._output.exists() else 0
        harmed, self._harm = self._harm, None
        with self._command(command, **(harmed.environment if harmed else {})) as process:
            if harmed is not None and self._refused(process, harmed, began_ns, written):
                return False
            ended_by = self._strike_while(process, left, began_ns, note)
            code = process.wait(REST_PATIENCE_S)
        expected = {Victim.MLFLOW: ExitCode.INTERRUPTED, None: ExitCode.OK}.get(ended_by, KILLED)
        after = "nothing" if ended_by is None else "SIGTERM" if ended_by is Victim.MLFLOW else "kill -9"
        self._note_end(command, after, code, (expected,), process)
        if ended_by in (Victim.GROUP, Victim.MLFLOW):
            self._do_harm()  # Nothing of the launch is left, which could go on with what is damaged.
        return code == ExitCode.OK and command == self._commands[-1]

    def _strike_while(
        self, process: CommandProcess, left: list[Kill], began_ns: int, note: Callable[[Struck], None]
    ) -> Victim | None:
        """Strike until the launch is over or bears no more; returns what it was ended by, if it was."""
        writer_killed = False
        while left and not process.ended:
            kill = left[0]
            if kill.victim is Victim.MLFLOW and writer_killed:
                process.signal(signal.SIGTERM)  # No launch starts its writer twice; so the next one is due.
                return Victim.MLFLOW if process.wait() == ExitCode.INTERRUPTED else None
            if not self._strike(process, kill, began_ns, note):
                return None
            left.pop(0)
            writer_killed |= kill.victim is Victim.MLFLOW and kill.blow is Blow.KILL
            if kill.victim in ENDS_THE_LAUNCH and kill.blow is Blow.KILL:
                return kill.victim
        return None

    def _do_harm(self) -> None:
        """Damage something, of which there is something to be damaged."""
        if not self._harms:
            return
        self._harm = harm(self._harms[0], self._paths, self._home / "data", self._chance)
        if self._harm is not None:
            self._harms.pop(0)

    def _refused(self, process: CommandProcess, harmed: Done, began_ns: int, written: int) -> bool:
        """Whether the launch ended because of what was done to the sweep, which is then mended; False where it goes on."""
        if harmed.may_be_borne:
            wait_until(lambda: process.ended or newest_moments(self._moments, began_ns))
            if not process.ended or process.wait() == ExitCode.OK:
                self._borne.append(harmed)
                return False
        code = process.wait(REST_PATIENCE_S)
        said = self._output.read_bytes()[written:].decode(errors="replace")
        self.ended.append(Ended(process.words[0], harmed.harm, code))
        fault = harmed.fault(code, said)
        self.faults += [fault] if fault else []
        harmed.mend()
        return True

    def _note_end(self, command: str, after: str, code: int, expected: Iterable[int], process: CommandProcess) -> None:
        self.ended.append(Ended(command, after, code))
        if code not in expected:
            self.faults.append(f"`{command}` ended with exit code {code} after {after}, see {process.output}")

    def _strike(self, process: CommandProcess, kill: Kill, began_ns: int, note: Callable[[Struck], None]) -> bool:
        """Wait for the moment and strike; False where the launch was over before."""
        asked = time.monotonic()
        moment = self._moment(process, kill, began_ns)
        if moment is None:
            return False
        waited_s, struck_ns = time.monotonic() - asked, time.monotonic_ns()
        self._hit(process, kill, moment)
        kills = kill.blow is Blow.KILL
        if kills and moment is not NOBODY and kill.victim in ENDS_THE_WORKER:
            wait_until(lambda: not _lives(moment))
            moment = again(self._moments, moment)
        note(Struck(kill, moment.phase, moment.pack_id, moment.step, self._paths.root.name, round(waited_s, 2)))
        if kills and kill.victim in ENDS_THE_LAUNCH:
            process.wait()
        elif kills and kill.victim is not Victim.MLFLOW:
            wait_until(lambda: process.ended or newest_moments(self._moments, struck_ns))
        return True

    def _moment(self, process: CommandProcess, kill: Kill, began_ns: int) -> Moment | None:
        """Wait until some worker of this launch is in that phase; None where the launch ends before.

        At its start a launch, or its engine, can also be struck before there is any worker.
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

    def _hit(self, process: CommandProcess, kill: Kill, moment: Moment) -> None:
        """Kill the victim, or stop it for a while."""
        struck = self._victims(process, kill.victim, moment)
        if kill.blow is Blow.PAUSE:
            for number in (signal.SIGSTOP, signal.SIGCONT):
                process.kill(*struck, number=number)
                time.sleep(self._chance.uniform(0.5, STOPPED_S) if number == signal.SIGSTOP else 0.0)
            return
        if kill.victim is Victim.NODE:
            assert self._nodes is not None
            self._nodes.kill(self._nodes.node_of(moment.pid))
            self._nodes.add()
            return
        if kill.victim is Victim.DRIVER:
            self._orphans += process.descendants()
        if kill.victim is Victim.GROUP:
            self._ray_directories |= {
                _ray_directory(each) for each in struck if "recipe_sweep.sweep.launch.ray_engine" in each.command
            }
        process.kill(*struck)

    def _victims(self, process: CommandProcess, victim: Victim, moment: Moment) -> list[Process]:
        """The processes that a victim is."""
        driver, worker = Process(process.pid, 0, ""), Process(moment.pid, 0, "")
        match victim:
            case Victim.WORKER:
                return [worker]
            case Victim.ENGINE:
                return process.named("recipe_sweep.sweep.launch.ray_engine")
            case Victim.RAYLET:
                return process.named("raylet/raylet")
            case Victim.MLFLOW:
                wait_until(lambda: process.ended or process.named("recipe_sweep.sweep.tracking.writer_process"))
                return process.named("recipe_sweep.sweep.tracking.writer_process")
            case Victim.NODE:
                assert self._nodes is not None
                raylet = self._nodes.raylet_of(moment.pid)
                return [Process(raylet, 0, ""), *descendants_of(raylet)]
            case Victim.DRIVER:
                return [driver]
            case Victim.GROUP:
                return [driver, *process.descendants()]

    def _command(self, command: str, **environment: str) -> CommandProcess:
        words = [*command_of(self._work, command, self._home, self._paths.root), *self._options]
        return CommandProcess(words, self._home, self._output, os.environ | TELLING | environment)

    @property
    def _output(self) -> Path:
        return self._home / f"{self._paths.root.name}.log"

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
