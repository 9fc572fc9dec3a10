"""Brings a cluster up and down.

It decides which files are generated and which commands run in which order. All checks come first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from recipe_sweep.cluster.backends.base import Command, Start, Started
from recipe_sweep.cluster.backends.reach import EXIT_FILE, Reach
from recipe_sweep.cluster.backends.registry import starting
from recipe_sweep.cluster.commands import CommandFailedError, MissingToolError, find_tool, run, watch
from recipe_sweep.cluster.errors import ClusterError, NoJobError
from recipe_sweep.cluster.shipment import Cargo, TextFile, Wheel
from recipe_sweep.cluster.wheel import build_wheel
from recipe_sweep.search_spaces.errors import Problem, RecipeSweepError
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.clusters.machines import Cluster, alternatives
from recipe_sweep.sweep.clusters.noted import copy_wheel, forget, note_up, write_files
from recipe_sweep.sweep.clusters.up_file import (
    ClusterRecord,
    SecondCopy,
    generated_directory,
    read_record,
    up_already,
    update_record,
)
from recipe_sweep.sweep.errors import ClusterCommandError, ClusterStateError, MissingToolUserError
from recipe_sweep.sweep.files.on_cluster import check_here
from recipe_sweep.sweep.files.paths import SweepPaths

NOT_SENT = ("ray", "index", "report", "logs", "mlflow.db", "on_cluster.json")
"""What a launch on a cluster does not need of the directory here."""


@dataclass(frozen=True)
class Order:
    """What `up` is going to do. `directory` is where its files go.

    `record` and `wheel` are None if the backend sends none of our code. `sweep_name` is that of the grid that is sent.
    """

    cluster: Cluster
    directory: Path
    start: Start
    record: ClusterRecord | None
    wheel: Wheel | None
    sweep_name: str = ""

    @property
    def files(self) -> tuple[TextFile, ...]:
        return self.start.files

    @property
    def commands(self) -> tuple[Command, ...]:
        return self.start.commands

    def after(self, epoch: int) -> Order:
        """Note the newest launch that the sweep's store knows. The one that is started comes after it."""
        return self if self.record is None else replace(self, record=replace(self.record, launched_after=epoch))


def settled(cluster: Cluster) -> Cluster:
    """Return a cluster with all that its file leaves open to its provider, such as the machine image.

    Raises ClusterFileError or MissingToolUserError if the provider cannot be asked, or does not answer.
    """
    try:
        with _as_user_errors():
            return replace(cluster, backend=cluster.backend.settled())
    except ClusterError as error:
        raise cluster.complaint(error) from error


class Sent(NamedTuple):
    """A grid that is sent to a cluster, as text, and further words of the launch there."""

    name: str
    grid_text: str
    options: tuple[str, ...] = ()


def prepare(cluster: Cluster, sent: Sent | None, scratch: Path, now: datetime | None = None) -> Order:
    """Decide everything, and write only a wheel, into `scratch`.

    Raises UserInputError for a cluster or a grid that is not suitable. It also raises it if no wheel can be built here.
    """
    _check_starts(cluster)
    try:
        cluster.backend.check_grid(sent is not None)
    except ClusterError as error:
        raise cluster.complaint(error) from error
    cluster.check_here()
    directory = generated_directory(cluster.path)
    cargo = _cargo(directory, sent, scratch) if cluster.backend.ships_code else None
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    start, name = cluster.backend.up(cargo, now), "" if sent is None else sent.name
    if cargo is None:
        return Order(cluster, directory, start, None, None)
    record = ClusterRecord(now, start.ends_at, cargo.wheel.sha256, wheel=cargo.wheel.name, grid=name or None)
    return Order(cluster, directory, start, record, cargo.wheel, name)


def bring_up(
    order: Order,
    scratch: Path,
    tell: Callable[[str], None],
    sweep: SweepPaths | None = None,
    copy: SecondCopy | None = None,
) -> None:
    """Write the files and run the commands. `sweep` is the directory here of the sweep that is to run there.

    `copy` is where other machines find what is up. Raises UserInputError before it writes anything, and ClusterCommandError
    afterwards.
    """
    if order.wheel is not None:
        tell(f"code     {order.wheel.name}, sha256 {order.wheel.sha256}")
    with _as_user_errors():
        _check_tools(order.cluster, order.commands)
    if order.record is None or order.wheel is None:
        _run_all(order, tell, None, None)
        return
    if read_record(order.directory) is not None:
        raise up_already(order.directory)
    if sweep is not None:
        check_here(sweep, None)
    _check_machines(order)
    order.directory.mkdir(parents=True, exist_ok=True)
    _begin(order, order.record, sweep, copy)
    (order.directory / EXIT_FILE).unlink(missing_ok=True)  # An earlier launch has left it. A job may wait before it removes it.
    copy_wheel(order.wheel, scratch, order.directory)
    write_files(order.directory, order.files)
    tell(f"wrote {order.directory}: {', '.join([*(file.name for file in order.files), order.wheel.name])}")
    _run_all(order, tell, None if sweep is None else sweep.root, copy)


def _begin(order: Order, record: ClusterRecord, sweep: SweepPaths | None, copy: SecondCopy | None) -> None:
    """Record that the cluster comes up: here, and where other machines look."""
    record = replace(record, store=None if copy is None else copy.address)
    note_up(order.cluster, record, sweep)
    if copy is not None:
        try:
            copy.begin(record)
        except RecipeSweepError:
            forget(order.cluster)
            raise


