"""Families of discrete battles. Tasks of one family share a panel of Figure 9."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Tasks that are read together, because they differ in their units alone."""

    name: str
    title: str
    """name in figures"""
    drawn: bool
    """whether chance draws units or places anew for every episode; the paper calls this high stochasticity"""
    in_paper: bool
    """whether the paper's Figure 9 shows it"""


SMAC_V1 = Family("smac_v1", "SMACv1", drawn=False, in_paper=True)
SMAC_V2 = Family("smac_v2", "SMACv2", drawn=True, in_paper=True)
SKIRMISH = Family("skirmish", "skirmish, fixed units", drawn=False, in_paper=False)
SKIRMISH_DRAWN = Family("skirmish_drawn", "skirmish, drawn units", drawn=True, in_paper=False)

FAMILIES = (SMAC_V1, SMAC_V2, SKIRMISH, SKIRMISH_DRAWN)
"""All families, in the order of figures."""
