"""The OG-MARL data of the tasks here: where the files are, their layout, and the numbers that their authors published.

The numbers are from the authors' data card. A file with other numbers is imported too, and the dataset's card says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.trainers.data.stored.card import Identity

LICENCE = (
    "OG-MARL, published by InstaDeep (huggingface.co/datasets/InstaDeepAI/og-marl, Apache-2.0 by its data card), converted "
    "there from the data of OMIGA (MuJoCo) and OMAR (spread). Not part of recipe-sweep; cite its authors."
)
SMAC_LICENCE = (
    "OG-MARL, published by InstaDeep (huggingface.co/datasets/InstaDeepAI/og-marl, Apache-2.0 by its data card). Recorded "
    "there in SMAC and SMACv2. Not part of recipe-sweep; cite its authors."
)


class Ending(StrEnum):
    """How the files mark the end of an episode."""

    OWN_ROW = "own row"
    """The last transition's row has the terminal. The observation after it is not stored."""
    TERMINAL_ROW = "terminal-observation row"
    """An extra row, which is no transition, has the terminal and holds the observation after the last transition."""


class Facts(NamedTuple):
    """Numbers of the data card: rows of each batch row, then episodes and returns of batch row 0 and agent 0."""

    rows: int
    episodes: int
    mean: float
    std: float
    minimum: float
    maximum: float
    coverage: float | None = None
    """Different pairs of state and joint action as a share of all rows (the card's joint SACo); None if it is not compared"""


@dataclass(frozen=True)
class PublishedTask:
    """The files of one task: `archive` is below the base address and holds `<scenario>.vlt/<uid>/` for every dataset."""

    task: str
    archive: str
    archive_gb: float
    batch_rows: int
    ending: Ending
    datasets: dict[str, Facts]
    """Numbers by uid."""
    licence: str = LICENCE
    size_estimated: bool = False
    """Whether `archive_gb` was computed from the numbers of rows, because the size was never seen."""

    @property
    def scenario(self) -> str:
        """Name of the vaults, taken from the archive's name."""
        return self.archive.rpartition("/")[2].removesuffix(".zip")

    def identity(self, uid: str) -> Identity:
        """Compose the declared identity of the dataset with this uid."""
        dataset = dataset_name(uid)
        return Identity(
            task=self.task,
            source=Source.OG_MARL,
            dataset=dataset,
            dataset_version=TASKS[self.task].version(Source.OG_MARL, dataset),
            dataset_seed=None,
            dataset_size=None,
        )


PUBLISHED = {
    entry.task: entry
    for entry in (
        PublishedTask(
            "2ant",
            "prior_work/omiga/mamujoco/2ant.zip",
            1.31,
            1,
            Ending.TERMINAL_ROW,
            {
                "Expert": Facts(1_001_000, 1000, 2055.07, 22.07, 1994.03, 2124.15),
                "Medium": Facts(1_001_000, 1000, 1418.70, 37.04, 840.77, 1473.86),
                "Medium-Expert": Facts(2_002_000, 2000, 1736.88, 319.64, 840.77, 2124.15),
                "Medium-Replay": Facts(1_751_750, 1750, 1029.51, 141.27, 895.37, 1517.06),
            },
        ),
        PublishedTask(
            "3hopper",
            "prior_work/omiga/mamujoco/3hopper.zip",
            0.60,
            1,
            Ending.TERMINAL_ROW,
            {
                "Expert": Facts(1_000_391, 1481, 2452.02, 1097.86, 95.27, 3762.69),
                "Medium": Facts(919_391, 4000, 723.57, 211.66, 128.38, 2776.49),
                "Medium-Expert": Facts(1_919_782, 5481, 1190.61, 973.40, 95.27, 3762.69),
                "Medium-Replay": Facts(1_314_826, 4160, 746.42, 671.89, 70.76, 2801.15),
            },
        ),
        PublishedTask(
            "6halfcheetah",
            "prior_work/omiga/mamujoco/6halfcheetah.zip",
            0.88,
            1,
            Ending.TERMINAL_ROW,
            {
                "Expert": Facts(1_001_000, 1000, 2785.10, 1053.14, 317.94, 3866.09),
                "Medium": Facts(1_001_000, 1000, 1425.66, 520.12, 251.94, 2113.52),
                "Medium-Expert": Facts(2_002_000, 2000, 2105.38, 1073.24, 251.94, 3866.09),
                "Medium-Replay": Facts(1_001_000, 1000, 655.76, 590.40, -198.77, 2132.60),
            },
        ),
        PublishedTask(
            "simple_spread",
            "prior_work/omar/mpe/simple_spread.zip",
            4.98,
            5,
            Ending.OWN_ROW,
            {
                "Expert": Facts(1_000_000, 40_000, 530.95, 71.41, 54.96, 743.89),
                "Medium": Facts(1_000_000, 40_000, 273.39, 92.06, 27.35, 649.51),
                "Medium-Replay": Facts(97_500, 3900, 203.74, 80.49, 35.69, 582.09),
                "Random": Facts(1_000_000, 40_000, 159.57, 60.46, -5.43, 510.05),
            },
        ),
        PublishedTask(
            "smac_3m",
            "core/smac_v1/3m.zip",
            0.5,
            1,
            Ending.OWN_ROW,
            {
                "Good": Facts(996_366, 43_559, 16.49, 5.92, 0.0, 20.0, 0.799),
                "Medium": Facts(995_313, 41_619, 9.96, 6.06, 0.0, 20.0, 0.850),
                "Poor": Facts(997_370, 48_779, 4.69, 2.14, 0.0, 20.0, 0.810),
            },
            SMAC_LICENCE,
            size_estimated=True,
        ),
        PublishedTask(
            "smac_2s3z",
            "core/smac_v1/2s3z.zip",
            1.5,
            1,
            Ending.OWN_ROW,
            {
                "Good": Facts(995_829, 18_616, 18.32, 2.95, 0.0, 21.62, 0.985),
                "Medium": Facts(996_256, 18_605, 12.57, 3.14, 0.0, 21.30, 0.984),
                "Poor": Facts(996_418, 9_942, 6.88, 2.06, 0.0, 13.61, 0.960),
            },
            SMAC_LICENCE,
            size_estimated=True,
        ),
        PublishedTask(
            "smac_terran_5_vs_5",
            "core/smac_v2/terran_5_vs_5.zip",
            0.97,
            1,
            Ending.OWN_ROW,
            {
                "Replay": Facts(898_164, 17_958, 10.05, 5.84, 0.0, 36.34, 0.999),
                "Random": Facts(1_500_000, 37_874, 2.43, 1.73, 0.0, 16.18, 0.906),
            },
            SMAC_LICENCE,
        ),
        PublishedTask(
            "smac_zerg_5_vs_5",
            "core/smac_v2/zerg_5_vs_5.zip",
            0.59,
            1,
            Ending.OWN_ROW,
            {"Replay": Facts(863_281, 23_294, 7.34, 3.60, 0.0, 24.0, 1.0)},
            SMAC_LICENCE,
        ),
    )
}
"""Published files by task."""


def dataset_name(uid: str) -> str:
    """Return the name that grids use for the dataset of a uid: `Medium-Replay` is `medium-replay`."""
    return uid.lower()


def published_identities() -> Iterator[Identity]:
    """Yield the identity of every published dataset."""
    return (entry.identity(uid) for entry in PUBLISHED.values() for uid in entry.datasets)
