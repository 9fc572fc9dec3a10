"""TD: targets bootstrap from the policy's own next action."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.value_learning.base import Networks, StepData
from recipe_sweep.trainers.value_learning.sarsa import Sarsa


class Td(Sarsa):
    """TD: y = R + gamma m min_k T_bar(Q_bar_k(o', mu(o')); s') (paper Eq. 2). mu is the actor before this step, unclipped.

    In discrete tasks the next action is the one-hot of the largest entry of mu(o') among the legal actions.
    """

    follows_actor = True
    reads_next_actions = False

    def next_total(self, models: Networks, data: StepData) -> Tensor:
        """Compute the target total of the policy's greedy next actions."""
        mu = models.policy_means(data.next)
        actions = models.policy.greedy(mu, data.next.legal)
        return models.target_total(data.next, actions.unsqueeze(1), models.target_compared(data.next, mu, actions))


TD = Td()
