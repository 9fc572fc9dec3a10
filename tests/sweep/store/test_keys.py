"""Who can write into a store can not choose which files of a reader are written."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.errors import StoreKeyError
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.keys import checked, inside, is_ours, ours
from tests.sweep.buckets import ADDRESS, BUCKET, Bucket
from tests.sweep.commands import LAUNCH, call, stand_in_sweep

PACK = "0123456789abcdef"
WRITTEN = [
    "sweep.json",
    "lease/000001.json",
    "lease/000001.heartbeat",
    "lease/1000000.released",
    f"packs/{PACK}.json",
    "search/000002.json",
    "launches/000001.json",
    "launches/000001.estimate.json",
    "launches/000001.outcome.json",
    f"checkpoints/{PACK}/step-000000000100.safetensors",
    f"checkpoints/{PACK}/step-000000000100.json",
    f"weights/{PACK}.1-12.safetensors",
    f"results/{PACK}.parquet",
    "code/0.1.0+src.166ff73332d2.tar.gz",
    f"datasets/{PACK * 4}/card.json",
    f"datasets/{PACK * 4}/next_observations.npy",
]
STEERING = [
    "results/../../../home/.bashrc",
    "packs/../../../home/new-file",
    "results//etc/passwd",
    "/etc/passwd",
    "results/./" + PACK + ".parquet",
    f"results\\{PACK}.parquet",
    f"results/..\\..\\{PACK}.parquet",
    "../sweep.json",
    "..",
]
FOREIGN = [
    "results/",
    "results/notes.txt",
    "code/notes.tar.gz",
    "code/0.1.0+src.166ff73332d2.tar.gz/more",
    "code/../0.1.0+src.166ff73332d2.tar.gz",
    f"results/{PACK.upper()}.parquet",
    f"results/{PACK}0.parquet",
    f"results/{PACK[:-1]}.parquet",
    f"results/{PACK}.parquet/more",
    f"results/{PACK}.parquet\n",
    f"results/\N{ARABIC-INDIC DIGIT ONE}{PACK[1:]}.parquet",
    f"checkpoints/{PACK}/../{PACK}/step-1.json",
    f"checkpoints/{PACK}/.hidden",
    f"weights/{PACK}.1-1.safetensors.tmp",
    "lease/1.json",
    f"lease/{'9' * 30}.json",
    f"launches/{'0' * 400}.json",
    "launches/000001.stop",
    f"datasets/{PACK}/card.json",
    f"datasets/{PACK * 4}/../card.json",
    "sweep.json/x",
    "sweep.json ",
    "",
]


@pytest.mark.parametrize("key", WRITTEN)
def test_every_name_that_we_write_is_taken(key: str) -> None:
    assert checked(ADDRESS, key) == key
    assert ours(ADDRESS, [key]) == {key}


@pytest.mark.parametrize("key", [*STEERING, *FOREIGN], ids=ascii)
def test_a_name_that_we_never_write_is_never_joined_to_a_path(key: str) -> None:
    assert not is_ours(key)
    with pytest.raises(StoreKeyError, match="never writes"):
        checked(ADDRESS, key)


@pytest.mark.parametrize("key", STEERING, ids=ascii)
def test_a_listing_with_a_name_that_steers_is_refused_as_a_whole(key: str) -> None:
    with pytest.raises(StoreKeyError, match="nothing was fetched"):
        ours(ADDRESS, [*WRITTEN, key])


def test_what_others_keep_beside_a_sweep_is_passed_over() -> None:
    assert ours(ADDRESS, [*WRITTEN, "README.md", "results/", "", "photos/cat.png"]) == set(WRITTEN)


def put(server: Bucket, key: str, body: bytes) -> None:
    boto3.client("s3", endpoint_url=server.url).put_object(
        Bucket=BUCKET, Key=f"{ADDRESS.partition(BUCKET)[2][1:]}/{key}", Body=body
    )


ATTACKS = (("status", STEERING[0]), ("launch", STEERING[1]), ("report", STEERING[5]), ("doctor", STEERING[7]))


@pytest.mark.parametrize(("command", "key"), [*ATTACKS, ("status", FOREIGN[1])], ids=ascii)
def test_a_hostile_bucket_writes_no_file_of_the_reader(
    command: str, key: str, s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH, "--store", ADDRESS)
    put(s3, key, b"echo code of a stranger runs\n")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    words = ["--cluster", "inline.yaml", "--no-mlflow"] if command == "launch" else []
    told = call(command, ADDRESS, "--dir", "fetched", *words, expect=ExitCode.BAD_INPUT)
    assert "never writes" in told
    after = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert not [path for path in after - before if not path.is_relative_to(here / "fetched")]
    assert not any(b"stranger" in path.read_bytes() for path in after)


@pytest.mark.parametrize("kind", ["file", "folder", "dangling", "absolute"])
def test_a_link_in_a_folder_store_is_neither_read_nor_written(kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / f"{PACK}.parquet").write_text("a secret")
    folder = tmp_path / "store"
    folder.mkdir()
    if kind == "file":
        (folder / "results").mkdir()
        (folder / "results" / f"{PACK}.parquet").symlink_to(secret / f"{PACK}.parquet")
    elif kind == "absolute":
        (folder / "results").symlink_to(secret.resolve())
    else:
        (folder / "results").symlink_to("../secret" if kind == "folder" else "../nowhere")
    store = open_store(f"file://{folder}")
    new = tmp_path / "new"
    new.write_text("new")
    with pytest.raises(StoreKeyError, match="a link"):
        store.fetch(f"results/{PACK}.parquet", tmp_path / "fetched")
    for write in (store.create, store.replace):
        with pytest.raises(StoreKeyError, match="a link"):
            write(f"results/{PACK}.parquet", new)
    with pytest.raises(StoreKeyError, match="a link"):
        store.remove(f"results/{PACK}.parquet")
    assert (secret / f"{PACK}.parquet").read_text() == "a secret"
    assert not (tmp_path / "fetched").exists()


@pytest.mark.parametrize("place", ["results", f"weights/{PACK}.1-1.safetensors", "launches/000001.json"])
def test_a_link_inside_a_sweep_is_not_uploaded(place: str, s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    (here / "secret").mkdir()
    (here / "secret" / "diary").write_text("a secret")
    call(*LAUNCH)
    link = here / "sweeps" / "little" / place
    if link.is_dir():
        link.rename(here / "results-elsewhere")
    link.unlink(missing_ok=True)
    link.symlink_to(here / "secret" if place == "results" else here / "secret" / "diary")
    assert "a link" in call(*LAUNCH, "--store", ADDRESS, expect=ExitCode.BAD_INPUT)
    client = boto3.client("s3", endpoint_url=s3.url)
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        assert b"a secret" not in client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()


def test_what_a_link_points_to_is_not_where_a_key_leads(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to(tmp_path)
    with pytest.raises(StoreKeyError):
        inside(tmp_path, f"results/{PACK}.parquet")
    assert inside(tmp_path, f"packs/{PACK}.json") == tmp_path / "packs" / f"{PACK}.json"


def test_an_epoch_far_ahead_in_a_store_costs_no_loop(s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_sweep(tmp_path, monkeypatch)
    call(*LAUNCH, "--store", ADDRESS)
    record = json.dumps({"epoch": 999_999_999_999}).encode()
    put(s3, "lease/999999999999.json", record)
    call(*LAUNCH, "--store", ADDRESS, expect=ExitCode.BAD_INPUT)
