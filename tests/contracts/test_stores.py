"""What every store promises, and addresses of none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import StoreAddressError
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.registry import STORES
from tests.sweep.buckets import ADDRESS, bucket

RESULT = "results/aaaaaaaaaaaaaaaa.parquet"


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """One of each kind, empty. A new kind needs a place for its tests here."""
    if request.param == "s3":
        with pytest.MonkeyPatch.context() as patch, bucket(patch):
            yield open_store(ADDRESS)
        return
    places = {"file": f"file://{tmp_path / 'store'}"}
    yield open_store(places[request.param])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    return path


def content(store: Store, key: str, tmp_path: Path) -> bytes | None:
    target = tmp_path / "fetched" / key
    target.unlink(missing_ok=True)
    return target.read_bytes() if store.fetch(key, target) else None


def test_what_is_stored_comes_back_and_a_new_name_is_given_once(store: Store, file: Path, tmp_path: Path) -> None:
    assert store.keys() == frozenset()
    assert store.create(RESULT, file)
    file.write_bytes(b"two")
    assert not store.create(RESULT, file), "of two who publish under one name the second must learn of it"
    assert content(store, RESULT, tmp_path) == b"one"
    store.replace(RESULT, file)
    assert content(store, RESULT, tmp_path) == b"two"
    assert store.create("packs/bbbbbbbbbbbbbbbb.json", file)
    assert store.keys() == {RESULT, "packs/bbbbbbbbbbbbbbbb.json"}
    assert store.keys("results/") == {RESULT}
    store.remove("packs/bbbbbbbbbbbbbbbb.json")
    store.remove("packs/bbbbbbbbbbbbbbbb.json")
    assert store.keys() == {RESULT}


def test_what_is_not_there_is_no_error_and_leaves_no_file(store: Store, tmp_path: Path) -> None:
    assert content(store, "results/cccccccccccccccc.parquet", tmp_path) is None
    assert not (tmp_path / "fetched" / "results" / "cccccccccccccccc.parquet").exists()
    assert store.age_s("lease/000009.json") is None


def test_ages_are_by_the_clock_of_the_store(store: Store, file: Path) -> None:
    store.replace("lease/000001.heartbeat", file)
    age = store.age_s("lease/000001.heartbeat")
    assert age is not None
    assert -1.5 <= age < 30.0, "both times have whole seconds"


def test_of_many_who_create_one_name_at_once_one_succeeds(store: Store, file: Path) -> None:
    created: list[bool] = []
    threads = [threading.Thread(target=lambda: created.append(store.create("lease/000001.json", file))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert created.count(True) == 1


def test_a_file_that_goes_before_it_is_stored_is_no_trouble_of_the_store(store: Store, tmp_path: Path) -> None:
    for storing in (store.create, store.replace):
        with pytest.raises(FileNotFoundError):
            storing("checkpoints/aaaaaaaaaaaaaaaa/step-1.json", tmp_path / "gone")
    assert store.keys() == frozenset()


def test_a_stored_sweep_is_not_found_again_by_the_address_it_remembers(store: Store, file: Path, tmp_path: Path) -> None:
    store.replace(RESULT, file)
    again = open_store(store.address)
    assert type(again) is type(store)
    assert again.address == store.address
    assert content(again, RESULT, tmp_path) == b"one"


def test_objects_lie_in_another_folder_than_the_store_says(store: Store, file: Path) -> None:
    """By it a launch refuses a store inside the sweep's own directory."""
    store.replace(RESULT, file)
    assert store.folder is None or (store.folder / RESULT).read_bytes() == b"one"


@pytest.mark.parametrize("scheme", STORES)
def test_a_complaint_names_no_example_of_a_store_or_one_that_is_refused(scheme: str) -> None:
    assert STORES[scheme].example.startswith(f"{scheme}://")
    with pytest.raises(StoreAddressError) as error:
        open_store("gs://bucket/x")
    assert STORES[scheme].example in str(error.value)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("s3://", "the bucket ''"),
        ("s3:///x", "the bucket ''"),
        ("s3://ab/x", "the bucket 'ab'"),
        ("s3://Big_Bucket/x", "the bucket 'Big_Bucket'"),
        ("s3://-bucket/x", "the bucket '-bucket'"),
        ("s3://a..b/x", "the bucket 'a..b'"),
        ("s3://bucket", "a whole bucket"),
        ("s3://bucket/", "a whole bucket"),
        ("s3://bucket/../x", "a plain path"),
        ("s3://bucket/./x", "a plain path"),
        ("s3://bucket/ x", "a plain path"),
        ("s3://bucket/x?region=eu", "a plain path"),
        ("s3://bucket/x#y", "a plain path"),
        ("s3://key:secret@bucket/x", "a password in an address"),
        ("gs://bucket/x", "the scheme 'gs'"),
        ("http://bucket/x", "the scheme 'http'"),
        ("S4://bucket/x", "the scheme 's4'"),
        ("bucket/x", "no scheme"),
        ("file://relative/x", "the directory 'relative/x'"),
        ("file://", "the directory ''"),
        ("file:///", "the directory '/'"),
        ("", "no scheme"),
        ("s3://[bucket/x", "Invalid IPv6 URL"),
        ("s3://buck\u2100et/x", "NFKC"),
        ("s3://192.168.1.1/x", "the bucket '192.168.1.1'"),
        ("s3://bucket:80/x", "the bucket 'bucket:80'"),
        ("s3://bucket/x\0y", "unprintable"),
        ("s3://bucket/x\ny", "unprintable"),
        ("s3://bucket/" + 900 * "x", "too long"),
        ("file:///etc/hostname/x", "/etc/hostname is a file"),
    ],
)
def test_an_address_that_is_none_is_refused_by_what_is_wrong_with_it(address: str, found: str) -> None:
    with pytest.raises(StoreAddressError) as error:
        open_store(address)
    assert found in str(error.value)
    assert "secret" not in str(error.value)
