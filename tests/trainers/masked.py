"""The example's masked task for tests: its data in memory, and runs on it."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
import torch

from recipe_sweep.search_spaces import plugins
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.stored import registered
from recipe_sweep.trainers.data.stored.columns import Columns, transition_index
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.environments import registry
from recipe_sweep.trainers.task import ReturnScale, TaskSpec
from tests.checkout import ROOT
from tests.trainers.builders import point

EXAMPLE = ROOT / "examples" / "bring_your_own_masked.py"


@contextmanager
def example(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The example plugin, registered until the end of the test."""
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    monkeypatch.setattr(registered, "_DATASETS", {})
    monkeypatch.setattr(registry, "_ENVIRONMENTS", dict(registry._ENVIRONMENTS))
    monkeypatch.setattr(plugins, "_once", plugins._Once())
    monkeypatch.delenv(plugins.PLUGINS_VARIABLE, raising=False)
    given = importlib.util.spec_from_file_location("masked_example", EXAMPLE)
    assert given is not None
    assert given.loader is not None
    module = importlib.util.module_from_spec(given)
    monkeypatch.setitem(sys.modules, "masked_example", module)
    given.loader.exec_module(module)
    yield module


def in_memory(spec: TaskSpec, columns: Columns) -> Dataset:
    """Columns as the trainer uses them."""
    rows, next_rows, mask = map(torch.from_numpy, transition_index(columns.terminals, len(columns.terminals)))
    held = {name: None if part is None else torch.from_numpy(part) for name, part in columns._asdict().items()}
    held.pop("terminals")
    assert held["legals"] is not None
    return Dataset(
        spec=spec,
        scale=ReturnScale(0.0, 1.0),
        rows=rows,
        next_rows=next_rows,
        mask=mask,
        content_hash="0" * 64,
        **held,  # type: ignore[arg-type]
    )


def corridor_point(run: DesignPoint | None = None, **changes: object) -> DesignPoint:
    """A tiny run on the example's task."""
    named = {"task": "corridor", "source": Source.REGISTERED, "dataset": "wanderers", "dataset_version": "1, environment 1"}
    sizes = {"dataset_seed": None, "dataset_size": None}
    return dataclasses.replace(run or point(), **(named | sizes | changes))  # type: ignore[arg-type]
