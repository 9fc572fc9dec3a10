"""QMIX's mixer in compiled functions, with the gradients that PyTorch asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recipe_sweep.trainers.fused import qmix
from recipe_sweep.trainers.fused.backward import backward
from recipe_sweep.trainers.fused.evaluation import in_parts, numbers, sizes_of
from recipe_sweep.trainers.fused.forward import forward
from recipe_sweep.trainers.fused.plan import Plan, plan_of
from recipe_sweep.trainers.fused.qmix import MixSizes
from recipe_sweep.trainers.mixers.base import Extra, MixerSizes, Prepared
from recipe_sweep.trainers.networks import LAYER_NORM_EPS
from recipe_sweep.trainers.parameters import Copies, Layout


@dataclass(frozen=True)
class CompiledQmix:
    """The numbers of trainers/mixers/qmix.py, one lane at a time.

    Prepared tensors are w1, b1, w2 and b2. Here w1 and w2 have signs.
    """

    sizes: MixerSizes
    layout: Layout
    threads: int = 1

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The layouts of the networks that compute w1, b1, w2 and b2 from states."""
        sizes, at = self.sizes, 0
        starts: dict[str, int] = {}
        for name, shape in self.layout.shapes.items():
            starts.setdefault(name.split("/")[0], at)
            at += torch.Size(shape).numel()

        def plan(name: str, *widths: int) -> Plan:
            return plan_of((sizes.state, *widths), len(widths) > 1, LAYER_NORM_EPS, relu=True, start=starts[name], stride=at)

        return (
            plan("w1", sizes.hidden, sizes.agents * sizes.embed),
            plan("b1", sizes.embed),
            plan("w2", sizes.hidden, sizes.embed),
            plan("b2", sizes.embed, 1),
        )

    def prepare(self, copies: Copies, state: Tensor, x: Tensor) -> Prepared:
        """Evaluate the hypernetworks at states (L, B, S)."""
        parts: Prepared = _Prepare.apply(self.plans, copies.flat.contiguous(), state.contiguous(), self.threads)  # type: ignore[no-untyped-call]
        return parts

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return totals (L, *, B) of agents' values (L, *, B, N)."""
        total: Tensor = _Mix.apply(q.contiguous(), *(part.contiguous() for part in prepared))  # type: ignore[no-untyped-call]
        return total

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return the total's derivative in each agent's value, (L, *, B, N)."""
        q, prepared = q.detach().contiguous(), tuple(part.detach().contiguous() for part in prepared)
        return _mix_gradients(q, prepared, q.new_ones(q.shape[:-1]), of_values=True, of_weights=False)[0]


class _Prepare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plans: tuple[Plan, ...], flat: Tensor, state: Tensor, threads: int) -> Prepared:
        keep = ctx.needs_input_grad[1]
        parameters, states = numbers(flat), numbers(state)
        nothing = np.empty(0, parameters.dtype)
        parts, read = [], []
        for plan in plans:
            sizes = sizes_of(plan, flat, state, None, threads)
            y = flat.new_empty(sizes.rows, sizes.units, plan.outputs)
            samples = sizes.rows * sizes.units if keep else 0
            normed, rates = (np.empty(samples * each, parameters.dtype) for each in (plan.kept, plan.layers - 1))
            in_parts(forward, plan, sizes, (parameters, states, nothing, numbers(y), normed, nothing, rates, keep))
            parts.append(y)
            read.append((plan, sizes, normed, rates))
        ctx.read = read
        ctx.save_for_backward(flat, state)
        return tuple(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        flat, state = ctx.saved_tensors
        of_flat = torch.empty_like(flat)
        parameters, states, found = numbers(flat), numbers(state), numbers(of_flat)
        nothing = np.empty(0, parameters.dtype)
        for (plan, sizes, normed, rates), gradient in zip(ctx.read, gradients, strict=True):
            given = (parameters, states, nothing, numbers(gradient.contiguous()), normed, nothing, rates, found, nothing)
            in_parts(backward, plan, sizes, (*given, True, False))
        return None, of_flat, None, None


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, *weights: Tensor) -> Tensor:
        ctx.save_for_backward(q, *weights)
        y = q.new_empty(q.shape[:-1])
        w1, b1, w2, b2 = (each.detach() for each in weights)
        qmix.forward(_mix_sizes(q, b1), *map(numbers, (q.detach(), w1, b1, w2, b2, y)))
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        q, *weights = ctx.saved_tensors
        of_values, of_weights = ctx.needs_input_grad[0], any(ctx.needs_input_grad[1:])
        found = _mix_gradients(q, tuple(weights), gradient.contiguous(), of_values=of_values, of_weights=of_weights)
        return found[0] if of_values else None, *(found[1:] if of_weights else [None] * 4)


def _mix_gradients(q: Tensor, weights: Prepared, gradient: Tensor, *, of_values: bool, of_weights: bool) -> list[Tensor]:
    w1, b1, w2, b2 = weights
    nothing = q.new_empty(0)
    found = [torch.empty_like(q) if of_values else nothing]
    found += [torch.empty_like(each) if of_weights else nothing for each in (w1, b1, w2, b2)]
    qmix.backward(_mix_sizes(q, b1), *map(numbers, (q, w1, b1, w2, gradient, *found)), of_values, of_weights)
    return found


def _mix_sizes(q: Tensor, b1: Tensor) -> MixSizes:
    lanes, *sets, batch, agents = q.shape
    return MixSizes(lanes, torch.Size(sets).numel(), batch, agents, b1.shape[-1])
