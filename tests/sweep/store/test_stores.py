"""What every store promises, and addresses of none."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.errors import MissingToolUserError
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store, StoreAddressError, StoreError
from tests.sweep.buckets import BUCKET, Bucket, environment

RESULT = "results/aaaaaaaaaaaaaaaa.parquet"


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


def test_a_write_that_met_another_of_the_same_name_is_repeated(s3: Bucket, file: Path) -> None:
    store = open_store(f"s3://{BUCKET}/x")
    s3.conflicts = 2
    assert store.create("lease/000001.json", file)
    assert s3.conflicts == 0
    assert not store.create("lease/000001.json", file)


def test_a_throttled_store_is_asked_again(s3: Bucket, file: Path, tmp_path: Path) -> None:
    store = open_store(f"s3://{BUCKET}/x")
    with s3.away_for(2.0):
        assert store.create(RESULT, file)
    assert s3.refused
    assert content(store, RESULT, tmp_path) == b"one"


def test_a_store_that_stays_away_is_one_sentence_without_a_secret(
    s3: Bucket, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recipe_sweep.sweep.store.s3.ATTEMPTS", 2)
    store = open_store(f"s3://{BUCKET}/x")
    s3.away = True
    with pytest.raises(StoreError, match=r"the store s3://sweeps/x answers with an error: .*SlowDown") as error:
        store.create(RESULT, file)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)
    s3.away = False


def test_a_bucket_that_is_not_there_is_a_mistake_of_the_address(s3: Bucket) -> None:
    with pytest.raises(StoreAddressError, match="NoSuchBucket"):
        open_store("s3://no-such-bucket/x").keys()


def test_without_credentials_it_is_said_how_to_come_by_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(MissingToolUserError, match="aws configure"):
        open_store("s3://bucket/x")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("AWS_ENDPOINT_URL", "nonsense", "Invalid endpoint: nonsense"),
        ("AWS_ENDPOINT_URL", "http://me:secret@two words", "http://***@two words"),
        ("AWS_DEFAULT_REGION", "no region", "no region"),
        ("AWS_PROFILE", "nobody", "nobody"),
    ],
)
def test_an_environment_that_boto3_cannot_use_is_the_users_mistake(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, found: str
) -> None:
    for variable, content in environment("http://127.0.0.1:1").items():
        monkeypatch.setenv(variable, content)
    monkeypatch.setenv(name, value)
    with pytest.raises(UserInputError) as error:
        open_store("s3://bucket/x")
    assert found in str(error.value)
    assert "secret" not in str(error.value)


def test_nobody_at_the_endpoint_is_one_sentence_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recipe_sweep.sweep.store.s3.ATTEMPTS", 1)
    for variable, content in environment("http://me:secret@127.0.0.1:1").items():
        monkeypatch.setenv(variable, content)
    with pytest.raises(StoreError, match="does not answer: Could not connect") as error:
        open_store("s3://bucket/x").keys()
    assert "secret" not in str(error.value)


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
