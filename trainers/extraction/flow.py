"""Flow, the extraction of MAC-Flow: the policy climbs the critic, and is held near actions that a flow of the data draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from recipe_sweep.trainers.extraction.base import ActorLoss, ExtractionData
from recipe_sweep.trainers.extraction.brac import Brac

if TYPE_CHECKING:
    from recipe_sweep.trainers.models import Models


class Flow(Brac):
    """BRAC's loss of a policy that reads noise. Its data are the ends of the flow that begins with the same noise.

    In discrete tasks critics read the straight-through action. (The released code passes no gradient of Q there, so that its
    critics cannot change the policy.)
    """

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Compute Lq + alpha * distillation (n,)."""
        found = super().loss(models, data)

        def record() -> dict[str, Tensor]:
            return found.record() | {"flow_distillation": data.nll.detach().mean((-1, -2))}

        return ActorLoss(found.loss, record)


EXTRACTION = Flow()
