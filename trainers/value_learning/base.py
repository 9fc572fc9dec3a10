"""The protocol of a value learner."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.decomposition.base import Decomposition, Views
from recipe_sweep.trainers.mixers.base import Mixing
from recipe_sweep.trainers.parameters import Leaves, Stack
from recipe_sweep.trainers.policies.base import Policy
from recipe_sweep.trainers.task import TaskSpec


class StepData(NamedTuple):
    """The batch as the V value lanes see it."""

    now: Views
    next: Views
    actions: Tensor
    """(V, 1, B, N, A), the dataset's"""
    next_actions: Tensor | None
    """(V, 1, B, N, A), the dataset's, where the learner reads them"""
    reward: Tensor
    """(V, units of the total)"""
    discount: Tensor
    """gamma times the mask, broadcastable to the reward"""


class ValueLoss(NamedTuple):
    """Loss of the value network (V,), and its values at the batch (V, units of the critic) without their graph."""

    loss: Tensor
    values: Tensor


class Networks(Protocol):
    """What a value learner asks of a pack's networks; `Models` (trainers/models.py) has it."""

    spec: TaskSpec
    config: LearnerConfig
    decomposition: Decomposition
    policy: Policy
    actor: Stack
    value: Stack | None

    def means(self, leaves: Leaves, x: Tensor) -> Tensor:
        """Means mu (L, *, A) of agents' inputs x (L, *, X)."""
        ...

    def v(self, leaves: Leaves, context: Tensor) -> Tensor:
        """Values (V, units) of contexts (V, units, C)."""
        ...

    def target_mixing(self, views: Views) -> Mixing | None:
        """The target mixer at the views."""
        ...

    def target_total(self, views: Views, actions: Tensor) -> Tensor:
        """min_k T_bar(Q_bar_k(., u); s) (V, units) of one set of actions (V, 1, B, N, A)."""
        ...


class ValueLearning(Protocol):
    """One value of the axis "value learning" (paper 5.1)."""

    @property
    def has_value_network(self) -> bool:
        """Whether there is a V beside Q."""
        ...

    @property
    def follows_actor(self) -> bool:
        """Whether targets depend on the actor, so that no two runs share a critic."""
        ...

    @property
    def reads_next_actions(self) -> bool:
        """Whether targets need the dataset's next actions."""
        ...

    def next_total(self, models: Networks, data: StepData) -> Tensor:
        """What the target y = R + gamma m (.) bootstraps from: (V, units of the total). Called without gradients."""
        ...

    def value_loss(self, models: Networks, data: StepData, mixing: Mixing | None, tau: Tensor) -> ValueLoss | None:
        """Loss of the value network, given the mixer at s without its graph and tau (V, 1); None without one."""
        ...
