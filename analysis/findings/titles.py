"""What the choices of a design are called in figures, tables and sentences."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, ValueLearning

DECOMPOSITION_NAMES = {
    Decomposition.CEN: "Cen",
    Decomposition.MIX: "Mix",
    Decomposition.VDN: "VDN",
    Decomposition.DEC: "Dec",
}


VALUE_LEARNING_NAMES = {ValueLearning.TD: "TD", ValueLearning.SARSA: "SARSA", ValueLearning.IQL: "IQL"}


EXTRACTION_NAMES = {Extraction.BRAC: "BRAC", Extraction.AWR: "AWR"}


def design_names(decomposition: Decomposition, value_learning: ValueLearning, extraction: Extraction) -> tuple[str, str, str]:
    """What the three choices of a design are called in figures and tables."""
    return DECOMPOSITION_NAMES[decomposition], VALUE_LEARNING_NAMES[value_learning], EXTRACTION_NAMES[extraction]
