"""Where the critic's target comes from: one small file per value of the axis."""

from __future__ import annotations

from search_spaces.vocabulary import ValueLearning as Name
from trainers.value_learning.base import ValueLearning
from trainers.value_learning.iql import IQL
from trainers.value_learning.sarsa import SARSA
from trainers.value_learning.td import TD

VALUE_LEARNING: dict[Name, ValueLearning] = {Name.TD: TD, Name.SARSA: SARSA, Name.IQL: IQL}

__all__ = ["VALUE_LEARNING", "ValueLearning"]
