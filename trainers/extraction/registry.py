"""The members of the axis by name; a further one is a file of its own and a line here."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Extraction as Name
from recipe_sweep.trainers.extraction.awr import AWR
from recipe_sweep.trainers.extraction.base import Extraction
from recipe_sweep.trainers.extraction.brac import BRAC

EXTRACTION: dict[Name, Extraction] = {Name.BRAC: BRAC, Name.AWR: AWR}
