"""The directory of a node in which workers keep the files of packs that travel.

Each worker has a directory of its own for each pack, and removes it at the end. A killed worker leaves it. The next worker of
the same launch on this node finds there the last words of its log.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recipe_sweep.sweep.files.process import ProcessIdentity
from recipe_sweep.sweep.store.datasets import own_directory

PLACE = "recipe-sweep-node"
DATA = "recipe-sweep-data"


def data_directory(stated: str | None) -> str:
    """Return where this node keeps datasets: as the cluster's file says, or in its temporary directory."""
    return stated or str(Path(tempfile.gettempdir()) / DATA)


@contextmanager
def directory_of(launch_id: str, pack_id: str) -> Iterator[Path]:
    """Make a directory for this process's work on a pack, and remove it at the end. Raises OSError."""
    process = ProcessIdentity.of_this_process()
    path = _root() / f"{launch_id}.{pack_id}.{process.pid}.{process.started}"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def leftover_log(launch_id: str, pack_id: str, name: str, offset: int, most: int) -> bytes:
    """Read the end of a log that a dead worker of this node left; empty if there is none."""
    for path in _of_dead_workers():
        if path.name.startswith(f"{launch_id}.{pack_id}."):
            with suppress(OSError), (path / name).open("rb") as file:
                file.seek(offset)
                if text := file.read(most):
                    return text
    return b""


def tidy(launch_id: str, pack_id: str) -> None:
    """Remove what dead workers left: of this pack, and of earlier launches."""
    for path in _of_dead_workers():
        if not path.name.startswith(f"{launch_id}.") or path.name.startswith(f"{launch_id}.{pack_id}."):
            shutil.rmtree(path, ignore_errors=True)


def _root() -> Path:
    return own_directory(str(Path(tempfile.gettempdir()) / PLACE))


def _of_dead_workers() -> Iterator[Path]:
    for path in sorted(_root().iterdir()):
        parts = path.name.split(".")
        if len(parts) != 4 or not parts[2].isdigit():
            continue
        process = ProcessIdentity.of(int(parts[2]))
        if str(process.started) != parts[3]:
            yield path
