"""GVR, the extraction of OMIGA: clone the data's actions with the weights of the value learner GVR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from recipe_sweep.trainers.extraction.base import ActorLoss, ExtractionData

if TYPE_CHECKING:
    from recipe_sweep.trainers.models import Models


class Gvr:
    """mean exp(z) * nll (algorithms2, section 3). Nothing but z's clip bounds the weights. Under Cen all agents have one z."""

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Compute mean exp(z) * nll (n,). The weights exp(z) have no gradient."""
        assert data.exponents is not None, "the value learner has no regularised V, so there are no weights"
        z = data.value_of(data.exponents)
        weight = z.exp()
        loss = ((weight.unsqueeze(-1) if weight.ndim == 2 else weight) * data.nll).mean((-1, -2))

        def record() -> dict[str, Tensor]:
            flat, nll = weight.flatten(1), data.nll.detach()
            return {
                "actor_bc_term": nll.mean((-1, -2)),
                "gvr_ess": flat.sum(1).square() / flat.square().sum(1) / flat.shape[1],
            }

        return ActorLoss(loss, record)


EXTRACTION = Gvr()
