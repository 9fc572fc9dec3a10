"""The members of the axis by name; a further one is a file of its own and a line here."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Decomposition as Name
from recipe_sweep.trainers.decomposition.base import Decomposition
from recipe_sweep.trainers.decomposition.cen import CEN
from recipe_sweep.trainers.decomposition.dec import DEC
from recipe_sweep.trainers.decomposition.mix import MIX
from recipe_sweep.trainers.decomposition.vdn import VDN

DECOMPOSITIONS: dict[Name, Decomposition] = {Name.CEN: CEN, Name.MIX: MIX, Name.VDN: VDN, Name.DEC: DEC}
