"""The policy of each kind of task. A new policy is one new file and one line here."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import ActorBound
from recipe_sweep.trainers.policies.base import Policy
from recipe_sweep.trainers.policies.gaussian import Gaussian
from recipe_sweep.trainers.policies.one_hot import OneHot
from recipe_sweep.trainers.task import TaskSpec

POLICIES: dict[bool, Callable[[TaskSpec], Policy]] = {False: Gaussian, True: OneHot}
"""Policies. The key says whether the task's actions are discrete."""

ACTOR_BOUNDS: dict[ActorBound, Callable[[Tensor], Tensor]] = {ActorBound.NONE: lambda mu: mu, ActorBound.TANH: torch.tanh}
"""Functions that bound the actor's outputs in training."""


def policy_of(spec: TaskSpec) -> Policy:
    """Return the policy of a task."""
    return POLICIES[spec.discrete](spec)
