"""Datasets in a sweep's store and on a node's own disk: the same bytes, once, and never somebody else's."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.sweep_file import DataPins, read_sweep_file
from recipe_sweep.sweep.store import datasets
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.datasets import (
    card_key,
    datasets_to_store,
    fetch_lacking,
    root_on_this_node,
    sources_here,
    store_dataset,
    stored_source,
)
from recipe_sweep.trainers.data.catalogue import dataset_directory, ensure_dataset, map_dataset
from recipe_sweep.trainers.data.errors import BrokenDataError, ChangedDataError, MissingDataError
from recipe_sweep.trainers.data.stored.card import column_card, content_hash, read_card
from tests.sweep.buckets import ADDRESS, bucket
from tests.sweep.commands import call
from tests.trainers.builders import point

OTHER = "0" * 64
POINT = point(dataset_size=100)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the point's dataset in it."""
    root = tmp_path / "data"
    ensure_dataset(POINT, root)
    return root


@pytest.fixture
def stage(tmp_path: Path) -> str:
    return str(tmp_path / "node" / "stage")


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        (tmp_path / "store").mkdir()
        yield open_store(f"file://{tmp_path}/store/sweep")
        return
    with pytest.MonkeyPatch.context() as patch, bucket(patch):
        yield open_store(ADDRESS)


def content(root: Path) -> str:
    return read_card(dataset_directory(POINT, root)).content_hash


def files(root: Path, of: DesignPoint = POINT) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in dataset_directory(of, root).iterdir()}


def left(root: Path) -> list[str]:
    """What is under a directory but for locks."""
    return [path.name for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]


def node_root(stage: str | None, store: str | None, data_root: Path, wanted: str, tell: Callable[[str], None]) -> Path:
    """The directory from which a node reads, if it sees the data directory."""
    return root_on_this_node(stage, POINT, data_root, wanted, sources_here(store, POINT, data_root, wanted), tell)


def test_where_nothing_is_staged_data_are_read_elsewhere_than_from_the_data_directory(data: Path) -> None:
    assert node_root(None, None, data, "any", print) == data


def test_a_node_reads_other_bytes_than_the_sweep_has_or_copies_them_for_every_pack(data: Path, stage: str) -> None:
    told: list[str] = []
    first = node_root(stage, None, data, content(data), told.append)
    assert first.is_relative_to(f"{stage}-{os.getuid()}")
    assert files(first) == files(data)
    map_dataset(POINT, first, verify=True)
    shutil.rmtree(data)  # Not needed any more: whoever comes now does not look there.
    assert node_root(stage, None, data, first.name, told.append) == first
    assert len(told) == 1


def _staged(job: tuple[str, Path, str]) -> tuple[Path, list[str]]:
    told: list[str] = []
    return node_root(job[0], None, job[1], job[2], told.append), told


def test_two_packs_that_start_at_once_on_a_node_both_copy(data: Path, stage: str) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        answers = list(pool.map(_staged, [(stage, data, content(data))] * 8))
    assert len({root for root, _ in answers}) == 1
    assert sum(text.startswith("copying") for _, told in answers for text in told) == 1
    assert sorted(left(Path(f"{stage}-{os.getuid()}"))) == sorted(files(data))


