"""Datasets that plugins register: how each is loaded, and the returns that score 0 and 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.plugins import PluginCodeError, PluginError, load_plugins, plugin_code
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.user_code import place_of
from recipe_sweep.trainers.data.errors import DataError, MissingDataError
from recipe_sweep.trainers.data.stored.card import Declared
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.data.stored.episodes import check_columns
from recipe_sweep.trainers.environments.registry import task_spec
from recipe_sweep.trainers.task import ReturnScale

REGISTERED_LICENCE = "Registered by a plugin; its licence is known to whoever registered it."


@dataclass(frozen=True)
class RegisteredDataset:
    """How a dataset is loaded, and the returns that score 0 and 1."""

    version: str
    load: Callable[[], Columns]
    scale: ReturnScale


_DATASETS: dict[tuple[str, str], RegisteredDataset] = {}
"""Registered datasets by task and name, filled while plugins are imported."""


def add_dataset(task: str, name: str, dataset: RegisteredDataset) -> None:
    """Register a dataset under its task. Raises PluginError if this contradicts an earlier registration."""
    if dataset.scale.minimum >= dataset.scale.maximum:
        found = f"{dataset.scale.minimum:g} and {dataset.scale.maximum:g}"
        raise PluginError(Problem(key=f"scale of {name}", found=found, expected="a minimum below the maximum"))
    TASKS.register_dataset(task, name, dataset.version)
    _DATASETS[task, name] = dataset


def load_registered(point: Declared) -> Columns:
    """Load the columns of the point's dataset and check them.

    Raises MissingDataError if no plugin registers the dataset. Raises DataError, with the place in the plugin, if the loader
    fails or its columns do not fit the task.
    """
    spec, load = task_spec(point.task), _find(point).load
    name, where = f"{point.source}/{point.task}/{point.dataset}", place_of(load)
    try:
        with plugin_code(name, "a loader that returns the columns of a dataset", where):
            loaded = load()
        with plugin_code(name, "a dataset", where and f"what its loader returns, {where}"):
            return check_columns(spec, loaded, name)
    except PluginCodeError as error:
        raise DataError(error.problem) from error.__cause__


def registered_scale(point: Declared) -> ReturnScale:
    """Look up the returns that score 0 and 1. Raises MissingDataError if no plugin registers the dataset."""
    return _find(point).scale


def _find(point: Declared) -> RegisteredDataset:
    load_plugins()
    known = [name for task, name in _DATASETS if task == point.task]
    dataset = _DATASETS.get((point.task, point.dataset))
    if dataset is None:
        expected = f"one of {', '.join(known)}" if known else "a plugin that registers it: set RECIPE_SWEEP_PLUGINS"
        raise MissingDataError(Problem(key="dataset", found=f"{point.dataset!r} of {point.task}", expected=expected))
    version = TASKS[point.task].version(point.source, point.dataset)
    if version != point.dataset_version:
        found, expected = f"version {point.dataset_version!r}", f"{version!r}, the one that is registered"
        raise MissingDataError(Problem(key=f"dataset_version of {point.dataset}", found=found, expected=expected))
    return dataset
