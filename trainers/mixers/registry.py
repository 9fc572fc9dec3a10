"""The mixer of each decomposition that has one. A new mixer is one new file and one line here."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import Decomposition, MixerTraining
from recipe_sweep.trainers.mixers.base import MakeMixer
from recipe_sweep.trainers.mixers.qatten import Qatten
from recipe_sweep.trainers.mixers.qmix import Qmix
from recipe_sweep.trainers.mixers.qplex import Qplex
from recipe_sweep.trainers.mixers.wvdn import Wvdn

MIXERS: dict[Decomposition, MakeMixer] = {
    Decomposition.MIX: Qmix,
    Decomposition.WVDN: Wvdn,
    Decomposition.QATTEN: Qatten,
    Decomposition.QPLEX: Qplex,
}

TRAINED_BY_CRITIC: dict[MixerTraining, bool] = {MixerTraining.JOINT: True, MixerTraining.FROZEN: False}
"""Whether the critic's loss trains the mixer (the paper) or not (its released code)."""
