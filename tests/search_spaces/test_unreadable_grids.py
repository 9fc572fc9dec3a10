"""A path that leads to no grid is refused with one clear complaint, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.grid_file import read_grid


@pytest.mark.parametrize(
    ("reference", "content", "found", "expected"),
    [
        ("fgure7", None, "no such file or preset", "did you mean figure7?"),
        ("grids/mine.yaml", None, "no such file or preset", "a grid file, or a preset: one of cloning, demo, "),
        ("", None, "a directory", "a YAML file"),
        ("grid.yaml", "axes: \u00e9".encode("latin-1"), "bytes that are no text", "UTF-8"),
        ("grid.yaml", b"axes: \x01", "the control character U+0001", "plain text"),
        ("grid.yaml", b"[" * 5_000, "nested too deeply", "YAML"),
        ("grid.yaml", b"axes: " + b"9" * 5_000, "a number of 5,000 digits", "a computer can hold"),
        ("grid.yaml", b"axes: &a [*a]", "the alias *a inside the value that &a names", "does not hold itself"),
        ("grid.yaml", b"? [a]\n: 1", "a list as a key", "a plain word"),
    ],
)
def test_a_path_that_leads_to_no_grid_is_refused(
    reference: str, content: bytes | None, found: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(reference).write_bytes(content)
    with pytest.raises(UserInputError) as raised:
        read_grid(reference)
    assert found in str(raised.value)
    assert expected in str(raised.value)


def test_an_error_survives_the_way_through_another_process() -> None:
    import pickle

    with pytest.raises(UserInputError) as raised:
        read_grid("figure")
    copied = pickle.loads(pickle.dumps(raised.value))
    assert str(copied) == str(raised.value)
    assert copied.problems == raised.value.problems
