"""Tells the gate how a pack is doing, about every second, and learns whether to stop. It is a thread beside training.

If there are many packs, the gate asks for fewer beats.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from recipe_sweep.search_spaces.errors import RecipeSweepError
from recipe_sweep.sweep.errors import LeaseLostError
from recipe_sweep.sweep.travel.gate import EVERY_S, MOST_LOG, Beat
from recipe_sweep.sweep.travel.gateway import Gateway

PATIENCE_S = 60.0
"""Seconds without an answer of the gate, after which the worker saves its pack and leaves it."""
LOG_PART = 1 << 18
"""Bytes of a log that travel with one beat."""


class Heart:
    """Beats until the block ends. `log` is the name of the attempt's log below `root`, once there is one."""

    def __init__(self, gateway: Gateway, pack_id: str, token: str, root: Path) -> None:
        self._gateway, self._pack_id, self._token, self._root = gateway, pack_id, token, root
        self._log: str | None = None
        self._sent = 0
        self._progress: Path | None = None
        self._stop = False
        self._again_s = EVERY_S
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._answered_at = time.monotonic()
        self._thread = threading.Thread(target=self._beat_until_over, name="travel", daemon=True)

    @property
    def told_to_stop(self) -> bool:
        """Whether the gate said so, or has been silent for long."""
        return self._stop or time.monotonic() - self._answered_at > PATIENCE_S

    def progressed(self, path: Path | None) -> None:
        """Send the content of this file with the next beat; with None, send none."""
        self._progress = path

    def logging_to(self, name: str) -> None:
        """Send the rest of the log before, and from now on what is new in this one."""
        if self._log is not None:
            self.flush()
        self._log, self._sent = name, 0

    def say(self, sentence: Callable[[], str]) -> None:
        """Add a line to the attempt's log, if there is one. Every request before it was answered."""
        if self._log is not None:
            with self._lock, suppress(OSError), (self._root / self._log).open("a", encoding="utf-8") as log:
                print(sentence(), file=log)

    def flush(self) -> None:
        """Send all that is new in the log. A gate that does not answer is not waited for."""
        try:
            while self._beat():
                pass
        except (OSError, RecipeSweepError):
            return

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _beat_until_over(self) -> None:
        while not self._over.wait(self._again_s):
            try:
                while self._beat() and not self._over.is_set():
                    pass
            except LeaseLostError:
                self._stop = True
                return
            except (OSError, RecipeSweepError):
                continue  # It is asked again, and `told_to_stop` knows how long there was no answer.

    def _beat(self) -> bool:
        """Ask the gate once; return whether the log has more."""
        with self._lock:
            progress, self._progress = self._progress, None
            text = self._new_text()
            beat = Beat(None if progress is None else progress.read_bytes(), self._log, self._sent, text)
            pulse = self._gateway.pulse(self._pack_id, self._token, beat)
            self._answered_at = time.monotonic()
            self._stop, self._again_s = self._stop or pulse.stop, pulse.again_s
            more = self._log is not None and pulse.log_size == self._sent + len(text) and len(text) == LOG_PART
            self._sent = max(self._sent, pulse.log_size)
            return more

    def _new_text(self) -> bytes:
        if self._log is None or self._sent >= MOST_LOG:
            return b""
        try:
            with (self._root / self._log).open("rb") as file:
                file.seek(self._sent)
                return file.read(LOG_PART)
        except FileNotFoundError:
            return b""
