"""The compiled multi-layer perceptron as a function of PyTorch's, with its gradients."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recipe_sweep.trainers.fused.backward import backward
from recipe_sweep.trainers.fused.forward import forward
from recipe_sweep.trainers.fused.plan import Plan, Sizes, plan_of
from recipe_sweep.trainers.fused.tiles import ROWS

__all__ = ["Plan", "evaluate", "plan_of"]

Numbers = np.ndarray[Any, Any]

BLOCK = 2**15
"""Numbers in a block of samples of the widest layer, about."""
MOST_SAMPLES, FEWEST_SAMPLES = 192, 48


def evaluate(plan: Plan, flat: Tensor, x: Tensor, actions: Tensor | None, threads: int = 1) -> Tensor:
    """Compute outputs (R, G, U, out) from parameters (R, P) and inputs (V, U, C). Actions are (V, G, U, A), or none.

    R is a multiple of V: as many rows in turn read one group of inputs. Gradients reach the parameters and the actions.
    """
    flat, x = flat.contiguous(), x.contiguous()
    acted = None if actions is None else actions.contiguous()
    wanted = (flat, acted)
    if torch.is_grad_enabled() and any(each is not None and each.requires_grad for each in wanted):
        return _Evaluate.apply(plan, flat, x, acted, threads)
    sizes = sizes_of(plan, flat, x, acted, threads)
    y, _ = _forward(plan, sizes, flat, x, acted, keep=False)
    return y


class _Evaluate(torch.autograd.Function):
    """`evaluate` with its gradients. Those of parameters are computed only if they are needed, and so are those of actions."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, flat: Tensor, x: Tensor, actions: Tensor | None, threads: int) -> Tensor:
        sizes = sizes_of(plan, flat, x, actions, threads)
        y, read = _forward(plan, sizes, flat, x, actions, keep=True)
        # The tensors are saved, so that PyTorch refuses numbers that were changed meanwhile. The same memory is read as arrays.
        ctx.save_for_backward(flat, x, actions)
        ctx.plan, ctx.sizes, ctx.read = plan, sizes, read
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        flat, _, actions = ctx.saved_tensors
        _, trains, _, of_inputs, _ = ctx.needs_input_grad
        of_flat = torch.empty_like(flat) if trains else flat.new_empty(0)
        of_actions = torch.empty_like(actions) if of_inputs else flat.new_empty(0)
        inputs, kept = ctx.read[:3], ctx.read[3:]
        found = numbers(of_flat), numbers(of_actions), trains, of_inputs
        in_parts(backward, ctx.plan, ctx.sizes, (*inputs, numbers(gradient.contiguous()), *kept, *found))
        return None, of_flat if trains else None, None, of_actions if of_inputs else None, None


def _forward(
    plan: Plan, sizes: Sizes, flat: Tensor, x: Tensor, actions: Tensor | None, *, keep: bool
) -> tuple[Tensor, list[Numbers]]:
    """Compute the outputs. Return the arrays that the backward pass reads as well: inputs, then what was kept."""
    y = flat.new_empty(sizes.rows, sizes.sets, sizes.units, plan.outputs)
    parameters = numbers(flat)
    acted = np.empty(0, parameters.dtype) if actions is None else numbers(actions)
    samples = sizes.rows * sizes.sets * sizes.units if keep else 0
    inputs = [parameters, numbers(x), acted]
    kept = [np.empty(samples * each, parameters.dtype) for each in (plan.kept, plan.kept, plan.layers - 1)]
    in_parts(forward, plan, sizes, (*inputs, numbers(y), *kept, keep))
    return y, inputs + kept


def sizes_of(plan: Plan, flat: Tensor, x: Tensor, actions: Tensor | None, threads: int) -> Sizes:
    """Count rows and samples, and choose how many samples a block has."""
    groups, units, context = x.shape
    sets, acted = (1, 0) if actions is None else (actions.shape[1], actions.shape[3])
    most = max(FEWEST_SAMPLES, min(MOST_SAMPLES, BLOCK // plan.widest))
    length = math.ceil(units / max(1, math.ceil(units / most)))
    # Blocks of equal length, in which only the last tile may lack rows.
    block = math.ceil(length / ROWS) * ROWS
    return Sizes(flat.shape[0], flat.shape[0] // groups, sets, units, context, acted, block, threads)


def in_parts(compute: Callable[..., None], plan: Plan, sizes: Sizes, given: tuple[Any, ...]) -> None:
    """Call a compiled function for all rows, with groups divided among threads."""
    groups = sizes.rows // sizes.share
    parts = min(sizes.threads, groups)
    if parts == 1:
        compute(plan, sizes, *given, 0, sizes.rows)
        return
    ends = [sizes.share * (groups * part // parts) for part in range(parts + 1)]
    for done in [_pool(sizes.threads).submit(compute, plan, sizes, *given, *each) for each in itertools.pairwise(ends)]:
        done.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Start the threads that wait for parts. They end with the process."""
    return ThreadPoolExecutor(threads, thread_name_prefix="fused")


def numbers(tensor: Tensor) -> Numbers:
    """Show a tensor as an array of one dimension, without a copy."""
    return tensor.detach().numpy().reshape(-1)
