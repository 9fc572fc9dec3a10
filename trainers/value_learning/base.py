"""The protocol of a value learner."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from torch import Tensor

from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.networks import MixingWeights

if TYPE_CHECKING:
    from recipe_sweep.trainers.models import Models


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

    def next_total(self, models: Models, data: StepData) -> Tensor:
        """What the target y = R + gamma m (.) bootstraps from: (V, units of the total). Called without gradients."""
        ...

    def value_loss(self, models: Models, data: StepData, weights: MixingWeights | None, tau: Tensor) -> ValueLoss | None:
        """Loss of the value network, given detached mixing weights at s and tau (V, 1); None without one."""
        ...
