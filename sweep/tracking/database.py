"""The SQLite file of a sweep's MLflow: checks it, renames one that MLflow cannot use, and makes a new one in one step.

MLflow would try a damaged file for minutes, and add its tables to the database of another program. So this module checks the
file first. An unusable file is renamed, never deleted.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing
from itertools import count
from pathlib import Path

from recipe_sweep.sweep.errors import TrackingError
from recipe_sweep.sweep.files.atomic import move
from recipe_sweep.sweep.tracking.client import quiet_client, quietly

SQLITE = "sqlite:///"
LOCK_WAIT_S = 3.0
"""Seconds to wait until another process releases the database."""
CHECK_S = 2.0
"""Seconds after which the search for damaged pages ends. Damage in the rest shows as an error of MLflow."""

_BESIDE = ("-journal", "-wal", "-shm")
"""Suffixes of SQLite's own files. SQLite would apply an old journal to the new database."""
_MLFLOWS = frozenset({"experiments", "runs", "metrics", "params", "tags", "alembic_version"})


def file_of(uri: str) -> Path | None:
    """Return the file of an SQLite address, else None."""
    return Path(uri.removeprefix(SQLITE).partition("?")[0]) if uri.startswith(SQLITE) else None


def fault_of(path: Path) -> str | None:
    """Say in a few words why MLflow cannot use the database; None if it can, or if no file exists.

    This takes at most some seconds. Raises TrackingError if another process keeps the database locked.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link that leads nowhere" if path.is_symlink() else None
    except OSError as error:  # a circle of links, or a parent directory that may not be read
        return error.strerror or str(error)
    if not stat.S_ISREG(mode):
        return "a directory" if stat.S_ISDIR(mode) else "neither a file nor a link to one"
    if path.stat().st_size == 0:
        return None  # an empty database, as before MLflow's first table
    if not os.access(path, os.R_OK | os.W_OK):
        return "it may not be read and written"
    if not os.access(path, os.R_OK | os.W_OK):
        return "it may not be read and written"
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)) as connection:
            return _fault_within(connection)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise TrackingError(
                f"{path}: another process has kept this database locked for {LOCK_WAIT_S:g} s; end that process, or wait for it"
            ) from error
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)


def _fault_within(connection: sqlite3.Connection) -> str | None:
    connection.execute("BEGIN IMMEDIATE")  # fails where the file is locked
    connection.execute("ROLLBACK")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return None
    if not tables >= _MLFLOWS:
        return "not MLflow's database, or half of one"
    deadline = time.monotonic() + CHECK_S
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        [(found,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    else:
        if found != "ok":
            return " ".join(str(found).split())
    connection.set_progress_handler(None, 0)
    versions = [version for (version,) in connection.execute("SELECT version_num FROM alembic_version")]
    return None if versions == _newest_schema() else f"MLflow's schema {', '.join(versions)}, which is not the installed one's"


def _newest_schema() -> list[str]:
    """Read the schema version of the installed MLflow from Alembic, which migrates MLflow's databases."""
    with quietly():
        import mlflow.store
        from alembic.script import ScriptDirectory

    return list(ScriptDirectory(str(Path(mlflow.store.__file__).with_name("db_migrations"))).get_heads())


def put_aside(path: Path) -> Path:
    """Rename the file at the database's path, and SQLite's files beside it; return the new name.

    Raises TrackingError if the directory may not be written.
    """
    names = (path.with_name(f"{path.name}.unreadable-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists() and not name.is_symlink())
    try:
        for end in _BESIDE:  # Journals first, because one beside a new database does harm. Alone it does none.
            beside = path.with_name(path.name + end)
            if beside.exists() or beside.is_symlink():
                move(beside, aside.with_name(aside.name + end))
        move(path, aside)
    except OSError as error:
        raise TrackingError(f"{path}: cannot be used and cannot be put aside: {error.strerror}; move it away") from error
    return aside


def make(path: Path) -> None:
    """Make an empty database with MLflow's tables, unless one exists. It gets its name only when it is complete.

    A process that is killed before leaves only `<name>.new`, which the next one deletes.
    """
    if path.exists() and path.stat().st_size:
        return
    new = path.with_name(f"{path.name}.new")
    for end in ("", *_BESIDE):
        new.with_name(new.name + end).unlink(missing_ok=True)
    quiet_client(f"{SQLITE}{new}")
    move(new, path)
