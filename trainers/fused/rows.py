"""What happens to all parameters of a copy at once: the optimiser's step, the norm of a gradient, a target that follows.

Arrays are (R, P), one row per copy. Every row belongs to one run, so no number passes from one lane to another.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from recipe_sweep.trainers.fused.compiling import entry, inner
from recipe_sweep.trainers.fused.evaluation import numbers
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
def _adam(state, rate, alive, constants):
    rows = len(rate)
    size = len(state.flat) // rows
    for r in range(rows):
        for j in range(0, size, LANES):
            _adam_part(state, r * size + j, size - j, rate[r], alive[r], constants)


def adam(state: AdamState, rate: Tensor, alive: Tensor, constants: AdamConstants) -> None:
    """Take one step of Adam in place on rows (R, P). `rate` (R, 1) is -lr / (1 - beta1^t); `alive` is (R, 1).

    Rows that are not alive keep their parameters, whatever their gradient.
    """
    _adam(AdamState(*map(numbers, state)), numbers(rate), numbers(alive), constants)


@entry
def _collect(gradient, to, norm):
    rows = len(norm)
    size = len(to) // rows
    for r in range(rows):
        squares = all_of(to.dtype.type(0.0))
        for j in range(0, size, LANES):
            g = load_first(gradient, r * size + j, size - j)
            squares = fma(g, g, squares)
            store_first(to, r * size + j, size - j, g)
        norm[r] = math.sqrt(total(squares))


def collect(gradient: Tensor, to: Tensor) -> Tensor:
    """Copy a gradient (R, P). Return the norm of each row, (R,)."""
    norm = to.new_empty(to.shape[0])
    _collect(numbers(gradient.contiguous()), numbers(to), numbers(norm))
    return norm


@entry
def _follow(bar, new, polyak):
    share = all_of(bar.dtype.type(polyak))
    for j in range(0, len(bar), LANES):
        old = load_first(bar, j, len(bar) - j)
        store_first(bar, j, len(bar) - j, fma(load_first(new, j, len(bar) - j) - old, share, old))


def follow(bar: Tensor, new: Tensor, polyak: float) -> None:
    """Move `bar` towards `new` by a share of the distance."""
    _follow(numbers(bar), numbers(new), polyak)
