"""The policy of each kind of task. A new policy is one new file and one line here."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import ActorBound, Discretisation
from recipe_sweep.trainers.policies.base import Policy
from recipe_sweep.trainers.policies.gaussian import Gaussian
from recipe_sweep.trainers.policies.one_hot import OneHot
from recipe_sweep.trainers.policies.softmax import Softmax
from recipe_sweep.trainers.policies.straight_through import StraightThrough
from recipe_sweep.trainers.task import TaskSpec

POLICIES: dict[Discretisation | None, Callable[[TaskSpec], Policy]] = {
    None: Gaussian,
    Discretisation.RAW: OneHot,
    Discretisation.SOFTMAX: Softmax,
    Discretisation.STRAIGHT_THROUGH: StraightThrough,
}
"""Policies. The key is how a task's actions are discretised; None is for continuous actions."""

ACTOR_BOUNDS: dict[ActorBound, Callable[[Tensor], Tensor]] = {ActorBound.NONE: lambda mu: mu, ActorBound.TANH: torch.tanh}
"""Functions that bound the actor's outputs in training."""


def policy_of(spec: TaskSpec, discretisation: Discretisation = Discretisation.RAW) -> Policy:
    """Return the policy of a task. The discretisation matters to critics and losses of discrete tasks alone."""
    return POLICIES[discretisation if spec.discrete else None](spec)
