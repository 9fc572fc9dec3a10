"""Errors of writing arrays. The library of safetensors has an error of its own, also when the disk is full."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from safetensors import SafetensorError

_NUMBER = re.compile(r"\(os error (\d+)\)")


@contextmanager
def refused_by_the_system() -> Iterator[None]:
    """Raise OSError where the system refused to write. Only that error says that a pack was hindered and did not fail."""
    try:
        yield
    except SafetensorError as error:
        found = _NUMBER.search(str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1]))) from error
