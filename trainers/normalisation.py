"""Normalisation of the critic's, the value's and the actor's losses (paper Eq. 4 to 6 and Listing 1).

Statistics are detached and computed within one lane, over every dimension except the first.
A new normalisation is one object of the kinds below and one line in CRITIC_NORMS or ACTOR_NORMS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import ActorNorm, CriticNorm

EPS = 1e-6


class CriticLoss(NamedTuple):
    """The loss, and the scale sigma by which errors were divided before squaring, both (L,)."""

    loss: Tensor
    sigma: Tensor


def lane_mean(x: Tensor) -> Tensor:
    """Average over all dimensions except the first: (L, *) -> (L,)."""
    return x.flatten(1).mean(1)


def _over(per_lane: Tensor, like: Tensor) -> Tensor:
    return per_lane.view(-1, *([1] * (like.ndim - 1)))


def mean_absolute_deviation(x: Tensor) -> Tensor:
    """Compute sg[mean |x - mean x|] + eps within each lane: (L, *) -> (L,) (Eq. 5)."""
    x = x.detach()
    return lane_mean((x - _over(lane_mean(x), x)).abs()) + EPS


def one(x: Tensor) -> Tensor:
    """Return 1 for each lane: (L, *) -> (L,)."""
    return torch.ones(x.shape[0], dtype=x.dtype, device=x.device)


@dataclass(frozen=True)
class CriticNormalisation:
    """A member of the axis "critic norm"."""

    every_head: bool
    """Whether each head has an error of its own; if not, only the smaller total has an error"""
    scale: Callable[[Tensor], Tensor]
    """Function from totals (L, units) to sigma (L,), by which errors of critic and value loss are divided before squaring"""

    def loss(self, q: Tensor, target: Tensor) -> CriticLoss:
        """Compute the critic's loss per lane from totals q (L, K, units) and targets (L, units) (Eq. 2, 6; Listing 1)."""
        error = q - target.unsqueeze(1) if self.every_head else q.amin(1) - target
        sigma = self.scale(q.amin(1))
        return CriticLoss(lane_mean((error / _over(sigma, error)).square()), sigma)


CRITIC_NORMS: dict[CriticNorm, CriticNormalisation] = {
    CriticNorm.NONE: CriticNormalisation(every_head=True, scale=one),
    CriticNorm.SVN: CriticNormalisation(every_head=False, scale=mean_absolute_deviation),
    CriticNorm.SVN_BOTH: CriticNormalisation(every_head=True, scale=mean_absolute_deviation),
    CriticNorm.MIN: CriticNormalisation(every_head=False, scale=one),
}


class ActorNormalisation(Protocol):
    """A member of the axis "actor norm"."""

    def value_loss(self, q: Tensor) -> Tensor:
        """Compute BRAC's value term -E[q], (L,), from totals q (L, units)."""
        ...

    def advantage(self, advantage: Tensor) -> Tensor:
        """Normalise AWR's advantages (L, units) for its weights."""
        ...


class Raw:
    """No normalisation of values and advantages."""

    def value_loss(self, q: Tensor) -> Tensor:
        """Return -mean q."""
        return -lane_mean(q)

    def advantage(self, advantage: Tensor) -> Tensor:
        """Return the advantages unchanged."""
        return advantage


class AbsMean:
    """Values centred and divided by mean |q| (Eq. 4); advantages standardised within the lane (population deviation)."""

    def value_loss(self, q: Tensor) -> Tensor:
        """Compute -mean of the normalised q."""
        plain = q.detach()
        return -lane_mean((q - _over(lane_mean(plain), q)) / _over(lane_mean(plain.abs()) + EPS, q))

    def advantage(self, advantage: Tensor) -> Tensor:
        """Scale the advantages to mean 0 and deviation 1."""
        centred = advantage - _over(lane_mean(advantage), advantage)
        return centred / _over(lane_mean(centred.square()).sqrt() + EPS, advantage)


ACTOR_NORMS: dict[ActorNorm, ActorNormalisation] = {ActorNorm.NONE: Raw(), ActorNorm.ABSMEAN: AbsMean()}
