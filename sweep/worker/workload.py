"""What a pack's process does: the real training here, made-up results in a rehearsal, stand-ins in tests.

A launch's file has one of two words. So a rehearsal goes through the very plan, engine and results of a real sweep. A file in a
sweep's directory may come from others, so no module is imported because a file names it: a further workload must be trusted by
the environment, as tests do.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.launch_file import REAL, REHEARSED

if TYPE_CHECKING:
    from recipe_sweep.trainers.outcome import PackOutcome
    from recipe_sweep.trainers.request import TrainRequest


_MODULES = {REAL: "recipe_sweep.sweep.worker.workload", REHEARSED: "recipe_sweep.sweep.worker.rehearsal"}
WORKLOAD_VARIABLE = "RECIPE_SWEEP_WORKLOAD"
"""Environment variable that names another workload's module; for tests and experiments with the machinery."""

REHEARSAL_VARIABLE = "RECIPE_SWEEP_REHEARSAL_WORKLOAD"
"""The same for rehearsals."""

TRUSTED_VARIABLE = "RECIPE_SWEEP_TRUSTED_WORKLOADS"
"""Environment variable with further modules that may be named, separated by commas."""


class Workload(Protocol):
    """A module that can prepare data and train packs."""

    def prepare_data(
        self, points: Iterable[DesignPoint], data_root: Path, pinned: Mapping[str, str], tell: Callable[[str], None]
    ) -> dict[str, str]:
        """Make sure that every dataset is there and is the pinned one; returns content hashes by dataset id."""
        ...

    def train_pack(self, request: TrainRequest) -> PackOutcome:
        """Train one pack; the contract is that of `recipe_sweep.trainers.train.train_pack`."""
        ...


def load_workload(name: str) -> Workload:
    """Import one of our workloads by its word in launch files, or a trusted one by the name of its module.

    Raises UserInputError for every other name.
    """
    module = _MODULES.get(name)
    if module is None:
        named = {os.environ.get(variable) for variable in (WORKLOAD_VARIABLE, REHEARSAL_VARIABLE)}
        trusted = {*named, *os.environ.get(TRUSTED_VARIABLE, "").split(",")} - {None, ""}
        if name not in trusted:
            raise UserInputError(
                Problem(
                    "the launch's file",
                    key="workload",
                    found=ascii(name[:80]),
                    expected=f"{REAL} or {REHEARSED}",
                    hint=f"nothing else is imported because a file names it; {TRUSTED_VARIABLE} may name modules of yours",
                )
            )
        module = name
    return cast(Workload, importlib.import_module(module))


def prepare_data(
    points: Iterable[DesignPoint], data_root: Path, pinned: Mapping[str, str], tell: Callable[[str], None]
) -> dict[str, str]:
    """Make sure that every dataset is there, making home-made ones; returns their content hashes by dataset id.

    Raises DataError where one is missing, broken, or not the pinned one.
    """
    from recipe_sweep.trainers.data.catalogue import dataset_directory, ensure_dataset, open_dataset, require_fetched
    from recipe_sweep.trainers.data.stored.card import read_card

    hashes: dict[str, str] = {}
    distinct = {point.dataset_id: point for point in points}.values()
    require_fetched(distinct, data_root)  # All that is missing at once, and before anything is made.
    for point in distinct:
        if not dataset_directory(point, data_root).is_dir():
            tell(f"making dataset {point.task}/{point.dataset}")
        found = read_card(ensure_dataset(point, data_root)).content_hash
        expected = pinned.get(point.dataset_id)
        if expected is not None and expected != found:
            open_dataset(point, data_root, expected)  # Says so with both hashes; needs torch, hence only here.
        hashes[point.dataset_id] = found
    return hashes


def train_pack(request: TrainRequest) -> PackOutcome:
    """Train one pack with PyTorch."""
    from recipe_sweep.trainers.train import train_pack as train

    return train(request)
