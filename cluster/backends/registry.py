"""Every backend by its word in a cluster file. Commands, checks and messages all read this list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recipe_sweep.cluster.backends.aws import AwsBackend
from recipe_sweep.cluster.backends.base import Backend, ForeignBackend
from recipe_sweep.cluster.backends.folder import FolderBackend
from recipe_sweep.cluster.backends.inline import InlineBackend
from recipe_sweep.cluster.backends.kubernetes import KubernetesBackend
from recipe_sweep.cluster.backends.local import LocalBackend, LocalFile
from recipe_sweep.cluster.backends.ray_address import RayBackend
from recipe_sweep.cluster.backends.ray_up import RayUpBackend
from recipe_sweep.cluster.backends.slurm import SlurmBackend
from recipe_sweep.cluster.backends.ssh import SshBackend

BACKENDS: Mapping[str, type[Backend[Any]]] = {
    "local": LocalBackend,
    "ray": RayBackend,
    "inline": InlineBackend,
    "folder": FolderBackend,
    "ssh": SshBackend,
    "aws": AwsBackend,
    "slurm": SlurmBackend,
    "kubernetes": KubernetesBackend,
}
DEFAULT = "local"
"""The backend of a file without the key `backend`."""

FOREIGN: Sequence[type[ForeignBackend]] = (RayUpBackend,)
"""Files of other tools. They have no key `backend`, and their own keys identify them."""


def this_machine() -> Backend[Any]:
    """Return the backend that is used without a cluster file."""
    return LocalBackend(LocalFile())


def foreign(content: Mapping[str, object]) -> type[ForeignBackend] | None:
    """Find the other tool that a file is meant for; None if the file is one of ours."""
    return next((backend for backend in FOREIGN if backend.recognises(content)), None)


def starting() -> Sequence[str]:
    """Name the backends whose machines `cluster up` starts."""
    return [name for name, backend in BACKENDS.items() if backend.starts_machines]


def launchable() -> Sequence[str]:
    """Name the backends whose machines a launch reaches from here."""
    return [name for name, backend in BACKENDS.items() if not backend.starts_machines]
