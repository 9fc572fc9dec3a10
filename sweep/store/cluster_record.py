"""`cluster.json` in a store: what is up. Whoever has the grid and the cluster file on another machine reads it.

Others may be able to write into a bucket. So every field has a form, and nothing in it is a path, a command or a host. How
the cluster is reached follows from the cluster file alone.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.sweep.clusters.up_file import ClusterRecord
from recipe_sweep.sweep.errors import ClusterStateError, DamagedFileError
from recipe_sweep.sweep.files.atomic import replace_json
from recipe_sweep.sweep.files.kinds import FileKind
from recipe_sweep.sweep.files.reading import read_json
from recipe_sweep.sweep.store.base import Store

SCHEMA_VERSION = 1
KEY = "cluster.json"
MOST_BYTES = 10_000
_KIND = FileKind("the record of a cluster", KEY, "whether it is up is not known", "end it by its own tools")
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=366)
_FORMS = {
    "backend": "[a-z][a-z0-9_-]{0,40}",
    "wheel": r"[A-Za-z0-9_]{1,40}-[0-9][0-9A-Za-z.+_]{0,60}-py3-none-any\.whl",
    "wheel_sha256": "[0-9a-f]{64}",
    "grid": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}",
    "job": "[0-9]{1,15}(_[0-9]{1,9})?",  # A job of Slurm, or one element of an array.
}


@dataclass(frozen=True)
class StoredCluster:
    """A cluster that is up, as other machines may know it."""

    backend: str
    wheel: str
    wheel_sha256: str
    began_at: datetime
    ends_at: datetime | None
    grid: str | None
    job: str | None
    launched_after: int

    def mistake(self, now: datetime) -> str | None:
        """Say what was never written by us; None if everything may be ours."""
        for name, form in _FORMS.items():
            value = getattr(self, name)
            if value is not None and not re.fullmatch(form, value, re.ASCII):
                return f"{name} is {ascii(value)[:60]}"
        ends_at = self.ends_at or self.began_at
        if self.began_at.tzinfo is None or ends_at.tzinfo is None:
            return "a time without a zone"
        if not _EARLIEST <= self.began_at <= now + timedelta(days=1):
            return "a cluster that began before this program did, or has not begun"
        if not timedelta() <= ends_at - self.began_at <= _LONGEST:
            return "a cluster that ends before it begins, or after more than a year"
        return None if 0 <= self.launched_after < 10**12 else "a number of launches that cannot be"


class StoredCopy:
    """The record of one cluster in a store. See `SecondCopy`."""

    def __init__(self, store: Store, backend: str) -> None:
        self._store, self._backend = store, backend

    @property
    def address(self) -> str:
        """The store's address."""
        return self._store.address

    def read(self) -> ClusterRecord | None:
        """Read what is up; None if nothing is.

        Raises StoreError, StoreAddressError, and ClusterStateError for what `recipe-sweep` does not write.
        """
        with TemporaryDirectory() as directory:
            path = Path(directory) / KEY
            # A listing tells a record that is not there from a bucket that is not there. Machines would be forgotten for it.
            if KEY not in self._store.keys(KEY) or not self._store.fetch(KEY, path):
                return None
            if path.stat().st_size > MOST_BYTES:
                raise self._unreadable(f"{path.stat().st_size:,} bytes")
            try:
                found = read_json(path, StoredCluster, _KIND, SCHEMA_VERSION)
            except DamagedFileError as error:
                raise self._unreadable(error.problems[0].found or "a damaged file") from error
        mistake = found.mistake(datetime.now(UTC))
        if mistake is not None:
            raise self._unreadable(mistake)
        if found.backend != self._backend:
            raise self._unreadable(f"a {found.backend} cluster, and the file here describes a {self._backend} cluster")
        known = {name: getattr(found, name) for name in _KEPT}
        return ClusterRecord(**known)

    def begin(self, record: ClusterRecord) -> None:
        """See `SecondCopy`."""
        with TemporaryDirectory() as directory:
            if not self._store.create(KEY, self._written(record, Path(directory))):
                raise ClusterStateError(
                    Problem(
                        f"{self.address}/{KEY}",
                        found="a cluster that somebody else brings up at this moment",
                        expected="one at a time for each file",
                        hint="type the same command again, to follow it",
                    )
                )

    def update(self, record: ClusterRecord) -> None:
        """See `SecondCopy`."""
        with TemporaryDirectory() as directory:
            self._store.replace(KEY, self._written(record, Path(directory)))

    def remove(self) -> None:
        """See `SecondCopy`."""
        self._store.remove(KEY)

    def _written(self, record: ClusterRecord, directory: Path) -> Path:
        path = directory / KEY
        known = {name: value for name, value in asdict(record).items() if name in _KEPT}
        moments = {name: None if known[name] is None else known[name].isoformat() for name in ("began_at", "ends_at")}
        replace_json(path, {"schema_version": SCHEMA_VERSION, "backend": self._backend} | known | moments)
        return path

    def _unreadable(self, found: str) -> ClusterStateError:
        return ClusterStateError(
            Problem(
                f"{self.address}/{KEY}",
                found=f"no record of a cluster ({found})",
                expected="what `recipe-sweep` writes when it brings a cluster up",
                hint="find out who else can write into this store; end the cluster by its own tools, then remove this object",
            )
        )


_KEPT = ("began_at", "ends_at", "wheel_sha256", "job", "wheel", "grid", "launched_after")
"""What of a record is for other machines. Paths of this one are not."""
