"""QMIX's mixer in compiled functions, with the gradients that PyTorch asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from recipe_sweep.trainers.fused import qmix
from recipe_sweep.trainers.fused.evaluation import Inputs, backward_of, forward_of
from recipe_sweep.trainers.fused.memory import number_of
from recipe_sweep.trainers.fused.plan import Networks, Plan, plan_of
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
    def networks(self) -> Networks:
        """The networks that compute w1, b1, w2 and b2 from states."""
        sizes, at = self.sizes, 0
        starts: dict[str, int] = {}
        for name, shape in self.layout.shapes.items():
            starts.setdefault(name.split("/")[0], at)
            at += torch.Size(shape).numel()

        def plan(name: str, *widths: int) -> Plan:
            return plan_of((sizes.state, *widths), len(widths) > 1, relu=True, start=starts[name], stride=at)

        plans = (
            plan("w1", sizes.hidden, sizes.agents * sizes.embed),
            plan("b1", sizes.embed),
            plan("w2", sizes.hidden, sizes.embed),
            plan("b2", sizes.embed, 1),
        )
        return Networks(plans, LAYER_NORM_EPS)

    def prepare(self, copies: Copies, state: Tensor, x: Tensor) -> Prepared:
        """Evaluate the hypernetworks at states (L, B, S)."""
        parts: Prepared = _Prepare.apply(self.networks, copies.flat, state, self.threads)  # type: ignore[no-untyped-call]
        return parts

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return totals (L, *, B) of agents' values (L, *, B, N)."""
        total: Tensor = _Mix.apply(q, *prepared)  # type: ignore[no-untyped-call]
        return total

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        """Return the total's derivative in each agent's value, (L, *, B, N)."""
        q, prepared = q.detach().contiguous(), tuple(part.detach().contiguous() for part in prepared)
        return _mix_gradients(q, prepared, q.new_ones(q.shape[:-1]), of_values=True, of_weights=False)[0]


class _Prepare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, networks: Networks, flat: Tensor, state: Tensor, threads: int) -> Prepared:
        inputs = Inputs.of(flat, state, None)
        parts, kept = forward_of(networks, inputs, threads, keep=ctx.needs_input_grad[1])
        ctx.networks, ctx.threads, ctx.kept = networks, threads, kept
        ctx.save_for_backward(*inputs)
        return tuple(part.squeeze_(1) for part in parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        inputs = Inputs(*ctx.saved_tensors)
        found, _ = backward_of(ctx.networks, inputs, gradients, ctx.kept, ctx.threads, trains=True, of_inputs=False)
        return None, found, None, None


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, *weights: Tensor) -> Tensor:
        q, *weights = (each.contiguous() for each in (q, *weights))  # type: ignore[assignment]
        ctx.save_for_backward(q, *weights)
        y = q.new_empty(q.shape[:-1])
        qmix.forward(*_mix_sizes(q, weights[1]), number_of(q), tuple(each.data_ptr() for each in (q, *weights)), y.data_ptr())
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
    given = tuple(each.data_ptr() for each in (q, w1, b1, w2))
    places = tuple(each.data_ptr() for each in found)
    qmix.backward(*_mix_sizes(q, b1), number_of(q), given, gradient.data_ptr(), places, of_values, of_weights)
    return found


def _mix_sizes(q: Tensor, b1: Tensor) -> MixSizes:
    lanes, *sets, batch, agents = q.shape
    return MixSizes(lanes, math.prod(sets), batch, agents, b1.shape[-1])
