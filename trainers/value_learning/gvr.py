"""GVR, the value learner of OMIGA: V is regularised towards the data, with a global weight for each agent."""

from __future__ import annotations

import torch
from torch import Tensor

from recipe_sweep.trainers.mixers.base import Extra, Mixing
from recipe_sweep.trainers.normalisation import lane_mean
from recipe_sweep.trainers.value_learning.base import Networks, StepData, ValueLoss

CLIP = 10.0
"""Largest |z|."""
LEAST_SHIFT = -1.0
"""Smallest M, so that exp(-M) stays small."""


class Gvr:
    """GVR: y = R + gamma m T_bar(V_bar(o'); s'), with V from a regularised regression (algorithms2, section 3)."""

    has_value_network = True
    follows_actor = False
    reads_next_actions = False

    def next_total(self, models: Networks, data: StepData) -> Tensor:
        """Pass the Polyak copy of V at the next observations through the target mixer."""
        assert models.target_value is not None
        values = models.v(models.target_value.copies, models.decomposition.context(data.next))
        return models.decomposition.total(values, models.target_mixing(data.next), Extra())

    def value_loss(self, models: Networks, data: StepData, mixing: Mixing | None, tau: Tensor) -> ValueLoss | None:
        """Compute mean [exp(z - M) + exp(-M) w V / a], z = clip(w (q - V) / a): q and w come from target networks.

        `a` is the regularisation, w how much one agent's advantage moves the total. M is the largest z, so that no term
        overflows. The weights of the extraction `gvr` are exp(z).
        """
        assert models.value is not None
        assert data.regularisation is not None
        with torch.no_grad():
            q, weight = models.target_advantage_terms(data.now, data.actions)
        values = models.v(models.value.whole.copies, models.decomposition.context(data.now))
        credited = models.credited(values)
        scale = weight / data.regularisation.view(-1, *([1] * (q.ndim - 1)))
        z = (scale * (q - credited)).clamp(-CLIP, CLIP)
        shift = z.detach().flatten(1).amax(1).clamp(min=LEAST_SHIFT).view(-1, *([1] * (q.ndim - 1)))
        loss = lane_mean((z - shift).exp() + (-shift).exp() * scale * credited)
        return ValueLoss(loss, values.detach(), z.detach())


GVR = Gvr()
