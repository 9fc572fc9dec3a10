"""Layouts of networks for the compiled functions: where the numbers of layers lie in rows and buffers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.fused.vectors import LANES

FEW = 8
"""A last layer with fewer outputs is computed as dot products."""


class Plan(NamedTuple):
    """Where the numbers of a network are: everything but the numbers of rows and samples."""

    widths: NDArray[np.intp]
    """Inputs, hidden widths, outputs"""
    leaves: NDArray[np.intp]
    """Place of each layer's weight in a row of parameters; then the row's length"""
    packed: NDArray[np.intp]
    """Place of each layer's weight in its packed copy; then the length of all"""
    hidden: NDArray[np.intp]
    """Place of each hidden layer among all, in columns; then the columns of all"""
    norm: bool
    eps: float
    widest: int
    """Columns of the widest layer, padded"""
    few: bool
    relu: bool
    """Whether a hidden layer is Linear, LayerNorm, ReLU. If not, it is Linear, GELU and, with `norm`, LayerNorm."""
    layers: int
    outputs: int
    kept: int
    """Columns of all hidden layers, padded"""
    start: int
    """Place of the first weight in a row of parameters"""
    stride: int
    """Length of a row of parameters"""


class Sizes(NamedTuple):
    """Numbers of rows and samples. A sample is a unit of a set; a row reads the input of its group of `share` rows."""

    rows: int
    share: int
    sets: int
    units: int
    context: int
    """Columns of the context, which all sets read"""
    actions: int
    """Columns of the actions, of which each set has its own"""
    block: int
    """Most samples of a block"""
    threads: int
    """Threads among which groups of rows are divided"""


def plan_of(
    widths: tuple[int, ...], norm: bool, eps: float, *, relu: bool = False, start: int = 0, stride: int | None = None
) -> Plan:
    """Lay out a network with these inputs, hidden layers and outputs."""

    def up(width: int) -> int:
        return -(-width // LANES) * LANES

    layers = len(widths) - 1
    few = widths[-1] < FEW and layers > 1
    leaves, packed, hidden = [0], [0], [0]
    for i in range(layers):
        ins, outs = widths[i], widths[i + 1]
        last = i == layers - 1
        leaves.append(leaves[-1] + ins * outs + outs + (0 if last or not norm else 2 * outs))
        packed.append(packed[-1] + (outs * up(ins) if last and few else ins * up(outs)))
        if not last:
            hidden.append(hidden[-1] + up(outs))
    return Plan(
        widths=np.array(widths, np.intp),
        leaves=np.array(leaves, np.intp),
        packed=np.array(packed, np.intp),
        hidden=np.array(hidden, np.intp),
        norm=norm,
        eps=eps,
        widest=max(map(up, widths[1:])),
        few=few,
        relu=relu,
        layers=layers,
        outputs=widths[-1],
        kept=hidden[-1],
        start=start,
        stride=leaves[-1] if stride is None else stride,
    )
