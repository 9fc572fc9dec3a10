"""Stacked parameters: R copies of one network, side by side in one buffer.

A lane's parameters are one row of a buffer (R, P). Every leaf of the network is a view into the buffer. So one optimiser
update, one Polyak update and one finiteness check serve all leaves of all lanes. A lane can be saved, frozen or sliced out as a
row. Row r of a leaf view never touches another row, so lanes cannot affect each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from recipe_sweep.trainers.kernels import EAGER, Kernels

Leaves = Mapping[str, Tensor]
"""Leaf name -> (R, *shape)."""


@dataclass(frozen=True)
class Layout:
    """Names and shapes of one network's leaves, in buffer order. `size` is P, the parameters of one copy."""

    shapes: Mapping[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        """Number of parameters of one copy."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return each leaf of all rows as a view of `flat` (R, P): leaf name -> (R, *shape)."""
        # One split has one gradient; slices would have one as large as the buffer for each leaf.
        parts = torch.split(flat, [math.prod(shape) for shape in self.shapes.values()], dim=1)
        named = zip(self.shapes.items(), parts, strict=True)
        return {name: part.view(flat.shape[0], *shape) for (name, shape), part in named}


@dataclass(frozen=True)
class Adam:
    """Adam with bias correction, epsilon outside the root, no weight decay, no clipping (algorithms: "One step")."""

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8


class Copies(NamedTuple):
    """R copies of one network: their parameters in one buffer (R, P), and how a row of it is divided."""

    flat: Tensor
    layout: Layout

    @property
    def leaves(self) -> Leaves:
        """Each leaf of all rows as a view of the buffer. Their gradients reach it in one piece."""
        return self.layout.views(self.flat)

    def rows(self, wanted: slice) -> Copies:
        """Select some copies."""
        return Copies(self.flat[wanted], self.layout)


class Trained(NamedTuple):
    """Rows of a stack for the loss that trains them: copies with gradients, and the buffer of these gradients, (rows, P)."""

    copies: Copies
    gradient: Tensor

    fused: bool

    def collect(self, gradient: Tensor) -> Tensor:
        """Store the gradient (rows, P). Return its norm per row, (rows,)."""
        if self.fused:
            from recipe_sweep.trainers.fused import rows

            return rows.collect(gradient, self.gradient)
        self.gradient.copy_(gradient)
        norm: Tensor = torch.linalg.vector_norm(self.gradient, dim=1)
        return norm


class Stack:
    """R copies of one network with their optimiser state.

    `whole.copies` and `frozen` are the same copies with and without gradients. A loss that must not train this network reads
    `frozen`, so that no gradient is computed for the network.
    """

    def __init__(
        self, layout: Layout, rows: int, *, dtype: torch.dtype, device: torch.device, kernels: Kernels = EAGER
    ) -> None:
        self.layout = layout
        self.fused = kernels.fused
        self.flat = torch.zeros(rows, layout.size, dtype=dtype, device=device)
        self.exp_avg = torch.zeros_like(self.flat)
        self.exp_avg_sq = torch.zeros_like(self.flat)
        self.gradient = torch.zeros_like(self.flat)
        self.frozen = Copies(self.flat, layout)
        self.whole = self.part(slice(0, rows))

    def part(self, rows: slice) -> Trained:
        """Select rows that a loss of their own trains."""
        return Trained(Copies(self.flat[rows].detach().requires_grad_(), self.layout), self.gradient[rows], self.fused)

    def descend(self, adam: Adam, lr: Tensor, alive: Tensor, step: int | Tensor) -> None:
        """Take Adam step number `step` (from 1) with learning rates `lr` (R, 1). Rows not `alive` (R, 1) keep their parameters.

        `step` is a number, or a tensor in the device's memory.
        """
        count = step.to(torch.float64) if isinstance(step, Tensor) else step
        rate, grown = lr / -(1.0 - adam.beta1**count), 1.0 - adam.beta2**count
        correction = grown.sqrt() if isinstance(grown, Tensor) else math.sqrt(grown)
        if self.fused:
            from recipe_sweep.trainers.fused.rows import AdamConstants, AdamState
            from recipe_sweep.trainers.fused.rows import adam as fused_adam

            state = AdamState(self.flat, self.exp_avg, self.exp_avg_sq, self.gradient)
            fused_adam(state, rate, alive, AdamConstants(adam.beta1, adam.beta2, adam.eps, float(correction)))
            return
        self.exp_avg.lerp_(self.gradient, 1.0 - adam.beta1)
        self.exp_avg_sq.mul_(adam.beta2).addcmul_(self.gradient, self.gradient, value=1.0 - adam.beta2)
        update = torch.sqrt(self.exp_avg_sq)
        update.div_(correction).add_(adam.eps)
        torch.div(self.exp_avg, update, out=update)
        update.mul_(rate)
        # A diverged row's update is not finite. It is replaced, because a product with zero would keep the NaN.
        self.flat.add_(update.masked_fill_(~alive, 0.0))


class Target:
    """A Polyak copy of a stack: `bar <- polyak * new + (1 - polyak) * bar` (algorithms: "Targets")."""

    def __init__(self, stack: Stack) -> None:
        self.flat = stack.flat.clone()
        self.copies = Copies(self.flat, stack.layout)

    def follow(self, stack: Stack, polyak: float) -> None:
        """Move towards the stack's parameters."""
        if stack.fused:
            from recipe_sweep.trainers.fused import rows

            rows.follow(self.flat, stack.flat, polyak)
            return
        self.flat.lerp_(stack.flat, polyak)


class Linear(NamedTuple):
    """Weights (R, in, out) and biases (R, out) of one layer."""

    weight: Tensor
    bias: Tensor
