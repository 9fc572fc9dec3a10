"""The words of the paper's design space, without those that came later."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

DECOMPOSITIONS = tuple(word for word in Decomposition.members() if word.in_paper)
VALUE_LEARNERS = tuple(word for word in ValueLearning.members() if word.in_paper)
EXTRACTIONS = tuple(word for word in Extraction.members() if word.in_paper)
