"""A store in a bucket: what goes wrong between boto3 and whoever answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.sweep.errors import MissingToolUserError, StoreAddressError, StoreError
from recipe_sweep.sweep.store.addresses import open_store
from tests.sweep.buckets import BUCKET, Bucket, environment

RESULT = "results/aaaaaaaaaaaaaaaa.parquet"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    return path


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
    assert store.fetch(RESULT, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"one"


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
