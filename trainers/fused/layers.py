"""GELU and LayerNorm, forward and backward, on rows that lie in cache. Rows are padded; paddings stay zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import overload

from recipe_sweep.trainers.fused.compiling import inner
from recipe_sweep.trainers.fused.vectors import LANES, all_of, first_of, fma, load, load_first, store, total, where_less

_BEYOND = np.float32(7.90531110763549805)
"""Least number at which tanh rounds to 1 in float32. Beyond it tanh is exactly 1, so GELU has exactly its limits."""
_P = tuple(
    np.float32(c)
    for c in (
        -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
        1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
    )
)  # fmt: skip
_Q = tuple(np.float32(c) for c in (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03))
"""Coefficients of Eigen's rational minimax approximation, tanh(x) = x P(x^2) / Q(x^2).

It is exact to a few units in the last place.
"""


def _one_by_one(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """Make the function of a vector that takes its numbers one by one, in float64."""

    def exact(x):
        numbers = np.empty(LANES, np.float64)
        store(numbers, 0, x)
        for i in range(LANES):
            numbers[i] = function(numbers[i])
        return load(numbers, 0)

    return exact


def tanh(x: Any) -> Any:
    """Compute tanh of a vector."""
    raise NotImplementedError


@overload(tanh)
def _tanh_of(x):
    """Choose the ratio of polynomials for float32, and the exact function for float64."""

    def ratio(x):
        y = x * x
        p = fma(all_of(_P[0]), y, all_of(_P[1]))
        p = fma(p, y, all_of(_P[2]))
        p = fma(p, y, all_of(_P[3]))
        p = fma(p, y, all_of(_P[4]))
        p = fma(p, y, all_of(_P[5]))
        p = fma(p, y, all_of(_P[6]))
        q = fma(all_of(_Q[0]), y, all_of(_Q[1]))
        q = fma(q, y, all_of(_Q[2]))
        q = fma(q, y, all_of(_Q[3]))
        t = where_less(all_of(_BEYOND), x, all_of(np.float32(1.0)), (x * p) / q)
        return where_less(x, all_of(-_BEYOND), all_of(np.float32(-1.0)), t)

    return ratio if x.number == numba.float32 else _one_by_one(math.tanh)


@inner
def gelu(h, at, bias, bias_at, rows, width, slope, slope_at, keep):
    """Replace h by GELU(h + bias) in padded rows. With `keep`, set `slope` to its derivative there."""
    number = h.dtype.type
    half, one = all_of(number(0.5)), all_of(number(1.0))
    rate, cubic = all_of(number(math.sqrt(2.0 / math.pi))), all_of(number(0.044715))
    steep = all_of(number(math.sqrt(2.0 / math.pi) * 3.0 * 0.044715))
    for m in range(rows):
        for j in range(0, width, LANES):
            s = at + m * width + j
            v = load(h, s) + load(bias, bias_at + j)
            w = v * v
            t = tanh(rate * fma(cubic * v, w, v))
            store(h, s, (half * v) * (one + t))
            if keep:
                inner_slope = v * fma(steep, w, rate)
                store(slope, slope_at + m * width + j, half * fma(inner_slope, one - t * t, one + t))


@inner
def normalise(h, at, rows, width, row, inverse, inverse_at, eps):
    """Apply LayerNorm without its affine part to rows of a width, in place. Set `inverse` to 1 / deviation of each row."""
    number = h.dtype.type
    one, n, zero = number(1.0), number(width), all_of(number(0.0))
    for m in range(rows):
        s = at + m * row
        sums = zero
        for j in range(0, row, LANES):
            sums = sums + load(h, s + j)
        mean = all_of(total(sums) / n)
        spread = zero
        for j in range(0, row, LANES):
            d = first_of(load(h, s + j) - mean, width - j)
            store(h, s + j, d)
            spread = fma(d, d, spread)
        rate = one / number(math.sqrt(total(spread) / n + number(eps)))
        inverse[inverse_at + m] = rate
        rates = all_of(rate)
        for j in range(0, row, LANES):
            store(h, s + j, load(h, s + j) * rates)


@inner
def through_activation(g, slope, slope_at, h, h_at, inverse, inverse_at, rows, width, row, norm, of_bias, bias_at, wanted):
    """Carry g backward through LayerNorm (if `norm`) and GELU, in place, and add it to the bias's gradient if wanted."""
    number = g.dtype.type
    n, zero = number(width), all_of(number(0.0))
    for m in range(rows):
        s, p, o = slope_at + m * row, h_at + m * row, m * row
        if norm:
            sums, along = zero, zero
            for j in range(0, row, LANES):
                d = load(g, o + j)
                sums = sums + d
                along = fma(d, load(h, p + j), along)
            mean, slant = all_of(total(sums) / n), all_of(total(along) / n)
            rate = all_of(inverse[inverse_at + m])
            for j in range(0, row, LANES):
                d = (load(g, o + j) - mean) - load(h, p + j) * slant
                d = (rate * d) * load(slope, s + j)
                if j + LANES > width:
                    d = first_of(d, width - j)
                store(g, o + j, d)
                if wanted:
                    store(of_bias, bias_at + j, load(of_bias, bias_at + j) + d)
        else:
            for j in range(0, row, LANES):
                d = load(g, o + j) * load(slope, s + j)
                store(g, o + j, d)
                if wanted:
                    store(of_bias, bias_at + j, load(of_bias, bias_at + j) + d)


