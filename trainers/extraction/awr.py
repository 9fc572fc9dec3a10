"""AWR: clone the data's actions, each with a weight that grows with its advantage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from recipe_sweep.trainers.extraction.base import ActorLoss, ExtractionData
from recipe_sweep.trainers.normalisation import ACTOR_NORMS

if TYPE_CHECKING:
    from recipe_sweep.trainers.models import Models


class Awr:
    """mean w * nll, w = min(exp(clip(alpha * A)), cap) (paper Eq. 11): mode-covering.

    Advantages are per agent and not mixed. Under Cen and DCG one advantage gives the weight of all agents' actions.
    """

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Compute mean w * nll (n,). The weights w have no gradient."""
        with torch.no_grad():
            advantage = self._advantage(models, data)
            units = (1,) * (advantage.ndim - 2)
            bounds = models.config.awr
            exponent = (data.alpha.view(-1, 1, *units) * advantage).clamp(bounds.exponent_low, bounds.exponent_high)
            weight = exponent.exp().clamp(max=bounds.weight_high)
            if weight.ndim == 2:
                weight = weight.unsqueeze(-1)
        loss = (weight * data.nll).mean((-1, -2))

        def record() -> dict[str, Tensor]:
            per_agent = weight.expand(data.nll.shape)
            flat = per_agent.flatten(1)
            share = per_agent.sum(1) / flat.sum(1, keepdim=True)
            return {
                "actor_bc_term": data.nll.detach().mean((-1, -2)),
                "awr_ess": flat.sum(1).square() / flat.square().sum(1) / flat.shape[1],
                "awr_capped": (flat >= bounds.weight_high).to(flat.dtype).mean(1),
            } | {f"awr_agent_share/{a}": share[:, a] for a in range(share.shape[1])}

        return ActorLoss(loss, record)

    def _advantage(self, models: Models, data: ExtractionData) -> Tensor:
        """Compute scaled advantages (n, units of the critic): min_k Q_k(o, u) - V(o), or - min_k Q_k(o, mu) without a V."""
        normalise = ACTOR_NORMS[data.norm].advantage
        if data.values is not None:
            return data.value_of(normalise(data.q - models.credited(data.values)))
        acted = data.policy_q
        if acted is None:
            acted = models.q(data.critic, data.context, data.grouping.group(data.actions.detach()))
        return normalise(data.grouping.ungroup(data.q.unsqueeze(1) - models.credited(acted).amin(1)))


EXTRACTION = Awr()
