"""Layouts of networks for the compiled functions: where the numbers of layers lie in rows and buffers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recipe_sweep.trainers.fused.compiling import inner
from recipe_sweep.trainers.fused.vectors import LANES

FEW = 8
"""A last layer with fewer outputs is computed as dot products."""


class Plan(NamedTuple):
    """Where the numbers of one network are: everything but the numbers of rows and samples."""

    layers: int
    norm: bool
    few: bool
    relu: bool
    """Whether a hidden layer is Linear, LayerNorm, ReLU. If not, it is Linear, GELU and, with `norm`, LayerNorm."""
    widest: int
    """Columns of the widest layer, padded"""
    kept: int
    """Columns of all hidden layers, padded"""
    start: int
    """Place of the first weight in a row of parameters"""
    stride: int
    """Length of a row of parameters"""
    widths: Any
    """Inputs, hidden widths, outputs"""
    leaves: Any
    """Place of each layer's weight in a row of parameters; then the row's length"""
    packed: Any
    """Place of each layer's weight in its packed copy; then the length of all"""
    hidden: Any
    """Place of each hidden layer among all, in columns; then the columns of all"""


_PLACES = Plan._fields.index("widths")


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


@dataclass(frozen=True)
class Networks:
    """Networks of one layout of parameters, which read the same inputs, as compiled functions read their plans."""

    plans: tuple[Plan, ...]
    eps: float

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """All plans in turn."""
        numbers: list[int] = []
        for plan in self.plans:
            numbers += [*plan[:_PLACES], *plan.widths, *plan.leaves, *plan.packed, *plan.hidden]
        return np.array(numbers, np.int64)

    @cached_property
    def place(self) -> int:
        """Address of the table, which lives as long as this object."""
        return self.table.ctypes.data

    @cached_property
    def widest(self) -> int:
        """Columns of the widest layer of all."""
        return max(plan.widest for plan in self.plans)

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        """Outputs of each network."""
        return tuple(plan.widths[-1] for plan in self.plans)

    @cached_property
    def kept(self) -> int:
        """Numbers that a sample keeps in all networks: outputs of hidden layers, slopes of GELU, and divisors."""
        return sum(plan.kept * (1 if plan.relu else 2) + plan.layers - 1 for plan in self.plans)


@inner
def plan_at(table, at):
    """Read a plan from a place of a table. The next one is `plan_length` further."""
    layers = table[at]
    places = at + _PLACES
    step = layers + 1
    return Plan(
        layers,
        table[at + 1] != 0,
        table[at + 2] != 0,
        table[at + 3] != 0,
        table[at + 4],
        table[at + 5],
        table[at + 6],
        table[at + 7],
        table[places : places + step],
        table[places + step : places + 2 * step],
        table[places + 2 * step : places + 3 * step],
        table[places + 3 * step : places + 4 * step - 1],
    )


@inner
def plan_length(layers):
    """Count the numbers of a plan."""
    return _PLACES + 4 * (layers + 1) - 1


def networks_of(widths: Sequence[int], norm: bool, eps: float) -> Networks:
    """Lay out one network, alone in its rows, with these inputs, hidden layers and outputs."""
    return Networks((plan_of(widths, norm),), eps)


def plan_of(widths: Sequence[int], norm: bool, *, relu: bool = False, start: int = 0, stride: int | None = None) -> Plan:
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
        layers=layers,
        norm=norm,
        few=few,
        relu=relu,
        widest=max(map(up, widths[1:])),
        kept=hidden[-1],
        start=start,
        stride=leaves[-1] if stride is None else stride,
        widths=tuple(widths),
        leaves=tuple(leaves),
        packed=tuple(packed),
        hidden=tuple(hidden),
    )