def test_a_copy_that_was_cut_off_is_taken_for_whole(data: Path, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("recipe_sweep.trainers.data.stored.bring.rehash", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            node_root(stage, None, data, content(data), print)
    root = node_root(stage, None, data, content(data), print)
    assert files(root) == files(data)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_full_disk_or_a_strange_directory_stops_packs_that_could_read_the_data_where_they_are(
    data: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    own = tmp_path / f"open-{os.getuid()}"
    own.mkdir()
    own.chmod(0o777)
    (tmp_path / f"link-{os.getuid()}").symlink_to(own)
    for stage, why in (("file/stage", "Not a directory"), ("open", "others may write there"), ("link", "somebody else")):
        told: list[str] = []
        assert node_root(str(tmp_path / stage), None, data, content(data), told.append) == data
        assert why in told[-1], told
        assert "is read from" in told[-1]
    assert left(own) == []


def test_bytes_that_changed_are_trained_on(data: Path, stage: str) -> None:
    wanted = content(data)
    column = dataset_directory(POINT, data) / "rewards.npy"
    column.write_bytes(column.read_bytes()[:-4] + b"\0\0\0?")
    told: list[str] = []
    assert node_root(stage, None, data, wanted, told.append) == data, "as before: opened where it is"
    assert "sha256" in told[-1]
    assert left(Path(f"{stage}-{os.getuid()}")) == []


def test_a_stored_dataset_is_another_than_the_one_the_sweep_began_with(data: Path, store: Store, tmp_path: Path) -> None:
    assert datasets_to_store(None, [POINT], data, {POINT.dataset_id: "x"}) == {}
    found = datasets_to_store(store, [POINT], data, {POINT.dataset_id: content(data)})
    for wanted, directory in found.items():
        store_dataset(store, wanted, directory)
        store_dataset(store, wanted, directory)
    told: list[str] = []
    elsewhere = tmp_path / "elsewhere"
    fetch_lacking(store, [POINT, POINT], elsewhere, DataPins({POINT.dataset_id: content(data)}, {}), told.append)
    assert files(elsewhere) == files(data)
    assert told == [f"fetching dataset simple_spread/expert from {store.address}"]
    fetch_lacking(store, [POINT], elsewhere, DataPins({POINT.dataset_id: content(data)}, {}), told.append)
    assert len(told) == 1, "it was fetched twice"


def test_a_node_without_the_data_directory_does_not_ask_the_store(data: Path, store: Store, stage: str, tmp_path: Path) -> None:
    wanted = content(data)
    nowhere = tmp_path / "nowhere"
    assert node_root(stage, store.address, nowhere, wanted, print) == nowhere
    store_dataset(store, wanted, dataset_directory(POINT, data))
    assert files(node_root(stage, store.address, nowhere, wanted, print)) == files(data)


def test_a_dataset_is_fetched_that_was_stored_in_part_or_is_another(data: Path, store: Store, tmp_path: Path) -> None:
    wanted, elsewhere = content(data), tmp_path / "elsewhere"
    directory = dataset_directory(POINT, data)
    store.replace(f"{datasets.FOLDER}/{wanted}/rewards.npy", directory / "rewards.npy")
    fetch_lacking(store, [POINT], elsewhere, DataPins({POINT.dataset_id: wanted}, {}), print)
    assert left(elsewhere) == []
    store.create(card_key(wanted), directory / "card.json")
    with pytest.raises(BrokenDataError, match="no such column"):
        fetch_lacking(store, [POINT], elsewhere, DataPins({POINT.dataset_id: wanted}, {}), print)
    store.create(card_key(OTHER), directory / "card.json")
    with pytest.raises(ChangedDataError, match=wanted):
        fetch_lacking(store, [POINT], elsewhere, DataPins({POINT.dataset_id: OTHER}, {}), print)
    assert left(elsewhere) == []


def test_a_card_that_somebody_wrote_into_the_store_leads_out_of_the_dataset(data: Path, store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    card = json.loads((dataset_directory(POINT, data) / "card.json").read_text())
    card["columns"][0]["name"] = "../../../../evil"
    (tmp_path / "card.json").write_text(json.dumps(card))
    (tmp_path / "evil.npy").write_text("")
    wanted = content_hash(read_card(tmp_path).columns)
    store.create(card_key(wanted), tmp_path / "card.json")
    with pytest.raises(BrokenDataError, match="and no others"):
        fetch_lacking(store, [POINT], elsewhere, DataPins({POINT.dataset_id: wanted}, {}), print)
    assert left(elsewhere) == []


def test_other_bytes_are_taken_from_a_store_because_their_card_claims_the_content(
    data: Path, store: Store, tmp_path: Path
) -> None:
    wanted, elsewhere = content(data), tmp_path / "elsewhere"
    directory = dataset_directory(POINT, data)
    rewards = np.load(directory / "rewards.npy")
    np.save(directory / "rewards.npy", rewards + 1.0)
    card = json.loads((directory / "card.json").read_text())
    at = next(at for at, column in enumerate(card["columns"]) if column["name"] == "rewards")
    card["columns"][at]["sha256"] = column_card("rewards", rewards + 1.0).sha256
    (directory / "card.json").write_text(json.dumps(card))
    store_dataset(store, wanted, directory)
    with pytest.raises(ChangedDataError, match=wanted):
        fetch_lacking(store, [POINT], elsewhere, DataPins({POINT.dataset_id: wanted}, {}), print)
    assert left(elsewhere) == []


def test_a_sweep_that_goes_on_elsewhere_makes_its_data_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store").mkdir()
    (tmp_path / "inline.yaml").write_text(f"backend: inline\nstage_data: {tmp_path}/stage\n")
    only = ("decomposition=mix", "value_learning=td", "tau=null", "extraction=brac", "alpha={brac: 0.1}", "dataset=expert")
    changes = ("dataset_size=100", "steps=2", "eval_every=2", "batch=4", "hidden=[8]", "eval_episodes=1", *only)
    grid = [word for change in changes for word in ("--set", change)]
    address = f"file://{tmp_path}/store/demo"
    words = ("launch", "demo", "--cluster", "inline.yaml", "--store", address, "--no-mlflow", *grid)
    call(*words, "--dir", "here", "--data", "data-here", "--set", "seed=0")
    sweep = read_sweep_file(SweepPaths(tmp_path / "here"))
    assert sweep is not None
    (wanted,) = sweep.data_hashes.values()
    assert card_key(wanted) in open_store(address).keys("datasets/")
    assert [path.name for path in tmp_path.glob(f"stage-*/{wanted}")] == [wanted]
    shutil.rmtree("here")
    output = call(*words, "--dir", "there", "--data", "data-there", "--set", "seed=[0,1]")
    assert "fetching dataset simple_spread/expert" in output
    assert "making dataset" not in output
    assert len(list(Path("there/results").iterdir())) == 2
    (ours,), (theirs,) = (list(Path(root).rglob("card.json")) for root in ("data-here", "data-there"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_dataset_that_is_nowhere_is_no_clear_error(tmp_path: Path, stage: str) -> None:
    with pytest.raises(MissingDataError):
        map_dataset(POINT, node_root(stage, None, tmp_path / "data", "wanted", print))


def test_the_store_is_opened_once_for_all_files_of_a_dataset_and_not_before(
    store: Store, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = dataset_directory(POINT, data)
    content = content_hash(read_card(directory).columns)
    store_dataset(store, content, directory)
    opened: list[str] = []
    monkeypatch.setattr(datasets, "open_store", lambda address: (opened.append(address), store)[1])
    [source] = stored_source(store.address, content)
    assert not opened
    for path in directory.iterdir():
        assert source.fetch(path.name, tmp_path / path.name)
    assert opened == [store.address]
