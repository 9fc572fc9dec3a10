"""Qatten's mixer: heads of attention over the agents, which the state asks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recipe_sweep.search_spaces.network_sizes import HEADS_OF_ATTENTION as HEADS
from recipe_sweep.trainers.mixers.base import MixerSizes, Prepared
from recipe_sweep.trainers.mixers.hypernetwork import hyper, hyper_shapes, orthogonal_leaves
from recipe_sweep.trainers.mixers.wvdn import WeightedSum
from recipe_sweep.trainers.networks import Arrays
from recipe_sweep.trainers.parameters import Layout, Leaves

KEY = "key/weight"


@dataclass(frozen=True)
class Qatten(WeightedSum):
    """w_a = sum_h omega_h lambda_{a,h}, with lambda_{a,h} = softmax_a(c_h . k_{a,h} / sqrt(E)) (algorithms2: "Further mixers").

    Keys k = x_a K, queries c = H_c(s), omega = |H_omega(s)|, b = H_b(s). E is `mixer_embed`.
    """

    sizes: MixerSizes

    @property
    def layout(self) -> Layout:
        """Leaves `key/weight`, `{query,omega,b}/hidden/...` and `.../out/...`. Keys and queries are ordered by head first."""
        state, embed, hidden = self.sizes.state, self.sizes.embed, self.sizes.hidden
        return Layout(
            {KEY: (self.sizes.inputs, HEADS * embed)}
            | hyper_shapes("query", state, hidden, HEADS * embed)
            | hyper_shapes("omega", state, hidden, HEADS)
            | hyper_shapes("b", state, embed, 1)
        )

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw orthogonal weights and Xavier-uniform keys. Biases are zero, norm scales one."""
        shapes = dict(self.layout.shapes)
        shape = shapes.pop(KEY)
        limit = self.sizes.gain * math.sqrt(6.0 / sum(shape))
        return {KEY: rng.uniform(-limit, limit, shape)} | orthogonal_leaves(shapes, self.sizes.gain, rng)

    def prepare(self, leaves: Leaves, state: Tensor, x: Tensor) -> Prepared:
        """Compute the agents' weights at states (L, B, S) and inputs (L, B, N, X)."""
        keys = torch.bmm(x.flatten(1, 2), leaves[KEY]).view(*x.shape[:-1], HEADS, self.sizes.embed)
        query = hyper(leaves, "query", state).view(*state.shape[:-1], 1, HEADS, self.sizes.embed)
        attention = ((keys * query).sum(-1) / math.sqrt(self.sizes.embed)).softmax(-2)
        omega = hyper(leaves, "omega", state).abs()
        return (attention * omega.unsqueeze(-2)).sum(-1), hyper(leaves, "b", state).squeeze(-1)
