"""Counts what a pack exchanges with its sweep. A user sees in the log of an attempt what the network carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recipe_sweep.search_spaces.counted import counted
from recipe_sweep.sweep.locks.claim import Claimant
from recipe_sweep.sweep.store.base import Store
from recipe_sweep.sweep.travel.arrivals import Landed
from recipe_sweep.sweep.travel.gate import Answer, Beat, Pulse
from recipe_sweep.sweep.travel.gateway import Gateway


@dataclass
class Traffic:
    """Bytes of contents, without what the network adds; and how many requests carried those that went through the gate."""

    requests: int = 0
    sent: int = 0
    received: int = 0
    stored: int = 0
    fetched: int = 0

    def sentence(self) -> str:
        """Write the line of an attempt's log."""
        gate = f"{counted(self.requests, 'request')}, {self.sent:,} bytes sent, {self.received:,} received"
        store = f"; the store: {self.stored:,} sent, {self.fetched:,} received" if self.stored or self.fetched else ""
        return f"travelled: {gate}{store}"


@dataclass(frozen=True)
class CountedGateway:
    """A gateway whose requests are counted. See `Gateway`."""

    gateway: Gateway
    traffic: Traffic

    def told_to_stop(self) -> bool:
        self._asked()
        return self.gateway.told_to_stop()

    def claim(self, pack_id: str, claimant: Claimant) -> Answer:
        self._asked()
        answer = self.gateway.claim(pack_id, claimant)
        if answer.needs is not None:
            self.traffic.received += sum(len(content) for _, content in answer.needs.small)
        return answer

    def release(self, pack_id: str, token: str) -> None:
        self._asked()
        self.gateway.release(pack_id, token)

    def read(self, pack_id: str, token: str, name: str, offset: int) -> bytes:
        self._asked()
        return self._received(self.gateway.read(pack_id, token, name, offset))

    def read_data(self, pack_id: str, token: str, file: str, offset: int) -> bytes | None:
        self._asked()
        part = self.gateway.read_data(pack_id, token, file, offset)
        return None if part is None else self._received(part)

    def put(self, pack_id: str, token: str, name: str, content: bytes) -> None:
        self._asked(len(content))
        self.gateway.put(pack_id, token, name, content)

    def write(self, pack_id: str, token: str, name: str, offset: int, content: bytes) -> None:
        self._asked(len(content))
        self.gateway.write(pack_id, token, name, offset, content)

    def commit(self, pack_id: str, token: str, name: str, landed: Landed) -> None:
        self._asked()
        self.gateway.commit(pack_id, token, name, landed)

    def fetch_stored(self, pack_id: str, token: str, name: str, landed: Landed) -> None:
        self._asked()
        self.gateway.fetch_stored(pack_id, token, name, landed)

    def keep_checkpoints(self, pack_id: str, token: str, kept: Sequence[str]) -> None:
        self._asked()
        self.gateway.keep_checkpoints(pack_id, token, kept)

    def publish(self, pack_id: str, token: str, rows: Landed, weights: str | None) -> None:
        self._asked()
        self.gateway.publish(pack_id, token, rows, weights)

    def pulse(self, pack_id: str, token: str, beat: Beat) -> Pulse:
        self._asked(len(beat.progress or b"") + len(beat.text))
        return self.gateway.pulse(pack_id, token, beat)

    def _asked(self, sent: int = 0) -> None:
        self.traffic.requests += 1
        self.traffic.sent += sent

    def _received(self, content: bytes) -> bytes:
        self.traffic.received += len(content)
        return content


@dataclass(frozen=True)
class CountedStore:
    """A store whose bytes are counted, as far as freight uses it. See `Store`."""

    store: Store
    traffic: Traffic

    def fetch(self, key: str, path: Path) -> bool:
        found = self.store.fetch(key, path)
        self.traffic.fetched += path.stat().st_size if found else 0
        return found

    def replace(self, key: str, path: Path) -> None:
        self.store.replace(key, path)
        self.traffic.stored += path.stat().st_size
