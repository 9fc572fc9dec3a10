"""Gradients of a stack of multi-layer perceptrons, from what the forward pass kept.

Sums over samples run from the first sample to the last, in whatever blocks they come. A sample whose gradient is zero is left
out, because it adds nothing. Under a minimum over heads these are half of all.
"""

from __future__ import annotations

import numpy as np

from recipe_sweep.trainers.fused.compiling import entry, inner
from recipe_sweep.trainers.fused.forward import kept_after, kept_at
from recipe_sweep.trainers.fused.layers import relu_of, through_activation, through_relu
from recipe_sweep.trainers.fused.memory import memory
from recipe_sweep.trainers.fused.plan import Sizes, plan_at, plan_length
from recipe_sweep.trainers.fused.products import multiply, pack, padded
from recipe_sweep.trainers.fused.vectors import LANES, load, load_first, store, store_first
from recipe_sweep.trainers.fused.weights import pack_row_turned, unfold


@entry
def backward(
    table, networks, rows, share, sets, units, context, actions, block, number, given, of_y, kept, found, trains, of_inputs,
    first, end,
):  # fmt: skip
    """Compute the gradients of parameters (if `trains`) and of actions (if `of_inputs`), from a row to an end.

    `given` are addresses of parameters, contexts and actions; `found` are those of the gradients of parameters and actions.
    `of_y` holds the addresses of the gradients of each network's outputs. `kept` is what `forward` has filled.
    """
    sizes = Sizes(rows, share, sets, units, context, actions, block)
    whole = np.intp(0)
    plans, outputs = memory(table, whole), of_y
    flat, read, acted = memory(given[0], number), memory(given[1], number), memory(given[2], number)
    of_flat, of_actions = memory(found[0], number), memory(found[1], number)
    places = kept_at(plans, networks, sizes, kept, number)
    at = whole
    for network in range(networks):
        plan = plan_at(plans, at)
        at += plan_length(plan.layers)
        layers = memory(places[0], number), memory(places[1], number), memory(places[2], number)
        gradient = memory(outputs[network], number)
        _backward(
            plan, sizes, flat, read, acted, gradient, layers, of_flat, of_actions, trains, of_inputs, first, end
        )  # fmt: skip
        places = kept_after(plan, sizes, places, number)


@inner
def _backward(plan, sizes, flat, context, actions, of_y, layers_kept, of_flat, of_actions, trains, of_inputs, first_row, end):
    """Compute the gradients of one network."""
    kept, slopes, inverses = layers_kept
    nowhere, apart, no = np.intp(0), np.intp(1), np.bool_(False)
    layers = plan.layers
    outs, samples, columns = plan.widths[layers], sizes.sets * sizes.units, plan.hidden[layers - 1]
    kind = flat.dtype
    zero = flat.dtype.type(0.0)
    starts, size = np.zeros(layers + 1, np.intp), plan.widths[1] * padded(sizes.actions) if of_inputs else 0
    most = padded(sizes.actions)  # The gradients of actions may be wider than every layer.
    for i in range(layers):
        ins, width = plan.widths[i], plan.widths[i + 1]
        starts[i + 1] = starts[i] + (width * padded(ins) if i == layers - 1 and plan.few else ins * padded(width))
        size += width * padded(ins) if i > 0 else 0
        most = max(most, padded(width))
    turned, room = np.empty(size, kind), np.empty(2 * LANES * LANES, kind)
    sums, of_biases = np.empty(starts[layers] if trains else 0, kind), np.empty(3 * layers * plan.widest, kind)
    ping, pong, panels = (
        np.empty(sizes.block * most, kind),
        np.empty(sizes.block * most, kind),
        np.empty(sizes.block * most, kind),
    )
    cut, near, far = np.empty(sizes.block * most, kind), np.empty(sizes.block * most, kind), np.empty(sizes.block * most, kind)
    rates, inputs = np.empty(sizes.block, kind), np.empty(sizes.block * (sizes.context + sizes.actions), kind)
    index = np.empty(samples, np.intp)
    for r in range(first_row, end):
        base, group = r * plan.stride + plan.start, r // sizes.share
        pack_row_turned(plan, sizes, flat, base, turned, room, of_inputs)
        of_biases[:] = zero
        if of_inputs and r % sizes.share == 0:
            of_actions[group * samples * sizes.actions : (group + 1) * samples * sizes.actions] = zero
        if trains:
            sums[:] = zero
        count = asked(index, of_y, r * samples * outs, samples, outs)
        for first in range(0, count, sizes.block):
            n = min(sizes.block, count - first)
            g, free, wide = ping, pong, padded(outs)
            begin(g, of_y, r * samples * outs, index, first, n, outs, of_biases, (layers - 1) * plan.widest)
            h, h_at, spare = kept, nowhere, near
            at = size
            for back in range(layers):
                i = layers - 1 - back
                ins, width = plan.widths[i], plan.widths[i + 1]
                wide, before, bias = padded(width), padded(ins), i * plan.widest
                if back > 0:
                    inverse = (r * (layers - 1) + i) * samples
                    for m in range(n if plan.norm else 0):
                        rates[m] = inverses[inverse + index[first + m]]
                    if plan.relu:
                        affine = base + plan.leaves[i] + ins * width + width
                        through_relu(
                            g, h, h_at, rates, nowhere, flat, affine, affine + width, n, width, wide, of_biases, bias,
                            layers * plan.widest,
                        )  # fmt: skip
                    else:
                        s, s_at = take(slopes, (r * columns + plan.hidden[i]) * samples, index, first, n, wide, cut)
                        through_activation(
                            g, s, s_at, h, h_at, rates, nowhere, n, width, wide, plan.norm, of_biases, bias, trains
                        )  # fmt: skip
                if i > 0:
                    h, h_at = take(kept, (r * columns + plan.hidden[i - 1]) * samples, index, first, n, before, spare)
                    spare = far if back % 2 == 0 else near
                    read, read_at = h, h_at
                    if plan.relu:
                        affine = base + plan.leaves[i - 1] + plan.widths[i - 1] * ins + ins
                        relu_of(cut, h, h_at, flat, affine, affine + ins, n, ins, before)
                        read, read_at = cut, nowhere
                    if trains and plan.few and back == 0:
                        multiply(
                            sums, starts[i], before, g, nowhere, apart, wide, read, read_at, before, width, n, before, trains
                        )
                    elif trains:
                        weight_gradient(sums, starts[i], wide, read, read_at, before, g, panels, ins, n)
                    at -= width * before
                    multiply(free, nowhere, before, g, nowhere, wide, apart, turned, at, nowhere, n, width, before, no)
                    g, free = free, g
                    continue
                if trains:
                    take_inputs(inputs, context, actions, group, sizes, index, first, n)
                    columns_in = sizes.context + sizes.actions
                    weight_gradient(sums, nowhere, wide, inputs, nowhere, columns_in, g, panels, columns_in, n)
                if of_inputs:
                    pad = padded(sizes.actions)
                    multiply(free, nowhere, pad, g, nowhere, wide, apart, turned, nowhere, nowhere, n, width, pad, no)
                    add_rows(of_actions, group * samples * sizes.actions, free, index, first, n, sizes.actions)
        if trains:
            unfold(plan, flat, base, sums, starts, of_biases, of_flat)


