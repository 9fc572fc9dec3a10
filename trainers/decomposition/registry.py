"""The members of the axis by name. A new member is one new file and one line here.

A member that differs from Mix only in its mixer needs no line here: its line in `trainers/mixers/registry.py` is enough.
"""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Decomposition as Name
from recipe_sweep.trainers.decomposition.base import Decomposition
from recipe_sweep.trainers.decomposition.cen import CEN
from recipe_sweep.trainers.decomposition.dcg import DCG
from recipe_sweep.trainers.decomposition.dec import DEC
from recipe_sweep.trainers.decomposition.mix import Mix
from recipe_sweep.trainers.decomposition.vdn import VDN
from recipe_sweep.trainers.mixers.registry import MIXERS

_WITH_MIXER: dict[Name, Decomposition] = {name: Mix(mixer) for name, mixer in MIXERS.items()}

DECOMPOSITIONS: dict[Name, Decomposition] = _WITH_MIXER | {Name.CEN: CEN, Name.VDN: VDN, Name.DEC: DEC, Name.DCG: DCG}
