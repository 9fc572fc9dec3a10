"""Writes commands that a reader can paste into a shell."""

from __future__ import annotations

import shlex
from pathlib import PurePath


def pasted(*words: object) -> str:
    """Return a command that a shell reads as exactly these words, even if they contain special characters."""
    return shlex.join(_word(word) for word in words)


def _word(word: object) -> str:
    text = str(word)
    # A program would read such a path as an option.
    return f"./{text}" if isinstance(word, PurePath) and text.startswith("-") else text
