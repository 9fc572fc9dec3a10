"""The mix of QMIX, forward and backward: one sample after the other, with its few numbers in registers.

L lanes; B batch; N agents; E embedding. T sets of values share a lane's states: critic heads, or sets of actions. The weights
are w1 (L, B, N E) and w2 (L, B, E). They come with their signs, because their magnitudes are taken here.
"""

from __future__ import annotations

from typing import NamedTuple

from recipe_sweep.trainers.fused.compiling import entry, inner
from recipe_sweep.trainers.fused.layers import expm1
from recipe_sweep.trainers.fused.memory import memory
from recipe_sweep.trainers.fused.vectors import LANES, all_of, fma, load_first, magnitude, store_first, total, where_less


class MixSizes(NamedTuple):
    """L, T, B, N and E."""

    lanes: int
    sets: int
    batch: int
    agents: int
    embed: int


@inner
def _hidden(sizes, q, q_at, w1, w1_at, b1, b1_at, e):
    """Compute the hidden layer's input of one sample, from place e on."""
    left = sizes.embed - e
    h = load_first(b1, b1_at + e, left)
    for n in range(sizes.agents):
        h = fma(all_of(q[q_at + n]), magnitude(load_first(w1, w1_at + n * sizes.embed + e, left)), h)
    return h


@inner
def _elu(h):
    zero = h - h
    return where_less(zero, h, h, expm1(h))


@entry
def forward(lanes, sets, batch, agents, embed, number, given, totals):
    """Compute totals y (L, T, B) of values q (L, T, B, N). `given` are addresses of q, w1, b1, w2 and b2."""
    sizes = MixSizes(lanes, sets, batch, agents, embed)
    q, w1, b1 = memory(given[0], number), memory(given[1], number), memory(given[2], number)
    w2, b2, y = memory(given[3], number), memory(given[4], number), memory(totals, number)
    for lane in range(sizes.lanes):
        for t in range(sizes.sets):
            for b in range(sizes.batch):
                state = lane * sizes.batch + b
                sample = (lane * sizes.sets + t) * sizes.batch + b
                sums = all_of(y.dtype.type(0.0))
                for e in range(0, embed, LANES):
                    h = _hidden(sizes, q, sample * agents, w1, state * agents * embed, b1, state * embed, e)
                    sums = fma(_elu(h), magnitude(load_first(w2, state * embed + e, embed - e)), sums)
                y[sample] = total(sums) + b2[state]


@inner
def _signed(gradient, weight):
    """Carry a gradient through the magnitude of a weight."""
    zero = gradient - gradient
    return where_less(zero, weight, gradient, where_less(weight, zero, zero - gradient, zero))


@entry
def backward(lanes, sets, batch, agents, embed, number, given, of_totals, found, of_values, of_weights):
    """Compute the gradients of the values (if `of_values`) and of the weights (if `of_weights`).

    `given` are addresses of q, w1, b1 and w2. `found` are those of the gradients of q, w1, b1, w2 and b2.
    """
    sizes = MixSizes(lanes, sets, batch, agents, embed)
    q, w1, b1, w2 = memory(given[0], number), memory(given[1], number), memory(given[2], number), memory(given[3], number)
    of_y, of_q, of_w1 = memory(of_totals, number), memory(found[0], number), memory(found[1], number)
    of_b1, of_w2, of_b2 = memory(found[2], number), memory(found[3], number), memory(found[4], number)
    kind = q.dtype.type
    zero, one, none = all_of(kind(0.0)), all_of(kind(1.0)), kind(0.0)
    if of_values:
        of_q[: lanes * sets * batch * agents] = none
    for lane in range(sizes.lanes):
        for b in range(sizes.batch):
            state = lane * sizes.batch + b
            if of_weights:
                along = none
                for t in range(sizes.sets):
                    along += of_y[(lane * sizes.sets + t) * sizes.batch + b]
                of_b2[state] = along
            for e in range(0, embed, LANES):
                left, at = embed - e, state * agents * embed + e
                w = load_first(w2, state * embed + e, left)
                of_bias, of_w = zero, zero
                for t in range(sizes.sets):
                    sample = (lane * sizes.sets + t) * sizes.batch + b
                    d = all_of(of_y[sample])
                    h = _hidden(sizes, q, sample * agents, w1, state * agents * embed, b1, state * embed, e)
                    f = expm1(h)
                    positive = where_less(zero, h, h, f)
                    slope = where_less(zero, h, one, f + one)
                    of_h = (d * magnitude(w)) * slope
                    of_w = fma(d, positive, of_w)
                    of_bias = of_bias + of_h
                    for n in range(agents):
                        place = at + n * embed
                        if of_values:
                            of_q[sample * agents + n] += total(of_h * magnitude(load_first(w1, place, left)))
                        if of_weights:
                            grown = of_h * all_of(q[sample * agents + n])
                            if t > 0:
                                grown = grown + load_first(of_w1, place, left)
                            store_first(of_w1, place, left, grown)
                if of_weights:
                    store_first(of_b1, state * embed + e, left, of_bias)
                    store_first(of_w2, state * embed + e, left, _signed(of_w, w))
                    for n in range(agents):
                        place = at + n * embed
                        store_first(of_w1, place, left, _signed(load_first(of_w1, place, left), load_first(w1, place, left)))
