"""Workers import PyTorch before they have a pack, except where that could spoil the choice of their GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.launch_file import REAL, REHEARSED, LaunchSettings
from recipe_sweep.sweep.launch.ray_engine import _needed_by_workers
from tests.sweep.conftest import make_resources

TRAINER = "recipe_sweep.trainers.train"


@pytest.mark.parametrize(
    ("workload", "resources", "torch"),
    [(REAL, make_resources(), True), (REAL, make_resources(gpus=1), False), (REHEARSED, make_resources(), False)],
    ids=["CPU", "GPU", "rehearsal"],
)
def test_pytorch_is_imported_in_advance_on_processors_only(workload: str, resources: Resources, torch: bool) -> None:
    settings = LaunchSettings(
        root=Path(),
        epoch=1,
        data_root=Path(),
        keep=Keep.NONE,
        workload=workload,
        resources=resources,
        store=None,
        launch_id="",
        fingerprints={},
        word_sources={},
    )
    assert (TRAINER in _needed_by_workers(settings)) == torch
