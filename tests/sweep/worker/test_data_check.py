"""Data that changed are refused by whatever trains on them, before and while it does, with what is pinned and what is there."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.cli.actions import launch as launch_action
from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.files.launch_file import REAL, LaunchFile, LaunchSettings, read_launch, write_launch
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import DataPins, SweepFile, read_sweep_file
from recipe_sweep.sweep.launch import launch as launching
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.datasets import fetch_lacking, root_on_this_node, sources_here, store_dataset
from recipe_sweep.sweep.worker import workload
from recipe_sweep.sweep.worker.data_check import check_on_this_node
from recipe_sweep.trainers.data import comparison
from recipe_sweep.trainers.data.catalogue import ensure_dataset
from recipe_sweep.trainers.data.errors import ChangedDataError, MissingDataError
from recipe_sweep.trainers.data.stored import reading_cache
from recipe_sweep.trainers.data.stored.card import read_card
from recipe_sweep.trainers.data.stored.fingerprint import fingerprint
from tests.sweep.cli.test_bad_input import GRID
from tests.sweep.commands import LAUNCH, call, little_sweep
from tests.sweep.conftest import make_resources
from tests.trainers.data.changes import CHANGES, cut, edit_card, other_byte, other_scale
from tests.trainers.data.points import spread_point

POINT = spread_point()
PATHS = SweepPaths(Path("sweeps/little"))
FIRST = ("--only", "seed=0", "--only", "alpha=0.1")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of which one run of four is trained, its data beside it."""
    here = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as patch:
        little_sweep(here, patch)
        smaller = GRID.replace("dataset_size: 1000", "dataset_size: 100").replace("steps: 40", "steps: 20")
        (here / "little.yaml").write_text(smaller)
        patch.setenv("RECIPE_SWEEP_DATA", str(here / "data"))
        call(*LAUNCH, *FIRST)
    return here


@pytest.fixture(autouse=True)
def _node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary directory of the test's own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def data(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that sweep, and where the copy's one dataset lies."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    little_sweep(tmp_path, monkeypatch)
    (tmp_path / "little.yaml").write_text((begun / "little.yaml").read_text())
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path / "data"))
    _rewrite_sweep_file(data_root=str(tmp_path / "data"))
    [card] = (tmp_path / "data").rglob("card.json")
    return card.parent


def _rewrite_sweep_file(**changes: object) -> None:
    content = json.loads(PATHS.lock_file.read_text()) | changes
    PATHS.lock_file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def sweep() -> SweepFile:
    found = read_sweep_file(PATHS)
    assert found is not None
    return found


def files() -> dict[Path, bytes]:
    """All of the sweep but its index, which commands that only read keep up to date."""
    return {path: path.read_bytes() for path in PATHS.root.rglob("*") if path.is_file() and "index" not in path.parts}


def told_hashes(output: str) -> set[str]:
    """Hashes in what a command said; ids are shorter."""
    return set(re.findall(r"\b[0-9a-f]{64}\b", output))


def refuses(*words: str, directory: Path, expect: ExitCode = ExitCode.BAD_INPUT) -> str:
    """What a command says that must say both hashes, the dataset, its place and what to do, and write nothing."""
    before = files()
    output = call(*words, expect=expect)
    pins = {*sweep().data_hashes.values(), *sweep().data_fingerprints.values()}
    hashes = told_hashes(output)
    assert hashes & pins, output
    assert hashes - pins, output
    assert str(directory) in output
    assert "simple_spread/expert" in output
    assert files() == before
    return output


def test_a_sweep_pins_what_its_card_says_and_not_its_bytes(data: Path) -> None:
    assert list(sweep().data_fingerprints.values()) == [fingerprint(read_card(data))]
    assert list(sweep().data_hashes.values()) == [read_card(data).content_hash]


@pytest.mark.parametrize("change", CHANGES)
def test_a_launch_trains_on_changed_data(data: Path, change: str) -> None:
    CHANGES[change](data)
    refuses(*LAUNCH, directory=data)


