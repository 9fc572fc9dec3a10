"""Write the words into docs/glossary.md: `python scripts/glossary.py`. A test fails if the file is stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recipe_sweep.search_spaces.vocabulary import (  # noqa: E402 (the path above makes it importable from anywhere)
    ActorNorm,
    CriticNorm,
    Decomposition,
    Extraction,
    ValueLearning,
)
from recipe_sweep.search_spaces.words import Word  # noqa: E402

GLOSSARY = ROOT / "docs" / "glossary.md"
BEGIN, END = "<!-- begin: written by scripts/glossary.py -->", "<!-- end -->"
AXES: tuple[type[Word], ...] = (Decomposition, ValueLearning, Extraction, CriticNorm, ActorNorm)


def render(text: str) -> str:
    """Replace the glossary's table with one that has every word of the vocabulary and its meaning."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    rows = [_row(axis, word, number == 0) for axis in AXES for number, word in enumerate(axis.members())]
    return "\n".join([before + BEGIN, "| axis | word | in figures | what it is |", "|---|---|---|---|", *rows, END + after])


def _row(axis: type[Word], word: Word, first: bool) -> str:
    name = f"`{axis.axis}`" if first else ""
    return f"| {name} | `{word.value}` | {_cell(word.display_name)} | {_cell(word.meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    GLOSSARY.write_text(render(GLOSSARY.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {GLOSSARY.relative_to(ROOT)}")
