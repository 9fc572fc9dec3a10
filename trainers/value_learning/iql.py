"""IQL: a value network regresses an upper expectile of Q over the dataset's actions."""

from __future__ import annotations

import torch
from torch import Tensor

from recipe_sweep.trainers.mixers.base import Extra, Mixing
from recipe_sweep.trainers.normalisation import CRITIC_NORMS, lane_mean
from recipe_sweep.trainers.value_learning.base import Networks, StepData, ValueLoss


class Iql:
    """IQL: y = R + gamma m T_bar(V(o'); s'), with V from expectile regression (paper Eq. 9 and 10)."""

    has_value_network = True
    follows_actor = False
    reads_next_actions = False

    def next_total(self, models: Networks, data: StepData) -> Tensor:
        """Pass the online V at the next observations through the target mixer."""
        assert models.value is not None
        values = models.v(models.value.frozen, models.decomposition.context(data.next))
        return models.decomposition.total(values, models.target_mixing(data.next), Extra())

    def value_loss(self, models: Networks, data: StepData, mixing: Mixing | None, tau: Tensor) -> ValueLoss | None:
        """Compute mean |tau - 1[d < 0]| (d / sigma)^2 with d = min_k T_bar(Q_bar_k(o, u); s) - T(V(o); s)."""
        assert models.value is not None
        values = models.v(models.value.whole.copies, models.decomposition.context(data.now))
        with torch.no_grad():
            q = models.target_total(data.now, data.actions, values.detach().unsqueeze(1))
            sigma = CRITIC_NORMS[models.config.critic_norm].scale(q).view(-1, *([1] * (q.ndim - 1)))
        d = q - models.decomposition.total(values, mixing, Extra())
        expectile = (tau.view(-1, *([1] * (q.ndim - 1))) - (d.detach() < 0).to(d.dtype)).abs()
        return ValueLoss(lane_mean(expectile * (d / sigma).square()), values.detach())


IQL = Iql()
