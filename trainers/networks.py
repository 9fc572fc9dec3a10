"""The networks of Appendix D with stacked parameters: x (R, M, in) -> y (R, M, out). Every row r has its own weights.

Initial parameters come from one generator per network, named by seed and network. So a value lane's initial parameters do not
depend on the rest of the pack.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.parameters import Copies, Layout, Leaves, Linear

if TYPE_CHECKING:
    from recipe_sweep.trainers.fused.plan import Networks

LAYER_NORM_EPS = 1e-6

ACTOR_LAST_VARIANCE = 0.01

Arrays = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Mlp:
    """Linear, GELU (tanh form) and, with `norm`, LayerNorm for each hidden layer; then Linear."""

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    norm: bool
    last_variance: float = 1.0
    kernels: Kernels = EAGER

    @property
    def layout(self) -> Layout:
        """Leaves `layer{i}/{weight,bias,norm_scale,norm_bias}`, weights (in, out)."""
        shapes: dict[str, tuple[int, ...]] = {}
        widths = (self.inputs, *self.hidden, self.outputs)
        for i, (fan_in, fan_out) in enumerate(itertools.pairwise(widths)):
            shapes[f"layer{i}/weight"] = (fan_in, fan_out)
            shapes[f"layer{i}/bias"] = (fan_out,)
            if self.norm and i < len(self.hidden):
                shapes[f"layer{i}/norm_scale"] = (fan_out,)
                shapes[f"layer{i}/norm_bias"] = (fan_out,)
        return Layout(shapes)

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw one copy: Xavier-uniform weights (the last layer's variance scaled), zero biases, unit norm scales."""
        arrays: Arrays = {}
        for name, shape in self.layout.shapes.items():
            if name.endswith("/weight"):
                limit = math.sqrt(6.0 / sum(shape))
                if name == f"layer{len(self.hidden)}/weight":
                    limit *= math.sqrt(self.last_variance)
                arrays[name] = rng.uniform(-limit, limit, shape)
            else:
                arrays[name] = np.full(shape, 1.0 if name.endswith("norm_scale") else 0.0)
        return arrays

    def __call__(self, copies: Copies, x: Tensor, actions: Tensor | None = None) -> Tensor:
        """Compute outputs (R, G, U, outputs) of R copies, from x (V, U, C).

        If there are actions (V, G, U, A), x is joined with them.

        R is a multiple of V: as many copies in turn read the same inputs. Without actions G is 1.
        """
        if self.kernels.fused:
            from recipe_sweep.trainers.fused import evaluation

            return evaluation.evaluate(self.compiled, copies.flat, x, actions, self.kernels.threads)
        joined = x.unsqueeze(1)
        if actions is not None:
            joined = torch.cat([joined.expand(*actions.shape[:3], x.shape[-1]), actions], dim=-1)
        lanes, sets, units, width = joined.shape
        share = copies.flat.shape[0] // lanes
        rows = joined.reshape(lanes, 1, sets * units, width).expand(-1, share, -1, -1).flatten(0, 1)
        return self._eager(copies.leaves, rows).view(lanes * share, sets, units, self.outputs)

    def _eager(self, leaves: Leaves, x: Tensor) -> Tensor:
        layers, eps = self._layers(leaves), LAYER_NORM_EPS if self.norm else None
        for weight, bias in layers[:-1]:
            x = functional.gelu(torch.baddbmm(bias.unsqueeze(1), x, weight), approximate="tanh")
            x = x if eps is None else functional.layer_norm(x, x.shape[-1:], eps=eps)
        return torch.baddbmm(layers[-1].bias.unsqueeze(1), x, layers[-1].weight)

    @cached_property
    def compiled(self) -> Networks:
        """The layout of the network for compiled functions."""
        from recipe_sweep.trainers.fused import evaluation

        return evaluation.networks_of((self.inputs, *self.hidden, self.outputs), self.norm, LAYER_NORM_EPS)

    def _layers(self, leaves: Leaves) -> list[Linear]:
        """List weights and biases, with the affine part of each LayerNorm folded into the next Linear.

        (x * scale + shift) W + b = x (scale * W) + (b + shift W): the same function without another pass over the activations
        (R, M, H).
        """
        layers: list[Linear] = []
        for i in range(len(self.hidden) + 1):
            weight, bias = leaves[f"layer{i}/weight"], leaves[f"layer{i}/bias"]
            if self.norm and i:
                scale, shift = leaves[f"layer{i - 1}/norm_scale"], leaves[f"layer{i - 1}/norm_bias"]
                bias = torch.baddbmm(bias.unsqueeze(1), shift.unsqueeze(1), weight).squeeze(1)
                weight = weight * scale.unsqueeze(2)
            layers.append(Linear(weight, bias))
        return layers


class Network(Protocol):
    """A network that can be stacked: the leaves of one copy, and how they are drawn."""

    @property
    def layout(self) -> Layout:
        """Names and shapes of the leaves."""
        ...

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Draw the leaves of one copy."""
        ...


def stack_arrays(layout: Layout, copies: Sequence[Arrays], *, out: Tensor) -> None:
    """Write the copies, one per row, into the buffer `out` (R, P). Raises ValueError if leaves or shapes differ."""
    for row, arrays in zip(out, copies, strict=True):
        if arrays.keys() != layout.shapes.keys():
            raise ValueError(f"leaves differ: {sorted(arrays.keys() ^ layout.shapes.keys())}")
        for name, view in layout.views(row.unsqueeze(0)).items():
            value = torch.from_numpy(np.ascontiguousarray(arrays[name]))
            if value.shape != view.shape[1:]:
                raise ValueError(f"leaf {name}: shape {tuple(value.shape)}, expected {tuple(view.shape[1:])}")
            view[0].copy_(value)
