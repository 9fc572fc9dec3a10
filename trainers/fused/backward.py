"""Gradients of a stack of multi-layer perceptrons, from what the forward pass kept.

Sums over samples run from the first sample to the last, in whatever blocks they come.
"""

from __future__ import annotations

import numpy as np

from recipe_sweep.trainers.fused.compiling import entry, inner
from recipe_sweep.trainers.fused.layers import relu_of, through_activation, through_relu
from recipe_sweep.trainers.fused.products import multiply, pack, padded
from recipe_sweep.trainers.fused.vectors import LANES, load, load_first, store, store_first
from recipe_sweep.trainers.fused.weights import pack_row_turned, unfold


@entry
def backward(
    plan, sizes, flat, context, actions, of_y, kept, slopes, inverses, of_flat, of_actions, trains, of_inputs, first_row, end
):
    """Compute the gradients of parameters (if `trains`) and of actions (if `of_inputs`), from a row to an end."""
    nowhere, apart, no = np.intp(0), np.intp(1), np.bool_(False)
    layers = len(plan.widths) - 1
    outs, samples, columns = plan.widths[layers], sizes.sets * sizes.units, plan.hidden[layers - 1]
    kind = flat.dtype
    zero = flat.dtype.type(0.0)
    size = plan.widths[1] * padded(sizes.actions) if of_inputs else 0
    most = padded(outs)
    for i in range(1, layers):
        size += plan.widths[i + 1] * padded(plan.widths[i])
    for i in range(layers):
        most = max(most, padded(plan.widths[i + 1]))
    turned, room = np.empty(size, kind), np.empty(2 * LANES * LANES, kind)
    sums = np.empty(0, kind)
    starts = np.empty(layers + 1, np.intp)
    starts[0] = 0
    for i in range(layers):
        ins, width = plan.widths[i], plan.widths[i + 1]
        starts[i + 1] = starts[i] + (width * padded(ins) if i == layers - 1 and plan.few else ins * padded(width))
    if trains:
        sums = np.empty(starts[layers], kind)
    of_biases = np.empty(3 * layers * plan.widest, kind)
    cut = np.empty(sizes.block * plan.widest if plan.relu else 0, kind)
    ping, pong = np.empty(sizes.block * most, kind), np.empty(sizes.block * most, kind)
    panels = np.empty(sizes.block * most, kind)
    for r in range(first_row, end):
        base, group = r * plan.stride + plan.start, r // sizes.share
        pack_row_turned(plan, sizes, flat, base, turned, room, of_inputs)
        of_biases[:] = zero
        begun = False
        for set_ in range(sizes.sets):
            for first in range(0, sizes.units, sizes.block):
                n = min(sizes.block, sizes.units - first)
                sample = set_ * sizes.units + first
                y_at = (r * samples + sample) * outs
                g, row = ping, padded(outs)
                free = pong
                for m in range(n):
                    for j in range(0, row, LANES):
                        v = load_first(of_y, y_at + m * outs + j, outs - j)
                        store(g, m * row + j, v)
                        if trains:
                            place = (layers - 1) * plan.widest + j
                            store(of_biases, place, load(of_biases, place) + v)
                at = size
                for back in range(layers):
                    i = layers - 1 - back
                    ins, width = plan.widths[i], plan.widths[i + 1]
                    wide, before = padded(width), padded(ins)
                    if back > 0 and plan.relu:
                        here = (r * columns + plan.hidden[i]) * samples + sample * wide
                        inverse = (r * (layers - 1) + i) * samples + sample
                        affine = base + plan.leaves[i] + ins * width + width
                        through_relu(
                            g,
                            kept,
                            here,
                            inverses,
                            inverse,
                            flat,
                            affine,
                            affine + width,
                            n,
                            width,
                            wide,
                            of_biases,
                            i * plan.widest,
                            layers * plan.widest,
                        )
                    elif back > 0:
                        here = (r * columns + plan.hidden[i]) * samples + sample * wide
                        inverse = (r * (layers - 1) + i) * samples + sample
                        through_activation(
                            g,
                            slopes,
                            here,
                            kept,
                            inverses,
                            inverse,
                            n,
                            width,
                            wide,
                            plan.norm,
                            of_biases,
                            i * plan.widest,
                            trains,
                        )
                    if trains and i > 0:
                        below = (r * columns + plan.hidden[i - 1]) * samples + sample * before
                        read = kept
                        if plan.relu:
                            affine = base + plan.leaves[i - 1] + plan.widths[i - 1] * ins + ins
                            relu_of(cut, kept, below, flat, affine, affine + ins, n, ins, before)
                            read, below = cut, nowhere
                        if plan.few and back == 0:
                            multiply(
                                sums, starts[i], before, g, nowhere, apart, wide, read, below, before, width, n, before, begun
                            )
                        else:
                            weight_gradient(sums, starts[i], wide, read, below, before, g, panels, ins, n, begun)
                    elif trains:
                        place = (group * sizes.units + first) * sizes.context
                        weight_gradient(sums, nowhere, wide, context, place, sizes.context, g, panels, sizes.context, n, begun)
                        if sizes.actions > 0:
                            place = (group * samples + sample) * sizes.actions
                            to = sizes.context * wide
                            weight_gradient(sums, to, wide, actions, place, sizes.actions, g, panels, sizes.actions, n, begun)
                    if i > 0:
                        at -= width * before
                        multiply(free, nowhere, before, g, nowhere, wide, apart, turned, at, nowhere, n, width, before, no)
                        g, free = free, g
                    elif of_inputs:
                        pad = padded(sizes.actions)
                        multiply(free, nowhere, pad, g, nowhere, wide, apart, turned, nowhere, nowhere, n, width, pad, no)
                        place = (group * samples + sample) * sizes.actions
                        add_rows(of_actions, place, free, n, sizes.actions, r % sizes.share > 0)
                begun = True
        if trains:
            unfold(plan, flat, base, sums, starts, of_biases, of_flat)


@inner
def add_rows(to, at, rows, samples, width, add):
    """Copy padded rows, or add them to what is there."""
    wide = padded(width)
    for m in range(samples):
        for j in range(0, width, LANES):
            v = load(rows, m * wide + j)
            if add:
                v = load_first(to, at + m * width + j, width - j) + v
            store_first(to, at + m * width + j, width - j, v)


@inner
def weight_gradient(sums, at, wide, x, x_at, row, g, panels, ins, samples, add):
    """Add x^T g of a block: sums (ins, wide), x (samples, ins), g (samples, wide)."""
    nowhere, apart, no = np.intp(0), np.intp(1), np.bool_(False)
    if wide <= 64:
        multiply(sums, at, wide, x, x_at, apart, row, g, nowhere, wide, ins, samples, wide, add)
    else:
        pack(panels, nowhere, g, nowhere, wide, samples, wide, g, nowhere, no)
        multiply(sums, at, wide, x, x_at, apart, row, panels, nowhere, nowhere, ins, samples, wide, add)
