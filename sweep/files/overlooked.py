"""Damaged files that a reader went on without: each is said once, at the end of the command that met it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError

_log = logging.getLogger(__name__)


class Overlooked:
    """What was overlooked so far, each file once."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._known: set[str] = set()

    def add(self, subject: Path | str, sentence: str) -> None:
        """Take note, unless something was said of the same subject before."""
        if str(subject) not in self._known:
            self._known.add(str(subject))
            self._waiting[str(subject)] = sentence

    def silence(self, subject: Path | str | None) -> None:
        """Say nothing of this subject, because something else speaks of it."""
        self._known.add(str(subject))
        self._waiting.pop(str(subject), None)

    def tell(self, say: Callable[[str], None]) -> None:
        """Say what was not said yet."""
        waiting, self._waiting = self._waiting, {}
        for sentence in waiting.values():
            say(sentence)


_listening: list[Overlooked] = []
_by_process = Overlooked()
"""Of a process without a command, such as a worker: what it has logged."""


@contextmanager
def overlooked() -> Iterator[Overlooked]:
    """Collect what is overlooked until the end of the block."""
    heard = Overlooked()
    _listening.append(heard)
    try:
        yield heard
    finally:
        _listening.remove(heard)


def overlook(error: DamagedFileError) -> None:
    """Take note of a damaged file that is gone on without."""
    note(error.path, error.sentence)


def note(subject: Path | str, sentence: str) -> None:
    """Take note of something about files that the user should know, once for each subject."""
    heard = _listening[-1] if _listening else _by_process
    heard.add(subject, sentence)
    if heard is _by_process:
        heard.tell(_log.warning)


def silence(subject: Path | str) -> None:
    """Say nothing of this subject at the end of the command, because the command itself speaks of it."""
    if _listening:
        _listening[-1].silence(subject)


def tell_now(say: Callable[[str], None]) -> None:
    """Say what was overlooked so far, before something that takes long."""
    if _listening:
        _listening[-1].tell(say)
