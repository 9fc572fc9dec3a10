"""Bringing a cluster up and down: what is generated, which commands run, in which order, and what is checked before any."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recipe_sweep.cluster import kubernetes, ray_up, slurm
from recipe_sweep.cluster.aws import CONFIG_NAME, aws_deadline, aws_files, aws_launch_command
from recipe_sweep.cluster.aws_account import check_aws_account
from recipe_sweep.cluster.commands import CommandFailedError, MissingToolError, find_tool, run, watch
from recipe_sweep.cluster.schema import AwsFile, KubernetesFile, SlurmFile
from recipe_sweep.cluster.shipment import Cargo, TextFile, Wheel
from recipe_sweep.cluster.wheel import build_wheel
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.grid_file import read_grid
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.search_spaces.presets import resolve_grid
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.clusters.up_file import (
    ClusterRecord,
    begin_record,
    generated_directory,
    read_record,
    remove_record,
    up_already,
    update_record,
)
from recipe_sweep.sweep.errors import ClusterCommandError, ClusterFileError, ClusterStateError, MissingToolUserError
from recipe_sweep.sweep.files.atomic import replacing

Command = tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """What `up` is going to do: write these files into the directory, then run these commands one after another."""

    cluster: Cluster
    directory: Path
    files: tuple[TextFile, ...]
    commands: tuple[Command, ...]
    record: ClusterRecord | None
    wheel: Wheel | None


def prepare(cluster: Cluster, grid: str | None, scratch: Path, now: datetime | None = None) -> Order:
    """Decide everything, and write nothing but a wheel into `scratch`.

    Raises UserInputError for a cluster or a grid that does not do, or where no wheel can be built here.
    """
    file, directory = cluster.file, generated_directory(cluster.path)
    if file is None:
        if grid is not None:
            raise _not_for(
                "cluster_name", cluster, "--grid beside a file for `ray up`", "no --grid: what its head has is not ours to say"
            )
        return Order(cluster, directory, (), (ray_up.up_command(cluster.path.resolve()),), None, None)
    if not isinstance(file, AwsFile | SlurmFile | KubernetesFile):
        found = str(cluster.document.content.get("backend", "local"))
        raise _not_for("backend", cluster, found, "aws, slurm or kubernetes, or a file for `ray up`: the others start nothing")
    if grid is None and not isinstance(file, AwsFile):
        raise _not_for("backend", cluster, f"{file.backend} without --grid", "--grid GRID: such a cluster lives for one grid")
    text = None if grid is None else _grid_text(grid)
    with _as_user_errors():
        built = build_wheel(scratch)
    wheel = replace(built, path=directory / built.name)
    cargo = Cargo(directory, wheel, text)
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    ends_at: datetime | None
    match file:
        case AwsFile():
            config = directory / CONFIG_NAME
            launch = () if grid is None else (ray_up.launch_command(config, aws_launch_command()),)
            files, ends_at = aws_files(file, cargo, now), aws_deadline(file, now)
            commands: tuple[Command, ...] = (ray_up.up_command(config), *launch)
        case SlurmFile():
            files, ends_at = slurm.slurm_files(file, cargo), None
            commands = (slurm.submit_command(directory),)
        case KubernetesFile():
            files = kubernetes.kubernetes_files(file, cargo, built.path.read_bytes())
            ends_at, commands = now + timedelta(hours=file.hours), (kubernetes.create_command(directory),)
    return Order(cluster, directory, files, commands, ClusterRecord(now, ends_at, wheel.sha256), wheel)


def bring_up(order: Order, scratch: Path, tell: Callable[[str], None]) -> None:
    """Write the files and run the commands. Raises UserInputError before any writing, ClusterCommandError afterwards."""
    with _as_user_errors():
        _check_tools(order.cluster, order.commands)
    if order.record is None or order.wheel is None:
        _run_all(order, tell)
        return
    if read_record(order.directory) is not None:
        raise up_already(order.directory)
    order.directory.mkdir(parents=True, exist_ok=True)
    begin_record(order.directory, order.record)
    with replacing(order.wheel.path) as temporary:
        temporary.write_bytes((scratch / order.wheel.name).read_bytes())
    for file in order.files:
        with replacing(order.directory / file.name) as temporary:
            temporary.write_text(file.text, encoding="utf-8")
    tell(f"wrote {order.directory}: {', '.join([*(file.name for file in order.files), order.wheel.name])}")
    _run_all(order, tell)


def look_at(cluster: Cluster) -> tuple[ClusterRecord | None, Command]:
    """What was brought up, and the command that asks how it is. Raises ClusterStateError where nothing was."""
    if cluster.file is None:
        return None, ray_up.status_command(cluster.path.resolve())
    directory, record = generated_directory(cluster.path), _record(cluster)
    match cluster.file:
        case SlurmFile():
            return record, slurm.status_command(_job(cluster, record))
        case KubernetesFile():
            return record, kubernetes.status_command(cluster.file)
        case _:
            return record, ray_up.status_command(directory / CONFIG_NAME)


def run_command(cluster: Cluster, command: Command) -> None:
    """Run one command of a cluster, its output on this terminal. Raises MissingToolUserError or ClusterCommandError."""
    with _as_user_errors():
        _check_tools(cluster, (command,))
        watch(command)


def down_commands(cluster: Cluster) -> tuple[Command, ...]:
    """What ends the cluster; nothing where its job never came to be. Raises ClusterStateError where nothing was brought up."""
    if cluster.file is None:
        return (ray_up.down_command(cluster.path.resolve()),)
    directory, record = generated_directory(cluster.path), _record(cluster)
    match cluster.file:
        case SlurmFile():
            return () if record.job is None else (slurm.cancel_command(record.job),)
        case KubernetesFile():
            return (kubernetes.delete_command(cluster.file),)
        case _:
            return (ray_up.down_command(directory / CONFIG_NAME),)


def bring_down(cluster: Cluster) -> None:
    """End the cluster, and forget it once that went well."""
    for command in down_commands(cluster):
        run_command(cluster, command)
    if cluster.file is not None:
        remove_record(generated_directory(cluster.path))


def _grid_text(grid: str) -> str:
    """A grid as it is written. Raises GridError with every mistake in it: over there would be late."""
    read_grid(grid)
    return resolve_grid(grid).read_text(encoding="utf-8")


def _run_all(order: Order, tell: Callable[[str], None]) -> None:
    with _as_user_errors():
        for command in order.commands:
            if isinstance(order.cluster.file, SlurmFile):
                assert order.record is not None
                job = run(command).strip().partition(";")[0]  # "4711" or, of several clusters, "4711;name"
                update_record(order.directory, order.record.with_job(job))
                tell(f"submitted as job {job}")
            else:
                watch(command)


def _check_tools(cluster: Cluster, commands: tuple[Command, ...]) -> None:
    for command in commands:
        find_tool(command[0])
    provider = cluster.document.content.get("provider")
    if isinstance(cluster.file, AwsFile) or (isinstance(provider, dict) and provider.get("type") == "aws"):
        check_aws_account()


def _record(cluster: Cluster) -> ClusterRecord:
    if not isinstance(cluster.file, AwsFile | SlurmFile | KubernetesFile):
        found = str(cluster.document.content.get("backend", "local"))
        raise _not_for("backend", cluster, found, "aws, slurm or kubernetes, or a file for `ray up`: the others start nothing")
    record = read_record(generated_directory(cluster.path))
    if record is None:
        problem = Problem(
            str(cluster.path), found="nothing that was brought up from here", expected="a cluster that is up",
            hint=pasted("recipe-sweep", "cluster", "up", cluster.path),
        )  # fmt: skip
        raise ClusterStateError(problem)
    return record


def _job(cluster: Cluster, record: ClusterRecord) -> str:
    if record.job is None:
        problem = Problem(
            str(cluster.path), found="a job that was never submitted", expected="a job of Slurm",
            hint=f"{pasted('recipe-sweep', 'cluster', 'down', cluster.path)}, then up again",
        )  # fmt: skip
        raise ClusterStateError(problem)
    return record.job


def _not_for(key: str, cluster: Cluster, found: str, expected: str) -> ClusterFileError:
    return ClusterFileError(cluster.document.problem((key,), found, expected))


@contextmanager
def _as_user_errors() -> Iterator[None]:
    """The cluster folder's errors as those of the command line."""
    try:
        yield
    except MissingToolError as error:
        raise MissingToolUserError(Problem(error.tool, found="nothing of that name here", expected=error.expected)) from error
    except CommandFailedError as error:
        raise ClusterCommandError(str(error)) from error


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory for the time of one command."""
    with tempfile.TemporaryDirectory(prefix="rs-cluster-") as directory:
        yield Path(directory)
