"""Supervises the engine: starts it, watches it, stops it when asked, and starts it again if it dies.

The engine, with Ray in it, is a process of its own. So the launch stays small, handles Ctrl-C itself, survives a death of Ray,
and can clean up after it. The two communicate through files only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.sweep.errors import EngineError
from recipe_sweep.sweep.files.failure_file import log_tail
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings, PlannedPack, write_launch
from recipe_sweep.sweep.files.progress_file import read_all_progress
from recipe_sweep.sweep.files.sweep_file import SweepFile
from recipe_sweep.sweep.launch.offering import Offering
from recipe_sweep.sweep.launch.pack_queue import PackQueue
from recipe_sweep.sweep.launch.ray_engine import HOPELESS_EXIT, NO_RAY_EXIT, NO_WORKER_EXIT, RAY_DIRECTORY, UNSEEN_EXIT
from recipe_sweep.sweep.launch.ray_files import RayFiles, make_ray_files
from recipe_sweep.sweep.launch.way_told import WayTold
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.locks.stop import StopRequests
from recipe_sweep.sweep.monitoring.status import SweepStatus, SweepWatcher
from recipe_sweep.sweep.planning.plan import Plan
from recipe_sweep.sweep.planning.request import LaunchRequest, plan_of
from recipe_sweep.sweep.results.done import read_done
from recipe_sweep.sweep.travel.shared_folder import SharedFolder
from recipe_sweep.sweep.worker.pack_worker import work
from recipe_sweep.trainers.allocator import ALLOCATOR

POLL_S = 0.2
LOOK_EVERY_S = 1.0
LONGEST_STOP_S = 60.0
"""Seconds that a launch without Ray waits for processes to write their checkpoints."""
AUTH_MODE = "RAY_AUTH_MODE"
"""Ray's environment variable that says who may talk to it."""

ENGINE_DEATHS_ALLOWED = 5
"""Deaths of the engine in a row, without a step in between, after which the launch ends."""


class Display(Protocol):
    """Shows the progress of a launch."""

    def show(self, status: SweepStatus) -> None: ...

    def tell(self, text: str) -> None: ...


class Supervision:
    """Runs one engine after another under one lease."""

    def __init__(
        self, request: LaunchRequest, sweep: SweepFile, lease: Lease, display: Display, asked: StopRequests, ray_files: RayFiles
    ) -> None:
        self._request, self._sweep, self._lease, self._display, self._asked = request, sweep, lease, display, asked
        self._ray_files = ray_files
        self._paths = request.paths
        self.watcher = SweepWatcher(request.points, request.paths, request.selected, scores=True)

    def run(self) -> bool:
        """Run engines until nothing is left to do; return whether it was hopeless."""
        deaths = 0
        while True:
            plan = plan_of(self._request)
            if not plan.packs or self._asked.listen():
                return False
            before = self._reached()
            code = self._run_engine(plan)
            if self._asked.listen() or code in (0, HOPELESS_EXIT):
                return code == HOPELESS_EXIT
            if code == UNSEEN_EXIT:
                self._start_again_by_another_way()
                continue
            deaths = 1 if self._reached() != before else deaths + 1
            log = self._paths.engine_log(self._lease.epoch)
            _keep_ray_logs(self._ray_files.ray, self._paths.logs / f"ray-{self._lease.epoch:06d}")
            if code == NO_RAY_EXIT:
                raise EngineError(_no_ray(self._request.resources, log))
            if code == NO_WORKER_EXIT:
                raise EngineError(_no_worker(log))
            if deaths >= ENGINE_DEATHS_ALLOWED:
                raise EngineError(f"Ray died {deaths} times in a row (exit code {code}); the end of {log}:\n{log_tail(log)}")
            self._display.tell(f"Ray died (exit code {code}, see {log}): starting it again")
            self._lease.renew()

    def _start_again_by_another_way(self) -> None:
        """Begin a new epoch, in which the engine asks all machines again. Raises EngineError if the way is stated."""
        sees_not = f"a machine does not see {self._paths.root.resolve()} or the datasets in {self._sweep.data_root}"
        if self._request.resources.travel is not None:
            hint = "write `travel: auto` into the cluster file, or let all machines see the directory and `--data`"
            raise EngineError(f"{sees_not}, and the cluster file says `travel: folder`\n  hint      {hint}")
        self._display.tell(f"{sees_not}: starting again, so that packs travel to it")
        self._lease.renew()

    def _reached(self) -> tuple[int, int]:
        """Count finished packs, and the steps of the unfinished ones."""
        steps = sum(progress.step for progress in read_all_progress(self._paths.progress))
        return len(read_done(self._paths).pack_ids), steps

    def _run_engine(self, plan: Plan) -> int:
        request, epoch = self._request, self._lease.epoch
        settings = LaunchSettings(
            root=self._paths.root.resolve(),
            epoch=epoch,
            data_root=Path(self._sweep.data_root),
            keep=self._sweep.keep,
            workload=request.workload,
            resources=request.resources,
            store=None if request.store is None else request.store.address,
            launch_id=request.launch_id,
            fingerprints=self._sweep.data_fingerprints,
            word_sources=self._sweep.word_sources,
        )
        hashes = self._sweep.data_hashes
        packs = tuple(PlannedPack(pack, hashes[pack.points[0].dataset_id]) for pack in plan.packs)
        launch = LaunchFile(settings, packs, plan.reasons)
        file = write_launch(launch)
        self._asked.begin_epoch(self._paths, epoch)
        if request.resources.inline:
            return self._run_inline(launch)
        if request.resources.taken:
            return self._run_offered(launch)
        address = request.resources.address
        self._display.tell("starting Ray" if address is None else f"asking Ray at {address}")
        log = self._paths.engine_log(epoch)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            engine = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [sys.executable, "-P", "-m", "recipe_sweep.sweep.launch.ray_engine", str(file.resolve())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=_engine_environment(self._ray_files, request.resources),
                start_new_session=True,  # Ctrl-C reaches only the launch, which then asks packs to stop through a file.
            )
            try:
                return self._watch(engine)
            finally:
                _kill_group(engine)

    def _run_inline(self, launch: LaunchFile) -> int:
        queue = PackQueue(launch, self._display.tell)
        while not queue.finished:
            pack_id = queue.next()
            if pack_id is None:
                time.sleep(POLL_S)
                continue
            queue.ended(pack_id, work(SharedFolder(launch.settings), pack_id))
            self._display.show(self.watcher.look())
        return HOPELESS_EXIT if queue.hopeless else 0

    def _run_offered(self, launch: LaunchFile) -> int:
        """Offer packs to processes that somebody else starts, and wait for them to end."""
        offering, shown_at, stop_at = Offering(launch, self._display.tell), 0.0, float("inf")
        self._display.tell("packs are offered to whoever takes them from the sweep's folder")
        while not offering.finished and time.monotonic() < stop_at:
            offering.look()
            if self._asked.listen() and stop_at == float("inf"):
                self._display.tell("stopping: packs write their checkpoints (again not to wait for them)")
                stop_at = time.monotonic() + LONGEST_STOP_S
            stop_at = 0.0 if self._asked.count > 1 else stop_at
            if time.monotonic() - shown_at >= LOOK_EVERY_S:
                self._display.show(self.watcher.look())
                shown_at = time.monotonic()
            time.sleep(POLL_S)
        offering.close()
        self._display.show(self.watcher.look())
        return HOPELESS_EXIT if offering.hopeless else 0

    def _watch(self, engine: subprocess.Popen[bytes]) -> int:
        looked_at = 0.0
        told = 0
        way = WayTold(self._paths.way_file(self._lease.epoch), self._request)
        while (code := engine.poll()) is None:
            if self._asked.listen() > told:
                told = self._asked.count
                self._asked.pass_on()
                if told > 1:
                    _kill_group(engine)
                else:
                    self._display.tell("stopping: packs write their checkpoints (again to kill them)")
            if time.monotonic() - looked_at >= LOOK_EVERY_S:
                if sentence := way.look():
                    self._display.tell(sentence)
                self._display.show(self.watcher.look())
                looked_at = time.monotonic()
            time.sleep(POLL_S)
        self._display.show(self.watcher.look())
        return code


