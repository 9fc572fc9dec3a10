"""What stands in the place of mlflow.db: kept and used, or put aside and made anew; never deleted, never waited for in vain."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import TrackingError
from recipe_sweep.sweep.files.paths import SweepPaths
from recipe_sweep.sweep.tracking import database
from recipe_sweep.sweep.tracking.client import refusals
from recipe_sweep.sweep.tracking.database import fault_of
from recipe_sweep.sweep.tracking.projection import Projection, project
from tests.sweep.synthetic_results import points, publish


@pytest.fixture
def path(sweep_dir: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of a sweep with results. One that is made anew is copied, not migrated."""
    publish(sweep_dir, "aaaa", points())

    def copied(target: Path) -> None:
        if not target.exists():
            shutil.copy(empty_database, target)

    monkeypatch.setattr("recipe_sweep.sweep.tracking.projection.make", copied)
    return SweepPaths(sweep_dir).mlflow_db


def sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def replaced_by(path: Path, make_it: Callable[[], object]) -> None:
    path.unlink()
    make_it()


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "random bytes": lambda path: path.write_bytes(os.urandom(20_000)),
    "a text": lambda path: path.write_text("mlflow\n" * 100),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut within its first page": lambda path: os.truncate(path, 1000),
    "zeros in the middle": lambda path: path.write_bytes(b"".join((path.read_bytes()[:5000], bytes(200_000)))),
    "a directory": lambda path: replaced_by(path, lambda: (path / "within").mkdir(parents=True)),
    "a FIFO": lambda path: replaced_by(path, lambda: os.mkfifo(path)),
    "a link to nowhere": lambda path: replaced_by(path, lambda: path.symlink_to("nowhere/mlflow.db")),
    "a link to itself": lambda path: replaced_by(path, lambda: path.symlink_to(path)),
    "an older schema": lambda path: sql(path, "UPDATE alembic_version SET version_num = '451aebb31d03'"),
    "a newer schema": lambda path: sql(path, "UPDATE alembic_version SET version_num = 'ffffffffffff'"),
    "half made": lambda path: sql(path, "DROP TABLE alembic_version"),
    "of another program": lambda path: replaced_by(path, lambda: sql(path, "CREATE TABLE runs (id)")),
    "of another program with migrations": lambda path: replaced_by(
        path, lambda: sql(path, "CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('1')")
    ),
}


@pytest.mark.parametrize("damage", UNREADABLE)
def test_what_cannot_be_used_is_put_aside_and_made_anew(path: Path, damage: str) -> None:
    UNREADABLE[damage](path)
    kept = path.read_bytes() if path.is_file() else None
    told: list[str] = []
    began = time.process_time()
    assert project(path.parent, tell=told.append).created == 2
    assert time.process_time() - began < 10
    aside = path.with_name("mlflow.db.unreadable-1")
    assert aside.is_symlink() or aside.exists()
    assert kept is None or aside.read_bytes() == kept
    [sentence] = told
    assert "unreadable" in sentence
    assert aside.name in sentence
    assert "a new one is rebuilt" in sentence
    assert "\n" not in sentence
    assert project(path.parent, tell=told.append).unchanged == 2
    assert len(told) == 1


def test_a_second_damaged_database_does_not_take_the_place_of_the_first(path: Path) -> None:
    for number in (1, 2, 3):
        path.write_bytes(b"damage %d" % number * 100)
        database.put_aside(path)
    kept = [path.with_name(f"mlflow.db.unreadable-{number}").read_bytes()[:8] for number in (1, 2, 3)]
    assert kept == [b"damage 1", b"damage 2", b"damage 3"]


def test_a_journal_goes_aside_with_its_database_and_is_never_played_into_the_new_one(path: Path) -> None:
    replaced_by(path, path.mkdir)  # Of a file, SQLite itself throws away a journal that is none.
    for end in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + end).write_bytes(b"of the old one")
    assert project(path.parent).created == 2
    names = {entry.name for entry in path.parent.iterdir() if entry.name.startswith("mlflow.db")}
    aside = "mlflow.db.unreadable-1"
    assert names == {"mlflow.db", aside, f"{aside}-journal", f"{aside}-wal", f"{aside}-shm"}


def test_a_database_that_may_not_be_written_is_put_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.chmod(0o400)
    allowed = os.access  # Root may write everything, and tests run as root too.
    monkeypatch.setattr(os, "access", lambda file, *how, **more: file != path and allowed(file, *how, **more))
    told: list[str] = []
    assert project(path.parent, tell=told.append).created == 2
    fault = "it may not be read and written"
    assert told == [
        f"mlflow.db is unreadable ({fault}); it is kept as mlflow.db.unreadable-1, and a new one is rebuilt from the results"
    ]


@pytest.mark.parametrize("content", [None, b""], ids=["no file", "an empty file"])
def test_a_place_that_is_free_is_taken_without_a_word(path: Path, content: bytes | None) -> None:
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert fault_of(path) is None


def test_a_database_appears_whole_though_a_process_was_killed_while_it_made_one(empty_database: Path) -> None:
    assert fault_of(empty_database) is None
    assert [entry.name for entry in empty_database.parent.iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize("kind", ["EXCLUSIVE", "IMMEDIATE"])
def test_a_locked_database_is_waited_for_a_moment_and_never_put_aside(
    path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_S", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {kind}")
        with pytest.raises(TrackingError, match=r"mlflow\.db.*locked for 0\.1 s; end that process"):
            project(path.parent)
    assert project(path.parent).created == 2
    assert not list(path.parent.glob("*unreadable*"))


def test_a_database_elsewhere_is_refused_but_left_where_it_is(path: Path, tmp_path: Path) -> None:
    songs = tmp_path / "songs.db"
    sql(songs, "CREATE TABLE songs (id)")
    before = songs.read_bytes()
    with pytest.raises(TrackingError, match=r"songs\.db: not MLflow's database.*MLFLOW_TRACKING_URI"):
        project(path.parent, tracking_uri=f"sqlite:///{songs}")
    assert songs.read_bytes() == before


def test_a_directory_that_may_not_be_written_is_said_in_one_sentence(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(os.urandom(20_000))

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("recipe_sweep.sweep.tracking.database.move", refused)
    with pytest.raises(TrackingError, match="cannot be put aside: Permission denied; move it away"):
        project(path.parent)


def test_a_database_damaged_during_a_launch_is_put_aside_and_the_writer_told_to_begin_afresh(path: Path) -> None:
    told: list[str] = []
    projection = Projection(path.parent, tell=told.append)
    projection.update(live=True)
    path.write_bytes(os.urandom(20_000))
    publish(path.parent, "bbbb", points(alphas=(7.0,)))
    for _ in range(2):  # The first finds out, the second looks at the file.
        with pytest.raises(refusals()):
            projection.update(live=True)
    assert len(told) == 1
    assert projection.database_vanished
