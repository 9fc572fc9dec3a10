"""The gate: the one process of a launch through which workers without the sweep's directory reach it.

It does in the directory what a worker would do there itself, with the same locks. Every request names the worker's token. The
claim of a pack has one token, and whoever claims the pack next brings a new one. An older worker can change nothing any more.

The gate holds nothing that is not in the directory. If its process dies, the next one finds the tokens in the claims.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from recipe_sweep.sweep.errors import LeaseLostError, StoreError, TravelError
from recipe_sweep.sweep.files.checkpoints import remove_checkpoints
from recipe_sweep.sweep.files.launch_file import LaunchSettings
from recipe_sweep.sweep.files.progress_file import remove_progress
from recipe_sweep.sweep.locks.claim import Claimant, ClaimFile, read_claimant
from recipe_sweep.sweep.locks.stop import told_to_stop
from recipe_sweep.sweep.travel import names
from recipe_sweep.sweep.travel.arrivals import Arrivals, Landed
from recipe_sweep.sweep.travel.data import read_column
from recipe_sweep.sweep.travel.needs import Needs, needs_of

CHUNK = 4 << 20
"""Bytes of a large file that travel at once."""
EVERY_S = 1.0
"""Seconds between two beats of a worker, if there are few."""
BEATS_PER_S = 200
"""Beats that the gate asks for in a second. It answers a few hundred, and is needed for claims and results as well."""
MOST_LOG = 16 << 20
"""Bytes of an attempt's log that are kept here."""


