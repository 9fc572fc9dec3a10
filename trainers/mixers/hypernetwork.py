"""Hypernetworks H(s), which compute the weights of mixers: Linear, LayerNorm, ReLU, Linear."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from recipe_sweep.trainers.networks import LAYER_NORM_EPS, Arrays
from recipe_sweep.trainers.parameters import Leaves

Shapes = dict[str, tuple[int, ...]]


def linear_shapes(name: str, inputs: int, outputs: int) -> Shapes:
    """List the leaves of a linear layer: `{name}/weight` (in, out) and `{name}/bias`."""
    return {f"{name}/weight": (inputs, outputs), f"{name}/bias": (outputs,)}


def hyper_shapes(name: str, inputs: int, hidden: int, outputs: int) -> Shapes:
    """List the leaves of a hypernetwork: `{name}/hidden/{weight,bias,norm_scale,norm_bias}` and `{name}/out/{weight,bias}`."""
    norm = {f"{name}/hidden/{leaf}": (hidden,) for leaf in ("norm_scale", "norm_bias")}
    return linear_shapes(f"{name}/hidden", inputs, hidden) | norm | linear_shapes(f"{name}/out", hidden, outputs)


def orthogonal_leaves(shapes: Mapping[str, tuple[int, ...]], gain: float, rng: np.random.Generator) -> Arrays:
    """Draw orthogonal weights with this gain, in the order of the leaves. Biases are zero, norm scales one."""
    return {
        name: gain * _orthogonal(rng, shape)
        if name.endswith("/weight")
        else np.full(shape, 1.0 if name.endswith("norm_scale") else 0.0)
        for name, shape in shapes.items()
    }


def linear(leaves: Leaves, name: str, x: Tensor) -> Tensor:
    """Apply a linear layer to (L, B, in)."""
    return torch.baddbmm(leaves[f"{name}/bias"].unsqueeze(1), x, leaves[f"{name}/weight"])


def hyper(leaves: Leaves, name: str, state: Tensor) -> Tensor:
    """Apply a hypernetwork to states (L, B, S)."""
    x = linear(leaves, f"{name}/hidden", state)
    x = functional.layer_norm(x, x.shape[-1:], eps=LAYER_NORM_EPS)
    scale, shift = leaves[f"{name}/hidden/norm_scale"], leaves[f"{name}/hidden/norm_bias"]
    x = torch.addcmul(shift.unsqueeze(1), x, scale.unsqueeze(1))
    return linear(leaves, f"{name}/out", functional.relu(x))


def _orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q = q * np.sign(np.diag(r))  # makes the decomposition unique, and so the draw
    return q if rows >= columns else q.T
