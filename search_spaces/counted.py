"""Numbers with their nouns, as people write them: 1 run, 1,234 runs."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return the count with its noun, in the plural unless the count is one. The plural of `study` is `studies`."""
    if count == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{count:,} {plural}"


def agreeing(count: int, one: str, several: str) -> str:
    """Return the verb or pronoun that agrees with a count."""
    return one if count == 1 else several
