"""Batches of transitions, one per seed of the pack, and the per-agent inputs made from them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Transitions drawn for G seeds. Lanes of one seed share one batch (algorithms: "What follows", 2).

    Fields that the value learner or the decomposition does not need are None.
    """

    obs: Tensor
    """(G, B, N, O)"""
    actions: Tensor
    """(G, B, N, A)"""
    rewards: Tensor
    """(G, B, N)"""
    mask: Tensor
    """(G, B): 0 where the episode ended"""
    next_obs: Tensor
    """(G, B, N, O)"""
    next_actions: Tensor | None
    """(G, B, N, A)"""
    state: Tensor | None
    """(G, B, S)"""
    next_state: Tensor | None
    """(G, B, S)"""
    legals: Tensor | None = None
    """(G, B, N, A): 1 for an action that is legal at `obs`, else 0"""
    next_legals: Tensor | None = None
    """(G, B, N, A): the same at `next_obs`"""
    flow_start: Tensor | None = None
    """(G, B, N, A): noise of the extraction `flow`, as the three below: `StepNoise` in trainers/flow_noise.py"""
    flow_time: Tensor | None = None
    """(G, B, N)"""
    flow_noise: Tensor | None = None
    """(G, B, N, A): what policies read at `obs`"""
    flow_next_noise: Tensor | None = None
    """(G, B, N, A): what policies read at `next_obs`"""


def agent_inputs(obs: Tensor) -> Tensor:
    """Append each agent's number: x_a = concat(o_a, onehot_N(a)), (G, B, N, O) -> (G, B, N, O + N)."""
    agents = obs.shape[-2]
    identity = _identity(agents, obs.dtype, obs.device)
    return torch.cat([obs, identity.expand(*obs.shape[:-1], agents)], dim=-1)


@cache
def _identity(agents: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.eye(agents, dtype=dtype, device=device)
