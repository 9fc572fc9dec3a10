"""Workers that are killed at a moment: at the n-th thing that a worker does with its pack's files, before or after it.

Such a worker is a process of its own. The gate is in the process of the test, behind a socket.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from multiprocessing.managers import BaseManager, Server
from pathlib import Path
from typing import Any, NamedTuple

from recipe_sweep.sweep.files.launch_file import LaunchSettings, read_launch
from recipe_sweep.sweep.travel.base import PackFiles, Travel
from recipe_sweep.sweep.travel.gate import Gate
from recipe_sweep.sweep.travel.mirror import Mirror
from recipe_sweep.sweep.travel.shared_folder import SharedFolder
from recipe_sweep.sweep.worker.pack_worker import work
from recipe_sweep.sweep.worker.workload import TRUSTED_VARIABLE
from tests.sweep import stand_in
from tests.sweep.travel.ways import Direct, stored

STEPS = ("send", "send_soon", "send_checkpoint", "publish", "clean_up", "logging_to")
NEVER = -1
PRELOADED = tuple(
    f"recipe_sweep.sweep.{name}"
    for name in ("results.publish", "planning.search_rounds", "worker.data_check", "worker.device", "worker.source")
)
PATIENCE_S = 60.0
_KEY = b"a test's gate"


class Job(NamedTuple):
    """A pack of a launch's file, and the way to it. `node` is the temporary directory of the worker's machine."""

    launch: Path
    pack_id: str
    way: str
    socket: Path | None
    node: Path


class _Manager(BaseManager):
    """Offers one gate to other processes of this machine."""


_Manager.register("gate")


@contextmanager
def served(settings: LaunchSettings, socket: Path, *, by_store: bool) -> Iterator[None]:
    """Offer a gate on a socket."""

    class Offering(BaseManager):
        """Offers this gate."""

    gate = Gate(settings, by_store=by_store)
    Offering.register("gate", callable=lambda: gate)
    server: Server = Offering(str(socket), _KEY).get_server()
    thread = threading.Thread(target=_serve, args=(server,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop_event.set()  # type: ignore[attr-defined]
        thread.join()


def _serve(server: Server) -> None:
    try:
        server.serve_forever()
    except SystemExit:
        return


def connected(socket: Path) -> Any:
    """The gate behind a socket."""
    manager = _Manager(str(socket), _KEY)
    manager.connect()
    return manager.gate()  # type: ignore[attr-defined]


class Killing:
    """A way whose worker kills itself at a moment. Each step of a worker has two: before it, and after it."""

    def __init__(self, travel: Travel, moment: int) -> None:
        self._travel, self._moment, self.moments = travel, moment, 0
        self.settings, self.told_to_stop = travel.settings, travel.told_to_stop

    @contextmanager
    def claimed(self, pack_id: str, give_up: Callable[[], bool]) -> Iterator[PackFiles]:
        self.reached()
        with self._travel.claimed(pack_id, give_up) as files:
            self.reached()
            yield _KillingFiles(self, files)  # type: ignore[misc]

    def reached(self) -> None:
        """Die, if this is the moment."""
        if self.moments == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)
        self.moments += 1


class _KillingFiles:
    def __init__(self, killing: Killing, files: PackFiles) -> None:
        self._killing, self._files = killing, files

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._files, name)
        if name not in STEPS:
            return found

        def step(*arguments: object) -> object:
            self._killing.reached()
            answer = found(*arguments)
            self._killing.reached()
            return answer

        return step


def way_named(name: str, settings: LaunchSettings, socket: Path | None) -> Travel:
    """The way of a worker that reaches its gate through a socket."""
    if socket is None:
        return SharedFolder(settings)
    return Mirror(settings, Direct(connected(socket)), by_store=name == "store")


def work_until(job: Job, moment: int, said: Path) -> None:
    """Work on the pack until that moment, in a process of its own. Write how it ended, and how many moments there were."""
    tempfile.tempdir = str(job.node)
    os.environ[TRUSTED_VARIABLE] = stand_in.NAME
    settings = read_launch(job.launch).settings
    settings = stored(settings) if job.way == "store" else settings
    killing = Killing(way_named(job.way, settings, job.socket), moment)
    end = work(killing, job.pack_id)
    said.write_text(f"{end} {killing.moments}")


def begun(job: Job, number: int, moment: int = NEVER) -> ForkServerProcess:
    """Start such a process."""
    context = get_context("forkserver")
    # What a worker imports takes a second, and pyarrow imports pandas where it is installed.
    context.set_forkserver_preload(["tests.sweep.travel.killed", "pandas", *PRELOADED])
    process = context.Process(target=work_until, args=(job, moment, _said(job, number)))
    process.start()
    return process


def started(job: Job, moment: int = NEVER) -> tuple[int, str]:
    """Start such a process and wait for its end; its exit code, and what it wrote."""
    process = begun(job, moment, moment)
    process.join(PATIENCE_S)
    code = process.exitcode
    process.kill()
    return 1 if code is None else code, said_by(job, moment)


def said_by(job: Job, number: int) -> str:
    """What a process wrote at its end."""
    return _said(job, number).read_text() if _said(job, number).exists() else ""


def _said(job: Job, number: int) -> Path:
    return job.node.with_name(f"said-{number}")