def _engine_environment(files: RayFiles, resources: Resources) -> dict[str, str]:
    """Make the environment of the engine and of Ray's workers on this machine: safe paths, and a token."""
    ours = {RAY_DIRECTORY: str(files.root), "PYTHONSAFEPATH": "1"}
    if resources.address is None:
        ours |= {AUTH_MODE: "token", "RAY_AUTH_TOKEN_PATH": str(files.token)}
    kept = {name: value for name, value in os.environ.items() if resources.address is not None or name != "RAY_AUTH_TOKEN"}
    return ALLOCATOR | kept | ours


def check_ray_environment(resources: Resources) -> None:
    """Refuse to start a Ray that every user of this machine can control. Raises UserInputError."""
    mode = os.environ.get(AUTH_MODE, "token")
    if resources.address is None and resources.uses_ray and mode != "token":
        raise UserInputError(
            Problem(
                AUTH_MODE,
                found=f"{mode} in the environment",
                expected="token, or nothing: without it every user of this machine could run code as you",
                hint=f"unset {AUTH_MODE} for this command",
            )
        )


@contextmanager
def ray_directory() -> Iterator[RayFiles]:
    """Make a directory for Ray that only this user can enter, and remove it at the end.

    It is removed after the lease was given back. A worker of a killed engine may still use it, and must see first that the
    lease is gone.
    """
    files = make_ray_files()
    try:
        yield files
    finally:
        shutil.rmtree(files.root, ignore_errors=True)


def _no_worker(log: Path) -> str:
    reason = log_tail(log).splitlines()[-1:] or ["no reason given"]
    return (
        f"no worker could be started, three times in a row: {reason[0]}\n"
        f"  hint      fix the environment that workers start in; what they printed is in {log} and in `recipe-sweep status`"
    )


def _no_ray(resources: Resources, log: Path) -> str:
    reason = log_tail(log).splitlines()[-1:] or ["no reason given"]
    if resources.address is None:
        return f"Ray could not be started: {reason[0]}\n  hint      see {log}"
    return (
        f"no Ray cluster answers at {resources.address}: {reason[0]}\n"
        f"  hint      is it running? does it require a token (then set RAY_AUTH_MODE=token here)? see {log}"
    )


def _keep_ray_logs(ray_directory: Path, target: Path) -> None:
    """Save the logs of a dead Ray before its directory is removed."""
    for session in ray_directory.glob("session_2*"):
        logs = session / "logs"
        if logs.is_dir() and not (target / session.name).exists():
            shutil.copytree(logs, target / session.name, ignore_dangling_symlinks=True)


def _kill_group(engine: subprocess.Popen[bytes]) -> None:
    """Kill all processes of an engine. It has a session of its own, so no other process is killed."""
    try:
        os.killpg(engine.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        engine.wait()
