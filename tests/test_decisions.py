"""Decisions on paper: each has a date, a status and tests that hold it, and none is left out of the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.checkout import ROOT

FOLDER = ROOT / "docs" / "decisions"
TABLE = (FOLDER / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
TESTS = r"`(tests/(?:\w+/)*test_\w+\.py)`"
LINE = re.compile(rf"Date: (\d{{4}}-\d\d-\d\d)\. Status: (accepted|superseded)\. Held by: ({TESTS}(?:, {TESTS})*)\.")


def held(page: Path) -> re.Match[str]:
    """Read the line below the title of a page."""
    title, empty, line, after, *_ = page.read_text(encoding="utf-8").splitlines()
    found = LINE.fullmatch(line)
    assert title.startswith("# ")
    assert (empty, after) == ("", "")
    assert found is not None, f"{page.name}: its third line is no `Date: YYYY-MM-DD. Status: accepted. Held by: ...`: {line}"
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_decision_has_a_date_a_status_and_tests_that_exist(page: Path) -> None:
    for name in re.findall(TESTS, held(page)[3]):
        assert "def test_" in (ROOT / name).read_text(encoding="utf-8"), f"{page.name} names {name}, which has no test"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_decision_is_in_the_table_as_its_page_has_it(page: Path) -> None:
    date, status, tests = held(page)[1], held(page)[2], re.findall(TESTS, held(page)[3])
    title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    row = f"| [{title}]({page.name}) | {date} | {status} | {'<br>'.join(f'`{test}`' for test in tests)} |"
    assert row in TABLE.splitlines()


def test_the_table_has_no_decision_without_a_page() -> None:
    assert len(re.findall(r"^\| \[", TABLE, flags=re.MULTILINE)) == len(PAGES)
