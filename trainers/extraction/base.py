"""The protocol of a policy extraction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import ActorNorm
from recipe_sweep.trainers.lanes import Grouping, Select
from recipe_sweep.trainers.mixers.base import Mixing
from recipe_sweep.trainers.parameters import Leaves

if TYPE_CHECKING:
    from recipe_sweep.trainers.models import Models


class ExtractionData(NamedTuple):
    """What n actor lanes of one group extract their policies from."""

    actions: Tensor
    """(n, B, N, A): what critics read for the policy's actions, with its graph"""
    nll: Tensor
    """(n, B, N): negative log-likelihood of the dataset's actions, with its graph"""
    alpha: Tensor
    """(n, 1)"""
    norm: ActorNorm
    critic: Leaves
    """of the V value lanes that serve these actors, online, without gradients"""
    context: Tensor
    """(V, units, C)"""
    q: Tensor
    """(V, units of the critic): min_k Q_k(o, u), online, detached"""
    values: Tensor | None
    """(V, units of the critic): V(o), online, detached, where there is a value network"""
    mixing: Mixing | None
    """the mixer of the value lanes at s, online, detached"""
    grouping: Grouping
    """of the n lanes by value lane"""
    value_of: Select
    """picks each lane's value lane: (V, *) -> (n, *)"""


class ActorLoss(NamedTuple):
    """Losses (n,), and what is worth recording of them: (name, (n,)) computed on demand."""

    loss: Tensor
    record: Callable[[], dict[str, Tensor]]


class Extraction(Protocol):
    """One value of the axis "policy extraction" (paper 5.1)."""

    def loss(self, models: Models, data: ExtractionData) -> ActorLoss:
        """Per-lane losses whose gradient reaches the actors' parameters only."""
        ...
