"""A row of parameters, made ready for products, and gradients brought back into a row's order.

A LayerNorm's scale and shift are folded into the Linear above it, because weights are fewer than samples:
(x scale + shift) W + b = x (scale W) + (shift W + b).
"""

from __future__ import annotations

import numpy as np

from recipe_sweep.trainers.fused.compiling import inner
from recipe_sweep.trainers.fused.products import pack, pack_turned, padded
from recipe_sweep.trainers.fused.vectors import LANES, all_of, fma, load, load_first, store, store_first, total


@inner
def fold(plan, flat, base, biases):
    """Copy a row's biases, each with the share of the LayerNorm's shift below it."""
    for i in range(plan.layers):
        ins, outs = plan.widths[i], plan.widths[i + 1]
        weight = base + plan.leaves[i]
        bias, to = weight + ins * outs, i * plan.widest
        for n in range(0, padded(outs), LANES):
            left = outs - n
            b = load_first(flat, bias + n, left)
            if plan.norm and i > 0 and not plan.relu:
                for k in range(ins):
                    shift = all_of(flat[weight - ins + k])
                    b = fma(shift, load_first(flat, weight + k * outs + n, left), b)
            store(biases, to + n, b)


@inner
def pack_row(plan, sizes, flat, base, packed, room):
    """Pack a row's weights for forward products, times the LayerNorm's scale below them."""
    nowhere, no = np.intp(0), np.bool_(False)
    layers = plan.layers
    for i in range(layers):
        ins, outs = plan.widths[i], plan.widths[i + 1]
        weight, to = base + plan.leaves[i], plan.packed[i]
        scaled, scales = plan.norm and i > 0 and not plan.relu, weight - 2 * ins
        if i == layers - 1 and plan.few:
            turn_few(packed, to, flat, weight, ins, outs, scales, scaled)
        elif i == 0:
            pack(packed, to, flat, weight, outs, sizes.context, outs, flat, nowhere, no)
            more, below = to + sizes.context * padded(outs), weight + sizes.context * outs
            pack(packed, more, flat, below, outs, sizes.actions, outs, flat, nowhere, no)
        else:
            pack(packed, to, flat, weight, outs, ins, outs, flat, scales, scaled)


@inner
def turn_few(to, to_at, flat, weight, ins, outs, scales, scaled):
    """Copy the transpose of a last layer's weight (ins, outs) into padded rows."""
    wide = padded(ins)
    zero, one = flat.dtype.type(0.0), flat.dtype.type(1.0)
    for n in range(outs):
        for k in range(wide):
            scale = flat[scales + k] if scaled and k < ins else one
            to[to_at + n * wide + k] = flat[weight + k * outs + n] * scale if k < ins else zero


@inner
def pack_row_turned(plan, sizes, flat, base, packed, room, of_inputs):
    """Pack the transposes of a row's weights for backward products, times the LayerNorm's scale."""
    nowhere, no = np.intp(0), np.bool_(False)
    layers = plan.layers
    at = 0
    if of_inputs:
        outs = plan.widths[1]
        weight = base + plan.leaves[0] + sizes.context * outs
        pack_turned(packed, nowhere, flat, weight, outs, sizes.actions, outs, flat, nowhere, no, room)
        at = outs * padded(sizes.actions)
    for i in range(1, layers):
        ins, outs = plan.widths[i], plan.widths[i + 1]
        weight = base + plan.leaves[i]
        pack_turned(packed, at, flat, weight, outs, ins, outs, flat, weight - 2 * ins, plan.norm and not plan.relu, room)
        at += outs * padded(ins)


@inner
def unfold(plan, flat, base, sums, starts, of_biases, of_flat):
    """Write a row's gradients: those of folded weights and biases, and what they mean for the LayerNorm below."""
    layers = plan.layers
    nothing = all_of(flat.dtype.type(0.0))
    for i in range(layers):
        ins, outs = plan.widths[i], plan.widths[i + 1]
        weight, wide, of_bias = base + plan.leaves[i], padded(outs), i * plan.widest
        bias = weight + ins * outs
        for n in range(0, outs, LANES):
            store_first(of_flat, bias + n, outs - n, load(of_biases, of_bias + n))
            if plan.relu and i < layers - 1:
                for part in range(2):
                    place = of_bias + layers * plan.widest * (part + 1)
                    store_first(of_flat, bias + outs * (part + 1) + n, outs - n, load(of_biases, place + n))
        folded = plan.norm and i > 0 and not plan.relu
        if i == layers - 1 and plan.few:
            unfold_few(flat, weight, sums, starts[i], of_biases, of_bias, of_flat, ins, outs, folded)
            continue
        for k in range(ins):
            along, across = nothing, nothing
            scale, shift = nothing, nothing
            if folded:
                scale, shift = all_of(flat[weight - 2 * ins + k]), all_of(flat[weight - ins + k])
            for n in range(0, outs, LANES):
                d = load(sums, starts[i] + k * wide + n)
                if folded:
                    b, w = load(of_biases, of_bias + n), load_first(flat, weight + k * outs + n, outs - n)
                    along, across = fma(d, w, along), fma(b, w, across)
                    d = fma(scale, d, shift * b)
                store_first(of_flat, weight + k * outs + n, outs - n, d)
            if folded:
                of_flat[weight - 2 * ins + k] = total(along)
                of_flat[weight - ins + k] = total(across)


@inner
def unfold_few(flat, weight, sums, start, of_biases, of_bias, of_flat, ins, outs, folded):
    """Do the same for a last layer of few outputs, whose sums are the transpose."""
    wide = padded(ins)
    for k in range(ins):
        along, across = flat.dtype.type(0.0), flat.dtype.type(0.0)
        for n in range(outs):
            d, w, b = sums[start + n * wide + k], flat[weight + k * outs + n], of_biases[of_bias + n]
            along += d * w
            across += b * w
            of_flat[weight + k * outs + n] = flat[weight - 2 * ins + k] * d + flat[weight - ins + k] * b if folded else d
        if folded:
            of_flat[weight - 2 * ins + k] = along
            of_flat[weight - ins + k] = across
