"""The protocol of a value learner (paper 5.1).

V value lanes; B transitions; N agents; A action; C the width of the critic's context; `units` as in
`trainers/decomposition/base.py`.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor

from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.decomposition.base import Decomposition, Views
from recipe_sweep.trainers.mixers.base import Mixing
from recipe_sweep.trainers.parameters import Copies, Stack, Target
from recipe_sweep.trainers.policies.base import Policy
from recipe_sweep.trainers.task import TaskSpec


class StepData(NamedTuple):
    """The batch of each of the V value lanes."""

    now: Views
    next: Views
    actions: Tensor
    """(V, 1, B, N, A): the dataset's actions"""
    next_actions: Tensor | None
    """(V, 1, B, N, A): the dataset's next actions; None if the learner does not read them"""
    reward: Tensor
    """(V, units of the total)"""
    discount: Tensor
    """gamma * mask, broadcastable to the reward"""
    regularisation: Tensor | None = None
    """(V, 1): GVR's; NaN where a lane has none"""


class ValueLoss(NamedTuple):
    """Loss of the value network (V,), and its values at the batch (V, units of the critic) without a graph.

    `exponents` are GVR's clipped z without a graph, (V, units), or (V, B) where all agents share an advantage. Other value
    learners have none.
    """

    loss: Tensor
    values: Tensor
    exponents: Tensor | None = None


class AdvantageTerms(NamedTuple):
    """What advantages over V need: min_k Q_k (V, units of the critic), and how much each moves the total, broadcastable."""

    q: Tensor
    weight: Tensor


class Networks(Protocol):
    """The part of a pack's networks that value learners use. `Models` (trainers/models.py) implements it."""

    spec: TaskSpec
    config: LearnerConfig
    decomposition: Decomposition
    policy: Policy
    actor: Stack
    value: Stack | None
    target_value: Target | None

    def means(self, actor: Copies, x: Tensor) -> Tensor:
        """Compute means mu (L, *, A) of agents' inputs x (L, *, X)."""
        ...

    def policy_means(self, views: Views) -> Tensor:
        """Compute means (V, B, N, A) of the policies that learn with the value lanes, without a graph.

        It is for designs whose critic follows the actor.
        """
        ...

    def v(self, value: Copies, context: Tensor) -> Tensor:
        """Compute the value network's values (V, units) of contexts (V, units, C)."""
        ...

    def credited(self, q: Tensor) -> Tensor:
        """Return values (V, *, units) as advantages read them: the critic's, or the total where all agents share one."""
        ...

    def target_mixing(self, views: Views) -> Mixing | None:
        """Prepare the target mixer at the views; None without a mixer."""
        ...

    def target_total(self, views: Views, actions: Tensor, compared: Tensor | None = None) -> Tensor:
        """Compute min_k T_bar(Q_bar_k(., u); s) (V, units) of one set of actions (V, 1, B, N, A).

        `compared` (V, 1 or K, B, N) are the values that a mixer may compare with.
        """
        ...

    def target_compared(self, views: Views, mu: Tensor | None = None, taken: Tensor | None = None) -> Tensor | None:
        """Compute Q_bar_k (V, K, B, N) of the present policy's actions; None if no mixer compares with them.

        `mu` are the policy's means. It is also None if critics read the actions `taken`.
        """
        ...

    def target_advantage_terms(self, views: Views, actions: Tensor) -> AdvantageTerms:
        """Compute min_k Q_bar_k of one set of actions (V, 1, B, N, A), and its local weights."""
        ...


class ValueLearning(Protocol):
    """A member of the axis "value learning" (paper 5.1)."""

    @property
    def has_value_network(self) -> bool:
        """Whether there is a value network V in addition to Q."""
        ...

    @property
    def follows_actor(self) -> bool:
        """Whether targets depend on the actor, so that no two runs share a critic. Then they get the next legal actions."""
        ...

    @property
    def reads_next_actions(self) -> bool:
        """Whether targets need the dataset's next actions."""
        ...

    def next_total(self, models: Networks, data: StepData) -> Tensor:
        """Compute the total that the target y = R + gamma m (.) bootstraps from: (V, units of the total).

        It is called without gradients.
        """
        ...

    def value_loss(self, models: Networks, data: StepData, mixing: Mixing | None, tau: Tensor) -> ValueLoss | None:
        """Compute the loss of the value network; None without a value network.

        `mixing` is the online mixer at s without its graph; `tau` (V, 1) is the expectile.
        """
        ...