@dataclass
class _Held:
    """A pack's claim, and the lock under which its requests are answered one after another."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    token: str | None = None
    file: ClaimFile | None = None


@dataclass(frozen=True)
class Answer:
    """The answer to a claim. Without `needs` another process has the pack, or the launch is over; ask again."""

    needs: Needs | None = None
    published: bool = False
    stop: bool = False
    killed: Claimant | None = None
    before: Claimant | None = None
    """The worker that had the pack before, if it has a token."""


@dataclass(frozen=True)
class Beat:
    """What a worker says about every second: its progress if it is new, and what its log has after `offset`."""

    progress: bytes | None = None
    log: str | None = None
    offset: int = 0
    text: bytes = b""


@dataclass(frozen=True)
class Pulse:
    """The answer: whether to stop, how much of the log is there now, and after how many seconds to beat again."""

    stop: bool
    log_size: int
    again_s: float = EVERY_S


class Gate:
    """Answers the workers of one launch. Any number of threads may call it."""

    def __init__(self, settings: LaunchSettings, *, by_store: bool = False) -> None:
        self._settings, self._paths = settings, settings.paths
        self._held: dict[str, _Held] = defaultdict(_Held)
        self._held_lock = threading.Lock()
        self._working: set[str] = set()
        self._arrivals = Arrivals(settings, by_store=by_store)

    def close(self) -> None:
        """Close all claims, as the end of this process would."""
        with self._held_lock:
            for held in self._held.values():
                if held.file is not None:
                    held.file.close()
            self._held.clear()

    def told_to_stop(self) -> bool:
        """Say whether the launch was asked to stop, is dead, or was superseded."""
        return told_to_stop(self._settings)

    def claim(self, pack_id: str, claimant: Claimant) -> Answer:
        """Give the pack to this worker, and say which files it needs. Asking again with the same token does no harm."""
        if not (claimant.token and names.TOKEN.fullmatch(claimant.token) and names.PACK.fullmatch(pack_id)):
            raise TravelError(f"a claim of {pack_id[:40]!a} that is none of ours")
        if self.told_to_stop() or claimant.epoch != self._settings.epoch:
            return Answer(stop=True)
        held = self._of(pack_id)
        with held.lock:
            before = read_claimant(self._paths.pack_claim(pack_id))
            file = held.file or ClaimFile(self._paths.pack_claim(pack_id))
            held.file = file
            if not file.take(claimant):
                return Answer()
            held.token = claimant.token
            self._working.add(pack_id)
            self._arrivals.forget(pack_id)  # what an earlier worker had begun to send
            if self._paths.pack_result(pack_id).exists():
                self._clean_up(pack_id)  # The worker that published it was killed before it could clean up.
                return Answer(Needs(), published=True, killed=file.killed)
            return Answer(needs_of(self._paths, pack_id), killed=file.killed, before=before)

    def release(self, pack_id: str, token: str) -> None:
        """Take the claim back."""
        held = self._of(pack_id)
        with held.lock:
            if held.token == token and held.file is not None:
                held.file.give_back()
                held.token = held.file = None
                self._working.discard(pack_id)
                self._arrivals.forget(pack_id)

    def read(self, pack_id: str, token: str, name: str, offset: int) -> bytes:
        """Read at most CHUNK bytes of a file that the pack needs; empty at its end. Raises FileNotFoundError."""
        with self._asked_by(pack_id, token), (self._paths.root / names.readable(name, pack_id)).open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK)

    def read_data(self, pack_id: str, token: str, file: str, offset: int) -> bytes | None:
        """Read at most CHUNK bytes of a file of the pack's dataset; None if it is not on this machine."""
        with self._asked_by(pack_id, token):
            return read_column(self._settings, pack_id, file, offset, CHUNK)

    def put(self, pack_id: str, token: str, name: str, content: bytes) -> None:
        """Write a small file, in place of the one before."""
        with self._asked_by(pack_id, token):
            self._arrivals.put(names.checked(name, pack_id), content, lasting=True)

    def write(self, pack_id: str, token: str, name: str, offset: int, content: bytes) -> None:
        """Write a part of a large file. It has its name only after `commit`."""
        with self._asked_by(pack_id, token):
            self._arrivals.write(pack_id, names.checked(name, pack_id), offset, content)

    def commit(self, pack_id: str, token: str, name: str, landed: Landed) -> None:
        """Give a large file its name, if it is what was sent. Raises OSError otherwise."""
        with self._asked_by(pack_id, token):
            self._arrivals.commit(pack_id, names.checked(name, pack_id), landed)

    def fetch_stored(self, pack_id: str, token: str, name: str, landed: Landed) -> None:
        """Bring a file that the worker has put into the store. Raises OSError if it is not what was sent.

        That may take minutes. The worker's beats are answered meanwhile, because one without an answer leaves its pack.
        """
        with self._asked_by(pack_id, token):
            names.checked(name, pack_id)
        self._arrivals.fetch(pack_id, name, landed)
        with self._asked_by(pack_id, token):
            self._arrivals.finish_fetched(pack_id, name)

    def keep_checkpoints(self, pack_id: str, token: str, kept: Sequence[str]) -> None:
        """Remove all checkpoint files of the pack but these."""
        with self._asked_by(pack_id, token):
            self._arrivals.keep_checkpoints(pack_id, kept)

    def publish(self, pack_id: str, token: str, rows: Landed, weights: str | None) -> None:
        """Publish the rows that were sent, once. Raises LeaseLostError, AlreadyPublishedError, OSError.

        After an error the weights are removed. Asking again after the answer was lost does no harm.
        """
        with self._asked_by(pack_id, token):
            self._arrivals.publish(pack_id, rows, None if weights is None else names.checked(weights, pack_id))
            self._clean_up(pack_id)

    def pulse(self, pack_id: str, token: str, beat: Beat) -> Pulse:
        """Take the newest progress and a part of the log; say whether this worker is to save its pack and leave it."""
        try:
            with self._asked_by(pack_id, token):
                if beat.progress is not None and not self._paths.pack_result(pack_id).exists():  # It may come late.
                    self._arrivals.put(names.checked(f"progress/{pack_id}.json", pack_id), beat.progress, lasting=False)
                size = 0 if beat.log is None else self._log(names.checked(beat.log, pack_id), beat)
                return Pulse(self.told_to_stop(), size, max(EVERY_S, len(self._working) / BEATS_PER_S))
        except LeaseLostError:
            return Pulse(stop=True, log_size=0)

    def _log(self, name: str, beat: Beat) -> int:
        """Write a part of an attempt's log, if it follows on what is here; return how long the log is here."""
        path = self._paths.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            if beat.offset == file.tell() and file.tell() < MOST_LOG:
                file.write(beat.text)
            return file.tell()

    def _clean_up(self, pack_id: str) -> None:
        remove_progress(self._paths.progress, pack_id)
        remove_checkpoints(self._paths, pack_id)
        with suppress(StoreError):  # The pack is published, and the next launch removes what is left in the store.
            self._arrivals.keep_checkpoints(pack_id, ())

    def _of(self, pack_id: str) -> _Held:
        with self._held_lock:
            return self._held[pack_id]

    def _asked_by(self, pack_id: str, token: str) -> _Request:
        if not names.PACK.fullmatch(pack_id):
            raise TravelError(f"{pack_id[:40]!a} is no pack")
        return _Request(self, self._of(pack_id), pack_id, token)

    def check(self, held: _Held, pack_id: str, token: str) -> None:
        """Raise LeaseLostError unless the pack's claim has this token. A gate that was started again finds it in the file."""
        path = self._paths.pack_claim(pack_id)
        if held.token is None and (known := read_claimant(path)) is not None and known.token == token:
            file = ClaimFile(path)
            if known.epoch == self._settings.epoch and file.take(known):
                held.file, held.token = file, token
                self._working.add(pack_id)
            else:
                file.close()
        if held.token != token:
            raise LeaseLostError(f"another worker has pack {pack_id} now")


class _Request:
    """A request of a worker: alone with its pack, and refused if the pack has another worker by now."""

    def __init__(self, gate: Gate, held: _Held, pack_id: str, token: str) -> None:
        self._gate, self._held, self._pack_id, self._token = gate, held, pack_id, token

    def __enter__(self) -> None:
        self._held.lock.acquire()
        try:
            self._gate.check(self._held, self._pack_id, self._token)
        except BaseException:
            self._held.lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._held.lock.release()
