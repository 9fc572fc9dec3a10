"""From `--cluster FILE` to what it describes: its own model or a `ray up` file as it is, and the resources in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.cluster.aws import Spending, aws_resources, aws_spending
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.inline import inline_resources
from recipe_sweep.cluster.kubernetes import kubernetes_resources
from recipe_sweep.cluster.local import local_resources
from recipe_sweep.cluster.machine import gpu_name
from recipe_sweep.cluster.prices import price_table
from recipe_sweep.cluster.ray_address import ray_resources
from recipe_sweep.cluster.ray_up import is_ray_up, ray_up_mistakes, ray_up_resources
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import (
    BACKENDS,
    AwsFile,
    ClusterFile,
    InlineFile,
    KubernetesFile,
    LocalFile,
    RayFile,
    SlurmFile,
)
from recipe_sweep.cluster.slurm import slurm_resources
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.search_spaces.validation import nearest, one_of, validate
from recipe_sweep.search_spaces.yaml_file import Document, read_yaml, shown
from recipe_sweep.sweep.errors import ClusterFileError


@dataclass(frozen=True)
class Cluster:
    """A cluster file that was read and found good. `file` is None for one that is `ray up`'s own."""

    path: Path
    document: Document
    file: ClusterFile | None
    resources: Resources


def load_resources(path: Path | None) -> Resources:
    """Resources that a cluster file describes, or without one all of this machine.

    Raises UserInputError with every mistake of the file, ClusterFileError where no pack fits on what it describes.
    """
    return local_resources(LocalFile()) if path is None else load_cluster(path).resources


def load_cluster(path: Path) -> Cluster:
    """A cluster file. Raises UserInputError with every mistake of it, ClusterFileError where no pack fits on its machines."""
    document = read_yaml(path)
    if "axes" in document.content:
        hint = "name the grid first, and the machines with --cluster FILE"
        raise ClusterFileError(document.problem(("axes",), "what looks like a grid", "a cluster file", hint))
    if is_ray_up(document.content):
        _check_ray_up(document)
        file = None
    else:
        file = validate(document, _model(document), ClusterFileError)
    try:
        resources = ray_up_resources(document.content) if file is None else _resources(file)
    except ClusterError as error:
        path_in_file = tuple(error.key.split("."))
        raise ClusterFileError(document.problem(path_in_file, error.found, error.expected, error.hint)) from error
    return Cluster(path, document, file, resources)


@dataclass(frozen=True)
class Machines:
    """Where packs run, as far as their time and price depend on it. `here`: on this machine. `gpu`: its model, where known.

    `spending` is None where machines have no price.
    """

    resources: Resources
    here: bool
    gpu: str | None = None
    spending: Spending | None = None


def load_machines(path: Path | None) -> Machines:
    """Machines that a cluster file describes, or without one this one. Raises as `load_resources` does."""
    cluster = None if path is None else load_cluster(path)
    resources = load_resources(None) if cluster is None else cluster.resources
    if cluster is not None and isinstance(cluster.file, AwsFile):
        return Machines(resources, False, _slowest_gpu(cluster.file), aws_spending(cluster.file))
    if cluster is None or isinstance(cluster.file, LocalFile | InlineFile):
        return machines_here(resources)
    return Machines(resources, here=False)


def machines_here(resources: Resources) -> Machines:
    """This machine, or the Ray that the resources name."""
    here = resources.address is None
    return Machines(resources, here, gpu_name() if here and resources.gpu_per_pack > 0 else None)


def _slowest_gpu(file: AwsFile) -> str | None:
    """The model of least float32 peak among the kinds of workers."""
    table = price_table()
    models = [model for name in file.worker_instances if (model := table.instances[name].gpu) is not None]
    return min(models, key=lambda model: table.peak(model, "float32") or 0.0, default=None)


def check_drivable(path: Path | None, grid: str) -> None:
    """Raise ClusterFileError where a launch cannot run here for the machines of a file, saying how to go about it instead."""
    cluster = None if path is None else load_cluster(path)
    if cluster is None or isinstance(cluster.file, LocalFile | RayFile | InlineFile):
        return
    if cluster.file is None:
        found = "a file for `ray up`"
        how = pasted("recipe-sweep", "cluster", "up", path)
        hint = (
            f"`{how}`; then launch on its head, where this package has to be installed, with a "
            "cluster file of `backend: ray`, `address: auto`"
        )
        key: tuple[str, ...] = ("cluster_name",)
    else:
        found = str(cluster.document.content["backend"])
        how = pasted("recipe-sweep", "cluster", "up", path, "--grid", grid)
        hint, key = f"send the grid there: {how}", ("backend",)
    expected = "local, ray or inline: a launch runs beside its Ray, and cannot reach into these machines from here"
    raise ClusterFileError(cluster.document.problem(key, found, expected, hint))


def _model(document: Document) -> type[ClusterFile]:
    backend = document.content.get("backend", "local")
    model = BACKENDS.get(backend) if isinstance(backend, str) else None
    if model is None:
        hint = nearest(str(backend), BACKENDS)
        raise ClusterFileError(document.problem(("backend",), shown(backend), one_of(BACKENDS), hint))
    return model


def _check_ray_up(document: Document) -> None:
    mistakes = ray_up_mistakes(document.content)
    if mistakes:
        raise ClusterFileError(*(document.problem(each.path, each.found, each.expected) for each in mistakes))


def _resources(file: ClusterFile) -> Resources:
    match file:
        case RayFile():
            return ray_resources(file)
        case InlineFile():
            return inline_resources(file)
        case AwsFile():
            aws_spending(file)
            return aws_resources(file)
        case SlurmFile():
            return slurm_resources(file)
        case KubernetesFile():
            return kubernetes_resources(file)
        case _:
            return local_resources(LocalFile.model_validate(file))
