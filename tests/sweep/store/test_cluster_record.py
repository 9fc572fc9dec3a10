"""The record of a cluster in a store, where others may be able to write."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recipe_sweep.sweep.clusters.up_file import ClusterRecord
from recipe_sweep.sweep.errors import ClusterStateError
from recipe_sweep.sweep.store.addresses import open_store
from recipe_sweep.sweep.store.cluster_record import KEY, StoredCopy

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
RECORD = ClusterRecord(
    BEGAN,
    BEGAN + timedelta(hours=6),
    "5" * 64,
    job="4711",
    sweep="/home/ann/sweeps/little",
    wheel="recipe_sweep-0.1.0-py3-none-any.whl",
    grid="little",
    store="s3://results/ann",
    launched_after=3,
)

HOSTILE: dict[str, Any] = {
    "no JSON": b"{",
    "nothing": b"",
    "a list": b"[]",
    "a deep list": b"[" * 5000,
    "a long text": b'{"grid": "' + b"x" * 20_000 + b'"}',
    "bytes": b"\xff\xfe",
    "a version of the future": {"schema_version": 2},
    "a path for a wheel": {"wheel": "../../.bashrc"},
    "a wheel that would end a shell line": {"wheel": "a-1;reboot-py3-none-any.whl"},
    "a wheel with a line more": {"wheel": "recipe_sweep-0.1.0-py3-none-any.whl\n"},
    "no wheel": {"wheel": None},
    "a sum that is none": {"wheel_sha256": "5" * 63},
    "a job that is a command": {"job": "1; scancel -u ann"},
    "a job that is an option": {"job": "--help"},
    "a job that is a range": {"job": "4711_[0-31]"},
    "a grid that is a path": {"grid": "../x"},
    "a grid with an escape": {"grid": "a\x1b[2J"},
    "a backend of another file": {"backend": "slurm"},
    "a backend that is a path": {"backend": "../aws"},
    "a time without a zone": {"began_at": "2026-01-01T12:00:00"},
    "a time that is none": {"began_at": "soon"},
    "a time long ago": {"began_at": "0001-01-01T00:00:00+00:00"},
    "a time to come": {"began_at": "9999-12-31T23:59:59+00:00"},
    "an end before the beginning": {"ends_at": "2025-12-31T00:00:00+00:00"},
    "an end in a thousand years": {"ends_at": "3026-01-01T00:00:00+00:00"},
    "launches below nothing": {"launched_after": -1},
    "launches by the trillion": {"launched_after": 10**12},
    "launches as text": {"launched_after": "3"},
}


@pytest.fixture
def copy(tmp_path: Path) -> StoredCopy:
    return StoredCopy(open_store(f"file://{tmp_path}/store"), "aws")


def written(tmp_path: Path) -> Path:
    return tmp_path / "store" / KEY


def test_another_machine_reads_another_record(copy: StoredCopy, tmp_path: Path) -> None:
    assert copy.read() is None
    copy.begin(RECORD)
    found = copy.read()
    assert found is not None
    assert (found.began_at, found.ends_at, found.job, found.grid) == (BEGAN, RECORD.ends_at, "4711", "little")
    assert (found.wheel, found.wheel_sha256, found.launched_after) == (RECORD.wheel, RECORD.wheel_sha256, 3)
    assert "/home/ann" not in written(tmp_path).read_text(), "a path of this machine is for nobody else"
    copy.update(RECORD.with_job("4712"))
    assert (copy.read() or RECORD).job == "4712"
    copy.remove()
    assert copy.read() is None


@pytest.mark.parametrize("job", ["4711", "4711_0", "4711_31"])
def test_a_job_of_slurm_or_an_element_of_its_array_is_refused(job: str, copy: StoredCopy) -> None:
    copy.begin(RECORD.with_job(job))
    assert (copy.read() or RECORD).job == job


def test_two_machines_bring_up_the_same_cluster(copy: StoredCopy) -> None:
    copy.begin(RECORD)
    with pytest.raises(ClusterStateError, match="somebody else brings up"):
        copy.begin(RECORD)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_others_wrote_into_the_bucket_is_believed(name: str, copy: StoredCopy, tmp_path: Path) -> None:
    copy.begin(RECORD)
    content = HOSTILE[name]
    good = json.loads(written(tmp_path).read_text())
    written(tmp_path).write_bytes(content if isinstance(content, bytes) else json.dumps(good | content).encode())
    with pytest.raises(ClusterStateError, match="no record of a cluster") as raised:
        copy.read()
    said = str(raised.value)
    assert said.isprintable() or "\x1b" not in said
    assert len(said) < 1000
    assert "find out who else can write into this store" in said
