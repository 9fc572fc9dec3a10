"""Writes files atomically: a reader never sees half of a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from recipe_sweep.sweep.results.spreadsheet import harmless

if TYPE_CHECKING:
    import pandas as pd


def write_atomically(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a new file beside `path`, then rename the new file to `path`. Return `path`.

    A rename within one folder is atomic, so a killed report leaves the old file or the new one. The temporary name keeps the
    suffix, because some writers choose their format by it. It starts with a dot, so readers of `*.parquet` ignore it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text atomically. Return `path`."""

    def write(temporary: Path) -> None:
        temporary.write_text(text, encoding="utf-8")

    return write_atomically(path, write)


def write_csv(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as CSV atomically. Escape texts that a spreadsheet would run as a formula. Return `path`."""
    return write_atomically(path, lambda temporary: harmless_frame(table).to_csv(temporary, index=False))


def harmless_frame(table: pd.DataFrame) -> pd.DataFrame:
    """Escape the texts and column names of a table that a spreadsheet would run as a formula. Numbers stay as they are."""

    def cell(value: object) -> object:
        return harmless(value) if isinstance(value, str) else value

    texts = table.select_dtypes(include=["object", "string", "category"]).columns
    return table.assign(**{name: table[name].map(cell) for name in texts}).rename(columns=cell)
