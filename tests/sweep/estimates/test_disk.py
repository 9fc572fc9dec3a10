"""A plan says how much disk the rest of a sweep takes, and how it knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.estimates.disk import disk_use
from recipe_sweep.sweep.files.pack import Pack
from tests.sweep.commands import LAUNCH, call, stand_in_sweep
from tests.sweep.conftest import make_points

PACKS = [Pack((point,)) for point in make_points(seeds=4, alphas=(0.1,))]


def test_weights_follow_what_is_kept_and_checkpoints_the_packs_at_a_time(tmp_path: Path) -> None:
    none, actor, everything = (disk_use(PACKS, 2, keep, (), tmp_path) for keep in Keep)
    assert 0 == none.weights < actor.weights < everything.weights
    assert disk_use(PACKS, 4, Keep.NONE, (), tmp_path).checkpoints == 2 * none.checkpoints
    assert disk_use(PACKS[:2], 2, Keep.ACTOR, (), tmp_path).weights * 2 == actor.weights


def test_data_count_once_and_as_they_are_here(tmp_path: Path) -> None:
    from recipe_sweep.trainers.data.catalogue import dataset_directory

    absent = disk_use(PACKS, 1, Keep.NONE, (), tmp_path)
    assert (absent.data_here, absent.unknown_data) == (0, ())
    assert absent.data_to_come == disk_use(PACKS[:1], 1, Keep.NONE, (), tmp_path).data_to_come > 0
    directory = dataset_directory(PACKS[0].points[0], tmp_path)
    directory.mkdir(parents=True)
    (directory / "columns").write_bytes(b"x" * 1234)
    here = disk_use(PACKS, 1, Keep.NONE, (), tmp_path)
    assert (here.data_here, here.data_to_come) == (1234, 0)


def test_a_plan_measures_results_once_runs_have_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    assert "by the numbers that runs record" in call("plan", "little.yaml")
    call(*LAUNCH, "--only", "seed=0")
    assert "by 2 finished runs" in call("plan", "little.yaml")
    disk = json.loads(call("plan", "little.yaml", "--json"))["disk"]
    size = sum(path.stat().st_size for path in Path("sweeps/little/results").glob("*.parquet"))
    assert disk["results"] == pytest.approx(size, abs=1), "as many runs are to do as are done"
    call(*LAUNCH)
    assert json.loads(call("plan", "little.yaml", "--json"))["disk"] is None
