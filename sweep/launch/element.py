"""One element of a job that trains a sweep without Ray: an agent with one process that takes packs.

    python -m recipe_sweep.sweep.launch.element GRID SENT REQUEUES -- recipe-sweep launch ...

One of the elements leads: it also runs the launch, which plans, offers packs and says when the sweep is done. Whoever holds
the lease in SENT leads. If its machine is lost, another element takes the lease and launches again, as a user would. SENT gets
the launch's exit code, and its log. The code is the sign for all elements to end.

Slurm sends SIGUSR1 before the time limit. The element then writes its checkpoints and goes back into the queue. Slurm sends
SIGTERM if it preempts, requeues or cancels. The element then only writes its checkpoints.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.cluster.backends.reach import EXIT_FILE, LOG_FILE
from recipe_sweep.search_spaces.environment import number_from_environment
from recipe_sweep.sweep.errors import DamagedFileError, LeaseHeldError
from recipe_sweep.sweep.files.atomic import replacing
from recipe_sweep.sweep.files.attempt_file import read_attempts
from recipe_sweep.sweep.files.launch_file import read_resources
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.launch.taking import NOTHING_LEFT_EXIT, STOPPED_EXIT
from recipe_sweep.sweep.locks.lease import Lease, live_launch, visible_launch
from recipe_sweep.sweep.locks.stop import is_asked_to_stop, leave_on_signals
from recipe_sweep.sweep.planning.opening import Reference, locate
from recipe_sweep.trainers.allocator import ALLOCATOR

POLL_S = 1.0
CANDIDATE_AFTER_S = 2.0
"""Seconds without a launch after which the first element wants to lead. The others wait longer, one after another."""
LONGEST_WAIT_S = 20.0
MOST = 2**31
"""Largest number that Slurm gives in a variable."""
PATIENCE_S = 18.0
"""Seconds that processes get for their checkpoints. By default Slurm waits 30 s before it kills."""
HELD_S = 180.0
"""Seconds for which a launch is tried again that another one keeps from beginning. A dead one seems to live for a minute."""
DEATHS_ALLOWED = 5
"""Launches, or processes that take packs, that may die in a row before they did anything."""
LEFT_EXIT = 130
REFUSED_EXIT = 2


def _say(text: str) -> None:
    print(text, flush=True)


@dataclass(frozen=True)
class Task:
    """What an element is to do: the sweep, the folder that was sent, the words of the launch.

    `number` is its place among the elements. It goes back into the queue at most `requeues` times because of its time limit.
    """

    sweep: SweepPaths
    sent: Path
    launch: tuple[str, ...]
    number: int
    requeues: int

    @property
    def exit_file(self) -> Path:
        return self.sent / EXIT_FILE


class Element:
    """The agent of one element."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._told: int | None = None
        self._lease: Lease | None = None
        self._launch: subprocess.Popen[bytes] | None = None
        self._launched_at = self._led_at = time.monotonic()
        self._launch_deaths = 0
        self._worker: subprocess.Popen[bytes] | None = None
        self._identity: ProcessIdentity | None = None
        self._worker_deaths = 0

    def tell(self, number: int) -> None:
        """Tell the element to leave, with the number of the signal that says why."""
        self._told = number

    def run(self) -> int:
        """Work until the sweep is done, nothing is left to take, or the element is told to leave. Return the exit code."""
        try:
            while True:
                if self._told is not None:
                    return self._leave(self._told)
                if self._task.exit_file.exists():
                    return 0
                if self._lease is None:
                    self._lead_if_nobody_does()
                elif (code := self._look_at_launch()) is not None:
                    return self._end_for_all(code)
                if self._is_done():
                    return 0
                if self._worker_deaths >= DEATHS_ALLOWED:
                    _say("no process that takes packs can be started here; what they printed is above")
                    return self._end_for_all(1) if self._lease is not None else 1
                time.sleep(POLL_S)
        finally:
            self._stop_processes()
            if self._lease is not None:
                self._lease.release()

    def _lead_if_nobody_does(self) -> None:
        if visible_launch(self._leaders) is not None or visible_launch(self._task.sweep.lease) is not None:
            self._led_at = time.monotonic()
            return
        if time.monotonic() - self._led_at < CANDIDATE_AFTER_S + min(self._task.number, LONGEST_WAIT_S):
            return
        try:
            self._lease = Lease.acquire(self._leaders, _say)
        except LeaseHeldError:
            self._led_at = time.monotonic()
            return
        if not self._task.exit_file.exists():
            _say("this element leads: it runs the launch")
            self._launched_at = time.monotonic()
            self._start_launch()

    @property
    def _leaders(self) -> Path:
        return self._task.sent / "leader"

    def _start_launch(self) -> None:
        with (self._task.sent / LOG_FILE).open("ab") as log:
            self._launch = subprocess.Popen(  # noqa: S603 (our own command)
                self._task.launch, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _look_at_launch(self) -> int | None:
        """Return the exit code of the launch if that is final; None while it works, or if it is tried again."""
        code = None if self._launch is None else self._launch.poll()
        if code is None:
            return None
        if code < 0 and self._launch_deaths < DEATHS_ALLOWED:
            self._launch_deaths += 1
            _say(f"the launch was killed (signal {-code}): starting it again")
        elif code == REFUSED_EXIT and self._is_held():
            time.sleep(POLL_S)
        elif code == LEFT_EXIT:
            time.sleep(POLL_S)  # Slurm's signal reaches the launch and this process at about the same time.
            return code if self._told is None else None
        else:
            return 1 if code < 0 else code
        self._start_launch()
        return None

    def _is_held(self) -> bool:
        """Say whether another launch keeps ours from beginning. It may be a dead one, which seems to live for a while."""
        return visible_launch(self._task.sweep.lease) is not None and time.monotonic() - self._launched_at < HELD_S

    def _is_done(self) -> bool:
        """Start a process that takes packs if there are some; True if this element has nothing more to do."""
        if self._worker is not None:
            code = self._worker.poll()
            if code is None:
                return False
            self._worker = None
            if code == NOTHING_LEFT_EXIT and self._lease is None:
                _say("no pack is left to take")
                return True
            if code not in (NOTHING_LEFT_EXIT, STOPPED_EXIT):
                _say(f"the process that takes packs ended with code {code}: starting it again")
                self._worker_deaths = 0 if self._has_begun_an_attempt() else self._worker_deaths + 1
        self._start_worker()
        return False

    def _start_worker(self) -> None:
        sweep = self._task.sweep
        try:
            launch = live_launch(sweep.lease)
        except DamagedFileError:
            return
        resources = None if launch is None else read_resources(sweep.launch_file(launch.epoch))
        if launch is None or resources is None or not resources.taken or is_asked_to_stop(sweep, launch.epoch):
            return
        threads = {name: str(resources.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        stay = ["--stay"] if self._lease is not None else []
        words = [sys.executable, "-P", "-m", "recipe_sweep.sweep.launch.taking", str(sweep.root), str(launch.epoch), *stay]
        self._worker = subprocess.Popen(words, stdin=subprocess.DEVNULL, env=ALLOCATOR | os.environ | threads)  # noqa: S603
        self._identity = ProcessIdentity.of(self._worker.pid)

    def _has_begun_an_attempt(self) -> bool:
        attempts = self._task.sweep.attempts
        packs = (path.name for path in attempts.iterdir()) if attempts.is_dir() else ()
        return any(each.process == self._identity for pack in packs for each in read_attempts(self._task.sweep, pack)[-1:])

    def _end_for_all(self, code: int) -> int:
        """Leave the launch's exit code, which ends every element."""
        with replacing(self._task.exit_file) as temporary:
            temporary.write_text(f"{code}\n")
        return code

    def _leave(self, told: int) -> int:
        """Let processes write their checkpoints. At the time limit go back into the queue, if that was not too often."""
        _say("told to leave: writing checkpoints")
        self._stop_processes()
        if self._lease is not None:
            self._lease.release()
            self._lease = None
        if told != signal.SIGUSR1 or self._task.exit_file.exists():
            return LEFT_EXIT
        if number_from_environment("SLURM_RESTART_COUNT", 0, 0, MOST) >= self._task.requeues:
            _say("the time limit is reached for the last time: launch again to go on")
            return LEFT_EXIT
        job = "_".join(os.environ[name] for name in ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"))
        if subprocess.run(("scontrol", "requeue", job)).returncode == 0:  # noqa: S603, S607 (Slurm's own program)
            time.sleep(PATIENCE_S)  # Slurm ends this process meanwhile.
        return LEFT_EXIT

    def _stop_processes(self) -> None:
        """End the process that takes packs and the launch. Both write down first what they have."""
        processes = [each for each in (self._worker, self._launch) if each is not None and each.poll() is None]
        for each in processes:
            each.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for each in processes:
            with suppress(subprocess.TimeoutExpired):
                each.wait(max(0.0, deadline - time.monotonic()))
            each.kill()
            each.wait()


def main(grid: str, sent: str, requeues: str, _: str, *launch: str) -> int:
    """Be one element. Return the exit code of the launch if this element led it to its end, 0 or 130."""
    number = number_from_environment("SLURM_ARRAY_TASK_ID", 0, 0, MOST)
    element = Element(Task(locate(Reference(grid)).paths, Path(sent), launch, int(number), int(requeues)))
    leave_on_signals(element.tell)
    return element.run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
