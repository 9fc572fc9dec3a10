"""What is noted here of a cluster that is up: beside its file, and in the directory of the sweep that it trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recipe_sweep.cluster.shipment import Cargo, TextFile, Wheel
from recipe_sweep.sweep.clusters.machines import Cluster
from recipe_sweep.sweep.clusters.up_file import (
    ClusterRecord,
    begin_record,
    generated_directory,
    read_record,
    remove_record,
    update_record,
)
from recipe_sweep.sweep.files.atomic import replacing
from recipe_sweep.sweep.files.on_cluster import OnCluster, forget_on_cluster, write_on_cluster
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.units import local_moment


def note_up(cluster: Cluster, record: ClusterRecord, sweep: SweepPaths | None) -> None:
    """Record that a cluster comes up, or is up. If it trains the sweep of a directory here, note that in the directory.

    Raises ClusterStateError if one is already up.
    """
    directory = generated_directory(cluster.path)
    directory.mkdir(parents=True, exist_ok=True)
    if sweep is None:
        begin_record(directory, record)
        return
    begin_record(directory, replace(record, sweep=str(sweep.root.resolve())))
    _write_on_cluster(cluster, record, sweep)


def note_sweep(cluster: Cluster, sweep: SweepPaths) -> None:
    """Note in the directory of a sweep here that it runs on a cluster that is up."""
    directory = generated_directory(cluster.path)
    record = read_record(directory)
    if record is not None:
        update_record(directory, replace(record, sweep=str(sweep.root.resolve())))
        _write_on_cluster(cluster, record, sweep)


def _write_on_cluster(cluster: Cluster, record: ClusterRecord, sweep: SweepPaths) -> None:
    file, directory = str(cluster.path.resolve()), str(generated_directory(cluster.path))
    write_on_cluster(sweep, OnCluster(file, directory, cluster.backend.name, local_moment(record.began_at)))


def adopt(cluster: Cluster, record: ClusterRecord, grid_text: str | None, sweep: SweepPaths | None) -> None:
    """Write here what the machine that has brought the cluster up has written. So this machine reaches the cluster, too.

    The files follow from the cluster file here. The wheel is not among them, because the cluster has it.
    """
    directory = generated_directory(cluster.path)
    wheel = Wheel(directory / str(record.wheel), record.wheel_sha256)
    start = cluster.backend.up(Cargo(directory, wheel, grid_text), record.began_at)
    note_up(cluster, record, sweep)
    write_files(directory, start.files)


def forget(cluster: Cluster) -> None:
    """Remove what is noted here of a cluster that has ended."""
    directory = generated_directory(cluster.path)
    record = read_record(directory)
    if record is not None and record.sweep is not None:
        forget_on_cluster(SweepPaths(Path(record.sweep)), directory)
    remove_record(directory)


def write_files(directory: Path, files: Sequence[TextFile]) -> None:
    """Write generated files, each at once."""
    for file in files:
        with replacing(directory / file.name) as temporary:
            temporary.write_text(file.text, encoding="utf-8")


def copy_wheel(wheel: Wheel, scratch: Path, directory: Path) -> None:
    """Copy the wheel that was built in `scratch`."""
    with replacing(directory / wheel.name) as temporary:
        temporary.write_bytes((scratch / wheel.name).read_bytes())
