"""Policy for discrete actions whose critics read the action that is executed, with the gradient of probabilities."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.policies.softmax import Softmax


class StraightThrough(Softmax):
    """A policy whose critics read the one-hot of the greedy action. Its gradient is that of the softmax."""

    def critic_action(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return the greedy action, with the gradient of the probabilities."""
        probabilities = super().critic_action(mu, legal)
        return self.greedy(mu.detach(), legal) + (probabilities - probabilities.detach())
