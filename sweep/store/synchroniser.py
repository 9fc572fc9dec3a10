"""Keeps a store up to date while a launch works, in its own thread. The thread's state has a name.

    IDLE      it is time to look   -> COPYING    the launch is over     -> STOPPING
    COPYING   all was copied       -> IDLE       the store is silent    -> WAITING
    WAITING   the store answers    -> IDLE, or DONE where the launch is over
    STOPPING  all was copied       -> DONE       the store is silent    -> WAITING

COPYING, WAITING and STOPPING change to REFUSED in two cases: another launch has taken over the sweep, or the store has a
name that we never write. No state follows DONE and REFUSED.
"""

from __future__ import annotations

import threading
import time
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.sweep.errors import LeaseLostError, StoreError, StoreKeyError
from recipe_sweep.sweep.store.carrier import Carrier
from recipe_sweep.sweep.store.lease import EVERY_S, StoreLease

if TYPE_CHECKING:
    from collections.abc import Callable

    from recipe_sweep.sweep.locks.stop import StopRequests

PATIENCE_S = 600.0
"""Seconds that the launch waits for the store at its end."""
A_WHILE_S = 3.0
"""Seconds of waiting before the user is told."""


class State(Enum):
    """What a synchroniser is doing."""

    IDLE = "all that was new at the last look is stored"
    COPYING = "new files are being copied"
    WAITING = "the store does not answer; new files wait in the directory, and the store is tried again"
    STOPPING = "the launch is over; the remaining files are being copied"
    DONE = "everything is stored, and the lease is given back"
    REFUSED = "nothing more may be stored, and waiting does not help"


ENDED = frozenset({State.DONE, State.REFUSED})
"""States that no other state follows."""


class _Now(NamedTuple):
    """A state, and the error that led to it. They are one object, because two threads read them."""

    state: State
    failure: RecipeSweepError | None = None


class Synchroniser:
    """Stores what is new until the block ends, then what is left.

    If the store does not answer, training continues and `tell` is called once. If another launch has the sweep, this one is
    `asked` to stop. At the end it waits for the store: for ten minutes, or until `asked` once more. Unless everything is
    stored, the end raises LeaseLostError, StoreKeyError, or StoreError that says what to do.
    """

    def __init__(self, carrier: Carrier, lease: StoreLease, asked: StopRequests, tell: Callable[[str], None]) -> None:
        self._carrier, self._lease, self._asked, self._tell = carrier, lease, asked, tell
        self._now = _Now(State.IDLE)
        self._over, self._left = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)

    @property
    def state(self) -> State:
        """What the synchroniser is doing at this moment."""
        return self._now.state

    def __enter__(self) -> Synchroniser:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        try:
            self._wait_for_the_end()
        finally:
            self._left.set()
        if self.state is not State.DONE:
            raise self._unstored()

    def _run(self) -> None:
        while not self._left.is_set() and self.state not in ENDED:
            last = self._over.wait(EVERY_S)
            self._store_what_is_new(State.STOPPING if last else State.COPYING)

    def _store_what_is_new(self, state: State) -> None:
        """Copy once.

        `state` is COPYING or STOPPING. After WAITING it is shown only when the store answers again.
        """
        was_away = self.state is State.WAITING
        if not was_away:
            self._now = _Now(state)
        try:
            self._carrier.carry()
            self._lease.check()
            if was_away:
                self._tell(f"the store {self._carrier.store.address} answers again")
            self._finish(state)
        except (LeaseLostError, StoreKeyError) as error:  # Waiting would change nothing.
            self._now = _Now(State.REFUSED, error)
            self._asked.ask()
        except (RecipeSweepError, OSError) as error:
            self._wait_for_the_store(state, error)

    def _finish(self, state: State) -> None:
        if state is State.STOPPING:
            self._now = _Now(state)
            self._lease.end()
            self._now = _Now(State.DONE)
        else:
            self._now = _Now(State.IDLE)

    def _wait_for_the_store(self, state: State, error: RecipeSweepError | OSError) -> None:
        if self.state is not State.WAITING:
            self._tell(f"{' '.join(str(error).split())}; new files wait in {self._carrier.paths.root}")
        self._now = _Now(State.WAITING, error if isinstance(error, RecipeSweepError) else StoreError(str(error)))
        if state is State.STOPPING:
            self._left.wait(EVERY_S)

    def _wait_for_the_end(self) -> None:
        """Wait until all is stored: for ten minutes, or until asked to stop once more. It tells the user if that takes long."""
        deadline, before = time.monotonic() + PATIENCE_S, self._asked.count
        self._thread.join(A_WHILE_S)
        if self._thread.is_alive():
            self._tell(f"storing the remaining files at {self._carrier.store.address}; Ctrl-C leaves them to the next launch")
        while self._thread.is_alive() and time.monotonic() < deadline and self._asked.count == before:
            self._thread.join(0.1)

    def _unstored(self) -> RecipeSweepError:
        failure, store, root = self._now.failure, self._carrier.store, self._carrier.paths.root
        hint = f"\n  hint      the results are in {root}, and not in the store: run the same command to store them"
        if failure is None:
            return StoreError(f"stopped waiting for the store {store.address}{hint}")
        if isinstance(failure, StoreKeyError):
            return failure
        kind = LeaseLostError if isinstance(failure, LeaseLostError) else StoreError
        return kind(f"{failure}{hint}")
