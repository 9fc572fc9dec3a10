"""Which tasks there are and which datasets each has, as names only: no data is opened here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.vocabulary import Source

MUJOCO_QUALITIES = ("expert", "medium", "medium-expert", "medium-replay")
SPREAD_QUALITIES = ("expert", "medium", "medium-replay", "random")


@dataclass(frozen=True)
class TaskEntry:
    """One task: its name, its title in figures and its datasets by source.

    `versions` is the part of a dataset's declared identity that changes when its content does: the generator's version
    for home-made data, the published revision for OG-MARL files.
    """

    name: str
    title: str
    datasets: Mapping[Source, tuple[str, ...]]
    versions: Mapping[Source, str]


TASKS: dict[str, TaskEntry] = {
    entry.name: entry
    for entry in (
        TaskEntry("2ant", "MA-MuJoCo - 2ant", {Source.OG_MARL: MUJOCO_QUALITIES}, {Source.OG_MARL: "omiga/mamujoco/2ant@main"}),
        TaskEntry(
            "3hopper",
            "MA-MuJoCo - 3hopper",
            {Source.OG_MARL: MUJOCO_QUALITIES},
            {Source.OG_MARL: "omiga/mamujoco/3hopper@main"},
        ),
        TaskEntry(
            "6halfcheetah",
            "MA-MuJoCo - 6halfcheetah",
            {Source.OG_MARL: MUJOCO_QUALITIES},
            {Source.OG_MARL: "omiga/mamujoco/6halfcheetah@main"},
        ),
        TaskEntry(
            "simple_spread",
            "MPE - simple spread",
            {Source.HOMEGROWN: SPREAD_QUALITIES, Source.OG_MARL: SPREAD_QUALITIES},
            {Source.HOMEGROWN: "1", Source.OG_MARL: "omar/mpe/simple_spread@main"},
        ),
        TaskEntry("two_step", "Two-step game", {Source.HOMEGROWN: ("uniform",)}, {Source.HOMEGROWN: "1"}),
    )
}
