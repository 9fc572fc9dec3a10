"""Estimates how much disk the rest of a sweep takes: results, weights, checkpoints and data. Each part has a source.

Weights and checkpoints follow from the shapes of networks. Results are as large as those of the sweep's finished runs. Before
one has finished, they are counted by the numbers that runs record. Data are measured where they are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.results.done import ResultFile

KEPT_CHECKPOINTS = 2
"""Checkpoints of a pack that are on disk at once: the newest, and the one before it."""
_FILE_BYTES = 16_000
"""A results file of one run with few evaluations has so many bytes, nearly all of them names of columns."""
_EVALUATION_NUMBERS, _DIAGNOSTIC_NUMBERS = 3, 18
"""Numbers of 8 bytes that a run records at each evaluation, and at each step with diagnostics."""


@dataclass(frozen=True)
class DiskUse:
    """Bytes that the rest of a sweep takes. Checkpoints are only there while packs train.

    `unknown_data` names data that are not here and whose size nobody declared, such as `og_marl data of 2ant`.
    """

    results: int
    results_source: str
    weights: int
    keep: Keep
    checkpoints: int
    data_here: int
    data_to_come: int
    unknown_data: tuple[str, ...]

    @property
    def stays(self) -> int:
        """Bytes that are added and stay in the sweep."""
        return self.results + self.weights


def disk_use(packs: Sequence[Pack], slots: int, keep: Keep, finished: Sequence[ResultFile], data_root: Path) -> DiskUse:
    """Estimate the disk that these packs take, of which `slots` train at a time."""
    from recipe_sweep.trainers.cost import checkpoint_bytes, weights_bytes

    points = [point for pack in packs for point in pack.points]
    weight = {shape: weights_bytes(point, critics=keep is Keep.ALL) for shape, point in _by_shape(points).items()}
    weights = 0 if keep is Keep.NONE else sum(weight[_shape(point)] for point in points)
    largest = sorted((checkpoint_bytes(pack.points) for pack in packs), reverse=True)[:slots]
    here, to_come, unknown = _data(points, data_root)
    results, source = _results(packs, points, finished)
    return DiskUse(results, source, weights, keep, KEPT_CHECKPOINTS * sum(largest), here, to_come, unknown)


def _results(packs: Sequence[Pack], points: Sequence[DesignPoint], finished: Sequence[ResultFile]) -> tuple[int, str]:
    """Estimate the bytes of results, with the source."""
    runs = sum(len(file.run_ids) for file in finished)
    if runs:
        return round(len(points) * sum(file.size for file in finished) / runs), counted(runs, "finished run")
    numbers = sum(
        _EVALUATION_NUMBERS * (point.steps // point.eval_every + 1)
        + _DIAGNOSTIC_NUMBERS * (point.steps // point.diagnostics_every + 1)
        for point in points
    )
    return _FILE_BYTES * len(packs) + 8 * numbers, "the numbers that runs record"


def _data(points: Iterable[DesignPoint], root: Path) -> tuple[int, int, tuple[str, ...]]:
    """Measure the datasets that are here, and estimate those that are to be made."""
    from recipe_sweep.trainers.cost import dataset_bytes
    from recipe_sweep.trainers.data.catalogue import dataset_directory
    from recipe_sweep.trainers.data.inventory import size_of
    from recipe_sweep.trainers.environments.registry import task_spec

    here, to_come, unknown = 0, 0, []
    for directory, point in {dataset_directory(point, root): point for point in _by_dataset(points)}.items():
        if directory.is_dir():
            here += size_of(directory)
        elif point.dataset_size is not None:
            to_come += dataset_bytes(point, task_spec(point.task))
        else:
            unknown.append(f"{point.source} data of {point.task}")
    return here, to_come, tuple(dict.fromkeys(unknown))


def _by_dataset(points: Iterable[DesignPoint]) -> Iterable[DesignPoint]:
    """Return one point for each dataset. Ids of datasets are hashes, so they are not computed for every point."""
    named = {
        (each.source, each.task, each.dataset, each.dataset_version, each.dataset_seed, each.dataset_size, each.chance): each
        for each in points
    }
    return named.values()


def _by_shape(points: Iterable[DesignPoint]) -> Mapping[tuple[object, ...], DesignPoint]:
    return {_shape(point): point for point in points}


def _shape(point: DesignPoint) -> tuple[object, ...]:
    return (
        *(point.task, point.decomposition, point.value_learning, point.hidden, point.precision),
        *(point.mixer_embed, point.mixer_hidden),
    )
