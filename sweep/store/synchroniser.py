"""Keeps a store up to date beside a launch, in a thread of its own whose state has a name.

    IDLE      it is time to look   -> COPYING    the launch is over     -> STOPPING
    COPYING   all was copied       -> IDLE       the store is away      -> WAITING
    WAITING   the store answers    -> IDLE, or DONE where the launch is over
    STOPPING  all was copied       -> DONE       the store is away      -> WAITING

From COPYING, WAITING and STOPPING another launch that has taken the sweep over, or a strange name in the store, leads to
REFUSED. DONE and REFUSED are the ends.
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
"""How long the store is waited for after the launch is over."""
A_WHILE_S = 3.0
"""How long that takes before the user is told of it."""


class State(Enum):
    """What a synchroniser is doing."""

    IDLE = "all that was new at the last look is stored"
    COPYING = "what is new is copied"
    WAITING = "the store is away; what is new waits in the directory, and the store is tried again"
    STOPPING = "the launch is over; what is left is copied"
    DONE = "everything is stored, and the lease is given back"
    REFUSED = "nothing more may be stored, whoever waits"


ENDED = frozenset({State.DONE, State.REFUSED})
"""States that no other follows."""


class _Now(NamedTuple):
    """A state, and the error that led to it; together, because two threads look at them."""

    state: State
    failure: RecipeSweepError | None = None


class Synchroniser:
    """Stores what is new until it is left, then what is left.

    Where the store is away, training goes on and `tell` hears of it once. Where another launch has the sweep, this one is
    `asked` to stop. Leaving waits for the store: for ten minutes, or until `asked` once more. Leaving raises LeaseLostError,
    StoreKeyError, or StoreError with what to do then, unless everything is stored.
    """

    def __init__(self, carrier: Carrier, lease: StoreLease, asked: StopRequests, tell: Callable[[str], None]) -> None:
        self._carrier, self._lease, self._asked, self._tell = carrier, lease, asked, tell
        self._now = _Now(State.IDLE)
        self._over, self._left = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)

    @property
    def state(self) -> State:
        """What is being done at this moment."""
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
        """Copy once. `state`, COPYING or STOPPING, is not shown before a store that was away answers again."""
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
            self._tell(f"{' '.join(str(error).split())}; what is new waits in {self._carrier.paths.root}")
        self._now = _Now(State.WAITING, error if isinstance(error, RecipeSweepError) else StoreError(str(error)))
        if state is State.STOPPING:
            self._left.wait(EVERY_S)

    def _wait_for_the_end(self) -> None:
        """Wait until all is stored, for ten minutes or until asked to stop once more; tells where it takes a while."""
        deadline, before = time.monotonic() + PATIENCE_S, self._asked.count
        self._thread.join(A_WHILE_S)
        if self._thread.is_alive():
            self._tell(f"storing what is left at {self._carrier.store.address}; Ctrl-C leaves it to the next launch")
        while self._thread.is_alive() and time.monotonic() < deadline and self._asked.count == before:
            self._thread.join(0.1)

    def _unstored(self) -> RecipeSweepError:
        failure, store, root = self._now.failure, self._carrier.store, self._carrier.paths.root
        hint = f"\n  hint      what was done is in {root}, and not in the store: the same command stores it"
        if failure is None:
            return StoreError(f"the store {store.address} was not waited for{hint}")
        if isinstance(failure, StoreKeyError):
            return failure
        kind = LeaseLostError if isinstance(failure, LeaseLostError) else StoreError
        return kind(f"{failure}{hint}")
