"""Connects to MLflow: silently, without long waits for dead servers, and without a password in any message."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recipe_sweep.sweep.errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient


LONGEST_CONTACT_S = 8.0
"""Seconds in which a tracking server must answer a request, and its database take a connection."""


def quiet_client(tracking_uri: str) -> MlflowClient:
    """Make an MLflow client that sends no telemetry, prints no migrations, and soon gives up on a dead server.

    Raises TrackingError if the server's database takes no connection.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # Else it prints the address with its password.
    # MLflow must not retry by itself. If the answer to a request is lost, a retry would make a second run.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", f"{LONGEST_CONTACT_S:g}")
    _require_database(tracking_uri)
    with quietly():
        from mlflow import MlflowClient

        _never_wait_for_the_disk()
        return MlflowClient(tracking_uri=tracking_uri)


def refusals() -> tuple[type[Exception], ...]:
    """Return the exceptions that MLflow raises if a server or a database is away, full, locked or wrong."""
    with quietly():
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

    return TrackingError, MlflowException, SQLAlchemyError, OSError


def masked(uri: str) -> str:
    """Hide the password of an address."""
    return without_password(uri, uri)


def without_password(text: str, uri: str) -> str:
    """Hide the password of the tracking address, if it has one, in a message."""
    credentials = uri.partition("://")[2].rpartition("@")[0]
    password = credentials.partition(":")[2]
    return text.replace(f":{password}@", ":***@") if password else text


def _require_database(uri: str) -> None:
    """Raise TrackingError if a database server takes no connection. MLflow itself would try for minutes."""
    if uri.partition("+")[0].partition(":")[0] not in ("postgresql", "mysql", "mssql"):
        return
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import SQLAlchemyError

    troubles: list[str] = ["no answer"]

    def connect() -> None:
        try:
            create_engine(uri, poolclass=NullPool).connect().close()
            troubles.clear()
        except (SQLAlchemyError, ImportError, OSError) as error:
            troubles[:] = [str(error).strip().splitlines()[0]]

    # A thread bounds the wait, because each driver has another option for that, and some have none.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(LONGEST_CONTACT_S)
    if troubles:
        raise TrackingError(without_password(f"{uri}: {troubles[0]}", uri))


def _never_wait_for_the_disk() -> None:
    """Let SQLite leave flushing to the system. MLflow commits seven times per run, and each commit would wait for the disk.

    A killed process loses nothing. A power cut may damage the file. It is a copy of the results: delete it and write it again.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _relax):
        event.listen(Engine, "connect", _relax)


def _relax(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@contextmanager
def quietly() -> Iterator[None]:
    """Hide warnings of MLflow and its database layer about deprecations in each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        yield
