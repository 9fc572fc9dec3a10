"""A sweep whose truth is in a bucket: killed, begun anew on an empty machine, launched twice at once, its bucket away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from recipe_sweep.sweep.cli.exit_codes import ExitCode
from recipe_sweep.sweep.errors import LeaseLostError, StoreError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.locks.stop import StopRequests
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.store.carrier import Carrier
from recipe_sweep.sweep.store.lease import newest_epoch
from recipe_sweep.sweep.store.sync import fetch, fetch_to_read, syncing
from tests.sweep.buckets import ADDRESS, Bucket, begun, launched
from tests.sweep.commands import call

RUNS = 128
GRID = ("figure7", "--set", "task=simple_spread", "--set", "seed=0", "--set", "dataset=expert", "--no-mlflow")
PATIENCE_S = 120.0


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("inline.yaml").write_text("backend: inline\n")


def rehearsal(directory: str, *more: str) -> subprocess.Popen[str]:
    """Made-up results through the whole command, in a process of its own."""
    words = ["rehearse", *GRID, "--cluster", "inline.yaml", "--dir", directory, *more]
    return subprocess.Popen(
        [sys.executable, "-m", "recipe_sweep.sweep.cli.main", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ,
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


def test_of_two_launches_at_once_from_two_directories_one_is_refused(s3: Bucket) -> None:
    both = {name: rehearsal(name, "--store", ADDRESS, "--seconds-per-run", "0.2") for name in ("first", "second")}
    while all(process.poll() is None for process in both.values()):
        time.sleep(0.1)
    refused = next(name for name, process in both.items() if process.poll() is not None)
    code, output = ended(both.pop(refused))
    assert code == 2, output
    assert "another launch at work on this sweep" in output
    assert not list(Path(refused).glob("results/*.parquet"))
    ((name, other),) = both.items()
    wait_for(1)
    other.send_signal(signal.SIGINT)
    assert ended(other)[0] == 130
    assert stored() == {f"results/{path.name}" for path in Path(name, "results").glob("*.parquet")}


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
    written = [path for path in Path.cwd().rglob("*") if path.is_file()]
    assert not [path for path in written if b"very-secret" in path.read_bytes()], (
        "credentials are nobody's but the environment's"
    )


def test_a_bucket_that_never_comes_back_is_one_sentence_and_the_next_launch_stores_what_was_done(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("EVERY_S", 0.1), ("PATIENCE_S", 0.5), ("A_WHILE_S", 0.3)):
        monkeypatch.setattr(f"recipe_sweep.sweep.store.synchroniser.{name}", value)
    monkeypatch.setattr("recipe_sweep.sweep.store.s3.ATTEMPTS", 1)
    store, paths = open_store(ADDRESS), SweepPaths(tmp_path / "sweep")
    launched(paths)

    told: list[str] = []

    def launch() -> None:
        with Lease.acquire(paths.lease) as lease, syncing(store, paths, lambda: lease.epoch, StopRequests(), told.append):
            launched(paths, ["aaaaaaaaaaaaaaaa"])
            s3.away = True

    with pytest.raises(StoreError, match=r"the results are in .*sweep, and not in the store"):
        launch()
    away, waiting = told
    assert away.endswith(f" Reduce your request rate.; new files wait in {paths.root}")
    assert waiting == f"storing the remaining files at {ADDRESS}; Ctrl-C leaves them to the next launch"
    s3.away = False
    monkeypatch.setattr("recipe_sweep.sweep.store.synchroniser.PATIENCE_S", 60.0)
    with Lease.acquire(paths.lease) as lease, syncing(store, paths, lambda: lease.epoch, StopRequests(), told.append):
        pass
    assert store.keys("results/") == {"results/aaaaaaaaaaaaaaaa.parquet"}


def test_a_launch_that_was_taken_over_stops_and_says_so(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recipe_sweep.sweep.store.synchroniser.EVERY_S", 0.05)
    paths, asked = SweepPaths(tmp_path / "sweep"), StopRequests()
    launched(paths)

    def launch() -> None:
        with Lease.acquire(paths.lease) as lease, syncing(store, paths, lambda: lease.epoch, asked, print):
            store.create("lease/000007.json", paths.lock_file)
            deadline = time.monotonic() + PATIENCE_S
            while not asked.count:
                assert time.monotonic() < deadline, "it works on for nobody"
                time.sleep(0.05)
            launched(paths, ["aaaaaaaaaaaaaaaa"])

    with pytest.raises(LeaseLostError, match="launch 7 of another machine has taken"):
        launch()
    assert not store.keys("results/")


def test_of_one_pack_that_two_launches_did_the_first_stored_counts_in_both_directories(store: Store, tmp_path: Path) -> None:
    first, second = SweepPaths(tmp_path / "first"), SweepPaths(tmp_path / "second")
    for paths in (first, second):
        launched(paths, ["bbbbbbbbbbbbbbbb"])
    with Lease.acquire(second.lease) as lease:
        carrier = Carrier(store, second, begun(store, second, lease.epoch))
        (first.results / "aaaaaaaaaaaaaaaa.parquet").write_text("the first's")
        store.create("results/aaaaaaaaaaaaaaaa.parquet", first.results / "aaaaaaaaaaaaaaaa.parquet")
        (second.results / "aaaaaaaaaaaaaaaa.parquet").write_text("the second's")
        carrier.carry()
    assert (second.results / "aaaaaaaaaaaaaaaa.parquet").read_text() == "the first's"
    (first.results / "aaaaaaaaaaaaaaaa.parquet").write_text("killed before it could store this")
    fetch(store, first)
    assert (first.results / "aaaaaaaaaaaaaaaa.parquet").read_text() == "the first's"


def test_a_directory_that_was_fetched_before_learns_of_a_grid_that_was_edited_elsewhere(store: Store, tmp_path: Path) -> None:
    first, second = SweepPaths(tmp_path / "first"), SweepPaths(tmp_path / "second")
    launched(first)
    with Lease.acquire(first.lease) as lease:
        carrier = Carrier(store, first, begun(store, first, lease.epoch))
        carrier.carry()
        fetch(store, second)
        first.lock_file.write_text('{"edited": 1}')
        carrier.carry()
    fetch(store, second)
    assert second.lock_file.read_text() == '{"edited": 1}'
    second.lock_file.write_text('{"edited": 2}')
    fetch(store, second)
    assert second.lock_file.read_text() == '{"edited": 2}', "what was not stored yet is not lost"


def test_checkpoints_go_from_the_store_with_their_pack_and_only_to_who_goes_on_from_them(store: Store, tmp_path: Path) -> None:
    paths, resumed, reader = (SweepPaths(tmp_path / name) for name in ("sweep", "resumed", "reader"))
    launched(paths)
    checkpoint = paths.pack_checkpoint("aaaaaaaaaaaaaaaa") / "step-1.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("{}")
    with Lease.acquire(paths.lease) as lease:
        carrier = Carrier(store, paths, begun(store, paths, lease.epoch))
        carrier.carry()
        assert store.keys("checkpoints/") == {"checkpoints/aaaaaaaaaaaaaaaa/step-1.json"}
        fetch(store, resumed)
        assert (resumed.pack_checkpoint("aaaaaaaaaaaaaaaa") / "step-1.json").read_text() == "{}"
        fetch_to_read(store, reader)
        assert not reader.checkpoints.exists()
        launched(paths, ["aaaaaaaaaaaaaaaa"])
        carrier.carry()
    assert not store.keys("checkpoints/"), "of a pack that is done"


def test_arrays_that_a_worker_stored_itself_stay_as_long_as_their_record_is_here(store: Store, tmp_path: Path) -> None:
    paths, key = SweepPaths(tmp_path / "sweep"), "checkpoints/aaaaaaaaaaaaaaaa/step-1"
    launched(paths)
    (tmp_path / "arrays").write_text("arrays")
    store.replace(f"{key}.safetensors", tmp_path / "arrays")
    record = paths.root / f"{key}.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    with Lease.acquire(paths.lease) as lease:
        carrier = Carrier(store, paths, begun(store, paths, lease.epoch))
        carrier.carry()
        assert store.keys("checkpoints/") == {f"{key}.safetensors", f"{key}.json"}
        record.unlink()
        carrier.carry()
    assert not store.keys("checkpoints/")


def test_weights_that_a_worker_stored_itself_are_not_sent_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, (stored_before, new) = SweepPaths(tmp_path / "sweep"), (f"weights/{each * 16}.1-1.safetensors" for each in "ab")
    launched(paths)
    with Lease.acquire(paths.lease) as lease:
        carrier = Carrier(store, paths, begun(store, paths, lease.epoch))
        for key in (stored_before, new):
            (paths.root / key).parent.mkdir(exist_ok=True)
            (paths.root / key).write_text("weights")
        store.replace(stored_before, paths.root / stored_before)
        sent: list[str] = []
        replace = store.replace
        monkeypatch.setattr(store, "replace", lambda key, path: (sent.append(key), replace(key, path)))
        carrier.carry()
        carrier.carry()
    assert [key for key in sent if key.startswith("weights/")] == [new]


def test_who_looks_into_the_directory_of_a_launch_at_work_brings_nothing_back(store: Store, tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "sweep")
    launched(paths)
    with Lease.acquire(paths.lease) as lease:
        begun(store, paths, lease.epoch)
        store.create("packs/dddddddddddddddd.json", paths.lock_file)
        fetch_to_read(store, paths)
        assert not paths.packs.exists()
    fetch_to_read(store, paths)
    assert paths.pack_record("dddddddddddddddd").exists()


@pytest.mark.parametrize(
    "address",
    [
        *(
            "s3://",
            "s3://ab/x",
            "s3://[x/y",
            "s3://bucket",
            "s3://key:secret@bucket/x",
            "gs://bucket/x",
            "https://x/y",
            "swept",
            "",
        ),
        *(
            "file://x/y",
            "file:///",
            "file:///etc/hostname/x",
            "file://{here}",
            "file://{here}/sweeps",
            "file://{here}/sweeps/a/b",
        ),
    ],
)
def test_a_mistaken_address_ends_every_command_with_what_is_wrong_and_leaves_nothing(s3: Bucket, address: str) -> None:
    address = address.format(here=Path.cwd())
    before = sorted(Path.cwd().iterdir())
    commands = [
        ("rehearse", *GRID, "--dir", "sweeps/a", "--store", address),
        ("launch", *GRID, "--dir", "sweeps/a", "--store", address),
    ]
    if "://" in address:
        commands += [("status", address, "--dir", "sweeps/a"), ("report", address, "--dir", "sweeps/a")]
    for command in commands:
        refused = call(*command, expect=ExitCode.BAD_INPUT)
        assert refused.startswith("error: ")
        assert "found" in refused
        assert "expected" in refused
        assert "secret" not in refused
        assert "Traceback" not in refused
    assert sorted(Path.cwd().iterdir()) == before


def test_a_sweep_that_is_done_can_be_stored_later_but_not_over_another(s3: Bucket) -> None:
    for name in ("first", "other"):
        call("rehearse", *GRID, "--cluster", "inline.yaml", "--dir", name)
    call("rehearse", *GRID, "--cluster", "inline.yaml", "--dir", "first", "--store", ADDRESS)
    for _ in range(2):
        assert f"{RUNS} of {RUNS} done" in call("status", ADDRESS, "--dir", "reader")
    assert rows("reader") == rows("first")
    refused = call(
        "rehearse", *GRID, "--cluster", "inline.yaml", "--dir", "other", "--store", ADDRESS, expect=ExitCode.BAD_INPUT
    )
    assert "another sweep" in refused
    assert rows("other") == rows("first"), "made up alike"


def test_another_store_or_another_sweeps_directory_is_refused_before_anything_starts(s3: Bucket) -> None:
    assert ended(rehearsal("first", "--store", ADDRESS))[0] == 0
    code, output = ended(rehearsal("first", "--store", "s3://sweeps/other"))
    assert (code, "where this sweep is already stored" in output) == (2, True)
    assert ended(rehearsal("other"))[0] == 0
    refused = call("status", ADDRESS, "--dir", "other", expect=ExitCode.BAD_INPUT)
    assert "stored nowhere" in refused
    assert "no sweep" in call("status", "s3://sweeps/never", "--dir", "new", expect=ExitCode.BAD_INPUT)
    assert not Path("new").exists()


def test_a_launch_that_fails_before_there_is_a_sweep_says_its_own_error_at_once(store: Store, tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "sweep")

    def launch() -> None:
        with Lease.acquire(paths.lease) as lease, syncing(store, paths, lambda: lease.epoch, StopRequests(), print):
            raise ArithmeticError("its own error")

    with pytest.raises(ArithmeticError, match="its own error"):
        launch()
    assert store.keys("lease/000001.released")
