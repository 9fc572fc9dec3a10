"""Loads what `--cluster FILE` describes: the backend, from our own file or a `ray up` file, and its resources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipe_sweep.cluster.backends.base import Backend, ForeignFile, Spending
from recipe_sweep.cluster.backends.registry import BACKENDS, DEFAULT, foreign, launchable, this_machine
from recipe_sweep.cluster.errors import ClusterError
from recipe_sweep.cluster.machine import gpu_name
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.cluster.schema import REGION
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.search_spaces.validation import nearest, one_of, validate
from recipe_sweep.search_spaces.yaml_file import Document, read_yaml, shown
from recipe_sweep.sweep.clusters.advice import advised
from recipe_sweep.sweep.clusters.placeholders import placeholders
from recipe_sweep.sweep.clusters.price_files import checked_table
from recipe_sweep.sweep.errors import ClusterFileError


@dataclass(frozen=True)
class Cluster:
    """A cluster file that was read and has no mistakes."""

    path: Path
    document: Document
    backend: Backend[Any]
    resources: Resources

    def complaint(self, *errors: ClusterError) -> UserInputError:
        """Convert a backend's errors to a user's error (ClusterFileError), with their lines in the file."""
        return _complaint(self.document, *errors)

    def check_here(self) -> None:
        """Raise ClusterFileError if the file names something on this machine that is not as it has to be."""
        if mistakes := self.backend.mistakes_here():
            raise self.complaint(*mistakes)


def load_resources(path: Path | None) -> Resources:
    """Compute the resources that a cluster file describes. Without a file they are all of this machine.

    Raises UserInputError with every mistake of the file, and ClusterFileError if no pack fits on its machines.
    """
    return this_machine().resources() if path is None else load_cluster(path).resources


def load_cluster(path: Path, *, to_start: bool = False) -> Cluster:
    """Read a cluster file. If machines are to start, placeholders of a sample are mistakes as well.

    Raises UserInputError with every mistake of the file, and ClusterFileError if no pack fits on its machines.
    """
    try:
        document = read_yaml(path)
    except UserInputError as error:
        raise advised(error, {}) from error
    left = placeholders(document) if to_start else ()
    try:
        cluster = _cluster(path, document)
    except ClusterFileError as error:
        told = {problem.key for problem in error.problems}
        more = [problem for problem in left if problem.key not in told]
        raise advised(ClusterFileError(*error.problems, *more), document.content) from error
    if left:
        raise ClusterFileError(*left)
    return cluster


def _cluster(path: Path, document: Document) -> Cluster:
    if "axes" in document.content:
        hint = "name the grid first, and the machines with --cluster FILE"
        raise ClusterFileError(document.problem(("axes",), "what looks like a grid", "a cluster file", hint))
    _check_prices(document)
    backend = _foreign_backend(path, document) or _backend(document)
    if contradictions := backend.contradictions():
        raise _complaint(document, *contradictions)
    try:
        return Cluster(path, document, backend, backend.resources())
    except ClusterError as error:
        raise _complaint(document, error) from error


def _check_prices(document: Document) -> None:
    """Raise PriceFileError with every mistake in the user's own prices of the region that a file names."""
    region = document.content.get("region")
    if isinstance(region, str) and re.fullmatch(REGION, region):
        checked_table(region)


@dataclass(frozen=True)
class Machines:
    """Facts about machines that decide the time and price of packs.

    `here` says if packs run on this machine. `gpu` is the model of its GPU, if it is known. `spending` is None if the machines
    have no price.
    """

    resources: Resources
    here: bool
    gpu: str | None = None
    spending: Spending | None = None


def load_machines(path: Path | None) -> Machines:
    """Read the machines that a cluster file describes. Without a file it is this machine.

    Raises the same errors as `load_resources`.
    """
    if path is None:
        return machines_here(load_resources(None))
    return machines_of(load_cluster(path))


def machines_of(cluster: Cluster) -> Machines:
    """Describe the machines of a cluster."""
    if cluster.backend.is_here:
        return machines_here(cluster.resources)
    return Machines(cluster.resources, False, cluster.backend.gpu(), cluster.backend.cost().spending)


def machines_here(resources: Resources) -> Machines:
    """Describe this machine, or the Ray that the resources name."""
    here = resources.address is None and not resources.taken
    return Machines(resources, here, gpu_name() if here and resources.gpu_per_pack > 0 else None)


def check_drivable(cluster: Cluster, grid: str) -> None:
    """Raise ClusterFileError if a launch from here cannot use the machines of a cluster.

    The error says what to do instead.
    """
    if not cluster.backend.starts_machines:
        return
    up = pasted("recipe-sweep", "cluster", "up", cluster.path)
    hint = cluster.backend.way_there(up, pasted("recipe-sweep", "cluster", "up", cluster.path, "--grid", grid))
    names = alternatives(launchable())
    expected = f"{names}, because a launch from here cannot reach these machines"
    raise cluster.complaint(ClusterError(cluster.backend.key, cluster.backend.described, expected, hint))


def alternatives(names: Sequence[str]) -> str:
    """Join names as in "a, b or c"."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _backend(document: Document) -> Backend[Any]:
    """Make the backend that a file of ours names. Raises ClusterFileError with every mistake of the file."""
    name = document.content.get("backend", DEFAULT)
    backend = BACKENDS.get(name) if isinstance(name, str) else None
    if backend is None:
        hint = nearest(str(name), BACKENDS)
        raise ClusterFileError(document.problem(("backend",), shown(name), one_of(BACKENDS), hint))
    return backend(validate(document, backend.schema, ClusterFileError))


def _foreign_backend(path: Path, document: Document) -> Backend[Any] | None:
    """Make the backend of another tool's file; None for a file of ours.

    Raises ClusterFileError with every mistake of the file.
    """
    backend = foreign(document.content)
    if backend is None:
        return None
    mistakes = backend.mistakes(document.content)
    if mistakes:
        raise ClusterFileError(*(document.problem(each.path, each.found, each.expected) for each in mistakes))
    return backend(ForeignFile(path, document.content))


def _complaint(document: Document, *errors: ClusterError) -> UserInputError:
    problems = (document.problem(_path(each.key), each.found, each.expected, each.hint) for each in errors)
    return advised(ClusterFileError(*problems), document.content)


def _path(key: str) -> tuple[str | int, ...]:
    """Split `hosts.1` into the steps of a document. A number is a place in a list."""
    return tuple(int(step) if step.isdigit() else step for step in key.split("."))
