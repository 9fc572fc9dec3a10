"""Commands in messages, for a reader to paste into a shell."""

from __future__ import annotations

import shlex
from pathlib import PurePath


def pasted(*words: object) -> str:
    """Return a command that a shell reads as these very words, whatever is in them."""
    return shlex.join(_word(word) for word in words)


def _word(word: object) -> str:
    text = str(word)
    # A program would take such a path for an option.
    return f"./{text}" if isinstance(word, PurePath) and text.startswith("-") else text