@pytest.mark.parametrize("change", ["one byte, size and time kept", "reference returns", "a file cut"])
def test_a_single_run_trains_on_changed_data(data: Path, change: str) -> None:
    CHANGES[change](data)
    refuses("run", "little.yaml", *FIRST, directory=data)


def test_a_single_run_without_a_sweep_trains_on_other_bytes_than_the_card_says(data: Path) -> None:
    shutil.rmtree(PATHS.root)
    other_byte(data)
    assert "sha256" in call("run", "little.yaml", *FIRST, expect=ExitCode.BAD_INPUT)


def test_retry_trains_on_changed_data(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_action, "failed_runs", lambda points, *_: frozenset(point.run_id for point in points))
    other_byte(data)
    refuses("retry", *LAUNCH[1:], directory=data)


def test_a_launch_on_the_data_of_another_directory_trains_on_them(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "data", elsewhere)
    there = elsewhere / data.relative_to(tmp_path / "data")
    other_scale(there)
    refuses(*LAUNCH, "--data", str(elsewhere), directory=there)


def test_a_launch_leaves_notes_in_the_temporary_directory(data: Path, tmp_path: Path) -> None:
    call(*LAUNCH, *FIRST, "--set", "steps=10")
    assert not any(path.is_file() for path in (tmp_path / "tmp").rglob("*"))


@pytest.mark.parametrize("change", CHANGES)
def test_doctor_sees_nothing_of_changed_data(data: Path, change: str) -> None:
    assert "no problem found" in call("doctor", "little.yaml")
    CHANGES[change](data)
    output = call("doctor", "little.yaml", expect=ExitCode.FAILURE)
    hashes, pins = told_hashes(output), {*sweep().data_hashes.values(), *sweep().data_fingerprints.values()}
    assert hashes & pins, output
    assert hashes - pins, output
    assert str(data) in output
    assert "restore" in output or "copy the data directory" in output


def test_doctor_takes_data_that_are_elsewhere_for_a_problem(data: Path) -> None:
    shutil.rmtree(data)
    output = call("doctor", "little.yaml")
    assert "were not compared" in output
    assert "no problem found" in output


def test_a_sweep_from_before_fingerprints_refuses_its_own_data_or_pins_them_in_silence(data: Path) -> None:
    pinned = next(iter(sweep().data_fingerprints.values()))
    _rewrite_sweep_file(data_fingerprints=None, schema_version=1)
    assert "no problem found" in call("doctor", "little.yaml")
    assert sweep().data_fingerprints == {}
    output = call(*LAUNCH, "--only", "seed=0")
    assert f"simple_spread/expert: fingerprint {pinned[:12]} is pinned from now on" in " ".join(output.split())
    assert list(sweep().data_fingerprints.values()) == [pinned]
    other_scale(data)
    refuses(*LAUNCH, directory=data)


@pytest.mark.parametrize("change", sorted(CHANGES.keys() - {"half a card"}))
def test_a_sweep_from_before_fingerprints_pins_data_that_are_not_what_their_card_says(data: Path, change: str) -> None:
    _rewrite_sweep_file(data_fingerprints=None, schema_version=1)
    before = files()
    CHANGES[change](data)
    assert str(data) in call(*LAUNCH, expect=ExitCode.BAD_INPUT)
    assert files() == before


