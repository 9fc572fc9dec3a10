"""Which policy a task has; a further one is a file of its own and a line here."""

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
"""By whether the task's actions are discrete."""

ACTOR_BOUNDS: dict[ActorBound, Callable[[Tensor], Tensor]] = {ActorBound.NONE: lambda mu: mu, ActorBound.TANH: torch.tanh}
"""What is done to the actor's outputs while learning."""


def policy_of(spec: TaskSpec) -> Policy:
    """Return the policy of a task."""
    return POLICIES[spec.discrete](spec)
