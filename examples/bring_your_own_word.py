"""Two words of the design space from outside the package: a plugin to copy. See docs/words.md.

export RECIPE_SWEEP_PLUGINS=examples/bring_your_own_word.py
recipe-sweep plan demo --set "decomposition=[median, mix]" --set "extraction=[cloning, brac]" --set alpha.cloning=1.0
"""

from __future__ import annotations

from torch import Tensor

from recipe_sweep.search_spaces.network_sizes import agent_critics
from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, Extraction
from recipe_sweep.trainers.decomposition.vdn import Vdn
from recipe_sweep.trainers.extraction.base import ActorLoss, ExtractionData
from recipe_sweep.trainers.mixers.base import Extra, Mixing
from recipe_sweep.trainers.models import Models
from recipe_sweep.trainers.plugins import plugin_word, register_decomposition, register_extraction


class Median(Vdn):
    """The total is the median of the agents' values; all else is as in VDN."""

    def total(self, q: Tensor, mixing: Mixing | None, extra: Extra) -> Tensor:
        """Reduce values (L, *, B, N) to totals (L, *, B)."""
        return q.median(-1).values


class Cloning:
    """Clones the data and reads no value; alpha weighs the loss."""

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Return alpha times the mean negative log-likelihood of each lane, (n,)."""
        likelihood = data.nll.mean((-1, -2))
        return ActorLoss(data.alpha.squeeze(-1) * likelihood, lambda: {"actor_bc_term": likelihood.detach()})


register_decomposition(
    Decomposition(
        plugin_word("example", "median", "1"),
        display_name="Median",
        meaning="Each agent has a value. The total is their median.",
        colour="#7a4fa3",
        cost=agent_critics,
        critic_norms=(CriticNorm.NONE,),
    ),
    Median(),
)
register_extraction(
    Extraction(
        plugin_word("example", "cloning", "1"),
        display_name="Clone",
        meaning="The policy clones the data.",
        colour="#3f8f5f",
        marker="s",
        climbs_critic=False,
        alpha_clones=True,
    ),
    Cloning(),
)
