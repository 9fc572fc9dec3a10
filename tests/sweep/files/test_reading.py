"""The one reader of JSON: it waits for nothing, reads nothing endless, and says in a sentence what it found."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recipe_sweep.sweep.errors import DamagedFileError
from recipe_sweep.sweep.files import reading
from recipe_sweep.sweep.files.kinds import PACK
from recipe_sweep.sweep.files.overlooked import overlook, overlooked
from recipe_sweep.sweep.files.reading import meaningful, read_json


@dataclass(frozen=True)
class Content:
    """Something to read."""

    name: str
    count: int
    part: float = 0.0
    texts: tuple[str, ...] = field(default=())


def found(path: Path) -> str:
    with pytest.raises(DamagedFileError) as error:
        read_json(path, Content, PACK, 1)
    assert str(path) in error.value.sentence
    assert "\n" not in error.value.sentence
    return error.value.found


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b" \n", "a file of white space"),
        (b'{"name": "x", "count"', "no JSON (EOF"),
        (b"[" * 100_000, "no JSON (recursion limit"),
        (b'{"a":' * 100_000, "no JSON (recursion limit"),
        (b'{"name": "\xff", "count": 1}', "no JSON"),
        (b"[]", "JSON of another kind"),
        (b"null", "JSON of another kind"),
        (b'{"name": 1, "count": 1}', "name: Input should be a valid string"),
        (b'{"name": "x", "count": "1"}', "count: Input should be a valid integer"),
        (b'{"name": "x", "count": 1.5}', "count: Input should be a valid integer"),
        (b'{"name": "x", "count": true}', "count: Input should be a valid integer"),
        (b'{"name": "x", "count": 1, "texts": [1]}', "texts.0: Input should be a valid string"),
        (b'{"name": "x", "count": ' + b"9" * 5000 + b"}", ""),
        (b'{"schema_version": 2, "name": 1}', "one of schema version 2"),
        (b'{"schema_version": "two"}', "name: Field required"),
    ],
)
def test_what_is_no_such_file_is_said_in_a_few_words(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    assert says in found(path)


def test_a_link_to_a_sound_file_is_read_and_fields_to_come_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "there").write_text('{"name": "x", "count": 1, "part": 2, "texts": ["a"], "future": {}}')
    (tmp_path / "link").symlink_to("there")
    assert read_json(tmp_path / "link", Content, PACK) == Content("x", 1, 2.0, ("a",))


def test_neither_a_fifo_nor_a_socket_nor_a_device_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened it"))
        assert [found(tmp_path / name) for name in ("fifo", "zero", "socket")] == ["a FIFO", "a device", "a socket"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, reading.MOST_BYTES + 1)
    assert found(path) == "a file of 268 MB"


def test_a_file_that_is_not_there_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none", Content, PACK)


def test_a_content_that_makes_no_sense_is_a_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="makes no sense"), meaningful(tmp_path, PACK):
        raise KeyError("name")


def test_a_file_that_is_met_again_and_again_is_spoken_of_once(tmp_path: Path) -> None:
    told: list[str] = []
    with overlooked() as heard:
        for _ in range(3):
            overlook(PACK.damaged(tmp_path, "an empty file"))
            heard.tell(told.append)
    assert len(told) == 1
