"""From `--cluster FILE` to resources."""

from __future__ import annotations

from pathlib import Path

from cluster.errors import ClusterError
from cluster.inline import inline_resources
from cluster.local import local_resources
from cluster.ray_address import ray_resources
from cluster.resources import Resources
from cluster.schema import BACKENDS, ClusterFile, InlineFile, LocalFile, RayFile
from search_spaces.validation import nearest, one_of, validate
from search_spaces.yaml_file import read_yaml, shown
from sweep.errors import ClusterFileError


def load_resources(path: Path | None) -> Resources:
    """Resources that a cluster file describes, or without one all of this machine.

    Raises UserInputError with every mistake of the file, ClusterFileError where no pack fits on what it describes.
    """
    if path is None:
        return local_resources(LocalFile())
    document = read_yaml(path)
    backend = document.content.get("backend", "local")
    model = BACKENDS.get(backend) if isinstance(backend, str) else None
    if model is None:
        hint = nearest(str(backend), BACKENDS)
        raise ClusterFileError(document.problem(("backend",), shown(backend), one_of(BACKENDS), hint))
    file = validate(document, model, ClusterFileError)
    try:
        return _resources(file)
    except ClusterError as error:
        raise ClusterFileError(document.problem((error.key,), error.found, error.expected, error.hint)) from error


def _resources(file: ClusterFile) -> Resources:
    match file:
        case RayFile():
            return ray_resources(file)
        case InlineFile():
            return inline_resources(file)
        case _:
            return local_resources(LocalFile.model_validate(file))
