"""Functions and types for plugins, which add tasks, datasets and words of the design space from outside the package.

See docs/data.md, docs/words.md, examples/bring_your_own.py and examples/bring_your_own_word.py.

    from recipe_sweep.trainers.plugins import Columns, ReturnScale, TaskSpec, register_dataset, register_task

A name can be registered once. A version is part of the id of every run on the dataset, so raise it when the numbers change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.plugin_words import add_plugin_word, plugin_word
from recipe_sweep.search_spaces.plugins import PluginError
from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.data.stored.discrete_actions import MOST_MASKED_ACTIONS
from recipe_sweep.trainers.data.stored.episodes import Episode, columns_from_episodes
from recipe_sweep.trainers.data.stored.registered import RegisteredDataset, add_dataset
from recipe_sweep.trainers.environments.one_by_one import (
    MaskedSingleEnvironment,
    OneByOne,
    SingleEnvironment,
    SingleStep,
    WinnableSingleEnvironment,
)
from recipe_sweep.trainers.environments.registry import add_environment, task_spec
from recipe_sweep.trainers.task import (
    BatchedEnvironment,
    MaskedEnvironment,
    ReturnScale,
    TaskSpec,
    Transition,
    WinnableEnvironment,
)

if TYPE_CHECKING:
    from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
    from recipe_sweep.trainers.decomposition.base import Decomposition as TotalOfValues
    from recipe_sweep.trainers.extraction.base import Extraction as ActorLosses
    from recipe_sweep.trainers.value_learning.base import ValueLearning as CriticTargets

__all__ = [
    "BatchedEnvironment",
    "Columns",
    "Episode",
    "MaskedEnvironment",
    "MaskedSingleEnvironment",
    "OneByOne",
    "PluginError",
    "ReturnScale",
    "SingleEnvironment",
    "SingleStep",
    "TaskSpec",
    "Transition",
    "WinnableEnvironment",
    "WinnableSingleEnvironment",
    "columns_from_episodes",
    "plugin_word",
    "register_dataset",
    "register_decomposition",
    "register_extraction",
    "register_task",
    "register_value_learning",
    "task_spec",
]


def register_task(spec: TaskSpec, make: Callable[[int], BatchedEnvironment], *, title: str, version: str) -> None:
    """Add a task. `make(copies)` makes copies of its environment that step in one call.

    `make` may be a class of the protocol `BatchedEnvironment` whose constructor takes the number of copies. `OneByOne` wraps an
    ordinary environment. `title` is the title of the task's panels in figures. The environment of a masked task has a method
    `legal`: see `MaskedEnvironment`, and `MaskedSingleEnvironment` for one that is wrapped. Raises PluginError if the name is
    taken, or if the task cannot be masked.
    """
    if problems := tuple(_masked_mistakes(spec)):
        raise PluginError(*problems)
    TASKS.register(spec.name, title, version, discrete=spec.discrete)
    add_environment(spec, make)


def _masked_mistakes(spec: TaskSpec) -> Iterator[Problem]:
    if spec.masked and not spec.discrete:
        yield Problem(
            key=spec.name, found="masked=True, discrete=False", expected="discrete=True: only discrete tasks are masked"
        )
    if spec.masked and spec.action_dim > MOST_MASKED_ACTIONS:
        found, expected = f"{spec.action_dim} actions", f"at most {MOST_MASKED_ACTIONS} in a masked task: a number is a byte"
        yield Problem(key=spec.name, found=found, expected=expected)


def register_dataset(task: str, name: str, load: Callable[[], Columns], *, version: str, scale: ReturnScale) -> None:
    """Add a dataset to a task of this package or of a plugin. Grids name it with `source: registered`.

    `load` is called once on each machine, when a run first needs the data. It may read any file. The columns that it returns
    are checked, written to the data directory, and read from there from then on. `scale` has the returns that score 0 and 1.
    Raises PluginError if there is no such task or the name is taken.
    """
    add_dataset(task, name, RegisteredDataset(version, load, scale))


def register_decomposition(word: Decomposition, member: TotalOfValues) -> None:
    """Add a decomposition: the word with its facts, and an object of the protocol in `trainers/decomposition/base.py`.

    Make the word's name with `plugin_word`. Raises PluginError if the name is taken, or if `mixes` contradicts the object.
    """
    from recipe_sweep.trainers.decomposition.registry import DECOMPOSITIONS

    if word.mixes != (member.mixer is not None):
        found, expected = f"mixes={word.mixes}", f"mixes={member.mixer is not None}, as its object has it"
        raise PluginError(Problem(key=word.name, found=found, expected=expected))
    DECOMPOSITIONS[add_plugin_word(word, member)] = member


def register_value_learning(word: ValueLearning, member: CriticTargets) -> None:
    """Add a value learner: the word with its facts, and an object of the protocol in `trainers/value_learning/base.py`.

    Make the word's name with `plugin_word`. Raises PluginError if the name is taken.
    """
    from recipe_sweep.trainers.value_learning.registry import VALUE_LEARNING

    VALUE_LEARNING[add_plugin_word(word, member)] = member


def register_extraction(word: Extraction, member: ActorLosses) -> None:
    """Add a policy extraction: the word with its facts, and an object of the protocol in `trainers/extraction/base.py`.

    Make the word's name with `plugin_word`. Raises PluginError if the name is taken.
    """
    from recipe_sweep.trainers.extraction.registry import PLUGINS

    PLUGINS[add_plugin_word(word, member)] = member
