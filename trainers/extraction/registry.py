"""Finds the object of an extraction: a word of this package has a file of its name here, which defines `EXTRACTION`.

So a further extraction is a word and a file. Those of plugins are registered.
"""

from __future__ import annotations

import importlib
from functools import cache

from recipe_sweep.search_spaces.vocabulary import Extraction as Name
from recipe_sweep.trainers.extraction.base import Extraction

PLUGINS: dict[Name, Extraction] = {}
"""Those that plugins registered."""


@cache
def extraction(word: Name) -> Extraction:
    """Return the object that does what the word says."""
    if word in PLUGINS:
        return PLUGINS[word]
    module = importlib.import_module(f"{__package__}.{word.value}")
    member: Extraction = module.EXTRACTION
    return member
