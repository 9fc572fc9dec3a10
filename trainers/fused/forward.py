"""Outputs of a stack of multi-layer perceptrons: one row of the stack after the other, in blocks of samples.

A block passes through every layer before the next block begins. So a layer's output is in cache when the next one reads it.
"""

from __future__ import annotations

import numpy as np

from recipe_sweep.trainers.fused.compiling import entry, inner
from recipe_sweep.trainers.fused.layers import add_to_rows, gelu, normalise, relu_of
from recipe_sweep.trainers.fused.memory import memory, size_of
from recipe_sweep.trainers.fused.plan import Sizes, plan_at, plan_length
from recipe_sweep.trainers.fused.products import multiply, padded
from recipe_sweep.trainers.fused.vectors import LANES, all_of, fma, load, store_first, total
from recipe_sweep.trainers.fused.weights import fold, pack_row


@entry
def forward(table, networks, eps, rows, share, sets, units, context, actions, block, number, given, y, kept, keep, first, end):
    """Compute the outputs of networks from a row to an end. With `keep`, fill what the backward pass reads.

    `given` are addresses: of parameters, contexts and actions. `y` holds the addresses of each network's outputs (rows, sets,
    units, outputs). At `kept` lie values of hidden layers, then their slopes, then what they were divided by.
    """
    sizes = Sizes(rows, share, sets, units, context, actions, block)
    whole = np.intp(0)
    plans, outputs = memory(table, whole), y
    flat, read, acted = memory(given[0], number), memory(given[1], number), memory(given[2], number)
    places = kept_at(plans, networks, sizes, kept, number)
    at = whole
    for network in range(networks):
        plan = plan_at(plans, at)
        at += plan_length(plan.layers)
        layers = memory(places[0], number), memory(places[1], number), memory(places[2], number)
        _forward(plan, sizes, eps, flat, read, acted, memory(outputs[network], number), layers, keep, first, end)
        places = kept_after(plan, sizes, places, number)


@inner
def kept_at(plans, networks, sizes, kept, number):
    """Find where values of hidden layers, their slopes and their divisors begin."""
    columns, sloped, at = np.intp(0), np.intp(0), np.intp(0)
    for _ in range(networks):
        plan = plan_at(plans, at)
        columns += plan.kept
        sloped += 0 if plan.relu else plan.kept
        at += plan_length(plan.layers)
    column = sizes.rows * sizes.sets * sizes.units * size_of(number)
    return kept, kept + column * columns, kept + column * (columns + sloped)


@inner
def kept_after(plan, sizes, places, number):
    """Find the same for the network after this one."""
    column = sizes.rows * sizes.sets * sizes.units * size_of(number)
    slopes = 0 if plan.relu else column * plan.kept
    return places[0] + column * plan.kept, places[1] + slopes, places[2] + column * (plan.layers - 1)


@inner
def _forward(plan, sizes, eps, flat, context, actions, y, layers_kept, keep, first_row, end):
    """Compute y (rows, sets, units, outputs) of one network."""
    kept, slopes, inverses = layers_kept
    nowhere, apart, no, yes = np.intp(0), np.intp(1), np.bool_(False), np.bool_(True)
    layers = plan.layers
    outs, samples, columns = plan.widths[layers], sizes.sets * sizes.units, plan.hidden[layers - 1]
    kind = flat.dtype
    packed, biases = np.empty(plan.packed[layers], kind), np.empty(layers * plan.widest, kind)
    room = np.empty(LANES * LANES, kind)
    spare = 0 if keep else sizes.block * plan.widest
    ping, pong = np.empty(spare, kind), np.empty(spare, kind)
    ended = np.empty(sizes.block * padded(outs), kind)
    rates = np.empty(0 if keep else sizes.block, kind)
    cut = np.empty(sizes.block * plan.widest if plan.relu else 0, kind)
    for r in range(first_row, end):
        base, group = r * plan.stride + plan.start, r // sizes.share
        fold(plan, flat, base, biases)
        pack_row(plan, sizes, flat, base, packed, room)
        for set_ in range(sizes.sets):
            for first in range(0, sizes.units, sizes.block):
                n = min(sizes.block, sizes.units - first)
                sample = set_ * sizes.units + first
                read, read_at, row = context, (group * sizes.units + first) * sizes.context, sizes.context
                for i in range(layers):
                    ins, width = plan.widths[i], plan.widths[i + 1]
                    wide, at, bias = padded(width), plan.packed[i], i * plan.widest
                    if i == layers - 1:
                        y_at = (r * samples + sample) * outs
                        if plan.few:
                            dots(y, y_at, read, read_at, row, packed, at, biases, bias, n, outs)
                            break
                        to, to_at = ended, nowhere
                    elif keep:
                        to, to_at = kept, (r * columns + plan.hidden[i]) * samples + sample * wide
                    else:
                        to, to_at = (ping if i % 2 == 0 else pong), nowhere
                    length = sizes.context if i == 0 else ins
                    multiply(to, to_at, wide, read, read_at, row, apart, packed, at, nowhere, n, length, wide, no)
                    if i == 0 and sizes.actions > 0:
                        more = (group * samples + sample) * sizes.actions
                        behind = at + sizes.context * wide
                        multiply(
                            to,
                            to_at,
                            wide,
                            actions,
                            more,
                            sizes.actions,
                            apart,
                            packed,
                            behind,
                            nowhere,
                            n,
                            sizes.actions,
                            wide,
                            yes,
                        )
                    if i == layers - 1:
                        add_bias(y, (r * samples + sample) * outs, to, to_at, wide, biases, bias, n, outs)
                        break
                    if plan.relu:
                        add_to_rows(to, to_at, biases, bias, n, wide)
                    else:
                        gelu(to, to_at, biases, bias, n, wide, slopes, to_at, keep)
                    if plan.norm and keep:
                        normalise(to, to_at, n, width, wide, inverses, (r * (layers - 1) + i) * samples + sample, eps)
                    elif plan.norm:
                        normalise(to, to_at, n, width, wide, rates, nowhere, eps)
                    read, read_at, row = to, to_at, wide
                    if plan.relu:
                        affine = base + plan.leaves[i] + ins * width + width
                        relu_of(cut, to, to_at, flat, affine, affine + width, n, width, wide)
                        read, read_at = cut, nowhere


@inner
def dots(y, y_at, x, x_at, row, weights, at, biases, bias, samples, outs):
    """Compute few outputs of each sample as dot products with padded rows."""
    for m in range(samples):
        for n in range(outs):
            sums = all_of(x.dtype.type(0.0))
            for k in range(0, row, LANES):
                sums = fma(load(x, x_at + m * row + k), load(weights, at + n * row + k), sums)
            y[y_at + m * outs + n] = total(sums) + biases[bias + n]


@inner
def add_bias(y, y_at, x, x_at, row, biases, bias, samples, outs):
    """Copy padded rows to y and add the biases."""
    for m in range(samples):
        for n in range(0, outs, LANES):
            v = load(x, x_at + m * row + n) + load(biases, bias + n)
            store_first(y, y_at + m * outs + n, outs - n, v)