def look_at(cluster: Cluster) -> tuple[ClusterRecord | None, Command]:
    """Return the record of what was brought up, and the command that asks for its state.

    Raises ClusterStateError if nothing was brought up.
    """
    record = _record(cluster)
    try:
        return record, cluster.backend.status(_started(cluster, record))
    except NoJobError as error:
        problem = Problem(
            str(cluster.path), found="a job that was never submitted", expected=error.expected,
            hint=f"{pasted('recipe-sweep', 'cluster', 'down', cluster.path)}, then up again",
        )  # fmt: skip
        raise ClusterStateError(problem) from error


def run_command(cluster: Cluster, command: Command) -> None:
    """Run one command of a cluster, with its output on this terminal. Raises MissingToolUserError or ClusterCommandError."""
    with _as_user_errors():
        _check_tools(cluster, (command,))
        watch(command)


def answer_of(cluster: Cluster, command: Command) -> str:
    """Run one command of a cluster and return its output. Raises MissingToolUserError or ClusterCommandError."""
    with _as_user_errors():
        _check_tools(cluster, (command,))
        return run(command)


def reach_of(cluster: Cluster, sweep: str) -> Reach | None:
    """Return the way to the launch of a sweep on the cluster; None if it cannot be followed from here.

    Raises ClusterStateError if nothing was brought up.
    """
    return cluster.backend.reach(_started(cluster, _record(cluster)), sweep)


def down_commands(cluster: Cluster) -> tuple[Command, ...]:
    """Return the commands that end the cluster. There are none if its job was never submitted.

    Raises ClusterStateError if nothing was brought up.
    """
    return cluster.backend.down(_started(cluster, _record(cluster)))


def bring_down(cluster: Cluster, copy: SecondCopy | None = None) -> None:
    """End the cluster. Remove its record after that has worked, and its copy for other machines.

    Every command runs, also if one before it failed: a host that does not answer must not keep the others busy.
    """
    failures = []
    for command in down_commands(cluster):
        try:
            run_command(cluster, command)
        except ClusterCommandError as error:
            failures.append(str(error))
    if failures:
        raise ClusterCommandError("\n".join(failures))
    if cluster.backend.ships_code:
        forget(cluster)
    if copy is not None:
        copy.remove()


def _cargo(directory: Path, sent: Sent | None, scratch: Path) -> Cargo:
    """Assemble what is sent."""
    with _as_user_errors():
        built = build_wheel(scratch)
    text, options = (None, ()) if sent is None else (sent.grid_text, sent.options)
    return Cargo(directory, replace(built, path=directory / built.name), text, built.path.read_bytes(), options)


def _run_all(order: Order, tell: Callable[[str], None], sweep: Path | None, copy: SecondCopy | None) -> None:
    """Run the commands. Before the last one, which launches the grid, send what is done here of its sweep."""
    with _as_user_errors():
        for number, command in enumerate(order.commands, 1):
            if sweep is not None and number == len(order.commands):
                _send_what_is_done(order, sweep, tell)
            if order.start.job_of is None:
                watch(command)
            else:
                job = order.start.job_of(run(command))
                if (record := read_record(order.directory)) is not None:
                    update_record(order.directory, record.with_job(job))
                    if copy is not None:
                        copy.update(record.with_job(job))
                tell(f"submitted as job {job}")


def _send_what_is_done(order: Order, sweep: Path, tell: Callable[[str], None]) -> None:
    """Copy the sweep's directory to the cluster, so that nothing is trained twice and checkpoints are used."""
    if not SweepPaths(sweep).lock_file.exists():
        return
    reach = order.cluster.backend.reach(_started(order.cluster, None), order.sweep_name)
    if reach is None or reach.is_at(sweep):
        return
    tell(f"sending what is done in {sweep}")
    run(reach.make_room())
    run(reach.send(sweep, NOT_SENT))


def _check_tools(cluster: Cluster, commands: tuple[Command, ...]) -> None:
    for command in commands:
        find_tool(command[0])
    cluster.backend.check_account()


def _check_machines(order: Order) -> None:
    """Raise ClusterFileError with everything that is wrong with machines that run already."""
    with _as_user_errors():
        mistakes = order.cluster.backend.check_machines(order.directory)
    if mistakes:
        raise order.cluster.complaint(*mistakes)


def _check_starts(cluster: Cluster) -> None:
    """Raise ClusterFileError if the backend starts no machines."""
    if not cluster.backend.starts_machines:
        expected = f"{alternatives(starting())}, or a file for `ray up`: the others start nothing"
        raise cluster.complaint(ClusterError(cluster.backend.key, cluster.backend.described, expected))


def _started(cluster: Cluster, record: ClusterRecord | None) -> Started:
    return Started(generated_directory(cluster.path), None if record is None else record.job)


def _record(cluster: Cluster) -> ClusterRecord | None:
    """Return the record of what was brought up; None if the backend keeps no record.

    Raises ClusterStateError if nothing was brought up.
    """
    _check_starts(cluster)
    if not cluster.backend.ships_code:
        return None
    record = read_record(generated_directory(cluster.path))
    if record is None:
        problem = Problem(
            str(cluster.path), found="nothing that was brought up from here", expected="a cluster that is up",
            hint=pasted("recipe-sweep", "cluster", "up", cluster.path),
        )  # fmt: skip
        raise ClusterStateError(problem)
    return record


@contextmanager
def _as_user_errors() -> Iterator[None]:
    """Convert the errors of the cluster folder to those of the command line."""
    try:
        yield
    except MissingToolError as error:
        raise MissingToolUserError(Problem(error.tool, found="nothing of that name here", expected=error.expected)) from error
    except CommandFailedError as error:
        raise ClusterCommandError(str(error)) from error


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Make a directory that exists for one command."""
    with tempfile.TemporaryDirectory(prefix="rs-cluster-") as directory:
        yield Path(directory)
