"""QMIX's mixer: a monotonic network of two layers. Hypernetworks compute its weights from the state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from recipe_sweep.trainers.mixers.base import Extra, MixerSizes, Prepared, align
from recipe_sweep.trainers.mixers.hypernetwork import hyper, hyper_shapes, linear, linear_shapes, orthogonal_leaves
from recipe_sweep.trainers.networks import Arrays
from recipe_sweep.trainers.parameters import Layout, Leaves


@dataclass(frozen=True)
class Qmix:
    """f = ELU(q |H1(s)| + b1(s)) . |H2(s)| + H3(s) (paper Appendix D).

    Prepared tensors, in this order: w1 (L, B, N, E), not negative; b1 (L, B, E); w2 (L, B, E), not negative; b2 (L, B). E is
    `mixer_embed`.
    """

    sizes: MixerSizes
    monotone = True

    @property
    def layout(self) -> Layout:
        """Leaves `{w1,w2,b2}/hidden/...`, `{w1,w2,b2}/out/...` and `b1/...`. w1's outputs are ordered by agent first."""
        state, embed, hidden = self.sizes.state, self.sizes.embed, self.sizes.hidden
        return Layout(
            hyper_shapes("w1", state, hidden, self.sizes.agents * embed)
            | hyper_shapes("w2", state, hidden, embed)
            | hyper_shapes("b2", state, embed, 1)
            | linear_shapes("b1", state, embed)
        )

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw orthogonal weights. Biases are zero, norm scales one."""
        return orthogonal_leaves(self.layout.shapes, self.sizes.gain, rng)

    def prepare(self, leaves: Leaves, state: Tensor, x: Tensor) -> Prepared:
        """Evaluate the hypernetworks at states (L, B, S)."""
        w1 = hyper(leaves, "w1", state).abs()
        return (
            w1.view(*w1.shape[:-1], self.sizes.agents, self.sizes.embed),
            linear(leaves, "b1", state),
            hyper(leaves, "w2", state).abs(),
            hyper(leaves, "b2", state).squeeze(-1),
        )

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return totals (L, *, B) of agents' values (L, *, B, N)."""
        w1, b1, w2, b2 = (align(part, q) for part in prepared)
        return (functional.elu((q.unsqueeze(-1) * w1).sum(-2) + b1) * w2).sum(-1) + b2

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return the total's derivative in each agent's value, (L, *, B, N)."""
        w1, b1, w2, _ = (align(part, q) for part in prepared)
        h = (q.unsqueeze(-1) * w1).sum(-2) + b1
        slope = torch.where(h > 0, torch.ones_like(h), h.clamp(max=0.0).exp()) * w2
        return (w1 * slope.unsqueeze(-2)).sum(-1)
