"""What a synchroniser does is one of a few named states, each reached as its drawing says, with a store that obeys the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import LeaseLostError, StoreError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.locks.stop import StopRequests
from recipe_sweep.sweep.store.carrier import Carrier
from recipe_sweep.sweep.store.folder import FolderStore
from recipe_sweep.sweep.store.lease import StoreLease
from recipe_sweep.sweep.store.synchroniser import State, Synchroniser

PATIENCE_S = 20.0
"""How long a test waits before it fails; and so a synchroniser, so that a test that fails does not wait for ten minutes."""


class ObedientCarrier(Carrier):
    """Copies nothing. Each call raises `error`, if there is one, once the test lets it `go_on`; `seen` are the states met."""

    def __init__(self, root: Path) -> None:
        (root / "store").mkdir()
        store, paths = FolderStore(root / "store"), SweepPaths(root / "sweep")
        super().__init__(store, paths, StoreLease(store, paths))
        self.error: Exception | None = None
        self.go_on = threading.Event()
        self.go_on.set()
        self.ask: Callable[[], State] = lambda: State.IDLE
        self.seen: list[State] = []

    def carry(self) -> int:
        self.seen.append(self.ask())
        assert self.go_on.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        return 0


class FreeLease(StoreLease):
    """A lease that nobody else wants. `ends`: how often it was given back; the first `refusals` of these fail."""

    def __init__(self, carrier: Carrier) -> None:
        super().__init__(carrier.store, carrier.paths)
        self.ends, self.refusals = 0, 0

    def check(self) -> None:
        """Nobody has it."""

    def end(self) -> None:
        self.ends += 1
        if self.ends <= self.refusals:
            raise StoreError("away at the end")


@pytest.fixture
def carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObedientCarrier:
    monkeypatch.setattr("recipe_sweep.sweep.store.synchroniser.EVERY_S", 0.01)
    monkeypatch.setattr("recipe_sweep.sweep.store.synchroniser.PATIENCE_S", PATIENCE_S)
    return ObedientCarrier(tmp_path)


class Watched:
    """A synchroniser and what it told."""

    def __init__(self, carrier: ObedientCarrier) -> None:
        self.told: list[str] = []
        self.lease, self.asked = FreeLease(carrier), StopRequests()
        self.sync = Synchroniser(carrier, self.lease, self.asked, self.told.append)
        carrier.ask = lambda: self.sync.state


def wait_for(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.002)


def test_a_launch_without_trouble_copies_again_and_again_and_ends_with_the_lease_given_back(carrier: ObedientCarrier) -> None:
    watched = Watched(carrier)
    assert watched.sync.state is State.IDLE
    with watched.sync:
        wait_for(lambda: len(carrier.seen) > 2)
        assert set(carrier.seen) == {State.COPYING}
        wait_for(lambda: watched.sync.state is State.IDLE)
    assert carrier.seen[-1] is State.STOPPING
    assert watched.sync.state is State.DONE
    assert (watched.lease.ends, watched.told, watched.asked.count) == (1, [], 0)


def test_a_store_that_is_away_is_told_once_and_once_more_when_it_answers(carrier: ObedientCarrier) -> None:
    watched = Watched(carrier)
    with watched.sync:
        carrier.error = OSError("the disk\nof the store is away")
        wait_for(lambda: watched.sync.state is State.WAITING)
        tried = len(carrier.seen)
        wait_for(lambda: len(carrier.seen) > tried + 2)
        assert set(carrier.seen[tried:]) == {State.WAITING}, "it looks busy while it only tries again"
        carrier.error = None
        wait_for(lambda: watched.sync.state is State.IDLE)
    assert watched.sync.state is State.DONE
    assert watched.told == [
        f"the disk of the store is away; new files wait in {carrier.paths.root}",
        f"the store {carrier.store.address} answers again",
    ]


def test_a_store_that_comes_back_after_the_last_pack_is_still_given_everything(carrier: ObedientCarrier) -> None:
    watched = Watched(carrier)
    carrier.error = StoreError("away")
    with watched.sync:
        wait_for(lambda: watched.sync.state is State.WAITING)
        threading.Timer(0.1, lambda: setattr(carrier, "error", None)).start()
    assert watched.sync.state is State.DONE
    assert watched.lease.ends == 1


def test_a_lease_that_cannot_be_given_back_at_once_is_given_back_later(carrier: ObedientCarrier) -> None:
    watched = Watched(carrier)
    watched.lease.refusals = 2
    with watched.sync:
        pass
    assert watched.sync.state is State.DONE
    assert watched.lease.ends == 3
    assert [told.partition(";")[0] for told in watched.told[::2]] == ["away at the end"] * 2


def test_who_was_taken_over_stops_copying_at_once_and_the_launch_with_it(carrier: ObedientCarrier) -> None:
    # Nothing is asserted inside, because leaving raises an error of its own.
    watched = Watched(carrier)
    carrier.error = LeaseLostError("launch 7 has it")

    def launch() -> None:
        with watched.sync:
            wait_for(lambda: watched.asked.count == 1)
            time.sleep(0.05)

    with pytest.raises(LeaseLostError, match=r"launch 7 has it\n  hint      the results are in "):
        launch()
    assert watched.asked.count == 1, "the launch works on for nobody"
    assert len(carrier.seen) == 1, "it copied again"
    assert watched.sync.state is State.REFUSED
    assert watched.lease.ends == 0, "it gave back what another has"


def test_a_copy_that_never_ends_is_left_alone_when_the_user_asks_again(
    carrier: ObedientCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recipe_sweep.sweep.store.synchroniser.A_WHILE_S", 0.05)
    watched = Watched(carrier)
    carrier.go_on.clear()

    def launch() -> None:
        with watched.sync:
            wait_for(lambda: watched.sync.state is State.COPYING)
            threading.Timer(0.2, watched.asked.ask).start()

    with pytest.raises(StoreError, match="stopped waiting for the store"):
        launch()
    assert watched.told == [f"storing the remaining files at {carrier.store.address}; Ctrl-C leaves them to the next launch"]
    assert watched.lease.ends == 0
    carrier.go_on.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_copy_that_breaks_off_for_a_mistake_of_ours_is_not_taken_for_stored(carrier: ObedientCarrier) -> None:
    watched = Watched(carrier)
    carrier.error = ArithmeticError("a mistake")
    with pytest.raises(StoreError, match="the results are in "), watched.sync:
        pass
    assert watched.sync.state is not State.DONE