def expm1(x: Any) -> Any:
    """Compute exp(x) - 1 of a vector, for x <= 0. Where x > 0 the numbers are not meant to be read."""
    raise NotImplementedError


@overload(expm1)
def _expm1_of(x):
    """Take it from tanh(x / 2) for float32, because that needs one division and no table."""

    def ratio(x):
        t = tanh(x * all_of(np.float32(0.5)))
        return (t + t) / (all_of(np.float32(1.0)) - t)

    return ratio if x.number == numba.float32 else _one_by_one(math.expm1)


@inner
def add_to_rows(h, at, bias, bias_at, rows, row):
    """Add a bias to padded rows."""
    for m in range(rows):
        for j in range(0, row, LANES):
            store(h, at + m * row + j, load(h, at + m * row + j) + load(bias, bias_at + j))


@inner
def relu_of(to, normed, at, flat, scale_at, shift_at, rows, width, row):
    """Set `to` to the ReLU of normed x scale + shift."""
    zero = all_of(to.dtype.type(0.0))
    for j in range(0, row, LANES):
        scale, shift = load_first(flat, scale_at + j, width - j), load_first(flat, shift_at + j, width - j)
        for m in range(rows):
            v = fma(load(normed, at + m * row + j), scale, shift)
            store(to, m * row + j, where_less(v, zero, zero, v))


@inner
def through_relu(g, normed, at, inverse, inverse_at, flat, scale_at, shift_at, rows, width, row, sums, sums_at, widest):
    """Carry g backward through ReLU, the affine part and LayerNorm, in place.

    Add the gradients of bias, scale and shift to `sums`, which lie `widest` apart.
    """
    number = g.dtype.type
    n, zero = number(width), all_of(number(0.0))
    scales, shifts = sums_at + widest, sums_at + 2 * widest
    for m in range(rows):
        s, o = at + m * row, m * row
        total_, along = zero, zero
        for j in range(0, row, LANES):
            scale, shift = load_first(flat, scale_at + j, width - j), load_first(flat, shift_at + j, width - j)
            x = load(normed, s + j)
            d = where_less(zero, fma(x, scale, shift), load(g, o + j), zero)
            store(sums, scales + j, fma(d, x, load(sums, scales + j)))
            store(sums, shifts + j, load(sums, shifts + j) + d)
            d = d * scale
            store(g, o + j, d)
            total_ = total_ + d
            along = fma(d, x, along)
        mean, slant = all_of(total(total_) / n), all_of(total(along) / n)
        rate = all_of(inverse[inverse_at + m])
        for j in range(0, row, LANES):
            d = rate * ((load(g, o + j) - mean) - load(normed, s + j) * slant)
            if j + LANES > width:
                d = first_of(d, width - j)
            store(g, o + j, d)
            store(sums, sums_at + j, load(sums, sums_at + j) + d)
