"""Parts of a large file come in any order, and more than once; the file is complete only with the bytes that were sent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from recipe_sweep.sweep.travel import unfinished
from recipe_sweep.sweep.travel.unfinished import Unfinished

PART = 1000
CONTENT = os.urandom(4 * PART + 10)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OFFSETS = range(0, len(CONTENT), PART)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / ".arriving"


@pytest.mark.parametrize(
    "order", [(0, 1, 2, 3, 4), (1, 0, 2, 4, 3), (4, 3, 2, 1, 0), (0, 0, 1, 2, 1, 3, 4), (0, 1, 2, 3, 4, 4)]
)
def test_a_file_whose_parts_come_late_or_twice_is_complete(path: Path, order: tuple[int, ...]) -> None:
    files = Unfinished()
    for number in order:
        _write(files, path, number)
    assert files.is_complete(path, len(CONTENT), SHA256)
    assert path.read_bytes() == CONTENT


def test_a_part_that_was_overwritten_with_other_bytes_is_noticed(path: Path) -> None:
    files = Unfinished()
    for number in range(5):
        _write(files, path, number)
    files.write(path, PART, b"x" * PART)
    assert not files.is_complete(path, len(CONTENT), SHA256)


def test_a_file_without_its_last_part_is_not_complete(path: Path) -> None:
    files = Unfinished()
    for number in range(4):
        _write(files, path, number)
    assert not files.is_complete(path, len(CONTENT), SHA256)


def test_an_empty_file_is_complete(tmp_path: Path) -> None:
    assert Unfinished().is_complete(tmp_path / "empty", 0, hashlib.sha256().hexdigest())


def test_a_gate_that_was_started_again_in_the_middle_reads_what_had_arrived_before(path: Path) -> None:
    before, after = Unfinished(), Unfinished()
    for number in (0, 1, 2):
        _write(before, path, number)
    for number in (3, 4):
        _write(after, path, number)
    assert after.is_complete(path, len(CONTENT), SHA256)


def test_a_large_file_is_not_read_again_at_its_end(path: Path) -> None:
    files = Unfinished()
    for number in range(5):
        _write(files, path, number)
    path.write_bytes(b"x" * len(CONTENT))  # Whoever reads it now finds other bytes.
    assert files.is_complete(path, len(CONTENT), SHA256)


def test_a_large_file_is_flushed_while_it_arrives_so_that_its_end_is_quick(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(unfinished, "FLUSH_EVERY", 2 * PART)
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    files = Unfinished()
    for number in range(5):
        _write(files, path, number)
    assert len(flushed) == 2


def test_a_part_that_a_full_disk_cut_off_gets_a_name_with_a_hole_in_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, content, offset: whole(descriptor, content[: PART // 2 + 1], offset))
    files = Unfinished()
    for number in range(5):
        _write(files, path, number)
    assert files.is_complete(path, len(CONTENT), SHA256)
    assert path.read_bytes() == CONTENT


def _write(files: Unfinished, path: Path, number: int) -> None:
    offset = OFFSETS[number]
    files.write(path, offset, CONTENT[offset : offset + PART])
