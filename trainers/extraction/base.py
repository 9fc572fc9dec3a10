"""The protocol of a policy extraction (paper 5.1).

n actor lanes of one group; V value lanes that serve them; G the most actor lanes that one value lane serves; B transitions; N
agents; A action; C the width of the critic's context; `units` as in `trainers/decomposition/base.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import ActorNorm
from recipe_sweep.trainers.lanes import Grouping, Select
from recipe_sweep.trainers.mixers.base import Mixing
from recipe_sweep.trainers.parameters import Copies

if TYPE_CHECKING:
    from recipe_sweep.trainers.models import Models


class ExtractionData(NamedTuple):
    """Inputs of the policy extraction of n actor lanes of one group."""

    actions: Tensor
    """(n, B, N, A): the policy's actions as critics read them, with their graph"""
    nll: Tensor
    """(n, B, N): negative log-likelihood of the dataset's actions, with its graph"""
    alpha: Tensor
    """(n, 1); NaN for an extraction without alpha"""
    norm: ActorNorm
    critic: Copies
    """Parameters of the online critics of the V value lanes that serve these actors, without gradients"""
    context: Tensor
    """(V, units, C)"""
    q: Tensor
    """(V, units of the critic): min_k Q_k(o, u), online, detached. Where all agents share an advantage, (V, B): min_k T_k"""
    values: Tensor | None
    """(V, units of the critic): V(o), online, detached; None without a value network"""
    mixing: Mixing | None
    """The mixer of the value lanes at s, online, detached; None without a mixer"""
    grouping: Grouping
    """Arrangement of the n lanes by value lane: (n, *) <-> (V, G, *)"""
    value_of: Select
    """Selection of each lane's value lane: (V, *) -> (n, *)"""
    policy_q: Tensor | None = None
    """(V, K, G, units of the critic): Q_k(o, mu), if computed already; with a graph if the extraction climbs the critic"""
    exponents: Tensor | None = None
    """(V, units of the critic): GVR's clipped z, detached; None under other value learners"""


class ActorLoss(NamedTuple):
    """Losses (n,), and a function that computes their metrics: (n,) by name."""

    loss: Tensor
    record: Callable[[], dict[str, Tensor]]


class Extraction(Protocol):
    """A member of the axis "policy extraction" (paper 5.1)."""

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Compute a loss per actor lane (n,). Its gradient reaches only the actors' parameters."""
        ...
