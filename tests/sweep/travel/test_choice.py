"""What a machine must see so that packs need not travel to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recipe_sweep.cluster.resources import Way
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.launch_file import REAL, LaunchFile, LaunchSettings, PlannedPack, write_launch
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.way_file import ChosenWay
from recipe_sweep.sweep.travel import choice
from recipe_sweep.sweep.travel.choice import choose, sees_all
from recipe_sweep.trainers.data.catalogue import dataset_directory
from tests.sweep.buckets import environment
from tests.sweep.conftest import make_point, make_resources

POINT = make_point()
PACK = Pack((POINT,))


@pytest.fixture
def settings(tmp_path: Path, paths: SweepPaths) -> LaunchSettings:
    """A launch on a Ray elsewhere; its directory, a started pack and the pack's dataset are there."""
    resources = make_resources(address="10.0.0.1:6379")
    pins = {POINT.dataset_id: "f" * 64}
    given = LaunchSettings(paths.root, 1, tmp_path / "data", Keep.NONE, REAL, resources, launch_id="0" * 32, fingerprints=pins)
    write_launch(LaunchFile(given, (PlannedPack(PACK, "0" * 64),)))
    record_start(paths, PackRecord(PACK, 1, 1, 1, "cpu", "0" * 64, datetime.now(UTC)))
    dataset_directory(POINT, given.data_root).mkdir(parents=True)
    return given


def test_packs_travel_to_machines_that_see_everything(settings: LaunchSettings) -> None:
    assert sees_all(settings, PACK.pack_id)


def test_a_machine_without_the_directory_counts_as_one_that_sees_it(settings: LaunchSettings) -> None:
    settings.paths.launch_file(1).unlink()
    assert not sees_all(settings, PACK.pack_id)


def test_runs_are_given_up_on_a_machine_without_their_dataset(settings: LaunchSettings) -> None:
    assert not sees_all(replace(settings, data_root=settings.data_root / "elsewhere"), PACK.pack_id)


def test_a_machine_that_copies_data_from_a_bucket_is_asked_for_the_launchs_data(
    settings: LaunchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    resources = replace(settings.resources, stage_data="/tmp/stage")
    elsewhere = replace(settings, data_root=settings.data_root / "elsewhere", resources=resources)
    assert not sees_all(elsewhere, PACK.pack_id)
    assert sees_all(replace(elsewhere, store="s3://bucket/sweep"), PACK.pack_id)


def test_rehearsals_ask_for_data_that_they_do_not_read(settings: LaunchSettings) -> None:
    assert sees_all(replace(settings, data_root=settings.data_root / "elsewhere", fingerprints={}), PACK.pack_id)


def test_a_launch_that_starts_again_without_the_machine_that_saw_nothing_loses_checkpoints_in_the_bucket(
    settings: LaunchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(choice, "machines_that_do_not_see", lambda *_: ())
    launch = LaunchFile(replace(settings, store="s3://bucket/sweep"), (PlannedPack(PACK, "0" * 64),))
    record = settings.paths.pack_checkpoint(PACK.pack_id) / "step-000000000010.json"
    record.parent.mkdir(parents=True)
    assert choose(launch) == ChosenWay(Way.FOLDER)
    record.write_text("{}")
    assert choose(launch) == ChosenWay(Way.STORE)
    record.with_suffix(".safetensors").write_bytes(b"arrays")
    assert choose(launch) == ChosenWay(Way.FOLDER)


@pytest.mark.parametrize(("store", "way"), [(None, Way.RAY), ("file:///somewhere", Way.RAY), ("s3://bucket/sweep", Way.STORE)])
def test_packs_stay_away_from_a_machine_that_sees_nothing(
    settings: LaunchSettings, monkeypatch: pytest.MonkeyPatch, store: str | None, way: Way
) -> None:
    for name, value in environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(choice, "machines_that_do_not_see", lambda *_: ("lab2",))
    launch = LaunchFile(replace(settings, store=store), (PlannedPack(PACK, "0" * 64),))
    assert choose(launch) == ChosenWay(way, ("lab2",))
    stated = replace(settings.resources, travel=Way.FOLDER)
    assert choose(replace(launch, settings=replace(launch.settings, resources=stated))) == ChosenWay(Way.FOLDER)
