"""The manifests against what KubeRay and Kubernetes know. A field that they do not know would be dropped in silence."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from tests.cluster.golden_files import FILES, generated
from tests.cluster.rayjob_schema import BY_KIND, RAY_JOB

CASES = [case for case in FILES if case.startswith("kubernetes")]
FREE = {"labels", "data", "binaryData", "rayStartParams", "requests", "limits", "nodeSelector"}
"""Mappings whose keys are ours to choose."""


def documents(case: str) -> list[dict[str, Any]]:
    return [document for file in generated(case) for document in yaml.safe_load_all(file.text)]


def mistakes(document: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(BY_KIND.get(document.get("kind"), RAY_JOB))
    return [f"{'.'.join(map(str, each.absolute_path))}: {each.message}" for each in validator.iter_errors(document)]


@pytest.mark.parametrize("case", CASES)
def test_kuberay_drops_a_field_or_refuses_the_job(case: str) -> None:
    assert [mistake for document in documents(case) for mistake in mistakes(document)] == []


def fields(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every field whose name is not ours to choose."""
    if isinstance(node, dict):
        for key, value in node.items():
            if not path or path[-1] not in FREE:
                yield (*path, key)
                yield from fields(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from fields(value, (*path, number))


@pytest.mark.parametrize("case", CASES)
def test_a_misspelt_field_passes(case: str) -> None:
    job = next(document for document in documents(case) if document["kind"] == "RayJob")
    paths = list(fields(job))
    assert len(paths) > 80
    for path in paths:
        wrong = copy.deepcopy(job)
        above: Any = wrong
        for step in path[:-1]:
            above = above[step]
        above[f"{path[-1]}x"] = above.pop(path[-1])
        assert mistakes(wrong), f"{path} may be misspelt"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.activeDeadlineSeconds", "43200"),
        ("spec.activeDeadlineSeconds", 0.5),
        ("spec.shutdownAfterJobFinishes", "true"),
        ("spec.rayClusterSpec.headGroupSpec.rayStartParams.num-cpus", 0),
        ("metadata.labels.app.kubernetes.io/instance", 1),
        ("apiVersion", "ray.io/v1alpha1"),
    ],
)
def test_a_value_of_another_type_passes(path: str, value: object) -> None:
    job = next(document for document in documents("kubernetes") if document["kind"] == "RayJob")
    steps = path.split(".", 2) if path.startswith("metadata.labels") else path.split(".")
    above = job
    for step in steps[:-1]:
        above = above[step]
    assert steps[-1] in above
    above[steps[-1]] = value
    assert mistakes(job)
