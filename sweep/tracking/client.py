"""How MLflow is reached: silently, without waiting for the dead, and without a password in any message."""

from __future__ import annotations

import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recipe_sweep.search_spaces.errors import RecipeSweepError

if TYPE_CHECKING:
    from mlflow import MlflowClient


class TrackingError(RecipeSweepError):
    """The tracking server or its database could not be reached, or refused."""


def quiet_client(tracking_uri: str) -> MlflowClient:
    """An MLflow client that reports nothing to anybody, prints no migrations and gives up on a dead server soon."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    with _quiet():
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        _never_wait_for_the_disk()
        return MlflowClient(tracking_uri=tracking_uri)


def refusals() -> tuple[type[Exception], ...]:
    """What MLflow raises where a server or a database is away, full, locked or not what it should be."""
    with _quiet():
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, OSError


def masked(uri: str) -> str:
    """The address without its password."""
    return without_password(uri, uri)


def without_password(text: str, uri: str) -> str:
    """A message in which the password of the tracking address, if it has one, cannot be read."""
    credentials = uri.partition("://")[2].rpartition("@")[0]
    password = credentials.partition(":")[2]
    return text.replace(f":{password}@", ":***@") if password else text


def _never_wait_for_the_disk() -> None:
    """Let SQLite leave flushing to the system: MLflow commits seven times per run, and each would wait for the disk.

    A killed process loses nothing by it. A power cut may tear the file, which is a projection: delete it and project again.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if not event.contains(Engine, "connect", _relax):
        event.listen(Engine, "connect", _relax)


def _relax(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow and its database layer deprecate things of each other, which is no news for our users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
