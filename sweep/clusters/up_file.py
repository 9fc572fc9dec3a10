"""Records what was brought up from here: one file beside the generated ones, by which a later command finds its cluster."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.yaml_file import read_yaml
from recipe_sweep.sweep.errors import ClusterStateError
from recipe_sweep.sweep.files.atomic import publish_json, replace_json

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ClusterRecord:
    """One cluster, with the sha256 of its code and the number of its job.

    `ends_at` is the latest time at which it ends, if that is known. `sweep` is the directory here of the sweep that runs there,
    and `grid` its name. `wheel` is the file's name. `store` is where other machines find this record, too. `launched_after` is
    the newest launch that the sweep's store knew before.
    """

    began_at: datetime
    ends_at: datetime | None
    wheel_sha256: str
    job: str | None = None
    sweep: str | None = None
    wheel: str | None = None
    grid: str | None = None
    store: str | None = None
    launched_after: int = 0

    def with_job(self, job: str) -> ClusterRecord:
        return replace(self, job=job)


class SecondCopy(Protocol):
    """Where other machines find the record of a cluster."""

    @property
    def address(self) -> str:
        """The store's address."""
        ...

    def begin(self, record: ClusterRecord) -> None:
        """Record that a cluster is about to come up. Raises ClusterStateError if one is already up."""
        ...

    def update(self, record: ClusterRecord) -> None:
        """Replace the record of a cluster."""
        ...

    def remove(self) -> None:
        """Remove the record, because the cluster has ended."""
        ...


def generated_directory(cluster_file: Path) -> Path:
    """Return the absolute path of the directory for everything that is generated from a cluster file."""
    return (cluster_file.parent / f"{cluster_file.stem}.generated").resolve()


def begin_record(directory: Path, record: ClusterRecord) -> None:
    """Record that a cluster is about to come up. Raises ClusterStateError if one is already up."""
    try:
        publish_json(_file(directory), _to_json(record))
    except FileExistsError as error:
        raise up_already(directory) from error


def update_record(directory: Path, record: ClusterRecord) -> None:
    """Replace the record of a cluster."""
    replace_json(_file(directory), _to_json(record))


def read_record(directory: Path) -> ClusterRecord | None:
    """Read the record of the cluster that is up; None if none is up.

    Raises ClusterStateError for a file that is not one of ours.
    """
    file = _file(directory)
    if not file.exists():
        return None
    try:
        if not file.is_file():  # Opening a FIFO would wait for ever.
            raise ValueError("no regular file")
        content = json.loads(file.read_text(encoding="utf-8"))
        ends_at = content["ends_at"]
        return ClusterRecord(
            datetime.fromisoformat(content["began_at"]),
            None if ends_at is None else datetime.fromisoformat(ends_at),
            content["wheel_sha256"],
            content["job"],
            content.get("sweep"),
            content.get("wheel"),
            content.get("grid"),
            content.get("store"),
            content.get("launched_after", 0),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problem = Problem(
            str(file), found=f"no readable record ({error})", expected="what `recipe-sweep cluster up` writes",
            hint="end the cluster by its own tools, then remove the file",
        )  # fmt: skip
        raise ClusterStateError(problem) from error


def sent_name(directory: Path) -> str | None:
    """Return the name of the grid that was sent to the cluster; None if none was. Raises UnreadableFileError."""
    record = read_record(directory)
    if record is not None and record.grid is not None:
        return record.grid
    file = directory / "grid.yaml"
    name = read_yaml(file).content.get("name") if file.exists() else None
    return name if isinstance(name, str) else None


def remove_record(directory: Path) -> None:
    """Remove the record, because the cluster has ended."""
    _file(directory).unlink()


def up_already(directory: Path) -> ClusterStateError:
    """Make the error for a cluster that is already up."""
    return ClusterStateError(
        Problem(
            str(_file(directory)),
            found="a cluster that was brought up and not down again",
            expected="one at a time for each file",
            hint="look at it with `recipe-sweep cluster status`, end it with `recipe-sweep cluster down`",
        )
    )


def _file(directory: Path) -> Path:
    return directory / "up.json"


def _to_json(record: ClusterRecord) -> dict[str, object]:
    ends_at = None if record.ends_at is None else record.ends_at.isoformat()
    return {"schema_version": SCHEMA_VERSION} | asdict(record) | {"began_at": record.began_at.isoformat(), "ends_at": ends_at}
