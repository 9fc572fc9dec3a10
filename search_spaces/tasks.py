"""The tasks and the datasets of each, as names only. No data is opened here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from recipe_sweep.search_spaces.errors import PluginError, Problem
from recipe_sweep.search_spaces.families import SKIRMISH, SKIRMISH_DRAWN, SMAC_V1, SMAC_V2, Family
from recipe_sweep.search_spaces.plugins import load_plugins
from recipe_sweep.search_spaces.vocabulary import Source

MUJOCO_QUALITIES = ("expert", "medium", "medium-expert", "medium-replay")
SPREAD_QUALITIES = ("expert", "medium", "medium-replay", "random")
SKIRMISH_QUALITIES = ("good", "medium", "poor")
SMAC_QUALITIES = ("good", "medium", "poor")


@dataclass(frozen=True)
class TaskEntry:
    """One task: its name, its title in figures and its datasets by source.

    `versions` is part of a dataset's declared identity. It changes when its content or its reference returns change. It is the
    generator's version for home-made data, and the published revision for OG-MARL files. Every registered dataset declares its
    own version. A registered task declares one as well, because its environment shapes the scores.

    `older` are earlier versions that old sweeps still use, the latest first. Only their reference returns differ: the bytes of
    their data are those of `versions`.
    """

    name: str
    title: str
    datasets: Mapping[Source, tuple[str, ...]]
    versions: Mapping[Source, str]
    registered_versions: Mapping[str, str] = field(default_factory=dict)
    environment_version: str | None = None
    has_chance: bool = False
    """Whether a grid may choose how much of the task's episodes chance decides: the axis `chance`."""
    older: Mapping[Source, tuple[str, ...]] = field(default_factory=dict)
    discrete: bool = False
    """Whether its actions are discrete."""
    family: Family | None = None
    """Family of discrete battles; None for all other tasks."""

    def known(self, source: Source) -> tuple[str, ...]:
        """List the versions of a source's data that this release can use, the newest first; not of registered data."""
        return (self.versions[source], *self.older.get(source, ()))

    def version(self, source: Source, dataset: str) -> str:
        """Return the newest declared version of one of the task's datasets."""
        if source is not Source.REGISTERED:
            return self.versions[source]
        environment = "" if self.environment_version is None else f", environment {self.environment_version}"
        return f"{self.registered_versions[dataset]}{environment}"


class TaskTable(Mapping[str, TaskEntry]):
    """Tasks by name: those of this package and those that plugins register. The first look-up imports the plugins."""

    def __init__(self, entries: tuple[TaskEntry, ...]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def __getitem__(self, name: str) -> TaskEntry:
        load_plugins()
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(self._entries)

    def __len__(self) -> int:
        load_plugins()
        return len(self._entries)

    def register(self, name: str, title: str, version: str, *, discrete: bool = False) -> None:
        """Add a task that has no datasets yet; raises PluginError if the name is taken."""
        if name in self._entries:
            raise PluginError(Problem(key="task", found=f"{name!r}, registered again", expected="a name that is not taken"))
        self._entries[name] = TaskEntry(name, title, {}, {}, environment_version=version, discrete=discrete)

    def register_dataset(self, task: str, dataset: str, version: str) -> None:
        """Add a dataset to a task.

        Raises PluginError if there is no such task, or if the task already has a dataset of this name.
        """
        if task not in self._entries:
            expected = f"one of {', '.join(self._entries)}, or a task registered before its datasets"
            raise PluginError(Problem(key="task", found=repr(task), expected=expected))
        entry = self._entries[task]
        if dataset in entry.registered_versions:
            found = f"{dataset!r} of {task}, registered again"
            raise PluginError(Problem(key="dataset", found=found, expected="each name once"))
        versions = {**entry.registered_versions, dataset: version}
        datasets = {**entry.datasets, Source.REGISTERED: tuple(versions)}
        self._entries[task] = replace(entry, datasets=datasets, registered_versions=versions)


def _mujoco(name: str) -> TaskEntry:
    """Declare a MuJoCo task as in the published data: every agent sees the whole robot."""
    return TaskEntry(
        name,
        f"MA-MuJoCo - {name}",
        {Source.HOMEGROWN: MUJOCO_QUALITIES, Source.OG_MARL: MUJOCO_QUALITIES},
        {Source.HOMEGROWN: "2", Source.OG_MARL: f"omiga/mamujoco/{name}@main"},
        older={Source.HOMEGROWN: ("1",)},
    )


def _native_mujoco(name: str) -> TaskEntry:
    """Declare the same robot as gymnasium-robotics divides it: agents see their own part."""
    title = f"MA-MuJoCo - {name}, partial view"
    datasets, versions = {Source.HOMEGROWN: MUJOCO_QUALITIES}, {Source.HOMEGROWN: "2"}
    return TaskEntry(f"{name}_native", title, datasets, versions, older={Source.HOMEGROWN: ("1",)})


def _skirmish(units: str, family: Family, qualities: tuple[str, ...]) -> TaskEntry:
    """Declare a map of the battle that is this project's own."""
    name, datasets, versions = f"skirmish_{units}", {Source.HOMEGROWN: qualities}, {Source.HOMEGROWN: "1"}
    return TaskEntry(name, f"Skirmish - {units}", datasets, versions, discrete=True, has_chance=True, family=family)


def _smac(scenario: str, family: Family, datasets: tuple[str, ...]) -> TaskEntry:
    """Declare a scenario of SMAC or SMACv2. Only its published data are here, because the game is no package."""
    title, versions = f"{family.title} - {scenario}", {Source.OG_MARL: f"core/{family.name}/{scenario}@main"}
    return TaskEntry(f"smac_{scenario}", title, {Source.OG_MARL: datasets}, versions, discrete=True, family=family)


TASKS = TaskTable(
    (
        *map(_mujoco, ("2ant", "3hopper", "6halfcheetah")),
        TaskEntry(
            "simple_spread",
            "MPE - simple spread",
            {Source.HOMEGROWN: SPREAD_QUALITIES, Source.OG_MARL: SPREAD_QUALITIES},
            {Source.HOMEGROWN: "1", Source.OG_MARL: "omar/mpe/simple_spread@main"},
        ),
        TaskEntry("two_step", "Two-step game", {Source.HOMEGROWN: ("uniform",)}, {Source.HOMEGROWN: "1"}, discrete=True),
        *map(_native_mujoco, ("2ant", "3hopper", "6halfcheetah")),
        _skirmish("3m", SKIRMISH, SKIRMISH_QUALITIES),
        _skirmish("2s3z", SKIRMISH, SKIRMISH_QUALITIES),
        _skirmish("5v5", SKIRMISH_DRAWN, ("replay",)),
        _smac("3m", SMAC_V1, SMAC_QUALITIES),
        _smac("2s3z", SMAC_V1, SMAC_QUALITIES),
        _smac("terran_5_vs_5", SMAC_V2, ("replay", "random")),
        _smac("zerg_5_vs_5", SMAC_V2, ("replay",)),
    )
)
