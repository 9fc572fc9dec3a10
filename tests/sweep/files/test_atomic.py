from __future__ import annotations

import json
from pathlib import Path

import pytest

from recipe_sweep.sweep.files.atomic import move, publish_json, publishing, replace_json, replacing


def test_a_write_that_fails_leaves_the_old_content_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    replace_json(path, {"good": 1})
    with pytest.raises(TypeError):
        replace_json(path, {"unwritable": object()})
    assert json.loads(path.read_text()) == {"good": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_of_two_that_publish_one_name_the_first_wins_and_the_second_is_told(tmp_path: Path) -> None:
    path = tmp_path / "result"
    publish_json(path, 1)
    with pytest.raises(FileExistsError):
        publish_json(path, 2)
    assert json.loads(path.read_text()) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_the_file_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "result"
    with publishing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert not list(tmp_path.glob("[!.]*"))
    assert path.read_text() == "half"


def test_what_need_not_last_is_never_seen_half_written_either(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text("old")
    with replacing(path, lasting=False) as temporary:
        temporary.write_text("half")
        assert path.read_text() == "old"
    assert path.read_text() == "half"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_put_aside_is_whole_under_its_new_name(tmp_path: Path) -> None:
    path, aside = tmp_path / "record.json", tmp_path / "record.withdrawn"
    path.write_text("new")
    aside.write_text("old")
    move(path, aside)
    assert (path.exists(), aside.read_text()) == (False, "new")
