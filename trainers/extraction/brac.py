"""BRAC: maximise Q at the policy's action, and stay near the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from recipe_sweep.trainers.extraction.base import ActorLoss, ExtractionData
from recipe_sweep.trainers.mixers.base import Extra
from recipe_sweep.trainers.normalisation import ACTOR_NORMS, lane_mean

if TYPE_CHECKING:
    from recipe_sweep.trainers.models import Models


class Brac:
    """Lq + alpha * cloning (paper Eq. 3 and 4): mode-seeking."""

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Compute Lq + alpha * cloning (n,). Gradients pass through the critic's inputs; the critic is not trained."""
        actions = data.grouping.group(data.actions)
        q = models.q(data.critic, data.context, actions) if data.policy_q is None else data.policy_q
        compared = None if data.values is None else data.values[:, None, None]
        total = models.decomposition.total(q, data.mixing, Extra(actions.unsqueeze(1), compared))
        total = data.grouping.ungroup(total.amin(1))
        cloning = models.decomposition.cloning(data.nll)
        loss = ACTOR_NORMS[data.norm].value_loss(total) + data.alpha.squeeze(-1) * cloning

        def record() -> dict[str, torch.Tensor]:
            return {"actor_q_term": -lane_mean(total.detach()), "actor_bc_term": cloning.detach()}

        return ActorLoss(loss, record)


EXTRACTION = Brac()
