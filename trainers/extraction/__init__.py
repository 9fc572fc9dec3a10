"""How a policy is drawn from the values: one small file per value of the axis."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Extraction as Name
from recipe_sweep.trainers.extraction.awr import AWR
from recipe_sweep.trainers.extraction.base import Extraction
from recipe_sweep.trainers.extraction.brac import BRAC

EXTRACTION: dict[Name, Extraction] = {Name.BRAC: BRAC, Name.AWR: AWR}

__all__ = ["EXTRACTION", "Extraction"]
