"""A stack of multi-layer perceptrons on the CPU, forward and backward, in tiles that stay in the processor's cache.

A tile is some samples of one row of the stack, or all samples of some rows. A tile passes through every layer before the next
tile begins. So the output of a matrix product is still in cache when GELU, LayerNorm and the next product read it. Tiles depend
on shapes alone, so the same pack computes the same sums.

For the backward pass every hidden layer keeps its output, and GELU's derivative in place of its input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from recipe_sweep.trainers import fused
from recipe_sweep.trainers.parameters import Linear


def evaluate(x: Tensor, layers: Sequence[Linear], eps: float | None, tile: int) -> Tensor:
    """Compute y (R, M, out) from x (R, M, in): Linear, GELU and, if `eps` is given, LayerNorm without affine part; then Linear.

    A tile has at most `tile` numbers in the widest hidden layer, or one sample.
    """
    x, flat = x.contiguous(), [leaf for layer in layers for leaf in layer]
    if torch.is_grad_enabled() and any(leaf.requires_grad for leaf in (x, *flat)):
        return _Evaluate.apply(x, eps, tile, *flat)  # type: ignore[no-untyped-call,no-any-return]
    return _forward(x, layers, eps, tile, [])


class _Kept(NamedTuple):
    """Numbers of one hidden layer: GELU's derivative (or its input), the layer's output, 1 / each sample's deviation."""

    slope: Tensor
    out: Tensor
    inverse: Tensor

    @classmethod
    def empty(cls, like: Tensor, width: int) -> _Kept:
        """Reserve room for a layer of this width and the samples of `like` (R, M, *)."""
        shape = (*like.shape[:2], width)
        return cls(like.new_empty(shape), like.new_empty(shape), like.new_empty(shape[:2]))

    def tile(self, rows: slice, samples: slice) -> _Kept:
        """Slice the numbers of one tile."""
        return _Kept(*(part[rows, samples] for part in self))


class _Evaluate(torch.autograd.Function):
    """`evaluate` with its gradients. Gradients of the layers are computed only if they are needed."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float | None, tile: int, *flat: Tensor) -> Tensor:
        layers = _layers(flat)
        kept = [_Kept.empty(x, layer.weight.shape[2]) for layer in layers[:-1]]
        y = _forward(x, layers, eps, tile, kept)
        ctx.eps, ctx.tile = eps, tile
        ctx.save_for_backward(x, *flat, *(part for layer in kept for part in layer))
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, *saved = ctx.saved_tensors
        wanted_x, _, _, *wanted = ctx.needs_input_grad
        flat, parts = saved[: len(wanted)], saved[len(wanted) :]
        layers, kept = _layers(flat), [_Kept(*parts[i : i + 3]) for i in range(0, len(parts), 3)]
        gradient, trains = gradient.contiguous(), any(wanted)
        of_x = torch.empty_like(x) if wanted_x else None
        of_layers = [Linear(torch.empty_like(weight) if trains else weight, torch.zeros_like(bias)) for weight, bias in layers]
        of_layers[-1].bias.copy_(gradient.sum(1))
        for rows, samples in _tiles(x, layers[:-1], ctx.tile):
            g, here = gradient[rows, samples], [layer.tile(rows, samples) for layer in kept]
            for i in reversed(range(len(layers))):
                if i < len(kept):
                    if ctx.eps is not None:
                        fused.normalise_backward(here[i].out.numpy(), here[i].inverse.numpy(), g.numpy())
                    fused.gelu_backward(here[i].slope.numpy(), g.numpy(), of_layers[i].bias[rows].numpy())
                if trains:
                    below, of_weight = here[i - 1].out if i else x[rows, samples], of_layers[i].weight[rows]
                    if samples.start == 0:
                        torch.bmm(below.transpose(1, 2), g, out=of_weight)
                    else:
                        torch.baddbmm(of_weight, below.transpose(1, 2), g, out=of_weight)
                if i or of_x is not None:
                    g = torch.bmm(g, layers[i].weight[rows].transpose(1, 2))
            if of_x is not None:
                of_x[rows, samples] = g
        asked = zip((leaf for layer in of_layers for leaf in layer), wanted, strict=True)
        return of_x, None, None, *(leaf if one else None for leaf, one in asked)


def _forward(x: Tensor, layers: Sequence[Linear], eps: float | None, tile: int, kept: Sequence[_Kept]) -> Tensor:
    """Compute `evaluate` without a graph. Fill the hidden layers of `kept` if the backward pass needs them."""
    # numba does not vectorise a loop over a strided view. Biases are views of the flat buffer of all parameters.
    *hidden, last = (Linear(weight.detach(), bias.detach().contiguous()) for weight, bias in layers)
    x = x.detach()
    y = x.new_empty(*x.shape[:2], last.weight.shape[2])
    for rows, samples in _tiles(x, hidden, tile):
        h = x[rows, samples]
        for i, layer in enumerate(hidden):
            here = kept[i].tile(rows, samples) if kept else _Kept.empty(h, layer.weight.shape[2])
            torch.bmm(h, layer.weight[rows], out=here.slope)
            activation = fused.gelu_and_slope if kept else fused.gelu
            activation(here.slope.numpy(), layer.bias[rows].numpy(), here.out.numpy())
            if eps is not None:
                fused.normalise(here.out.numpy(), here.inverse.numpy(), eps)
            h = here.out
        torch.bmm(h, last.weight[rows], out=y[rows, samples])
    return y.add_(last.bias.unsqueeze(1))


def _layers(flat: Sequence[Tensor]) -> list[Linear]:
    return [Linear(*flat[i : i + 2]) for i in range(0, len(flat), 2)]


def _tiles(x: Tensor, hidden: Sequence[Linear], tile: int) -> Iterator[tuple[slice, slice]]:
    """Yield rows and samples of each tile of x (R, M, *): all samples of some rows, or some samples of one row."""
    rows, samples, _ = x.shape
    width = max((layer.weight.shape[2] for layer in hidden), default=1)
    together = tile // (samples * width)
    if together:
        for row in range(0, rows, together):
            yield slice(row, row + together), slice(0, samples)
        return
    size = -(-samples // -(-samples * width // tile))
    for row in range(rows):
        for first in range(0, samples, size):
            yield slice(row, row + 1), slice(first, first + size)
