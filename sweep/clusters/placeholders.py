"""Finds what a sample file leaves to its reader: ids and names that exist nowhere. With them a cluster cannot start."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recipe_sweep.search_spaces.errors import Problem
from recipe_sweep.search_spaces.yaml_file import Document, KeyPath, shown

_PLACEHOLDER = re.compile(
    r"""
    ^[a-z]+-0123(abcd|4567(89?)?(abcdef0?)?)$  # ids of AWS in samples, such as fs-0123456789abcdef0
    | (^|[/@.])[\w-]+\.example(?=$|[:/])  # a domain that nobody can own
    | ^s3://(bucket|my-bucket)(/|$)
    | <[^<>]*>
    | \b(change|replace)[-_]?me\b
    | \byour[-_]
    """,
    re.VERBOSE | re.IGNORECASE,
)


def placeholders(document: Document) -> tuple[Problem, ...]:
    """List the values of a cluster file that are still to be filled in."""
    return tuple(
        document.problem(path, f"{shown(value)}, a placeholder", "a value of your own", "the samples are to be filled in")
        for path, value in _texts(document.content, ())
        if _PLACEHOLDER.search(value)
    )


def _texts(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number))
