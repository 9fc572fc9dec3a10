"""A file where the user wants it: whole or not at all on a disk, straight through into a pipe or onto standard output."""

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
    """Whether a command's `-o` means what it prints to."""
    return path in (STANDARD_OUTPUT, Path("/dev/stdout"))


def is_stream(path: Path) -> bool:
    """Whether what is written there passes by, as in a pipe: it cannot be replaced, nor sought in."""
    return is_standard_output(path) or (path.exists() and not path.is_file() and not path.is_dir())


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write; what is at `path` is replaced on a clean exit alone, unless it is a stream.

    Raises UserInputError where standard output is closed, BrokenPipeError where the reader of a stream has gone.
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
