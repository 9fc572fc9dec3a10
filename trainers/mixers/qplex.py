"""QPLEX's mixer: a sum of the agents' values, and their advantages with weights that read the state and all actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recipe_sweep.search_spaces.network_sizes import KERNELS
from recipe_sweep.trainers.mixers.base import Extra, MixerSizes, Prepared, align
from recipe_sweep.trainers.mixers.hypernetwork import hyper, hyper_shapes, orthogonal_leaves
from recipe_sweep.trainers.networks import LAYER_NORM_EPS, Arrays
from recipe_sweep.trainers.parameters import Layout, Leaves

LEAST = 1e-10
"""What is added to weights, so that none is zero"""


class _Prepared(NamedTuple):
    """What depends on states alone, and the leaves of H_beta, which also reads actions."""

    weight: Tensor
    """w (L, B, N), positive"""
    shift: Tensor
    """c (L, B, N)"""
    kernel: Tensor
    """kappa_k alpha_{k,a} (L, B, 4, N), positive"""
    hidden: Tensor
    """The part of H_beta's hidden layer that states give, (L, B, H)"""
    actions: Tensor
    """The weights of this layer that read actions, (L, N * A, H)"""
    norm_scale: Tensor
    norm_bias: Tensor
    out: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Qplex:
    """T = sum_a (w_a q_a + c_a) + sum_a (lambda_a - 1) sg[w_a (q_a - v_a)].

    lambda_a = sum_k kappa_k alpha_{k,a} beta_{k,a} reads the state and the actions. No gradient passes through the actions.
    v_a is `compared` of `extra`. Without it the second sum is zero.
    """

    sizes: MixerSizes
    monotone = False

    @property
    def layout(self) -> Layout:
        """Leaves `{w,c,kappa,alpha,beta}/{hidden,out}/...`. The outputs of alpha and beta are ordered by kernel first."""
        sizes = self.sizes
        state, hidden, agents = sizes.state, sizes.hidden, sizes.agents
        return Layout(
            hyper_shapes("w", state, hidden, agents)
            | hyper_shapes("c", state, hidden, agents)
            | hyper_shapes("kappa", state, hidden, KERNELS)
            | hyper_shapes("alpha", state, hidden, KERNELS * agents)
            | hyper_shapes("beta", state + agents * sizes.actions, hidden, KERNELS * agents)
        )

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw orthogonal weights. Biases are zero, norm scales one."""
        return orthogonal_leaves(self.layout.shapes, self.sizes.gain, rng)

    def prepare(self, leaves: Leaves, state: Tensor, x: Tensor) -> Prepared:
        """Evaluate the hypernetworks at states (L, B, S), H_beta as far as it reads states."""
        alpha = hyper(leaves, "alpha", state).sigmoid().view(*state.shape[:-1], KERNELS, self.sizes.agents)
        kappa = hyper(leaves, "kappa", state).abs() + LEAST
        read = [self.sizes.state, self.sizes.agents * self.sizes.actions]
        of_state, of_actions = torch.split(leaves["beta/hidden/weight"], read, 1)
        return _Prepared(
            hyper(leaves, "w", state).abs() + LEAST,
            hyper(leaves, "c", state),
            kappa.unsqueeze(-1) * alpha,
            torch.baddbmm(leaves["beta/hidden/bias"].unsqueeze(1), state, of_state),
            of_actions,
            leaves["beta/hidden/norm_scale"],
            leaves["beta/hidden/norm_bias"],
            leaves["beta/out/weight"],
            leaves["beta/out/bias"],
        )

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return totals (L, *, B) of agents' values (L, *, B, N)."""
        parts = _Prepared(*prepared)
        weight = align(parts.weight, q)
        total = (weight * q + align(parts.shift, q)).sum(-1)
        if extra.compared is None or extra.actions is None:
            return total
        advantage = (weight * (q - extra.compared)).detach()
        return total + ((self._importance(parts, extra.actions) - 1.0) * advantage).sum(-1)

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return lambda_a w_a, (L, *, B, N): T(Q) - T(V) is the sum of these times q_a - v_a. Without actions it is w_a."""
        parts = _Prepared(*prepared)
        weight = align(parts.weight, q)
        if extra.actions is not None:
            weight = weight * self._importance(parts, extra.actions)
        return weight.expand(q.shape)

    def _importance(self, parts: _Prepared, actions: Tensor) -> Tensor:
        """Compute lambda (L, *, B, N) at actions (L, *, B, N, A)."""
        played = actions.detach().flatten(-2)
        lanes, shape = played.shape[0], played.shape[:-1]
        hidden = torch.bmm(played.reshape(lanes, -1, played.shape[-1]), parts.actions).view(*shape, -1)
        hidden = hidden + align(parts.hidden, actions[..., 0])
        hidden = functional.layer_norm(hidden, hidden.shape[-1:], eps=LAYER_NORM_EPS).view(lanes, -1, hidden.shape[-1])
        hidden = torch.addcmul(parts.norm_bias.unsqueeze(1), hidden, parts.norm_scale.unsqueeze(1)).relu()
        beta = torch.baddbmm(parts.bias.unsqueeze(1), hidden, parts.out).sigmoid()
        beta = beta.view(*shape, KERNELS, self.sizes.agents)
        return (align(parts.kernel, actions[..., 0]) * beta).sum(-2)
