"""What a launch noted of the data that it read spares others the reading, and never hides a change."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from recipe_sweep.trainers.data import comparison
from recipe_sweep.trainers.data.catalogue import ensure_dataset
from recipe_sweep.trainers.data.comparison import Pin, compare_data
from recipe_sweep.trainers.data.errors import ChangedDataError
from recipe_sweep.trainers.data.stored import reading_cache
from recipe_sweep.trainers.data.stored.reading_cache import ReadingCache, stamps
from tests.trainers.data.changes import other_byte
from tests.trainers.data.points import spread_point

POINT = spread_point()


class Node:
    """One node with a dataset, and how often it was read there."""

    def __init__(self, here: Path, patch: pytest.MonkeyPatch) -> None:
        self.root, self.temporary, self.reads = here / "data", here / "tmp", 0
        self.temporary.mkdir(exist_ok=True)
        patch.setattr(tempfile, "tempdir", str(self.temporary))
        patch.setattr(reading_cache, "_SETTLED_S", -1.0)
        self.directory = ensure_dataset(POINT, self.root)
        self.pin = Pin(fingerprint=compare_data(POINT, self.root, Pin()))
        self.cache = ReadingCache(uuid4().hex)
        read = comparison.read_dataset

        def counted(directory: Path) -> comparison.Reading:
            self.reads += 1
            return read(directory)

        patch.setattr(comparison, "read_dataset", counted)

    def compare(self, cache: ReadingCache | None = None) -> None:
        compare_data(POINT, self.root, self.pin, cache or self.cache)

    @property
    def notes(self) -> Path:
        return self.temporary / f"recipe-sweep-readings-{os.getuid()}"

    @property
    def note(self) -> Path:
        [path] = self.notes.glob("*.json")
        return path


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path, monkeypatch)


def test_every_pack_of_a_launch_reads_all_data(node: Node) -> None:
    for _ in range(3):
        node.compare()
    assert node.reads == 1
    assert node.notes.stat().st_mode & 0o077 == 0


def test_the_next_launch_believes_the_one_before(node: Node) -> None:
    node.compare()
    other_byte(node.directory)
    with pytest.raises(ChangedDataError):
        node.compare(ReadingCache(uuid4().hex))


def test_a_change_within_a_launch_that_kept_size_and_time_goes_unnoticed(node: Node) -> None:
    node.compare()
    time.sleep(0.02)
    other_byte(node.directory)
    with pytest.raises(ChangedDataError):
        node.compare()


def test_a_file_replaced_by_a_copy_is_not_read(node: Node) -> None:
    node.compare()
    path = node.directory / "rewards.npy"
    before = path.stat()
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.replace(path)
    node.compare()
    assert node.reads == 2


def edited(**changes: object) -> Callable[[Node], None]:
    def edit(node: Node) -> None:
        node.note.write_text(json.dumps(json.loads(node.note.read_text()) | changes))

    return edit


NO_NOTES: dict[str, Callable[[Node], object]] = {
    "empty": lambda node: node.note.write_text(""),
    "torn": lambda node: node.note.write_text(node.note.read_text()[:40]),
    "no text": lambda node: node.note.write_bytes(b"\xff\xfe"),
    "a list": lambda node: node.note.write_text("[]"),
    "nested deeply": lambda node: node.note.write_text("[" * 50_000),
    "huge": lambda node: node.note.write_text(json.dumps(json.loads(node.note.read_text()) | {"more": "x" * 100_000})),
    "another launch's": edited(launch="0" * 32),
    "another directory's": edited(directory="/elsewhere"),
    "a fingerprint that is none": edited(fingerprint=1),
    "another fingerprint": edited(fingerprint="0" * 64),
    "a link": lambda node: node.note.symlink_to(node.note.rename(node.notes / "elsewhere")),
    "open to others": lambda node: node.notes.chmod(0o777),
}


@pytest.mark.parametrize("kind", NO_NOTES)
def test_a_note_that_cannot_be_trusted_is_believed(node: Node, kind: str) -> None:
    node.compare()
    NO_NOTES[kind](node)
    node.compare()
    assert node.reads == 2


@pytest.mark.parametrize("launch_id", ["", "../../evil", "x" * 32, "A" * 32])
def test_a_launch_id_from_a_file_leads_elsewhere(node: Node, launch_id: str) -> None:
    for _ in range(2):
        node.compare(ReadingCache(launch_id))
    assert node.reads == 2
    assert not node.notes.exists()


def test_where_nothing_can_be_noted_data_cannot_be_compared(node: Node) -> None:
    node.notes.write_text("a file where the notes would be")
    for _ in range(2):
        node.compare()
    assert node.reads == 2


def test_files_that_may_change_again_within_one_tick_are_noted(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_cache, "_SETTLED_S", 1e6)
    node.compare()
    node.compare()
    assert node.reads == 2


def test_files_that_changed_while_they_were_read_are_noted(node: Node) -> None:
    before = stamps(node.directory)
    time.sleep(0.02)
    other_byte(node.directory)
    node.cache.remember(node.directory, before, str(node.pin.fingerprint))
    assert node.cache.known(node.directory) is None


def test_a_launch_leaves_its_notes_behind(node: Node) -> None:
    other = ReadingCache(uuid4().hex)
    node.compare(other)
    node.compare()
    node.cache.forget()
    assert {path.name[:32] for path in node.notes.iterdir()} == {other.launch_id}


def test_notes_of_every_launch_pile_up_on_a_node_where_no_launch_ends(node: Node) -> None:
    node.compare(ReadingCache(uuid4().hex))
    old = [*node.notes.iterdir()]
    assert old
    for path in old:
        os.utime(path, (0, time.time() - 8 * 24 * 3600))
    node.compare()
    assert not [path for path in old if path.exists()]
