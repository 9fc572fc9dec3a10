"""A sweep whose truth is in a bucket: killed, begun anew on an empty machine, launched twice at once, its bucket away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sweep.cli_boundary import ExitCode
from sweep.errors import LeaseHeldError, LeaseLostError
from sweep.keeper import Keeper, check_free, fetch, kept, newest_epoch
from sweep.lease import Lease
from sweep.paths import SweepPaths
from sweep.store import Store, StoreError, open_store
from tests.sweep.buckets import BUCKET, Bucket, bucket
from tests.sweep.commands import call

ADDRESS = f"s3://{BUCKET}/swept"
RUNS = 128
GRID = ("figure7", "--set", "task=simple_spread", "--set", "seed=0", "--set", "dataset=expert", "--no-mlflow")
PATIENCE_S = 120.0


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    monkeypatch.chdir(tmp_path)
    Path("inline.yaml").write_text("backend: inline\n")
    with bucket(monkeypatch) as server:
        yield server


def rehearsal(directory: str, *more: str) -> subprocess.Popen[str]:
    """Made-up results through the whole command, in a process of its own."""
    words = ["rehearse", *GRID, "--cluster", "inline.yaml", "--dir", directory, *more]
    return subprocess.Popen(
        [sys.executable, "-m", "sweep.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output


def stored(address: str = ADDRESS) -> frozenset[str]:
    return open_store(address).keys("results/")


def wait_for(number: int) -> None:
    """Until so many packs are stored."""
    deadline = time.monotonic() + PATIENCE_S
    while len(stored()) < number:
        assert time.monotonic() < deadline, "nothing was stored"
        time.sleep(0.1)


def rows(directory: str | Path) -> dict[str, object]:
    """What counts of each run; no run may be there twice."""
    found: Counter[str] = Counter()
    content: dict[str, object] = {}
    for path in Path(directory, "results").glob("*.parquet"):
        for row in pq.read_table(path, columns=["run_id", "status", "score", "curve_step", "curve_return"]).to_pylist():
            found[row["run_id"]] += 1
            content[row["run_id"]] = row
    assert set(found.values()) == {1}, "a run was done twice"
    return content


@pytest.fixture
def calm(s3: Bucket) -> dict[str, object]:
    assert ended(rehearsal("calm"))[0] == 0
    return rows("calm")


def test_killed_on_one_machine_it_goes_on_on_an_empty_one(
    s3: Bucket, calm: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECIPE_SWEEP_STORE_EVERY_S", "0.2")
    first = rehearsal("first", "--store", ADDRESS, "--seconds-per-run", "0.05")
    wait_for(2)
    first.send_signal(signal.SIGKILL)
    ended(first)
    before = {key: (Path("first") / key).read_bytes() for key in stored()}
    assert 0 < len(before) < 12
    code, output = ended(rehearsal("second", "--store", ADDRESS))
    assert code == 0, output
    assert rows("second") == calm
    for key, content in before.items():
        assert (Path("second") / key).read_bytes() == content, "what was done was done again"
    third = call("status", ADDRESS, "--dir", "third")
    assert f"{RUNS} of {RUNS} done" in third
    assert rows("third") == calm
    again = call("rehearse", *GRID, "--cluster", "inline.yaml", "--dir", "second")
    assert "nothing to do" in again, "the sweep remembers its store"


def test_of_two_launches_from_two_machines_the_second_is_refused(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rehearsal("first", "--store", ADDRESS, "--seconds-per-run", "0.2")
    while not newest_epoch(open_store(ADDRESS)):
        time.sleep(0.1)
    code, output = ended(rehearsal("second", "--store", ADDRESS))
    assert code == 2, output
    assert "another launch at work on this sweep" in output
    assert not list(Path("second").glob("results/*.parquet"))
    first.send_signal(signal.SIGINT)
    assert ended(first)[0] == 130


def test_a_bucket_that_is_away_for_a_while_holds_up_nothing_and_loses_nothing(s3: Bucket, calm: dict[str, object]) -> None:
    process = rehearsal("first", "--store", ADDRESS, "--seconds-per-run", "0.02")
    while not newest_epoch(open_store(ADDRESS)):
        time.sleep(0.1)
    s3.away = True
    while s3.refused < 3:
        assert process.poll() is None, "it ended without its bucket"
        time.sleep(0.1)
    s3.away = False
    code, output = ended(process)
    assert code == 0, output
    assert len(stored()) == len(list(Path("first/results").glob("*.parquet")))
    fetch(open_store(ADDRESS), SweepPaths(Path("fetched")))
    assert rows("fetched") == calm


def launched(paths: SweepPaths, results: Sequence[str] = ()) -> None:
    """The files of a sweep that was launched and finished so many packs."""
    paths.results.mkdir(parents=True, exist_ok=True)
    paths.lock_file.write_text("{}")
    for name in results:
        (paths.results / f"{name}.parquet").write_text(name)


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        request.getfixturevalue("s3")
    return open_store(ADDRESS if request.param == "s3" else f"file://{tmp_path / 'store'}")


def test_a_bucket_that_never_comes_back_is_one_sentence_and_the_next_launch_stores_what_was_done(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("BEAT_S", 0.1), ("PATIENCE_S", 0.5)):
        monkeypatch.setattr(f"sweep.keeper.{name}", value)
    monkeypatch.setattr("sweep.store_s3.ATTEMPTS", 1)
    store, paths = open_store(ADDRESS), SweepPaths(tmp_path / "sweep")
    launched(paths)

    def launch() -> None:
        with Lease.acquire(paths.lease) as lease, kept(store, paths, lambda: lease.epoch, lambda: None):
            launched(paths, ["aaaa"])
            s3.away = True

    with pytest.raises(StoreError, match=r"what was done is in .*sweep, and not in the store"):
        launch()
    s3.away = False
    with Lease.acquire(paths.lease) as lease, kept(store, paths, lambda: lease.epoch, lambda: None):
        pass
    assert store.keys("results/") == {"results/aaaa.parquet"}


def test_who_was_taken_over_stores_nothing_more(store: Store, tmp_path: Path) -> None:
    first, second = SweepPaths(tmp_path / "first"), SweepPaths(tmp_path / "second")
    launched(first)
    with Lease.acquire(first.lease) as lease:
        record = first.lease / "000001.json"
        content = json.loads(record.read_text())
        content["process"] |= {"host": "another-host", "machine": "another"}
        record.write_text(json.dumps(content))
        keeper = Keeper(store, first)
        keeper.begin(lease.epoch)
    launched(second)
    with pytest.raises(LeaseHeldError, match="another-host"):
        check_free(store, second)
    store.remove("lease/000001.heartbeat")  # as if it had not been seen for long
    check_free(store, second)
    with Lease.acquire(second.lease) as other:
        assert other.epoch == 2, "epochs are numbered over all machines"
        Keeper(store, second).begin(other.epoch)
        launched(first, ["aaaa"])
        with pytest.raises(LeaseLostError, match="another launch has taken"):
            keeper.carry()
    assert not store.keys("results/")


def test_a_heartbeat_that_is_hours_ahead_of_its_folders_clock_keeps_no_launch_away(tmp_path: Path) -> None:
    store, first, second = (
        open_store(f"file://{tmp_path}/store"),
        SweepPaths(tmp_path / "first"),
        SweepPaths(tmp_path / "second"),
    )
    launched(first)
    with Lease.acquire(first.lease) as lease:
        record = first.lease / "000001.json"
        record.write_text(record.read_text().replace('"machine": "', '"machine": "not-'))
        Keeper(store, first).begin(lease.epoch)
    with pytest.raises(LeaseHeldError):
        check_free(store, second)
    ahead = time.time() + 3 * 3600
    os.utime(tmp_path / "store" / "lease" / "000001.heartbeat", (ahead, ahead))
    check_free(store, second)


def test_of_two_that_begin_at_the_same_moment_one_is_refused(store: Store, tmp_path: Path) -> None:
    both = [SweepPaths(tmp_path / name) for name in ("first", "second")]
    for paths in both:
        launched(paths)
        check_free(store, paths)
    with Lease.acquire(both[0].lease) as one, Lease.acquire(both[1].lease) as other:
        Keeper(store, both[0]).begin(one.epoch)
        with pytest.raises(LeaseHeldError, match="at the same moment"):
            Keeper(store, both[1]).begin(other.epoch)


def test_of_one_pack_that_two_launches_did_the_first_stored_counts_in_both_directories(store: Store, tmp_path: Path) -> None:
    first, second = SweepPaths(tmp_path / "first"), SweepPaths(tmp_path / "second")
    for paths in (first, second):
        launched(paths)
    with Lease.acquire(second.lease) as lease:
        keeper = Keeper(store, second)
        keeper.begin(lease.epoch)
        (first.results / "aaaa.parquet").write_text("the first's")
        store.create("results/aaaa.parquet", first.results / "aaaa.parquet")
        (second.results / "aaaa.parquet").write_text("the second's")
        keeper.carry()
    assert (second.results / "aaaa.parquet").read_text() == "the first's"


def test_checkpoints_go_from_the_store_with_their_pack(store: Store, tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "sweep")
    launched(paths)
    checkpoint = paths.pack_checkpoint("aaaa") / "step-1.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("{}")
    with Lease.acquire(paths.lease) as lease:
        keeper = Keeper(store, paths)
        keeper.begin(lease.epoch)
        keeper.carry()
        assert store.keys("checkpoints/") == {"checkpoints/aaaa/step-1.json"}
        launched(paths, ["aaaa"])
        keeper.carry()
    assert not store.keys("checkpoints/"), "of a pack that is done"


def test_another_store_or_another_sweeps_directory_is_refused_before_anything_starts(s3: Bucket) -> None:
    assert ended(rehearsal("first", "--store", ADDRESS))[0] == 0
    code, output = ended(rehearsal("first", "--store", "s3://sweeps/other"))
    assert (code, "where this sweep is stored already" in output) == (2, True)
    assert ended(rehearsal("other"))[0] == 0
    refused = call("status", ADDRESS, "--dir", "other", expect=ExitCode.BAD_INPUT)
    assert "stored nowhere" in refused
    assert "no sweep" in call("status", "s3://sweeps/never", "--dir", "new", expect=ExitCode.BAD_INPUT)
    assert not Path("new").exists()
