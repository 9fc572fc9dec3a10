"""A value is written alike on every screen, and as a person would type it."""

from __future__ import annotations

import pytest

from recipe_sweep.sweep.results.setting_text import setting_text, value_text
from tests.checkout import ROOT


@pytest.mark.parametrize(
    ("value", "exact", "shown"),
    [
        (None, "none", "none"),
        ((64, 64), "64x64", "64x64"),
        ([8], "8", "8"),
        (1e8, "100000000.0", "1e+08"),
        (123456789.0, "123456789.0", "123456789.0"),
        (3.0, "3.0", "3.0"),
        (1e-5, "1e-05", "1e-05"),
        (True, "True", "True"),
        ("svn", "svn", "svn"),
    ],
)
def test_a_value_is_written_as_nobody_would_type_it(value: object, exact: str, shown: str) -> None:
    assert (setting_text(value), value_text(value)) == (exact, shown)


def test_another_file_writes_the_widths_of_a_network_in_its_own_way() -> None:
    folders = ("sweep", "analysis", "search_spaces", "trainers")
    writers = [path.name for folder in folders for path in (ROOT / folder).rglob("*.py") if '"x".join' in path.read_text()]
    assert writers == ["setting_text.py"]
