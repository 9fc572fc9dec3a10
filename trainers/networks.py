"""The networks of Appendix D over stacked parameters: x (R, M, in) -> y (R, M, out), row r with its own weights.

Initial parameters come from one generator per network, named by seed and network, so that runs which share a value lane
share its parameters whatever else the pack holds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.parameters import Layout, Leaves, Linear

LAYER_NORM_EPS = 1e-6

ACTOR_LAST_VARIANCE = 0.01

Arrays = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Mlp:
    """Linear, GELU (tanh), LayerNorm where `norm` is on, per hidden layer; then Linear."""

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
        """Xavier-uniform weights (the last layer's variance scaled), zero biases, unit norm scales, of one copy."""
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

    def __call__(self, leaves: Leaves, x: Tensor) -> Tensor:
        """Apply: x (R, M, inputs) -> (R, M, outputs)."""
        layers, eps = self._layers(leaves), LAYER_NORM_EPS if self.norm else None
        if self.kernels.fuse(x.shape[0] * x.shape[1] * max(self.hidden, default=0)):
            from recipe_sweep.trainers import fused_mlp

            return fused_mlp.evaluate(x, layers, eps, self.kernels.tile)
        for weight, bias in layers[:-1]:
            x = functional.gelu(torch.baddbmm(bias.unsqueeze(1), x, weight), approximate="tanh")
            x = x if eps is None else functional.layer_norm(x, x.shape[-1:], eps=eps)
        return torch.baddbmm(layers[-1].bias.unsqueeze(1), x, layers[-1].weight)

    def _layers(self, leaves: Leaves) -> list[Linear]:
        """Weights and biases, with the affine part of each LayerNorm folded into the Linear that follows it.

        (x * scale + shift) W + b = x (scale * W) + (b + shift W): the same function, without touching the (R, M, H) activations
        again.
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


class MixingWeights(NamedTuple):
    """What the hypernetworks make of a state: w1 (L, B, N, E) and w2 (L, B, E) not negative, b1 (L, B, E), b2 (L, B)."""

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor

    def detach(self) -> MixingWeights:
        """The same numbers without their graph."""
        return MixingWeights(*(part.detach() for part in self))

    def lanes(self, wanted: slice) -> MixingWeights:
        """Those of some lanes."""
        return MixingWeights(*(part[wanted] for part in self))


@dataclass(frozen=True)
class Mixer:
    """QMIX's monotonic mixing network (Appendix D): f = ELU(q |H1(s)| + b1(s)) . |H2(s)| + H3(s)."""

    state: int
    agents: int
    embed: int
    hidden: int
    gain: float = 1.0

    @property
    def layout(self) -> Layout:
        """Leaves `{w1,w2,b2}/hidden/...`, `{w1,w2,b2}/out/...` and `b1/...`; w1's outputs are agent-major."""
        shapes: dict[str, tuple[int, ...]] = {}
        outputs = {"w1": self.agents * self.embed, "w2": self.embed, "b2": 1}
        for name, out in outputs.items():
            width = self.embed if name == "b2" else self.hidden
            shapes[f"{name}/hidden/weight"] = (self.state, width)
            shapes |= {f"{name}/hidden/{leaf}": (width,) for leaf in ("bias", "norm_scale", "norm_bias")}
            shapes[f"{name}/out/weight"] = (width, out)
            shapes[f"{name}/out/bias"] = (out,)
        shapes["b1/weight"] = (self.state, self.embed)
        shapes["b1/bias"] = (self.embed,)
        return Layout(shapes)

    def initial(self, rng: np.random.Generator) -> Arrays:
        """Orthogonal weights of this gain, zero biases, unit norm scales, of one copy."""
        return {
            name: self.gain * _orthogonal(rng, shape)
            if name.endswith("/weight")
            else np.full(shape, 1.0 if name.endswith("norm_scale") else 0.0)
            for name, shape in self.layout.shapes.items()
        }

    def weights(self, leaves: Leaves, state: Tensor) -> MixingWeights:
        """Mixing weights of states (L, B, S)."""
        w1 = self._hyper(leaves, "w1", state).abs()
        return MixingWeights(
            w1.view(*w1.shape[:-1], self.agents, self.embed),
            _linear(leaves, "b1", state),
            self._hyper(leaves, "w2", state).abs(),
            self._hyper(leaves, "b2", state).squeeze(-1),
        )

    def _hyper(self, leaves: Leaves, name: str, state: Tensor) -> Tensor:
        x = _layer_norm(leaves, f"{name}/hidden", _linear(leaves, f"{name}/hidden", state))
        return _linear(leaves, f"{name}/out", functional.relu(x))


def mix(q: Tensor, weights: MixingWeights) -> Tensor:
    """Total (L, *, B) of per-agent values q (L, *, B, N), where * are dimensions that share the lane's states."""
    w1, b1, w2, b2 = (_align(part, q.ndim - 3) for part in weights)
    return (functional.elu((q.unsqueeze(-1) * w1).sum(-2) + b1) * w2).sum(-1) + b2


def mix_gain(q: Tensor, weights: MixingWeights) -> Tensor:
    """Norm (L, *, B) of the total's gradient with respect to the agents' values q (L, *, B, N)."""
    w1, b1, w2, _ = (_align(part, q.ndim - 3) for part in weights)
    h = (q.unsqueeze(-1) * w1).sum(-2) + b1
    slope = torch.where(h > 0, torch.ones_like(h), h.clamp(max=0.0).exp()) * w2
    norm: Tensor = torch.linalg.vector_norm((w1 * slope.unsqueeze(-2)).sum(-1), dim=-1)
    return norm


def stack_arrays(layout: Layout, copies: Sequence[Arrays], *, out: Tensor) -> None:
    """Write the copies, one per row, into the buffer `out` (R, P); raises ValueError on a wrong set of leaves or shape."""
    for row, arrays in zip(out, copies, strict=True):
        if arrays.keys() != layout.shapes.keys():
            raise ValueError(f"leaves differ: {sorted(arrays.keys() ^ layout.shapes.keys())}")
        for name, view in layout.views(row.unsqueeze(0)).items():
            value = torch.from_numpy(np.ascontiguousarray(arrays[name]))
            if value.shape != view.shape[1:]:
                raise ValueError(f"leaf {name}: shape {tuple(value.shape)}, expected {tuple(view.shape[1:])}")
            view[0].copy_(value)


def _linear(leaves: Leaves, name: str, x: Tensor) -> Tensor:
    return torch.baddbmm(leaves[f"{name}/bias"].unsqueeze(1), x, leaves[f"{name}/weight"])


def _layer_norm(leaves: Leaves, name: str, x: Tensor) -> Tensor:
    x = functional.layer_norm(x, x.shape[-1:], eps=LAYER_NORM_EPS)
    return torch.addcmul(leaves[f"{name}/norm_bias"].unsqueeze(1), x, leaves[f"{name}/norm_scale"].unsqueeze(1))


def _align(part: Tensor, shared: int) -> Tensor:
    return part[(slice(None), *([None] * shared))]


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q = q * np.sign(np.diag(r))  # makes the decomposition, hence the draw, unique
    return q if rows >= columns else q.T
