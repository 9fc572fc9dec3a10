"""Checkpoints that a disk has damaged, under a whole sweep of real training in the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from recipe_sweep.sweep.files.launch_file import REAL
from recipe_sweep.sweep.launch.launch import launch
from recipe_sweep.sweep.planning.request import LaunchRequest
from recipe_sweep.trainers.train import PackTrainer
from tests.faults.verdict import faults_in
from tests.sweep.driver import Quiet, request_of
from tests.sweep.stand_in import Cut

GRID: dict[str, object] = {"seeds": 1, "steps": 60, "eval_every": 20, "diagnostics_every": 10}
KILLED_AT = 50


class Calm(NamedTuple):
    """An undisturbed sweep, and the data that it was trained on."""

    request: LaunchRequest
    data: Path


def launched(root: Path, data: Path) -> LaunchRequest:
    request = request_of(root, data, GRID, REAL, inline=True, slots=1, keep="all")
    launch(request, Quiet())
    return request


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    home = tmp_path_factory.mktemp("calm")
    return Calm(launched(home / "sweep", home / "data"), home / "data")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "suffix", "how_many", "said"),
    [
        (flip, ".safetensors", 1, "taking that of step 20"),
        (truncate, ".json", 1, "taking that of step 20"),
        (flip, ".json", 2, "there is no other"),
    ],
)
def test_a_damaged_checkpoint_costs_an_interval_and_no_bit_of_the_results(
    tmp_path: Path, calm: Calm, damage: Callable[[Path], None], suffix: str, how_many: int, said: str
) -> None:
    advance = PackTrainer.advance

    def killed(trainer: PackTrainer, *arguments: Callable[[], None]) -> bool:
        if trainer.step == KILLED_AT:
            raise Cut
        return advance(trainer, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PackTrainer, "advance", killed)
        with pytest.raises(Cut):
            launched(tmp_path, calm.data)
    files = sorted(tmp_path.glob(f"checkpoints/*/step-*{suffix}"), reverse=True)
    assert [file.name.removesuffix(suffix) for file in files] == ["step-000000000040", "step-000000000020"]
    for file in files[:how_many]:
        damage(file)

    request = launched(tmp_path, calm.data)
    assert list(faults_in(request.paths, calm.request.paths, tuple(request.points))) == []
    log = next(tmp_path.glob("logs/*/0002.log")).read_text().splitlines()
    [line] = [line for line in log if "damaged" in line]
    assert line.endswith(said)
