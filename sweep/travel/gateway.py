"""How a worker speaks with the gate. In tests it is the gate itself; on a cluster it is an actor of Ray (`ray_gate.py`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from recipe_sweep.sweep.locks.claim import Claimant
from recipe_sweep.sweep.travel.arrivals import Landed
from recipe_sweep.sweep.travel.gate import CHUNK, Answer, Beat, Pulse


class Gateway(Protocol):
    """The requests that `Gate` answers.

    Each raises what the gate raises. It raises LeaseLostError if the gate is gone for good, and OSError if it does not answer.
    """

    def told_to_stop(self) -> bool: ...

    def claim(self, pack_id: str, claimant: Claimant) -> Answer: ...

    def release(self, pack_id: str, token: str) -> None: ...

    def read(self, pack_id: str, token: str, name: str, offset: int) -> bytes: ...

    def read_data(self, pack_id: str, token: str, file: str, offset: int) -> bytes | None: ...

    def put(self, pack_id: str, token: str, name: str, content: bytes) -> None: ...

    def write(self, pack_id: str, token: str, name: str, offset: int, content: bytes) -> None: ...

    def commit(self, pack_id: str, token: str, name: str, landed: Landed) -> None: ...

    def fetch_stored(self, pack_id: str, token: str, name: str, landed: Landed) -> None: ...

    def keep_checkpoints(self, pack_id: str, token: str, kept: Sequence[str]) -> None: ...

    def publish(self, pack_id: str, token: str, rows: Landed, weights: str | None) -> None: ...

    def pulse(self, pack_id: str, token: str, beat: Beat) -> Pulse: ...


class Connection(Protocol):
    """A way to the gate from one process of one machine."""

    @property
    def gateway(self) -> Gateway: ...

    @property
    def node(self) -> str | None:
        """Ray's id of this machine; None without Ray."""
        ...

    def leftover_log(self, node: str, pack_id: str, name: str, offset: int) -> bytes:
        """Read the end of a log that a dead worker left on another machine; empty if that machine does not answer."""
        ...


def upload(gateway: Gateway, pack_id: str, token: str, name: str, path: Path) -> Landed:
    """Send a file in parts. It has its name at the gate when this returns, unless it is the rows of a pack."""
    sha256, offset = hashlib.sha256(), 0
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            gateway.write(pack_id, token, name, offset, part)
            sha256.update(part)
            offset += len(part)
    return Landed(offset, sha256.hexdigest())


def download(gateway: Gateway, pack_id: str, token: str, name: str, path: Path) -> None:
    """Fetch a file in parts. Raises FileNotFoundError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while part := gateway.read(pack_id, token, name, file.tell()):
            file.write(part)


def download_data(gateway: Gateway, pack_id: str, token: str, name: str, path: Path) -> bool:
    """Fetch a file of the pack's dataset in parts; False if the launch's machine has no such file."""
    with path.open("wb") as file:
        while part := gateway.read_data(pack_id, token, name, file.tell()):
            file.write(part)
    return part is not None
