"""What happens to all parameters of a copy at once: the optimiser's step, the norm of a gradient, a target that follows.

Arrays are (R, P), one row per copy. Every row belongs to one run, so no number passes from one lane to another.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from recipe_sweep.trainers.fused.compiling import entry, inner
from recipe_sweep.trainers.fused.memory import memory, number_of
from recipe_sweep.trainers.fused.vectors import LANES, all_of, fma, load_first, root, store_first, total

if TYPE_CHECKING:
    from torch import Tensor


class AdamState(NamedTuple):
    """Parameters, running means of their gradients and squared gradients, and the newest gradient, each (R, P)."""

    flat: Any
    mean: Any
    square: Any
    gradient: Any


class AdamConstants(NamedTuple):
    """Decay rates of both means, the number added to the root, and sqrt(1 - beta2^t)."""

    beta1: float
    beta2: float
    eps: float
    correction: float


@inner
def _adam_part(state, at, count, rate, alive, constants):
    number = state.flat.dtype.type
    g, m = load_first(state.gradient, at, count), load_first(state.mean, at, count)
    v = load_first(state.square, at, count)
    m = fma(g - m, all_of(number(1.0 - constants.beta1)), m)
    v = fma(v, all_of(number(constants.beta2)), (g * g) * all_of(number(1.0 - constants.beta2)))
    store_first(state.mean, at, count, m)
    store_first(state.square, at, count, v)
    if alive:
        step = m / (root(v) / all_of(number(constants.correction)) + all_of(number(constants.eps)))
        store_first(state.flat, at, count, fma(all_of(rate), step, load_first(state.flat, at, count)))


@entry
def _adam(number, rows, size, places, rates, living, beta1, beta2, eps, correction):
    state = AdamState(
        memory(places[0], number), memory(places[1], number), memory(places[2], number), memory(places[3], number)
    )  # fmt: skip
    rate, alive = memory(rates, number), memory(living, np.bool_(False))
    constants = AdamConstants(beta1, beta2, eps, correction)
    for r in range(rows):
        for j in range(0, size, LANES):
            _adam_part(state, r * size + j, size - j, rate[r], alive[r], constants)


def adam(state: AdamState, rate: Tensor, alive: Tensor, constants: AdamConstants) -> None:
    """Take one step of Adam in place on rows (R, P). `rate` (R, 1) is -lr / (1 - beta1^t); `alive` is (R, 1).

    Rows that are not alive keep their parameters, whatever their gradient.
    """
    rows, size = state.flat.shape
    rate, alive = rate.contiguous(), alive.contiguous()
    places = tuple(each.data_ptr() for each in state)
    _adam(number_of(state.flat), rows, size, places, rate.data_ptr(), alive.data_ptr(), *constants)


@entry
def _collect(number, rows, size, from_, to_, norms):
    gradient, to, norm = memory(from_, number), memory(to_, number), memory(norms, number)
    for r in range(rows):
        squares = all_of(to.dtype.type(0.0))
        for j in range(0, size, LANES):
            g = load_first(gradient, r * size + j, size - j)
            squares = fma(g, g, squares)
            store_first(to, r * size + j, size - j, g)
        norm[r] = math.sqrt(total(squares))


def collect(gradient: Tensor, to: Tensor) -> Tensor:
    """Copy a gradient (R, P). Return the norm of each row, (R,)."""
    norm, gradient = to.new_empty(to.shape[0]), gradient.contiguous()
    _collect(number_of(to), *to.shape, gradient.data_ptr(), to.data_ptr(), norm.data_ptr())
    return norm


@entry
def _follow(number, count, from_, to_, polyak):
    new, bar = memory(from_, number), memory(to_, number)
    share = all_of(bar.dtype.type(polyak))
    for j in range(0, count, LANES):
        old = load_first(bar, j, count - j)
        store_first(bar, j, count - j, fma(load_first(new, j, count - j) - old, share, old))


def follow(bar: Tensor, new: Tensor, polyak: float) -> None:
    """Move `bar` towards `new` by a share of the distance."""
    _follow(number_of(bar), bar.numel(), new.data_ptr(), bar.data_ptr(), polyak)
