"""What the commands of several files do alike."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from sweep.target import Target


def open_sweep(grid: str, directory: Path | None, overrides: Sequence[str] | None) -> Target:
    """What a command's grid, `--dir` and `--set` name. Raises as `sweep.target.open_target`."""
    from sweep.target import open_target

    return open_target(grid, directory, overrides or ())


def console() -> Console:
    """The terminal."""
    from rich.console import Console

    return Console()


def workload() -> str:
    """What packs do: train, unless the environment says otherwise."""
    from sweep.workload import REAL, WORKLOAD_VARIABLE

    return os.environ.get(WORKLOAD_VARIABLE, REAL)
