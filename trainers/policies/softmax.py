"""Policy for discrete actions whose critics read probabilities: a softmax of mu over the legal actions."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from recipe_sweep.trainers.policies.one_hot import OneHot, only_legal


class Weights(NamedTuple):
    """A softmax before it is divided: weights (*, A), which are 0 for illegal actions, and their sum (*, 1)."""

    logits: Tensor
    """(*, A): mu minus its largest legal entry; -inf for illegal actions"""
    each: Tensor
    """(*, A)"""
    total: Tensor
    """(*, 1)"""


def weights(mu: Tensor, legal: Tensor | None) -> Weights:
    """Compute the weights of a softmax over the legal actions.

    Every operation is elementwise or within one row. So a run's bits do not depend on the other runs of its pack.
    """
    allowed = only_legal(mu, legal)
    logits = allowed - allowed.detach().amax(-1, keepdim=True)
    each = logits.exp()
    return Weights(logits, each, each.sum(-1, keepdim=True))


class Softmax(OneHot):
    """A policy whose critics read the probabilities of the legal actions, and whose losses are their logarithms."""

    reads_legal = True

    def critic_action(self, mu: Tensor, legal: Tensor | None) -> Tensor:
        """Return the probabilities; 0 for illegal actions."""
        found = weights(mu, legal)
        return found.each / found.total

    def nll(self, mu: Tensor, actions: Tensor, legal: Tensor | None) -> Tensor:
        """Compute -log p of the one-hot actions."""
        found = weights(mu, legal)
        # `where`, because an illegal action's -inf times 0 is undefined.
        taken = torch.where(actions > 0, found.logits, torch.zeros((), dtype=mu.dtype, device=mu.device)).sum(-1)
        return found.total.squeeze(-1).log() - taken
