"""Normalisation of the critic's, the value's and the actor's losses (paper Eq. 4 to 6 and Listing 1).

Statistics are detached and taken within one lane: over every dimension but the first (and, where named, the heads).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm

EPS = 1e-6


class CriticLoss(NamedTuple):
    """Loss and the scale it was divided by before squaring, both (L,)."""

    loss: Tensor
    sigma: Tensor


def lane_mean(x: Tensor) -> Tensor:
    """Mean over all dimensions but the first: (L, *) -> (L,)."""
    return x.flatten(1).mean(1)


def _over(per_lane: Tensor, like: Tensor) -> Tensor:
    return per_lane.view(-1, *([1] * (like.ndim - 1)))


def mean_absolute_deviation(x: Tensor) -> Tensor:
    """sg[mean |x - mean x|] + eps within each lane: (L, *) -> (L,) (Eq. 5)."""
    x = x.detach()
    return lane_mean((x - _over(lane_mean(x), x)).abs()) + EPS


def critic_loss(norm: CriticNorm, q: Tensor, target: Tensor) -> CriticLoss:
    """Critic's loss from totals q (L, K, units) and targets (L, units), per lane (Eq. 2, 6; Listing 1)."""
    both_heads = norm in (CriticNorm.NONE, CriticNorm.SVN_BOTH)
    error = q - target.unsqueeze(1) if both_heads else q.amin(1) - target
    sigma = loss_scale(norm, q.amin(1))
    return CriticLoss(lane_mean((error / _over(sigma, error)).square()), sigma)


def loss_scale(norm: CriticNorm, q: Tensor) -> Tensor:
    """What a loss is divided by before squaring, (L,), from totals q (L, units): their deviation under SVN, else one."""
    if norm in (CriticNorm.SVN, CriticNorm.SVN_BOTH):
        return mean_absolute_deviation(q)
    return torch.ones(q.shape[0], dtype=q.dtype, device=q.device)


def policy_value_loss(norm: ActorNorm, q: Tensor) -> Tensor:
    """BRAC's value term -E[q] of totals q (L, units), raw or centred and divided by mean |q| (Eq. 4), per lane."""
    if norm is ActorNorm.NONE:
        return -lane_mean(q)
    plain = q.detach()
    return -lane_mean((q - _over(lane_mean(plain), q)) / _over(lane_mean(plain.abs()) + EPS, q))


def advantage_scale(norm: ActorNorm, advantage: Tensor) -> Tensor:
    """AWR's advantages (L, units), raw or standardised within the lane (population deviation)."""
    if norm is ActorNorm.NONE:
        return advantage
    centred = advantage - _over(lane_mean(advantage), advantage)
    return centred / _over(lane_mean(centred.square()).sqrt() + EPS, advantage)
