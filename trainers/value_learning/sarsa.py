"""SARSA: targets bootstrap from the dataset's next action."""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.trainers.mixers.base import Mixing
from recipe_sweep.trainers.value_learning.base import Networks, StepData, ValueLoss


class Sarsa:
    """SARSA: y = R + gamma m min_k T_bar(Q_bar_k(o', u'); s') (paper Eq. 8)."""

    has_value_network = False
    follows_actor = False
    reads_next_actions = True

    def next_total(self, models: Networks, data: StepData) -> Tensor:
        """Compute the target total of the dataset's next actions."""
        assert data.next_actions is not None
        return models.target_total(data.next, data.next_actions, models.target_compared(data.next))

    def value_loss(self, models: Networks, data: StepData, mixing: Mixing | None, tau: Tensor) -> ValueLoss | None:
        """Return None, because there is no value network."""
        return None


SARSA = Sarsa()
