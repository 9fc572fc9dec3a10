"""Writes a file that the user asked for.

A file on a disk is written completely or not at all. A pipe or standard output gets every byte at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recipe_sweep.search_spaces.errors import Problem, UserInputError
from recipe_sweep.sweep.files.atomic import replacing

STANDARD_OUTPUT = Path("-")


def is_standard_output(path: Path) -> bool:
    """Say whether a command's `-o` means its standard output."""
    return path in (STANDARD_OUTPUT, Path("/dev/stdout"))


def is_stream(path: Path) -> bool:
    """Say whether a path is a stream, such as a pipe. A stream can neither be replaced nor sought in."""
    return is_standard_output(path) or (path.exists() and not path.is_file() and not path.is_dir())


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write. What is at `path` is replaced only on a clean exit, unless it is a stream.

    Raises UserInputError if standard output is closed, BrokenPipeError if the reader of a stream has gone.
    """
    if is_standard_output(path):
        if sys.stdout is None:
            raise UserInputError(
                Problem(f"-o {path}", found="a standard output that is closed", expected="an open one, or a file")
            )
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif is_stream(path):
        with path.open("wb") as stream:
            yield stream
    else:
        with replacing(path) as temporary, temporary.open("wb") as file:
            yield file
