"""The gate: who may write what, when, and what it remembers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.errors import AlreadyPublishedError, LeaseLostError, StoreError, TravelError
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.locks.claim import Claimant, claimed
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.store.folder import FolderStore
from recipe_sweep.sweep.travel.arrivals import Landed
from recipe_sweep.sweep.travel.gate import CHUNK, EVERY_S, Beat, Gate
from recipe_sweep.sweep.travel.gateway import download, upload
from tests.sweep import stand_in
from tests.sweep.conftest import make_points, make_resources
from tests.sweep.travel.ways import identified, stored

A, B = "a" * 32, "b" * 32
PACK = Pack(make_points(seeds=1))
ID = PACK.pack_id
OTHER = "0" * 16


@pytest.fixture
def lease(paths: SweepPaths) -> Iterator[Lease]:
    with Lease.acquire(paths.lease) as lease:
        yield lease


@pytest.fixture
def settings(paths: SweepPaths, lease: Lease, tmp_path: Path) -> LaunchSettings:
    record_start(paths, PackRecord(PACK, lease.epoch, 1, 1, "cpu", "hash", datetime.now(UTC)))
    return identified(LaunchSettings(paths.root, lease.epoch, tmp_path, Keep.ACTOR, stand_in.NAME, make_resources()))


@pytest.fixture
def gate(settings: LaunchSettings) -> Iterator[Gate]:
    gate = Gate(settings)
    yield gate
    gate.close()


def claimant(token: str, epoch: int = 1) -> Claimant:
    return Claimant(epoch, ProcessIdentity.of_this_process(), token)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def landed(content: bytes) -> Landed:
    return Landed(len(content), hashlib.sha256(content).hexdigest())


def send(gate: Gate, token: str, name: str, content: bytes) -> None:
    gate.write(ID, token, name, 0, content)
    gate.commit(ID, token, name, landed(content))


REQUESTS: tuple[Callable[[Gate, str], object], ...] = (
    lambda gate, token: gate.put(ID, token, f"attempts/{ID}/0001.json", b"{}"),
    lambda gate, token: gate.write(ID, token, f"checkpoints/{ID}/step-1.json", 0, b"{}"),
    lambda gate, token: gate.commit(ID, token, f"checkpoints/{ID}/step-1.json", landed(b"")),
    lambda gate, token: gate.fetch_stored(ID, token, f"weights/{ID}.1-1.safetensors", landed(b"")),
    lambda gate, token: gate.keep_checkpoints(ID, token, ()),
    lambda gate, token: gate.publish(ID, token, landed(b""), None),
    lambda gate, token: gate.read(ID, token, f"packs/{ID}.json", 0),
    lambda gate, token: gate.read_data(ID, token, "card.json", 0),
)


def test_a_worker_that_wakes_up_late_changes_something(gate: Gate, paths: SweepPaths) -> None:
    gate.claim(ID, claimant(A))
    send(gate, A, f"checkpoints/{ID}/state.json", b"of A")
    gate.claim(ID, claimant(B))
    send(gate, B, f"checkpoints/{ID}/state.json", b"of B")
    before = contents(paths.root)
    for request in REQUESTS:
        with pytest.raises(LeaseLostError, match="another worker"):
            request(gate, A)
    assert gate.pulse(ID, A, Beat(b"{}", f"logs/{ID}/0001.log", 0, b"late")).stop
    gate.release(ID, A)
    assert contents(paths.root) == before
    assert not gate.pulse(ID, B, Beat()).stop


def test_a_worker_that_never_claimed_writes(gate: Gate, paths: SweepPaths) -> None:
    before = contents(paths.root)
    for request in REQUESTS:
        with pytest.raises(LeaseLostError):
            request(gate, A)
    assert contents(paths.root) == before


def test_a_worker_that_gave_its_pack_back_takes_it_up_again(gate: Gate) -> None:
    gate.claim(ID, claimant(A))
    gate.release(ID, A)
    assert gate.pulse(ID, A, Beat()).stop


def test_a_gate_that_was_started_again_forgets_its_workers(settings: LaunchSettings, gate: Gate, paths: SweepPaths) -> None:
    gate.claim(ID, claimant(A))
    gate.write(ID, A, f"checkpoints/{ID}/step-1.safetensors", 0, b"first half, ")
    gate.close()
    again = Gate(settings)
    again.write(ID, A, f"checkpoints/{ID}/step-1.safetensors", 12, b"second half")
    again.commit(ID, A, f"checkpoints/{ID}/step-1.safetensors", landed(b"first half, second half"))
    assert (paths.pack_checkpoint(ID) / "step-1.safetensors").read_bytes() == b"first half, second half"
    with pytest.raises(LeaseLostError):
        again.put(ID, B, f"attempts/{ID}/0001.json", b"{}")
    again.close()


def test_a_pack_is_given_to_two_where_a_worker_in_the_directory_has_it(gate: Gate, paths: SweepPaths) -> None:
    with claimed(paths, ID, 1, give_up=lambda: True) as claim:
        assert claim.ours
        assert gate.claim(ID, claimant(A)).needs is None
    assert gate.claim(ID, claimant(A)).needs is not None


def test_a_worker_of_an_earlier_launch_gets_a_pack(gate: Gate, lease: Lease) -> None:
    assert gate.claim(ID, claimant(A, epoch=0)).stop
    lease.renew()
    assert gate.claim(ID, claimant(A)).stop
    assert gate.told_to_stop()


def test_an_answer_that_was_lost_makes_a_second_result_or_an_error(gate: Gate, paths: SweepPaths) -> None:
    """Ray asks again where an answer was lost."""
    name, weights, content = f"results/{ID}.parquet", f"weights/{ID}.1-1.safetensors", b"rows"
    for _ in range(2):
        assert gate.claim(ID, claimant(A)).needs is not None
    for _ in range(2):
        gate.write(ID, A, weights, 0, b"weights")
    for _ in range(2):
        gate.commit(ID, A, weights, landed(b"weights"))
    gate.write(ID, A, name, 0, content)
    for _ in range(2):
        gate.publish(ID, A, landed(content), weights)
    assert paths.pack_result(ID).read_bytes() == content
    assert (paths.root / weights).read_bytes() == b"weights"
    assert gate.claim(ID, claimant(B)).published


def test_of_two_results_the_second_counts(gate: Gate, paths: SweepPaths) -> None:
    gate.claim(ID, claimant(A))
    paths.results.mkdir()
    paths.pack_result(ID).write_bytes(b"first")
    weights = f"weights/{ID}.1-2.safetensors"
    send(gate, A, weights, b"of the second")
    gate.write(ID, A, f"results/{ID}.parquet", 0, b"second")
    with pytest.raises(AlreadyPublishedError):
        gate.publish(ID, A, landed(b"second"), weights)
    assert paths.pack_result(ID).read_bytes() == b"first"
    assert not (paths.root / weights).exists(), "a leftover"


def test_a_launch_that_was_superseded_publishes(gate: Gate, paths: SweepPaths, lease: Lease) -> None:
    gate.claim(ID, claimant(A))
    gate.write(ID, A, f"results/{ID}.parquet", 0, b"rows")
    lease.renew()
    with pytest.raises(LeaseLostError, match="has taken over"):
        gate.publish(ID, A, landed(b"rows"), None)
    assert not list(paths.results.glob("*"))


def test_a_store_that_is_away_makes_a_published_pack_an_error(
    settings: LaunchSettings, paths: SweepPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> frozenset[str]:
        raise StoreError("no answer")

    monkeypatch.setattr(FolderStore, "keys", away)
    with closing(Gate(stored(settings), by_store=True)) as gate:
        gate.claim(ID, claimant(A))
        send(gate, A, f"checkpoints/{ID}/state.json", b"{}")
        gate.write(ID, A, f"results/{ID}.parquet", 0, b"rows")
        gate.publish(ID, A, landed(b"rows"), None)
        assert not paths.pack_checkpoint(ID).exists()
        assert gate.claim(ID, claimant(B)).published


def test_a_worker_is_not_answered_while_its_weights_come_from_the_store(
    settings: LaunchSettings, paths: SweepPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []

    def slow(_: FolderStore, key: str, path: Path) -> bool:
        beat = threading.Thread(target=gate.pulse, args=(ID, A, Beat()), daemon=True)
        beat.start()
        beat.join(5.0)
        waits.append(beat.is_alive())
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"weights")
        return True

    monkeypatch.setattr(FolderStore, "fetch", slow)
    weights = f"weights/{ID}.1-1.safetensors"
    with closing(Gate(stored(settings), by_store=True)) as gate:
        gate.claim(ID, claimant(A))
        with pytest.raises(OSError, match="is not what was sent"):
            gate.fetch_stored(ID, A, weights, landed(b"other weights"))
        gate.fetch_stored(ID, A, weights, landed(b"weights"))
    assert waits == [False, False]
    assert [path.name for path in paths.weights.iterdir()] == [Path(weights).name]
    assert (paths.root / weights).read_bytes() == b"weights"


def test_weights_of_a_worker_that_lost_its_pack_meanwhile_are_kept(
    settings: LaunchSettings, paths: SweepPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(_: FolderStore, key: str, path: Path) -> bool:
        gate.claim(ID, claimant(B))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"weights")
        return True

    monkeypatch.setattr(FolderStore, "fetch", overtaken)
    with closing(Gate(stored(settings), by_store=True)) as gate:
        gate.claim(ID, claimant(A))
        with pytest.raises(LeaseLostError):
            gate.fetch_stored(ID, A, f"weights/{ID}.1-1.safetensors", landed(b"weights"))
        gate.release(ID, B)
    assert not list(paths.weights.iterdir())


@pytest.mark.parametrize("content", [b"", b"x", b"x" * CHUNK, b"xyz" * (CHUNK // 2)])
def test_a_file_arrives_changed(gate: Gate, tmp_path: Path, content: bytes) -> None:
    gate.claim(ID, claimant(A))
    here, name = tmp_path / "file", f"checkpoints/{ID}/step-1.safetensors"
    here.write_bytes(content)
    gate.commit(ID, A, name, upload(gate, ID, A, name, here))
    download(gate, ID, A, name, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content


def test_a_file_that_lacks_a_part_gets_its_name(gate: Gate, paths: SweepPaths) -> None:
    gate.claim(ID, claimant(A))
    name = f"checkpoints/{ID}/step-1.safetensors"
    gate.write(ID, A, name, 4, b"half")
    with pytest.raises(OSError, match="what arrived is not what was sent"):
        gate.commit(ID, A, name, landed(b"the half"))
    assert not list(paths.pack_checkpoint(ID).iterdir())


@pytest.mark.parametrize(
    "name",
    [
        f"attempts/{OTHER}/0001.json",
        f"results/{OTHER}.parquet",
        f"checkpoints/{ID}/../../sweep.json",
        f"checkpoints/{ID}/.hidden",
        f"../{ID}",
        "/etc/passwd",
        "sweep.json",
        f"packs/{ID}.json",
        "lease/000001.json",
        f"logs/{ID}/0001.log\n",
        f"attempts/{ID}/0001.json/../../../x",
        f"checkpoints/{ID}/{'x' * 300}",
    ],
)
def test_a_worker_writes_outside_its_pack(gate: Gate, paths: SweepPaths, name: str) -> None:
    gate.claim(ID, claimant(A))
    before = contents(paths.root)
    for request in (
        lambda: gate.put(ID, A, name, b""),
        lambda: gate.write(ID, A, name, 0, b""),
        lambda: gate.commit(ID, A, name, landed(b"")),
        lambda: gate.fetch_stored(ID, A, name, landed(b"")),
        lambda: gate.pulse(ID, A, Beat(None, name, 0, b"x")),
        lambda: gate.publish(ID, A, landed(b""), name),
    ):
        with pytest.raises(TravelError):
            request()
    assert contents(paths.root) == before


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "lease/000001.json", f"../../{ID}", "mlflow.db"])
def test_a_worker_reads_what_is_no_file_of_a_pack(gate: Gate, name: str) -> None:
    gate.claim(ID, claimant(A))
    with pytest.raises(TravelError):
        gate.read(ID, A, name, 0)


@pytest.mark.parametrize("file", ["../card.json", "card.json/..", "x.txt", "/etc/passwd", ".npy"])
def test_a_worker_reads_what_is_no_file_of_its_dataset(gate: Gate, file: str) -> None:
    gate.claim(ID, claimant(A))
    with pytest.raises(TravelError):
        gate.read_data(ID, A, file, 0)


@pytest.mark.parametrize(("pack", "token"), [("../x", A), (ID, "short"), (ID, "A" * 32), ("x" * 16, A)])
def test_a_claim_with_a_strange_name_makes_a_file(gate: Gate, paths: SweepPaths, pack: str, token: str) -> None:
    before = contents(paths.root)
    with pytest.raises(TravelError):
        gate.claim(pack, claimant(token))
    assert contents(paths.root) == before


def test_a_log_has_a_part_twice_or_lacks_one(gate: Gate, paths: SweepPaths) -> None:
    gate.claim(ID, claimant(A))
    name = f"logs/{ID}/0001.log"
    assert gate.pulse(ID, A, Beat(None, name, 0, b"one ")).log_size == 4
    assert gate.pulse(ID, A, Beat(None, name, 0, b"one ")).log_size == 4, "asked again"
    assert gate.pulse(ID, A, Beat(None, name, 9, b"three")).log_size == 4, "a part is missing"
    assert gate.pulse(ID, A, Beat(None, name, 4, b"two")).log_size == 7
    assert paths.pack_log(ID, 1).read_text() == "one two"


def test_many_packs_beat_more_rarely_so_that_the_gate_has_time_for_claims_and_results(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.claim(ID, claimant(A))
    assert gate.pulse(ID, A, Beat()).again_s == EVERY_S
    monkeypatch.setattr("recipe_sweep.sweep.travel.gate.BEATS_PER_S", 0.1)
    assert gate.pulse(ID, A, Beat()).again_s == pytest.approx(10.0)
    gate.release(ID, A)
    gate.claim(ID, claimant(B))
    assert gate.pulse(ID, B, Beat()).again_s == pytest.approx(10.0), "a pack that was given back is counted still"
