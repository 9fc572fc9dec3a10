"""What a pack's process does: real training here, made-up results in a rehearsal, stand-ins in tests.

A launch's file has a word for the first two. So a rehearsal uses the same plan, engine and results as a real sweep. A file in
a sweep's directory may come from others, so its text alone never makes us import a module. The environment must name every
other workload as trusted, as tests do.
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
"""Environment variable that names the module of another workload. Tests and experiments use it."""

REHEARSAL_VARIABLE = "RECIPE_SWEEP_REHEARSAL_WORKLOAD"
"""Environment variable that names the module of another workload for rehearsals."""

TRUSTED_VARIABLE = "RECIPE_SWEEP_TRUSTED_WORKLOADS"
"""Environment variable with further trusted modules, separated by commas."""


class Workload(Protocol):
    """A module that can prepare data and train packs."""

    def prepare_data(
        self, points: Iterable[DesignPoint], data_root: Path, pinned: Mapping[str, str], tell: Callable[[str], None]
    ) -> dict[str, str]:
        """Make sure that every dataset exists and is the pinned one; return content hashes by dataset id."""
        ...

    def train_pack(self, request: TrainRequest) -> PackOutcome:
        """Train one pack, with the contract of `recipe_sweep.trainers.train.train_pack`."""
        ...


def load_workload(name: str) -> Workload:
    """Import a workload: one of ours by its word in launch files, or a trusted one by its module's name.

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
                    hint=f"a file cannot make us import another module; to trust one of yours, name it in {TRUSTED_VARIABLE}",
                )
            )
        module = name
    return cast(Workload, importlib.import_module(module))


def prepare_data(
    points: Iterable[DesignPoint], data_root: Path, pinned: Mapping[str, str], tell: Callable[[str], None]
) -> dict[str, str]:
    """Make sure that every dataset exists, and make home-made ones; return their content hashes by dataset id.

    Raises DataError if one is missing, broken, or not the pinned one.
    """
    from recipe_sweep.trainers.data.catalogue import dataset_directory, ensure_dataset, open_dataset, require_fetched
    from recipe_sweep.trainers.data.stored.card import read_card

    hashes: dict[str, str] = {}
    distinct = {point.dataset_id: point for point in points}.values()
    require_fetched(distinct, data_root)  # This names all missing data at once, before any data are made.
    for point in distinct:
        if not dataset_directory(point, data_root).is_dir():
            tell(f"making dataset {point.environment}/{point.dataset}")
        found = read_card(ensure_dataset(point, data_root)).content_hash
        expected = pinned.get(point.dataset_id)
        if expected is not None and expected != found:
            open_dataset(
                point, data_root, expected
            )  # This raises an error with both hashes. It needs torch, so it is called only here.
        hashes[point.dataset_id] = found
    return hashes


def train_pack(request: TrainRequest) -> PackOutcome:
    """Train one pack with PyTorch."""
    from recipe_sweep.trainers.train import train_pack as train

    return train(request)
