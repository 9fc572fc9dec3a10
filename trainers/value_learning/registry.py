"""The members of the axis by name. A new member is one new file and one line here."""

from __future__ import annotations

from recipe_sweep.search_spaces.vocabulary import ValueLearning as Name
from recipe_sweep.trainers.value_learning.base import ValueLearning
from recipe_sweep.trainers.value_learning.gvr import GVR
from recipe_sweep.trainers.value_learning.iql import IQL
from recipe_sweep.trainers.value_learning.sarsa import SARSA
from recipe_sweep.trainers.value_learning.td import TD

VALUE_LEARNING: dict[Name, ValueLearning] = {Name.TD: TD, Name.SARSA: SARSA, Name.IQL: IQL, Name.GVR: GVR}
