"""Turns sentences that were rewritten since a release back to its words, so that everything else is compared byte for byte."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from recipe_sweep.analysis.figures import figure1_support, figure8_value_learning
from recipe_sweep.analysis.figures.style import wrapped

WITH_SENTENCES = {".html", ".md", ".tex"}
"""Endings of the files of a report that have sentences."""


class Rewritten(NamedTuple):
    """A sentence of today as a pattern, and its words in the release, where `{1}` stands for a group of the pattern."""

    today: re.Pattern[str]
    then: str


@cache
def rewritten(release: str) -> tuple[Rewritten, ...]:
    """Read the `words.txt` of a release: two lines for each sentence, that of today and that of the release."""
    text = (Path(__file__).parent / release / "words.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(Rewritten(_pattern(today), then) for today, then in zip(lines[::2], lines[1::2], strict=True))


def turned_back(release: str, text: str) -> str:
    """Replace the sentences of today by those of the release."""
    for one in rewritten(release):
        text = one.today.sub(lambda found, then=one.then: _filled(then, found), text)  # type: ignore[misc]
    return text


def turn_pictures_back(release: str, patch: pytest.MonkeyPatch) -> None:
    """Let the notes inside pictures have the words of the release."""

    def in_old_words(sentences: Sequence[str], width: float, points: float) -> list[str]:
        return wrapped([turned_back(release, sentence) for sentence in sentences], width, points)

    for figure in (figure1_support, figure8_value_learning):
        patch.setattr(figure, "wrapped", in_old_words)


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\d)\\\}", r"(?P<text\1>[^<]+?)", re.escape(sentence)))


def _filled(then: str, found: re.Match[str]) -> str:
    return re.sub(r"\{(\d)\}", lambda number: found[f"text{number[1]}"], then)
