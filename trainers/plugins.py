"""What a plugin calls: adding tasks and datasets from outside the package. See docs/data.md and examples/bring_your_own.py.

    from recipe_sweep.trainers.plugins import Columns, ReturnScale, TaskSpec, register_dataset, register_task

Names are taken once. A version is part of every id of every run on the dataset: raise it when the numbers change.
"""

from __future__ import annotations

from collections.abc import Callable

from recipe_sweep.search_spaces.plugins import PluginError
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.data.stored.episodes import Episode, columns_from_episodes
from recipe_sweep.trainers.data.stored.registered import RegisteredDataset, add_dataset
from recipe_sweep.trainers.environments.one_by_one import OneByOne, SingleEnvironment, SingleStep
from recipe_sweep.trainers.environments.registry import add_environment, task_spec
from recipe_sweep.trainers.task import BatchedEnvironment, ReturnScale, TaskSpec, Transition

__all__ = [
    "BatchedEnvironment",
    "Columns",
    "Episode",
    "OneByOne",
    "PluginError",
    "ReturnScale",
    "SingleEnvironment",
    "SingleStep",
    "TaskSpec",
    "Transition",
    "columns_from_episodes",
    "register_dataset",
    "register_task",
    "task_spec",
]


def register_task(spec: TaskSpec, make: Callable[[int], BatchedEnvironment], *, title: str, version: str) -> None:
    """Add a task: `make(copies)` gives that many copies of its environment, stepped in one call.

    A class of the protocol `BatchedEnvironment` whose constructor takes the number of copies will do; `OneByOne` makes one of
    an ordinary environment. `title` stands above its panels in figures. Raises PluginError where the name is taken.
    """
    TASKS.register(spec.name, title, version)
    add_environment(spec, make)


def register_dataset(task: str, name: str, load: Callable[[], Columns], *, version: str, scale: ReturnScale) -> None:
    """Add a dataset to a task, this package's or a plugin's: `source: registered` in grids.

    `load` is called once on each machine, when a run first needs the data, and may read any file; what it returns is checked,
    written to the data directory and memory-mapped from there ever after. `scale` has the returns that score 0 and 1. Raises
    PluginError where there is no such task or the name is taken.
    """
    add_dataset(task, name, RegisteredDataset(version, load, scale))