@inner
def asked(index, of_y, at, samples, outs):
    """List the samples that have a gradient, and count them. NaN is one."""
    count = 0
    for sample in range(samples):
        for n in range(outs):
            if of_y[at + sample * outs + n] != 0.0:
                index[count] = sample
                count += 1
                break
    return count


@inner
def begin(g, of_y, at, index, first, n, outs, of_biases, bias):
    """Copy the gradients of the block's outputs into padded rows, and add them to those of the biases."""
    row = padded(outs)
    for m in range(n):
        y_at = at + index[first + m] * outs
        for j in range(0, row, LANES):
            v = load_first(of_y, y_at + j, outs - j)
            store(g, m * row + j, v)
            store(of_biases, bias + j, load(of_biases, bias + j) + v)


@inner
def take(array, at, index, first, n, row, room):
    """Find the block's padded rows: where they lie if they are neighbours, else copied."""
    start = index[first]
    if index[first + n - 1] - start == n - 1:
        return array, at + start * row
    for m in range(n):
        read = at + index[first + m] * row
        for j in range(0, row, LANES):
            store(room, m * row + j, load(array, read + j))
    return room, at - at


@inner
def take_inputs(inputs, context, actions, group, sizes, index, first, n):
    """Copy the block's inputs: context and actions, side by side."""
    row, samples = sizes.context + sizes.actions, sizes.sets * sizes.units
    for m in range(n):
        sample = index[first + m]
        read = (group * sizes.units + sample % sizes.units) * sizes.context
        for j in range(sizes.context):
            inputs[m * row + j] = context[read + j]
        read = (group * samples + sample) * sizes.actions
        for j in range(sizes.actions):
            inputs[m * row + sizes.context + j] = actions[read + j]


@inner
def add_rows(to, at, rows, index, first, n, width):
    """Add padded rows to the rows of their samples."""
    wide = padded(width)
    for m in range(n):
        place = at + index[first + m] * width
        for j in range(0, width, LANES):
            v = load_first(to, place + j, width - j) + load(rows, m * wide + j)
            store_first(to, place + j, width - j, v)


@inner
def weight_gradient(sums, at, wide, x, x_at, row, g, panels, ins, samples):
    """Add x^T g of a block: sums (ins, wide), x (samples, ins), g (samples, wide)."""
    nowhere, apart, no, yes = np.intp(0), np.intp(1), np.bool_(False), np.bool_(True)
    if wide <= 64:
        multiply(sums, at, wide, x, x_at, apart, row, g, nowhere, wide, ins, samples, wide, yes)
    else:
        pack(panels, nowhere, g, nowhere, wide, samples, wide, g, nowhere, no)
        multiply(sums, at, wide, x, x_at, apart, row, panels, nowhere, nowhere, ins, samples, wide, yes)
