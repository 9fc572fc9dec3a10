"""YAML is read as people mean it, and any model's mistakes are told with their lines."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.validation import load_model
from recipe_sweep.search_spaces.yaml_file import Place, key_text, parse_value, parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 3e-4),
        ("1e8", 1e8),
        ("500_000", 500_000),
        ("-1", -1),
        (".5", 0.5),
        ("no", "no"),
        ("on", "on"),
        ("none", "none"),
        ("null", None),
        ("true", True),
        ("0-7", "0-7"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("'3'", "3"),
        ("2ant", "2ant"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: object) -> None:
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


def test_every_key_and_element_knows_its_line() -> None:
    document = parse_yaml("a: 1\nb:\n  - x\n  - c: [1,\n      2]\n", "f.yaml")
    assert document.place(("b", 1, "c", 1)) == Place("f.yaml", 5)
    assert document.place(("b", 1, "c", "nothing here")) == Place("f.yaml", 4)
    assert document.place(("d",)) == Place("f.yaml", 1)
    assert document.value(("b", 1, "c", 1)) == 2
    assert key_text(("b", 1, "c", 1)) == "b[1].c[1]"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfcolour: red\n")
    assert load_model(path, Paint).colour is Colour.RED


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Brush(BaseModel):
    model_config = ConfigDict(extra="forbid")

    width_mm: int = Field(gt=0)


class Paint(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: Colour
    litres: float | None = None
    brushes: list[Brush] = []
    by_name: dict[str, Brush] = {}


def test_any_model_gets_all_its_complaints_with_lines_and_nearest_names(tmp_path: Path) -> None:
    path = tmp_path / "paint.yaml"
    path.write_text("colour: gren\nlitres: many\nbrushes:\n  - width_mm: 0\n  - widht_mm: 3\nby_name:\n  big: {width_mm: x}\n")
    with pytest.raises(UserInputError) as raised:
        load_model(path, Paint)
    told = [(p.line, p.key, p.found, p.expected, p.hint) for p in raised.value.problems]
    assert told == [
        (1, "colour", "'gren'", "one of red, green", "did you mean green?"),
        (2, "litres", "'many'", "number, unable to parse string as a number", None),
        (4, "brushes[0].width_mm", "0", "greater than 0", None),
        (5, "brushes[1].width_mm", "nothing", "this key; it has no default", None),
        (5, "brushes[1].widht_mm", "the unknown key 'widht_mm'", "width_mm", "did you mean width_mm?"),
        (7, "by_name.big.width_mm", "'x'", "integer, unable to parse string as an integer", None),
    ]
    assert str(raised.value).startswith("6 problems:\n")


def test_a_mistake_reads_as_place_found_expected_and_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("paint.yaml").write_text("litres: 2\ncolour: gren\n")
    with pytest.raises(UserInputError) as raised:
        load_model(Path("paint.yaml"), Paint)
    assert str(raised.value) == (
        "paint.yaml:2: colour\n  found     'gren'\n  expected  one of red, green\n  hint      did you mean green?"
    )
