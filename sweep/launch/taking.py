"""A process that takes packs of a launch from the sweep's folder, one after another, until none is left.

    python -m recipe_sweep.sweep.launch.taking SWEEP EPOCH [--stay]

It does not know who started it. If it is killed, its claim is free at once, and the next process goes on from the checkpoint.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recipe_sweep.sweep.files.launch_file import LaunchSettings, read_launch
from recipe_sweep.sweep.files.offers_file import Offer, is_open, read_offers
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.claim import Claim, claimed
from recipe_sweep.sweep.locks.stop import told_to_stop
from recipe_sweep.sweep.travel.shared_folder import SharedPack
from recipe_sweep.sweep.worker.pack_worker import work

NOTHING_LEFT_EXIT = 0
STOPPED_EXIT = 20
"""The launch has ended, was asked to stop, or another one has taken over."""
LOOK_EVERY_S = 1.0
IDLE_S = 10.0
"""Seconds without a pack to take, after which a process ends, if no others will follow."""


class OfferedFolder:
    """The way of packs to a process that takes them. It never waits for a pack that another process has. See `Travel`."""

    def __init__(self, settings: LaunchSettings, offer: Offer) -> None:
        self.settings, self._offer = settings, offer
        self.took = False

    def told_to_stop(self) -> bool:
        """See `Travel`."""
        return told_to_stop(self.settings)

    @contextmanager
    def claimed(self, pack_id: str, give_up: Callable[[], bool]) -> Iterator[SharedPack]:
        """See `Travel`. A pack whose try has ended since it was offered is not ours."""
        paths = self.settings.paths
        with claimed(paths, pack_id, self.settings.epoch, lambda: True) as claim:
            self.took = claim.ours and is_open(paths, self._offer)
            yield SharedPack(self.settings, pack_id, claim if self.took else Claim(False))


def take_packs(settings: LaunchSettings, *, stay: bool) -> int:
    """Take packs until none is left; with `stay`, until the launch ends. Return the exit code."""
    busy_at = time.monotonic()
    while not told_to_stop(settings):
        offers = read_offers(settings.paths.offers_file(settings.epoch))
        if offers is not None and any(_take(settings, offer) for offer in offers.offers):
            busy_at = time.monotonic()
            continue
        done = offers is not None and not offers.more and time.monotonic() - busy_at > IDLE_S
        if done and not stay:
            return NOTHING_LEFT_EXIT
        time.sleep(LOOK_EVERY_S)
    return STOPPED_EXIT


def _take(settings: LaunchSettings, offer: Offer) -> bool:
    """Train a pack if nobody else does; False if it was not to be had."""
    if settings.paths.pack_result(offer.pack_id).exists():
        return False
    travel = OfferedFolder(settings, offer)
    work(travel, offer.pack_id)
    return travel.took


def main(sweep: str, epoch: str, *options: str) -> int:
    """Take the packs of one launch. Return NOTHING_LEFT_EXIT or STOPPED_EXIT."""
    settings = read_launch(SweepPaths(Path(sweep)).launch_file(int(epoch))).settings
    return take_packs(settings, stay="--stay" in options)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