def _after(function: Callable[..., Any], then: Callable[[], object]) -> Callable[..., Any]:
    def both(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        then()
        return result

    return both


@pytest.mark.parametrize("change", [other_byte, other_scale, cut])
def test_data_that_change_between_the_launch_and_its_workers_are_trained_on(
    data: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(reading_cache, "_SETTLED_S", -1.0)
    monkeypatch.setattr(launching, "write_sweep_file", _after(launching.write_sweep_file, lambda: change(data)))
    done = {*PATHS.results.glob("*.parquet")}
    output = call(*LAUNCH, "--only", "seed=0", expect=ExitCode.FAILURE)
    assert {*PATHS.results.glob("*.parquet")} == done
    assert next(iter(sweep().data_fingerprints.values()))[:12] in output, output


def test_a_run_whose_data_change_under_it_is_published(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload, "train_pack", _after(workload.train_pack, lambda: other_byte(data)))
    done = {*PATHS.results.glob("*.parquet")}
    call(*LAUNCH, "--only", "seed=0", expect=ExitCode.FAILURE)
    assert {*PATHS.results.glob("*.parquet")} == done
    assert not [path for path in PATHS.checkpoints.rglob("*") if path.is_file()], "steps on other data would be resumed"


def test_a_launch_reads_all_data_for_every_pack(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_cache, "_SETTLED_S", -1.0)
    read: list[Path] = []
    ours = comparison.read_dataset
    monkeypatch.setattr(comparison, "read_dataset", lambda directory: read.append(directory) or ours(directory))
    Path("inline.yaml").write_text("backend: inline\nmax_lanes: 1\n")
    call(*LAUNCH)
    assert len([*PATHS.results.glob("*.parquet")]) == 4
    assert read == [data]


def settings(paths: SweepPaths, root: Path) -> LaunchSettings:
    """Of a launch on the point's data, as a worker of another node reads them."""
    ensure_dataset(POINT, root)
    pinned = comparison.compare_data(POINT, root, comparison.Pin())
    given = LaunchSettings(
        paths.root, 1, root, Keep.NONE, REAL, make_resources(), launch_id="0" * 32, fingerprints={POINT.dataset_id: pinned}
    )
    return read_launch(write_launch(LaunchFile(given, ()))).settings


@pytest.mark.parametrize("change", CHANGES)
def test_a_worker_of_another_node_trains_on_changed_data(tmp_path: Path, paths: SweepPaths, change: str) -> None:
    given = settings(paths, tmp_path / "data")
    check_on_this_node(given, POINT, tmp_path / "data", print)
    CHANGES[change](comparison.dataset_directory(POINT, tmp_path / "data"))
    with pytest.raises(ChangedDataError, match=given.fingerprints[POINT.dataset_id]):
        check_on_this_node(given, POINT, tmp_path / "data", print)


def test_a_worker_of_a_node_without_the_data_goes_on(tmp_path: Path, paths: SweepPaths) -> None:
    with pytest.raises(MissingDataError):
        check_on_this_node(settings(paths, tmp_path / "data"), POINT, tmp_path / "nowhere", print)


@pytest.mark.parametrize("change", [other_byte, other_scale, edit_card(transitions=1)])
def test_a_staged_copy_that_changed_is_trained_on(tmp_path: Path, paths: SweepPaths, change: Callable[[Path], None]) -> None:
    root = tmp_path / "data"
    given = settings(paths, root)
    content = read_card(comparison.dataset_directory(POINT, root)).content_hash
    sources = sources_here(None, POINT, root, content)
    staged = root_on_this_node(str(tmp_path / "stage"), POINT, root, content, sources, print)
    assert staged != root
    check_on_this_node(given, POINT, staged, print)
    change(comparison.dataset_directory(POINT, staged))
    assert root_on_this_node(str(tmp_path / "stage"), POINT, root, content, sources, print) == staged
    with pytest.raises(ChangedDataError, match=str(staged)):
        check_on_this_node(given, POINT, staged, print)


@pytest.mark.parametrize("change", [other_scale, edit_card(transitions=1)])
def test_a_stored_dataset_with_other_reference_returns_is_fetched(tmp_path: Path, change: Callable[[Path], None]) -> None:
    directory = ensure_dataset(POINT, tmp_path / "data")
    card = read_card(directory)
    pins = DataPins({POINT.dataset_id: card.content_hash}, {POINT.dataset_id: fingerprint(card)})
    change(directory)
    (tmp_path / "store").mkdir()
    store = open_store(f"file://{tmp_path}/store/sweep")
    store_dataset(store, card.content_hash, directory)
    with pytest.raises(ChangedDataError, match=pins.fingerprints[POINT.dataset_id]):
        fetch_lacking(store, [POINT], tmp_path / "elsewhere", pins, print)
    assert not [path for path in (tmp_path / "elsewhere").rglob("*") if path.is_file()]
