"""The compiled multi-layer perceptron as a function of PyTorch's, with its gradients."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recipe_sweep.trainers.fused.backward import backward
from recipe_sweep.trainers.fused.forward import forward
from recipe_sweep.trainers.fused.memory import number_of
from recipe_sweep.trainers.fused.plan import Networks, Sizes, networks_of
from recipe_sweep.trainers.fused.tiles import ROWS
from recipe_sweep.trainers.fused.workspace import Part, workspace

__all__ = ["Inputs", "Networks", "backward_of", "evaluate", "forward_of", "networks_of"]

BLOCK = 2**15
"""Numbers in a block of samples of the widest layer, about."""
MOST_SAMPLES, FEWEST_SAMPLES = 192, 48


class Inputs(NamedTuple):
    """Parameters (R, P), contexts (V, U, C), and actions (V, G, U, A) or an empty tensor; all contiguous."""

    flat: Tensor
    context: Tensor
    actions: Tensor

    @classmethod
    def of(cls, flat: Tensor, context: Tensor, actions: Tensor | None) -> Inputs:
        """Take tensors, and copy those that are not contiguous."""
        return cls(flat.contiguous(), context.contiguous(), flat.new_empty(0) if actions is None else actions.contiguous())

    @property
    def addresses(self) -> tuple[int, int, int]:
        """Where the numbers lie."""
        return self.flat.data_ptr(), self.context.data_ptr(), self.actions.data_ptr()


def evaluate(networks: Networks, flat: Tensor, x: Tensor, actions: Tensor | None, threads: int = 1) -> Tensor:
    """Compute outputs (R, G, U, out) from parameters (R, P) and inputs (V, U, C). Actions are (V, G, U, A), or none.

    R is a multiple of V: as many rows in turn read one group of inputs. Gradients reach the parameters and the actions.
    """
    if torch.is_grad_enabled() and (flat.requires_grad or (actions is not None and actions.requires_grad)):
        return _Evaluate.apply(networks, flat, x, actions, threads)
    return forward_of(networks, Inputs.of(flat, x, actions), threads, keep=False)[0][0]


class _Evaluate(torch.autograd.Function):
    """`evaluate` with its gradients. Those of parameters are computed only if they are needed, and so are those of actions."""

    @staticmethod
    def forward(ctx: Any, networks: Networks, flat: Tensor, x: Tensor, actions: Tensor | None, threads: int) -> Tensor:
        inputs = Inputs.of(flat, x, actions)
        outputs, kept = forward_of(networks, inputs, threads, keep=True)
        # Saved tensors are watched: PyTorch refuses numbers that were changed meanwhile.
        ctx.save_for_backward(*inputs)
        ctx.networks, ctx.threads, ctx.kept = networks, threads, kept
        return outputs[0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        _, trains, _, of_inputs, _ = ctx.needs_input_grad
        inputs = Inputs(*ctx.saved_tensors)
        found = backward_of(ctx.networks, inputs, (gradient,), ctx.kept, ctx.threads, trains=trains, of_inputs=of_inputs)
        return None, found[0] if trains else None, None, found[1] if of_inputs else None, None


def forward_of(networks: Networks, inputs: Inputs, threads: int, *, keep: bool) -> tuple[list[Tensor], Part | None]:
    """Compute each network's outputs (R, G, U, out), and with `keep` what the backward pass reads."""
    sizes = sizes_of(networks, inputs)
    flat, samples = inputs.flat, sizes.sets * sizes.units
    outputs = [flat.new_empty(sizes.rows, sizes.sets, sizes.units, each) for each in networks.outputs]
    kept = workspace(flat.dtype).take(sizes.rows * samples * networks.kept) if keep else None
    place = 0 if kept is None else kept.address
    given = (*sizes, number_of(flat), inputs.addresses, _addresses(outputs), place, keep)
    _in_parts(forward, sizes, threads, (networks.place, len(networks.plans), networks.eps, *given))
    return outputs, kept


def backward_of(
    networks: Networks,
    inputs: Inputs,
    gradients: Sequence[Tensor],
    kept: Part,
    threads: int,
    *,
    trains: bool,
    of_inputs: bool,
) -> tuple[Tensor, Tensor]:
    """Compute the gradients of parameters and actions from those of each network's outputs; empty if they are not wanted.

    What was kept goes back, so this is done once.
    """
    sizes, flat = sizes_of(networks, inputs), inputs.flat
    of_flat = torch.empty_like(flat) if trains else flat.new_empty(0)
    of_actions = torch.empty_like(inputs.actions) if of_inputs else flat.new_empty(0)
    asked = [each.contiguous() for each in gradients]
    given = (*sizes, number_of(flat), inputs.addresses, _addresses(asked), kept.address)
    found = of_flat.data_ptr(), of_actions.data_ptr()
    _in_parts(backward, sizes, threads, (networks.place, len(networks.plans), *given, found, trains, of_inputs))
    kept.give_back()
    return of_flat, of_actions


def sizes_of(networks: Networks, inputs: Inputs) -> Sizes:
    """Count rows and samples, and choose how many samples a block has."""
    rows, (groups, units, context), acted = inputs.flat.shape[0], inputs.context.shape, inputs.actions.shape
    sets, actions = (1, 0) if len(acted) == 1 else (acted[1], acted[3])
    most = max(FEWEST_SAMPLES, min(MOST_SAMPLES, BLOCK // networks.widest))
    length = math.ceil(units / max(1, math.ceil(units / most)))
    # Blocks of equal length, in which only the last tile may lack rows.
    block = math.ceil(length / ROWS) * ROWS
    return Sizes(rows, rows // groups, sets, units, context, actions, block)


def _addresses(tensors: Sequence[Tensor]) -> NDArray[np.int64]:
    return np.array([each.data_ptr() for each in tensors], np.int64)


def _in_parts(compute: Callable[..., None], sizes: Sizes, threads: int, given: tuple[Any, ...]) -> None:
    """Call a compiled function for all rows, with groups divided among threads."""
    groups = sizes.rows // sizes.share
    parts = min(threads, groups)
    if parts <= 1:
        compute(*given, 0, sizes.rows)
        return
    ends = [sizes.share * (groups * part // parts) for part in range(parts + 1)]
    for done in [_pool(threads).submit(compute, *given, *each) for each in itertools.pairwise(ends)]:
        done.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Start the threads that wait for parts. They end with the process."""
    return ThreadPoolExecutor(threads, thread_name_prefix="fused")
