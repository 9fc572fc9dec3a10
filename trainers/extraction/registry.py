"""Look-up of an extraction. An extraction of this package has a file with the word's name here, which defines `EXTRACTION`.

So a new extraction is a word and a file. Plugins register theirs.
"""

from __future__ import annotations

import importlib
from functools import cache

from recipe_sweep.search_spaces.vocabulary import Extraction as Name
from recipe_sweep.trainers.extraction.base import Extraction

PLUGINS: dict[Name, Extraction] = {}
"""Extractions that plugins registered."""


@cache
def extraction(word: Name) -> Extraction:
    """Return the object that implements the word."""
    if word in PLUGINS:
        return PLUGINS[word]
    module = importlib.import_module(f"{__package__}.{word.value}")
    member: Extraction = module.EXTRACTION
    return member
