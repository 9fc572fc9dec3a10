"""One thing is written as one: `1 run`, never `1 runs`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe_sweep.search_spaces.counted import agreeing, counted
from tests.checkout import ROOT
from tests.sweep.commands import call, stand_in_sweep

NOUNS = "CPUs|GPUs|arrays|attempts|episodes|lines|nodes|packs|rows|runs|seeds|slots|studies|threads|trials|workers"
A_NOUN = re.compile(rf"^ (?:finished |more |wanted )?(?:{NOUNS})\b")


@pytest.mark.parametrize(
    ("count", "noun", "expected"),
    [
        (1, "run", "1 run"),
        (0, "run", "0 runs"),
        (2, "finished run", "2 finished runs"),
        (16_384, "run", "16,384 runs"),
        (1, "study", "1 study"),
        (3, "study", "3 studies"),
        (2, "day", "2 days"),
    ],
)
def test_a_noun_agrees_with_its_number(count: int, noun: str, expected: str) -> None:
    assert counted(count, noun) == expected
    assert agreeing(count, "is", "are") == ("is" if count == 1 else "are")


def test_no_command_says_one_of_something_in_the_plural(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = stand_in_sweep(tmp_path, monkeypatch)
    grid = (here / "little.yaml").read_text().replace("[0.1, 1.0]", "0.1").replace("[0, 1]", "0")
    (here / "little.yaml").write_text(grid)
    told = call("plan", "little.yaml")
    told += call("launch", "little.yaml", "--cluster", "inline.yaml", "--no-mlflow")
    told += call("status", "little.yaml") + call("plan", "little.yaml") + call("export", "little.yaml", "-o", "runs.csv")
    run = Path("runs.csv").read_text().splitlines()[1].split(",")[0].strip('"')
    told += call("explain", "little.yaml", run) + call("logs", "little.yaml", "--run", run) + call("doctor", "little.yaml")
    assert "1 run" in told
    assert re.findall(rf"(?<![\d.,])1 (?:[a-z]+ )?(?:{NOUNS})\b", told) == []


def without_agreement() -> Iterator[str]:
    """Places in what commands print where a plural stands behind any number."""
    for path in sorted((ROOT / "sweep" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                for value, text in zip(node.values, node.values[1:], strict=False):
                    follows = isinstance(text, ast.Constant) and A_NOUN.match(str(text.value))
                    if follows and isinstance(value, ast.FormattedValue):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


def test_every_count_that_a_command_prints_goes_through_one_function() -> None:
    assert list(without_agreement()) == [], "use counted(...)"
