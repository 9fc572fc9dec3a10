"""A file that says too much is refused at once; one that repeats itself with anchors means what it means written out."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from recipe_sweep.search_spaces import yaml_nodes
from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.expansion import expand
from recipe_sweep.search_spaces.grid_file import grid_from, read_grid
from recipe_sweep.search_spaces.user_file import MOST_BYTES
from recipe_sweep.search_spaces.yaml_file import parse_yaml, read_yaml
from recipe_sweep.search_spaces.yaml_nodes import MOST_DEPTH, MOST_VALUES
from tests.search_spaces.grids import GRID

LARGE = 900_000
CPU_S = 5.0
"""Of a mistake, on any machine. Most take a tenth of a second."""


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "\n".join(lines)


def merge_bomb(levels: int) -> str:
    lines = ["a0: &a0 {" + ", ".join(f"k{key}: 1" for key in range(50)) + "}"]
    lines += [f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}" for level in range(1, levels)]
    return "\n".join(lines)


HUGE = {
    "seeds": GRID.replace("seed: [0, 1]", f"seed: [{','.join(map(str, range(130_000)))}]"),
    "seeds, a line each": GRID.replace("seed: [0, 1]", "seed:\n" + "  - 7\n" * (LARGE // 6)),
    "brackets": "[" * LARGE,
    "brackets that are closed": "[" * (LARGE // 2) + "]" * (LARGE // 2),
    "dashes": "- " * (LARGE // 2),
    "flow maps": "a: [" + "{b: 1}," * (LARGE // 7) + "]",
    "anchors": "".join(f"k{i}: &a{i} 1\n" for i in range(60_000)),
    "aliases": "a: &a 1\nb: [" + "*a," * (LARGE // 3) + "]",
    "unknown keys": "".join(f"learning_rat{i}: 1\n" for i in range(12_000)),
    "misspelt tasks": GRID.replace("[simple_spread]", f"[{','.join(f'simple_sprea{i}' for i in range(12_000))}]"),
    "negative seeds": GRID.replace("[0, 1]", f"[{','.join(f'-{i}' for i in range(1, 20_000))}]"),
    "one seed again and again": GRID.replace("[0, 1]", f"[{','.join(f'{i // 2}' for i in range(20_000))}]"),
    "one key": "x" * LARGE + ": 1",
    "one string": GRID.replace("small", "x" * LARGE),
    "one quoted string": GRID.replace("small", f"'{'x' * LARGE}'"),
    "one number": GRID.replace("[0, 1]", "9" * LARGE),
    "one number with a point": GRID.replace("lr: 1e-3", f"lr: 0.{'9' * LARGE}"),
    "a block of text": GRID.replace("small", "|\n" + "  x\n" * (LARGE // 4)),
    "tags": "".join(f"%TAG !a{i}! tag:x\n" for i in range(45_000)) + "--- a\n",
    "documents": "---\n" * (LARGE // 4),
    "a bomb": bomb(9),
    "a bomb of nothing": "a0: &a0 []\n" + "\n".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)),
    "a bomb of merges": merge_bomb(9),
    "a ladder of anchors": "a0: &a0 [1]\n" + "\n".join(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 8_000)),
    "a ladder of merges": "a0: &a0 {}\n" + "".join(f"? &a{i} {{<<: *a{i - 1}}}\n: 1\n" for i in range(1, 5_000)) + "b: *a4999",
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_file_is_refused_before_it_takes_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(HUGE[name])
    assert path.stat().st_size < 1.1 * MOST_BYTES
    began = time.process_time()
    with pytest.raises(UserInputError) as raised:
        read_grid(path)
    assert time.process_time() - began < CPU_S
    told = str(raised.value)
    assert "grid.yaml" in told
    assert len(told) < 20_000  # It fits on a few screens.


def test_comments_of_nearly_a_megabyte_are_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text("# about this grid\n" * (LARGE // 18) + GRID)
    began = time.process_time()
    assert read_grid(path).name == "small"
    assert time.process_time() - began < CPU_S


def test_a_file_beyond_the_bound_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    with path.open("wb") as file:
        file.truncate(10**12)  # a hole: it takes no room on the disk, and no memory here
    with pytest.raises(UserInputError, match=r"1,000,000,000,000 bytes\n  expected  at most 1,000,000 bytes"):
        read_yaml(path)


def test_a_file_at_the_bound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "grid.yaml"
    path.write_text(GRID + "#" * (MOST_BYTES - len(GRID)))
    assert read_grid(path).name == "small"
    with path.open("a") as file:
        file.write("#")
    with pytest.raises(UserInputError, match="1,000,001 bytes"):
        read_grid(path)


def test_values_up_to_the_bound_are_read_and_one_more_is_not() -> None:
    text = "[" + "1," * (MOST_VALUES - 3)  # the mapping, its key and the list count too
    assert str(parse_yaml(f"a: {text}]", "f").content["a"]).count("1") == MOST_VALUES - 3
    with pytest.raises(UserInputError, match="more than 25,000 values"):
        parse_yaml(f"a: {text}1]", "f")


def test_lists_up_to_the_bound_of_depth_are_read_and_one_more_is_not() -> None:
    inside = MOST_DEPTH - 1  # the mapping counts too
    assert parse_yaml(f"a: {'[' * inside}{']' * inside}", "f").content
    with pytest.raises(UserInputError, match="nested too deeply"):
        parse_yaml(f"a: {'[' * (inside + 1)}{']' * (inside + 1)}", "f")


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a directory", "a socket", "a pipe behind a link"])
def test_what_is_no_plain_file_is_refused_without_waiting(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path = Path("/dev/zero")
    elif kind == "a directory":
        path.mkdir()
    elif kind == "a socket":
        import socket

        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to(tmp_path / "pipe")
    with pytest.raises(UserInputError) as raised:
        read_yaml(path)
    [problem] = raised.value.problems
    assert problem.file == str(path)
    expected = kind.removesuffix(" behind a link")
    assert problem.found in (expected, "No such device or address")  # A socket cannot even be opened.


def test_the_parser_in_python_reads_the_same_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GRID.replace("[3.0]", "*a").replace("[0.1, 1.0]", "&a [0.1, 1.0]") + "zip: []\n"
    fast = parse_yaml(text, "grid.yaml")
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    slow = parse_yaml(text, "grid.yaml")
    assert (fast.content, fast.places) == (slow.content, slow.places)
    began = time.process_time()
    with pytest.raises(UserInputError, match="more than 25,000 values"):
        parse_yaml(HUGE["seeds"], "grid.yaml")
    assert time.process_time() - began < 4 * CPU_S


def test_the_fast_parser_is_the_one_in_use() -> None:
    assert yaml.__with_libyaml__, "reinstall PyYAML from its wheel: grids are read thirty times as slowly without its C parser"
    assert type(next(yaml_nodes._events("a"))).__module__ == "yaml.events"


# Anchors, aliases and merge keys


def test_an_alias_means_what_it_names() -> None:
    text = GRID.replace("[0.1, 1.0]", "&few [0.1, 1.0]").replace("[3.0]", "*few")
    grid = grid_from(parse_yaml(text, "grid.yaml"))
    written_out = grid_from(parse_yaml(GRID.replace("[3.0]", "[0.1, 1.0]"), "grid.yaml"))
    assert [point.run_id for point in expand(grid).points] == [point.run_id for point in expand(written_out).points]
    assert grid.document.content == written_out.document.content


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("b: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}", {"x": 1, "y": 3}),
        ("b: &b {x: 1, y: 2}\nc: {y: 3, <<: *b}", {"x": 1, "y": 3}),
        ("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}", {"x": 1, "y": 2}),
        ("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*b, *a], z: 3}", {"x": 2, "y": 2, "z": 3}),
        ("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}", {"x": 1, "y": 2}),
        ("c: {<<: {x: 1}, y: 2}", {"x": 1, "y": 2}),
        ("c: {<<: []}", {}),
        ('c: {"<<": 1}', {"<<": 1}),
        ("a: &k x\nc: {*k : 1}", {"x": 1}),
        ("a: &a 1\nb: &a 2\nc: *a", 2),
        ("c: !!str 3", "3"),
    ],
)  # fmt: skip
def test_merge_keys_and_aliases_mean_what_yaml_says(text: str, value: object) -> None:
    assert parse_yaml(text, "f").content["c"] == value


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("b: &b\n  x: 1\nc:\n  <<: 3\n", "f:4: c.<<", "a single value"),
        ("b: &b [1]\nc:\n  <<: *b\n", "f:1: c.<<", "a single value"),
        ("b: &b {x: 1}\nc:\n  <<: *b\n  <<: *b\n", "f:4: c.<<", "this key again (first on line 3)"),
        ("b: &b {x: 1}\nc:\n  <<: *b\n  x: 2\n  x: 3\n", "f:5: c.x", "this key again (first on line 4)"),
        ("c:\n  <<: *b\n", "f:2", "the undefined alias *b"),
        ("c: &c\n  x: *c\n", "f:2", "the alias *c inside the value that &c names"),
        ("c: &c\n  <<: *c\n", "f:2", "the alias *c inside the value that &c names"),
        ("c: &c {x: 1}\n? *c\n: 1\n", "f:2", "a mapping as a key"),
        ("c: !!python/name:os.system x\n", "f:1: c", "the YAML tag"),
        ("c: !!seq 3\n", "f:1: c", "the YAML tag"),
    ],
)
def test_a_mistake_with_anchors_is_told_with_its_line(text: str, place: str, found: str) -> None:
    with pytest.raises(UserInputError) as raised:
        parse_yaml(text, "f")
    told = str(raised.value).splitlines()
    assert told[0] == place
    assert found in told[1]


def test_a_wrong_value_behind_an_alias_is_told_where_it_stands() -> None:
    text = GRID.replace("[0.1, 1.0]", "&few [0.1, -1.0]").replace("[3.0]", "*few")
    with pytest.raises(UserInputError) as raised:
        grid_from(parse_yaml(text, "grid.yaml"))
    assert [(problem.line, problem.key) for problem in raised.value.problems] == [
        (12, "axes.alpha.brac[1]"),
        (12, "axes.alpha.awr[1]"),
    ]


def test_a_wrong_value_that_was_merged_is_told_where_it_stands() -> None:
    text = GRID.replace("  batch: 64\n", "  <<:\n    batch: 0\n")
    with pytest.raises(UserInputError) as raised:
        grid_from(parse_yaml(text, "grid.yaml"))
    assert [(problem.line, problem.key) for problem in raised.value.problems] == [(21, "settings.batch")]
