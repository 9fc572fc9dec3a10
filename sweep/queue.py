"""The order in which a launch hands out its packs, and what becomes of one that failed.

A failed pack waits behind the others for its second try; one that failed as often as it may is halved, again and again,
until the run that fails is alone. Where attempt after attempt fails and none succeeds the cause is no single run, and the
launch stops instead of taking thousands of packs apart.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sweep.attempts import AttemptEnd
from sweep.launch_file import PlannedPack
from sweep.packs import halves

HOPELESS_FAILURES = 20
"""Failed attempts in a row, without one success in the launch, after which no further pack is started."""


class PackQueue:
    """Packs waiting and at work. `failures` are the failed attempts of earlier launches; `should_stop` ends it early."""

    def __init__(self, packs: Iterable[PlannedPack], failures: Mapping[str, int], should_stop: Callable[[], bool]) -> None:
        self._waiting = deque(packs)
        self._working: dict[str, PlannedPack] = {}
        self._failures = Counter(failures)
        self._failed_in_a_row = 0
        self._should_stop = should_stop

    @property
    def hopeless(self) -> bool:
        """Whether so much failed in a row that going on makes no sense."""
        return self._failed_in_a_row >= HOPELESS_FAILURES

    @property
    def finished(self) -> bool:
        """Whether no pack will be handed out any more."""
        return self._closed or (not self._waiting and not self._working)

    def next(self) -> PlannedPack | None:
        """The next pack to start; None where there is none now (one at work may yet fail and come back)."""
        if self._closed or not self._waiting:
            return None
        planned = self._waiting.popleft()
        self._working[planned.pack.pack_id] = planned
        return planned

    def ended(self, pack_id: str, end: AttemptEnd) -> None:
        """Take note of how a pack's attempt ended."""
        planned = self._working.pop(pack_id)
        if end is AttemptEnd.PUBLISHED:
            self._failed_in_a_row = 0
        elif end is AttemptEnd.FAILED:
            self._failed_in_a_row += 1
            self._failed(planned)

    @property
    def _closed(self) -> bool:
        return self.hopeless or self._should_stop()

    def _failed(self, planned: PlannedPack) -> None:
        pack = planned.pack
        self._failures[pack.pack_id] += 1
        if self._failures[pack.pack_id] < pack.attempts_allowed:
            self._waiting.append(planned)
        elif len(pack.points) > 1:
            self._waiting.extend(replace(planned, pack=half) for half in halves(pack.points, pack.pack_id))
