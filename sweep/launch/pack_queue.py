"""The order in which a launch hands out its packs, and what happens to a pack that failed.

A pack is recorded as started when it is handed out, so that later launches adopt it. A failed pack waits some seconds, behind
the others, for its second try. A pack that failed as often as it may is halved, repeatedly, until the failing run is alone.
If many attempts in a row fail, no single run is the cause. The launch then stops, because halving thousands of packs would
not help.

If an attempt was hindered (a full disk, a store that is away), the others would be as well. So no pack is handed out for a
while, twice as long each time, and nothing counts against the pack.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from recipe_sweep.sweep.files.attempt_file import AttemptEnd
from recipe_sweep.sweep.files.failure_file import failed_attempts, may_pass
from recipe_sweep.sweep.files.launch_file import LaunchFile, LaunchSettings, PlannedPack
from recipe_sweep.sweep.files.pack_file import PackRecord, record_start
from recipe_sweep.sweep.launch.backoff import wait_s
from recipe_sweep.sweep.locks.stop import told_to_stop
from recipe_sweep.sweep.planning.packing import halves

HOPELESS_FAILURES = 20
"""Failed attempts in a row after which no further pack is started."""


def _print(text: str) -> None:
    print(text, flush=True)


class PackQueue:
    """The packs of a launch, waiting and being trained.

    `tell` is called with a sentence at every wait. `clock` gives seconds that never go back, even if the time of day is set.
    """

    def __init__(
        self, launch: LaunchFile, tell: Callable[[str], None] = _print, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._tell, self._clock = launch.settings, tell, clock
        self._waiting = deque(launch.packs)
        self._not_before: dict[str, float] = {}
        self._paused_until = clock()
        self._working: dict[str, PlannedPack] = {}
        self._started = 0
        self._failures = Counter(failed_attempts(launch.settings.paths))
        self._failed_in_a_row = 0

    @property
    def hopeless(self) -> bool:
        """Whether too many attempts failed in a row to go on."""
        return self._failed_in_a_row >= HOPELESS_FAILURES

    @property
    def working(self) -> tuple[str, ...]:
        """Ids of the packs that were handed out and have not ended."""
        return tuple(self._working)

    @property
    def waiting(self) -> int:
        """Count the packs that are not handed out, or come back later. None are, once nothing is handed out any more."""
        return 0 if self._closed else len(self._waiting)

    @property
    def finished(self) -> bool:
        """Whether no further pack will be handed out."""
        return self._closed or (not self._waiting and not self._working)

    def next(self) -> str | None:
        """Hand out the id of the next pack to start; None if there is none now.

        Another may be ready later: one that waits, or one that fails and comes back.
        """
        now = self._clock()
        if self._closed or now < self._paused_until:
            return None
        ready = (at for at, planned in enumerate(self._waiting) if self._not_before.get(planned.pack.pack_id, now) <= now)
        place = next(ready, None)
        if place is None:
            return None
        planned = self._waiting[place]
        try:
            record_start(self._settings.paths, _record(planned, self._settings, self._started + 1))
        except OSError as error:
            if not may_pass(error):
                raise
            self._pause()
            return None
        del self._waiting[place]
        self._started += 1
        self._working[planned.pack.pack_id] = planned
        return planned.pack.pack_id

    def ended(self, pack_id: str, end: AttemptEnd) -> None:
        """Note how a pack's attempt ended."""
        planned = self._working.pop(pack_id)
        if end is AttemptEnd.PUBLISHED:
            self._failed_in_a_row = 0
        elif end is AttemptEnd.FAILED:
            self._failed_in_a_row += 1
            self._failed(planned)
        elif end is AttemptEnd.HINDERED:
            self._waiting.append(planned)
            self._pause()

    @property
    def _closed(self) -> bool:
        return self.hopeless or told_to_stop(self._settings)

    def _failed(self, planned: PlannedPack) -> None:
        pack = planned.pack
        self._failures[pack.pack_id] += 1
        if self._failures[pack.pack_id] < pack.attempts_allowed:
            wait = wait_s(self._failures[pack.pack_id])
            self._tell(f"pack {pack.pack_id} failed: tried again in {wait:.0f} s")
            self._not_before[pack.pack_id] = self._clock() + wait
            self._waiting.append(planned)
        elif len(pack.points) > 1:
            self._waiting.extend(replace(planned, pack=half) for half in halves(pack.points, pack.pack_id))

    def _pause(self) -> None:
        """Hand nothing out for a while. Packs that ran before and are hindered meanwhile do not prolong the wait."""
        now = self._clock()
        if now < self._paused_until:
            return
        self._failed_in_a_row += 1
        wait = wait_s(self._failed_in_a_row)
        self._paused_until = now + wait
        self._tell(f"the disk, the store or the network has failed (see failures/): no pack is started for {wait:.0f} s")


def _record(planned: PlannedPack, settings: LaunchSettings, order: int) -> PackRecord:
    return PackRecord(
        pack=planned.pack,
        epoch=settings.epoch,
        order=order,
        threads=settings.resources.threads,
        device=settings.resources.device,
        data_hash=planned.data_hash,
        started_at=datetime.now(UTC),
    )
