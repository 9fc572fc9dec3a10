"""How per-agent values become a total: one small file per value of the axis."""

from __future__ import annotations

from search_spaces.vocabulary import Decomposition as Name
from trainers.decomposition.base import Decomposition
from trainers.decomposition.cen import CEN
from trainers.decomposition.dec import DEC
from trainers.decomposition.mix import MIX
from trainers.decomposition.vdn import VDN

DECOMPOSITIONS: dict[Name, Decomposition] = {Name.CEN: CEN, Name.MIX: MIX, Name.VDN: VDN, Name.DEC: DEC}

__all__ = ["DECOMPOSITIONS", "Decomposition"]
