"""Offers packs to processes that somebody else has started, and learns from files how their tries ended.

It stands in the place of Ray Tune. A process that dies gives the claim of its pack back, so another one takes the pack at once.
Failures come back through `PackQueue`, as with Ray: later, and halved in the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from recipe_sweep.sweep.files.attempt_file import AttemptEnd
from recipe_sweep.sweep.files.checkpoints import remove_checkpoints
from recipe_sweep.sweep.files.launch_file import LaunchFile
from recipe_sweep.sweep.files.offers_file import Offer, Offers, tries_of, write_offers
from recipe_sweep.sweep.files.progress_file import remove_progress
from recipe_sweep.sweep.launch.pack_queue import PackQueue
from recipe_sweep.sweep.locks.claim import leftover

PACKS_PER_S = 100
"""Offered packs that are looked at in a second, because more would keep the file system busy."""


class Offering:
    """The packs of a launch, at most as many at once as there are slots."""

    def __init__(self, launch: LaunchFile, tell: Callable[[str], None]) -> None:
        self._settings, self._paths = launch.settings, launch.settings.paths
        self._queue = PackQueue(launch, tell)
        self._out: dict[str, Offer] = {}
        self._written: Offers | None = None
        self._look_at = 0.0

    @property
    def hopeless(self) -> bool:
        """Whether too many attempts failed in a row to go on."""
        return self._queue.hopeless

    @property
    def finished(self) -> bool:
        """Whether nothing is offered any more, and nobody trains a pack."""
        return self._queue.finished and not any(map(self._is_claimed, self._out))

    def look(self) -> None:
        """Note which packs have ended, and offer others in their place. Call it often; it takes care not to look too often."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + max(1.0, len(self._out) / PACKS_PER_S)
        for offer in tuple(self._out.values()):
            if (end := self._end_of(offer)) is not None:
                del self._out[offer.pack_id]
                self._queue.ended(offer.pack_id, end)
        while len(self._out) < self._settings.resources.slots and (pack_id := self._queue.next()) is not None:
            self._out[pack_id] = Offer(pack_id, len(tries_of(self._paths, pack_id)))
        self._write()

    def close(self) -> None:
        """Offer nothing more."""
        self._out.clear()
        self._write()

    def _write(self) -> None:
        offers = Offers(tuple(self._out.values()), more=self._queue.waiting > 0)
        if offers != self._written:
            with suppress(OSError):  # A full disk is told by those who train. The next look tries again.
                write_offers(self._paths.offers_file(self._settings.epoch), offers)
                self._written = offers

    def _end_of(self, offer: Offer) -> AttemptEnd | None:
        """Say how the try at a pack ended; None if it has not ended, or if whoever takes the pack next goes on with it."""
        if self._paths.pack_result(offer.pack_id).exists():
            if self._is_claimed(offer.pack_id):
                return None  # Its process is still cleaning up.
            remove_progress(self._paths.progress, offer.pack_id)
            remove_checkpoints(self._paths, offer.pack_id)
            return AttemptEnd.PUBLISHED
        tried = tries_of(self._paths, offer.pack_id)
        return tried[-1].end if len(tried) > offer.tries else None

    def _is_claimed(self, pack_id: str) -> bool:
        return leftover(self._paths, pack_id, self._settings.epoch + 1) is not None
