"""The way of large files: checkpoints and weights. Through the gate in parts, or by the sweep's store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recipe_sweep.sweep.store.keys import is_ours
from recipe_sweep.sweep.travel.arrivals import Landed
from recipe_sweep.sweep.travel.gateway import Gateway, download, upload
from recipe_sweep.sweep.travel.names import CHECKPOINTS

ARRAYS = ".safetensors"


class Freight(Protocol):
    """Carries large files of one claimed pack."""

    def send(self, name: str, path: Path) -> None:
        """Bring a file to the sweep under its name. Raises OSError, StoreError, LeaseLostError."""
        ...

    def bring(self, name: str, path: Path) -> bool:
        """Fetch a file of the sweep; False if there is none."""
        ...


class ArrayStore(Protocol):
    """What freight asks of a store. See `Store`."""

    def fetch(self, key: str, path: Path) -> bool: ...

    def replace(self, key: str, path: Path) -> None: ...


@dataclass(frozen=True)
class ByGate:
    """Large files go through the gate, in parts."""

    gateway: Gateway
    pack_id: str
    token: str

    def send(self, name: str, path: Path) -> None:
        """See `Freight`."""
        landed = upload(self.gateway, self.pack_id, self.token, name, path)
        self.gateway.commit(self.pack_id, self.token, name, landed)

    def bring(self, name: str, path: Path) -> bool:
        """See `Freight`."""
        try:
            download(self.gateway, self.pack_id, self.token, name, path)
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            return False
        return True


@dataclass(frozen=True)
class ByStore:
    """Arrays go to the sweep's store. From there the gate fetches weights, before results name them, and no checkpoints.

    Records of checkpoints are small, and go through the gate: from them a launch knows which checkpoints there are. Then they
    go to the store as well, before older arrays are removed there. So a machine of the launch may be lost with its disk.
    """

    store: ArrayStore
    by_gate: ByGate

    def send(self, name: str, path: Path) -> None:
        """See `Freight`."""
        if not (is_ours(name) and path.suffix == ARRAYS):
            self.by_gate.send(name, path)
            if name.startswith(CHECKPOINTS):
                self.store.replace(name, path)
            return
        self.store.replace(name, path)
        if not name.startswith(CHECKPOINTS):
            self.by_gate.gateway.fetch_stored(self.by_gate.pack_id, self.by_gate.token, name, Landed.of(path))

    def bring(self, name: str, path: Path) -> bool:
        """See `Freight`."""
        stored = is_ours(name) and path.suffix == ARRAYS and self.store.fetch(name, path)
        return stored or self.by_gate.bring(name, path)
