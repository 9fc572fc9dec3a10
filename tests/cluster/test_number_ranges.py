"""Every number of a cluster file has a lowest and a highest value; a new key without them fails here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BeforeValidator

from recipe_sweep.cluster.backends.registry import BACKENDS
from recipe_sweep.cluster.schema import Span
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.clusters.machines import load_cluster

FILES = {name: backend.example() for name, backend in BACKENDS.items()}


def is_number(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(part in (int, float) for part in get_args(annotation))
    return annotation in (int, float)


def numbers() -> Iterator[tuple[str, str, list[Any]]]:
    for word, backend in BACKENDS.items():
        for name, field in backend.schema.model_fields.items():
            if is_number(field.annotation):
                yield word, name, list(field.metadata)


NUMBERS = {f"{backend}.{name}": metadata for backend, name, metadata in numbers()}
BAD = ("1e300", "1000000000000000", ".inf", "-.inf", ".nan", "-1", "true", "'1'", "0x10", "1e400", "9" * 400, "9" * 5000)


def test_the_numbers_of_cluster_files_are_found() -> None:
    assert {"local.cpus", "aws.budget_usd", "slurm.hours", "kubernetes.memory_gb_per_worker", "ray.slots"} <= set(NUMBERS)


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_of_a_cluster_file_has_a_range_and_keeps_to_it(name: str, tmp_path: Path) -> None:
    functions = [one.func for one in NUMBERS[name] if isinstance(one, BeforeValidator)]
    assert functions, f"{name} has no range"
    assert all(isinstance(one, Span) or one.__name__ == "_gpu_share" for one in functions), f"{name} has no range"
    backend, _, key = name.partition(".")
    path = tmp_path / "c.yaml"
    kept = "".join(line for line in FILES[backend].splitlines(keepends=True) if not line.startswith(f"{key}:"))
    for value in BAD:
        path.write_text(f"{kept}{key}: {value}\n")
        with pytest.raises(UserInputError) as raised:
            load_cluster(path)
        assert len(raised.value.problems) == 1, f"{name}={value[:20]}: {raised.value}"
        [problem] = raised.value.problems
        assert (problem.key, problem.file) == (key, str(path))
        assert max(map(len, str(problem).splitlines())) < 220


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cpus: 0", "auto, or a whole number of at least 1 and at most 10,000"),
        ("cpus: 2.0", "auto, or a whole number of at least 1 and at most 10,000"),
        ("gpu_per_pack: 1000000", "a part of one GPU such as 0.25, or a whole number of GPUs, at most 1,000"),
        ("checkpoint_minutes: 525601", "a finite number above 0 and at most 525,600"),
        ("gb_per_pack: 0", "auto, or a finite number above 0 and at most 100,000"),
        ("max_lanes: 1e6", "auto, or a whole number of at least 1 and at most 10,000"),
    ],
)
def test_a_refusal_says_the_range(line: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{line}\n")
    with pytest.raises(UserInputError) as raised:
        load_cluster(path)
    assert expected in str(raised.value)


def test_cuda_where_there_is_no_gpu_is_refused_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recipe_sweep.cluster.backends.local.visible_gpus", lambda: 0)
    monkeypatch.setattr("recipe_sweep.cluster.backends.local.gpu_name", lambda: None)
    path = tmp_path / "c.yaml"
    path.write_text("cpus: 1\ndevice: cuda\n")
    with pytest.raises(UserInputError, match=r"c\.yaml:2: device\n  found     cuda\n  expected  a GPU on this machine"):
        load_cluster(path)
    monkeypatch.setattr("recipe_sweep.cluster.backends.local.visible_gpus", lambda: 1)
    monkeypatch.setattr("recipe_sweep.cluster.backends.local.gpu_memory_bytes", lambda: None)
    assert load_cluster(path).resources.device == "cuda"
