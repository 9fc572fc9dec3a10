"""wVDN's mixer: a weighted sum. Networks compute its weights and its bias from the state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from recipe_sweep.trainers.mixers.base import Extra, MixerSizes, Prepared, align
from recipe_sweep.trainers.mixers.hypernetwork import hyper, hyper_shapes, orthogonal_leaves
from recipe_sweep.trainers.networks import Arrays
from recipe_sweep.trainers.parameters import Layout, Leaves


class WeightedSum:
    """T = sum_a w_a q_a + b. Prepared tensors, in this order: w (L, B, N), not negative; b (L, B)."""

    monotone = True

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return totals (L, *, B) of agents' values (L, *, B, N)."""
        weight, bias = (align(part, q) for part in prepared)
        return (q * weight).sum(-1) + bias

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return the agents' weights, (L, *, B, N)."""
        return align(prepared[0], q).expand(q.shape)


@dataclass(frozen=True)
class Wvdn(WeightedSum):
    """w = |H_w(s)| and b = H_b(s), as OMIGA has them (algorithms2: "Further mixers")."""

    sizes: MixerSizes

    @property
    def layout(self) -> Layout:
        """Leaves `{w,b}/hidden/...` and `{w,b}/out/...`."""
        sizes = self.sizes
        return Layout(
            hyper_shapes("w", sizes.state, sizes.hidden, sizes.agents) | hyper_shapes("b", sizes.state, sizes.embed, 1)
        )

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw orthogonal weights. Biases are zero, norm scales one."""
        return orthogonal_leaves(self.layout.shapes, self.sizes.gain, rng)

    def prepare(self, leaves: Leaves, state: Tensor, x: Tensor) -> Prepared:
        """Evaluate the hypernetworks at states (L, B, S)."""
        return hyper(leaves, "w", state).abs(), hyper(leaves, "b", state).squeeze(-1)
