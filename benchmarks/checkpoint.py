"""Measure a large checkpoint's way through Ray: `python -m benchmarks.checkpoint [--address HOST:PORT] [--gigabytes N]`.

One worker writes a checkpoint of two files and sends it. Another worker claims the pack and gets it back. With an address, the
workers run on another machine of that Ray, if there is one. This process and the gate run here, as in a launch.

Memory is what each process has for itself (`RssAnon`), at most, above what it had before. Ray's shared memory is not in it,
because its size is limited: OBJECT_STORE_BYTES here, and by an address what its head was started with.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from benchmarks.case import Case
from recipe_sweep.cluster.resources import Resources
from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Keep
from recipe_sweep.sweep.files.launch_file import REAL, LaunchSettings
from recipe_sweep.sweep.files.pack import Pack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.lease import Lease
from recipe_sweep.sweep.travel import ray_gate
from recipe_sweep.sweep.travel.arrivals import sha256_of

OBJECT_STORE_BYTES = 200_000_000
FILES = ("step-000000000001.safetensors", "step-000000000001.arrays")
BLOCK = 1 << 20
LOOK_EVERY_S = 0.02
GATE = "ray::Gate"


class Carried(NamedTuple):
    """What a worker did with a pack: seconds of the transfer, hashes of the files, and its own growth in bytes."""

    seconds: float
    hashes: tuple[str, ...]
    grown: int


@dataclass(frozen=True)
class Measured:
    """The way there and back. Bytes are of the largest growth of each process."""

    size: int
    there_s: float
    back_s: float
    same: bool
    driver_bytes: int
    gate_bytes: int
    workers_bytes: int


def main() -> None:
    """Measure once and print sentences, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkpoint", description=__doc__)
    parser.add_argument("--address", help="a running Ray; without it, one is started here")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="size of the checkpoint")
    parser.add_argument("--packs", type=int, default=1, help="checkpoints that travel at once, each of its share of the size")
    parser.add_argument("--directory", type=Path, help="where the sweep's directory is made, on this machine")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="rs-checkpoint-", dir=given.directory) as directory,
        _ray(given.address, given.packs),
    ):
        found = measure(Path(directory) / "sweep", int(1e9 * given.gigabytes), given.packs)
    print(json.dumps(asdict(found)) if given.json else sentences(found))


def measure(root: Path, size: int, packs: int = 1) -> Measured:
    """Send checkpoints of `size` bytes in all from workers to the sweep in `root`, and bring them to others."""
    import ray

    with Lease.acquire(SweepPaths(root).lease) as lease:
        settings = _settings(root, lease.epoch)
        points = Case("simple_spread", "vdn", "td", extractions=("brac",), alphas=1, seeds=packs).points()
        names = [_start(settings, point) for point in points]
        gate = ray_gate.start_gate(settings, by_store=False)
        ray.get(gate.told_to_stop.remote())
        worker = ray.remote(num_cpus=1, max_retries=0, max_calls=1)(_carry)
        worker = worker.options(scheduling_strategy=ray_gate.only_on(_place()))
        with Memory(_gate_process()) as of_gate, Memory(os.getpid()) as of_driver:
            there: list[Carried] = ray.get([worker.remote(settings, gate, name, size // packs) for name in names])
            back: list[Carried] = ray.get([worker.remote(settings, gate, name, 0) for name in names])
    return Measured(
        size=size,
        there_s=max(each.seconds for each in there),
        back_s=max(each.seconds for each in back),
        same=[each.hashes for each in there] == [each.hashes for each in back],
        driver_bytes=of_driver.grown,
        gate_bytes=of_gate.grown,
        workers_bytes=max(each.grown for each in (*there, *back)),
    )


def _start(settings: LaunchSettings, point: DesignPoint) -> str:
    """Start a pack of one run and return its id."""
    pack = Pack((point,))
    record_start(settings.paths, PackRecord(pack, settings.epoch, 1, 1, "cpu", "no data", datetime.now(UTC)))
    return pack.pack_id


def sentences(found: Measured) -> str:
    """Write the result for a person."""
    mb = found.size / 1e6
    return (
        f"{mb:,.0f} MB to the sweep: {found.there_s:.1f} s, {mb / found.there_s:,.0f} MB/s; "
        f"back: {found.back_s:.1f} s, {mb / found.back_s:,.0f} MB/s; {'the same' if found.same else 'DIFFERENT'} bytes\n"
        f"memory above idle: driver {found.driver_bytes / 1e6:,.0f} MB, gate {found.gate_bytes / 1e6:,.0f} MB, "
        f"worker {found.workers_bytes / 1e6:,.0f} MB"
    )


class Memory:
    """Watches a process's own memory from the beginning of a block to its end."""

    def __init__(self, pid: int) -> None:
        self._pid, self._over = pid, threading.Event()
        self._most = self._before = _own_bytes(pid)
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def grown(self) -> int:
        """The largest growth so far, in bytes."""
        return self._most - self._before

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            self._most = max(self._most, _own_bytes(self._pid))


def _own_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


def _gate_process() -> int:
    """Find the gate of this machine."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.read_bytes().startswith(GATE.encode()):
                return int(entry.parent.name)
    raise SystemExit("the gate has no process here")


def _place() -> str:
    """Choose a machine for workers: another than this one, if there is one."""
    import ray

    here = str(ray.get_runtime_context().get_node_id())
    return next((node["NodeID"] for node in ray.nodes() if node["Alive"] and node["NodeID"] != here), here)


@contextlib.contextmanager
def _ray(address: str | None, cpus: int) -> Iterator[None]:
    import ray

    own: Mapping[str, Any] = {"num_cpus": cpus, "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
    options = {"address": address} if address else own
    ray.init(log_to_driver=False, logging_level="warning", **options)
    try:
        yield
    finally:
        ray.shutdown()


def _carry(settings: LaunchSettings, gate: Any, pack_id: str, size: int) -> Carried:
    """Claim the pack. With a size, write a checkpoint and send it. Without, get the one that was sent."""
    from recipe_sweep.sweep.travel.mirror import Mirror
    from recipe_sweep.sweep.travel.ray_gate import RayConnection

    travel = Mirror(settings, RayConnection(gate, settings.launch_id))
    with Memory(os.getpid()) as memory:
        began = time.monotonic()
        with travel.claimed(pack_id, lambda: False) as files:
            folder = files.paths.pack_checkpoint(pack_id)
            if size:
                folder.mkdir(parents=True)
                for name in FILES:
                    _write(folder / name, size // len(FILES))
                began = time.monotonic()
                files.send_checkpoint()
            seconds = time.monotonic() - began
            hashes = tuple(sha256_of(folder / name) for name in FILES)
    return Carried(seconds, hashes, memory.grown)


def _write(path: Path, size: int) -> None:
    with path.open("wb") as file:
        while (left := size - file.tell()) > 0:
            file.write(os.urandom(min(left, BLOCK)))


def _settings(root: Path, epoch: int) -> LaunchSettings:
    resources = Resources(
        address=None, cpus=1, gpus=0, cpus_per_pack=1, gpu_per_pack=0.0, threads=1, slots=1, max_lanes=1, device="cpu",
        checkpoint_minutes=1.0, reuse_workers=True,
    )  # fmt: skip
    return LaunchSettings(root, epoch, root / "data", Keep.NONE, REAL, resources, launch_id="0" * 32)


if __name__ == "__main__":
    main()
