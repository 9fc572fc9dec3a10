"""Damaged files that a reader continued without. Each is reported once, at the end of the command that met it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recipe_sweep.sweep.errors import DamagedFileError

_log = logging.getLogger(__name__)


class Overlooked:
    """What was overlooked so far. Each file counts once."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._known: set[str] = set()

    def add(self, subject: Path | str, sentence: str) -> None:
        """Note a sentence, unless something was noted on the same subject before."""
        if str(subject) not in self._known:
            self._known.add(str(subject))
            self._waiting[str(subject)] = sentence

    def silence(self, subject: Path | str | None) -> None:
        """Report nothing about this subject, because something else reports it."""
        self._known.add(str(subject))
        self._waiting.pop(str(subject), None)

    def tell(self, say: Callable[[str], None]) -> None:
        """Report what was not reported yet."""
        waiting, self._waiting = self._waiting, {}
        for sentence in waiting.values():
            say(sentence)


_listening: list[Overlooked] = []
_by_process = Overlooked()
"""What a process without a command, such as a worker, has logged."""


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
    """Note a damaged file that the reader continues without."""
    note(error.path, error.sentence)


def note(subject: Path | str, sentence: str) -> None:
    """Note something about files that the user should know, once for each subject."""
    heard = _listening[-1] if _listening else _by_process
    heard.add(subject, sentence)
    if heard is _by_process:
        heard.tell(_log.warning)


def silence(subject: Path | str) -> None:
    """Report nothing about this subject at the end of the command, because the command itself reports it."""
    if _listening:
        _listening[-1].silence(subject)


def tell_now(say: Callable[[str], None]) -> None:
    """Report what was overlooked so far, before something that takes long."""
    if _listening:
        _listening[-1].tell(say)
