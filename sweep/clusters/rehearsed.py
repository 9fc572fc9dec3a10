"""Writes what `cluster up` would send into a directory, to be read before it is done."""

from __future__ import annotations

from pathlib import Path

from recipe_sweep.cluster.shipment import TextFile
from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.pasted import pasted
from recipe_sweep.sweep.clusters.jobs import Order
from recipe_sweep.sweep.clusters.noted import copy_wheel, write_files
from recipe_sweep.sweep.errors import ClusterStateError

COMMANDS = "commands.txt"


def check_empty(directory: Path) -> None:
    """Refuse a directory that has something in it, and a path that can be none. Raises ClusterStateError."""
    blocking = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not blocking.is_dir():
        raise _refused(directory, f"{blocking} is a file")
    if directory.is_dir() and any(directory.iterdir()):
        raise _refused(directory, "a directory that is not empty")


def write_order(order: Order, scratch: Path, directory: Path) -> tuple[str, ...]:
    """Write the generated files, the wheel and the list of commands; return their names.

    The commands name files where `up` itself would write them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    commands = "".join(f"{pasted(*command)}\n" for command in order.commands)
    files = (*order.files, TextFile(COMMANDS, commands))
    write_files(directory, files)
    if order.wheel is not None:
        copy_wheel(order.wheel, scratch, directory)
    return (*(file.name for file in files), *([] if order.wheel is None else [order.wheel.name]))


def _refused(directory: Path, found: str) -> ClusterStateError:
    hint = "choose another with --output"
    return ClusterStateError(
        Problem(str(directory), found=found, expected="an empty directory, or a name that is free", hint=hint)
    )
