"""The innermost part of a matrix product: a tile of sums that stays in the processor's registers.

It is LLVM code, which numba compiles. So a user's machine needs no compiler. Every sum adds its products in one fixed order,
with a fused multiply-add each. So its bits depend neither on the tile in which it is computed, nor on the width of vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from recipe_sweep.trainers.fused.unit import UNIT, Unit

ROWS = 6
"""Rows of the largest tile."""


_FLOAT = {numba.float32: (ir.FloatType(), "f32", 4), numba.float64: (ir.DoubleType(), "f64", 8)}
_INT = ir.IntType(64)


def _in_register(number: Any) -> int:
    return (UNIT or Unit(4, 4)).numbers * 4 // _FLOAT[number][2]


@intrinsic
def panel_width(context: Any, array: Any) -> Any:
    """Return the columns of the widest tile for an array's type of numbers."""
    width = _in_register(array.dtype) * (UNIT or Unit(4, 4)).registers
    return types.intp(array), lambda *_: _INT(width)


@intrinsic
def register_width(context: Any, array: Any) -> Any:
    """Return the numbers in a register for an array's type of numbers."""
    width = _in_register(array.dtype)
    return types.intp(array), lambda *_: _INT(width)


@intrinsic
def stays_whole(context: Any) -> Any:
    """Keep the function that calls this out of its callers' code, because optimising each copy takes seconds."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        build.function.attributes.add("noinline")
        return lower.get_dummy_value()

    return types.void(), generate


def tile(rows: int, registers: int) -> Callable[..., None]:
    """Make the function that adds `length` products to every sum of a tile of these sizes.

    Arrays have one dimension. The other arguments are places in them and distances. It computes
    c[row, n] = (c[row, n] if add else 0) + sum over k of a[row, k] b[k, n].
    """

    @intrinsic
    def product(context, c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, length, add):
        number, name, size = _FLOAT[c.dtype]
        lanes = _in_register(c.dtype)
        vector = ir.VectorType(number, lanes)
        word = types.intp
        signature = types.void(c, word, word, a, word, word, word, b, word, word, word, types.boolean)

        def generate(lower: Any, build: Any, _: Any, given: Any) -> Any:
            c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, length, add = given

            def start(kind: Any, array: Any, at: Any) -> Any:
                return build.gep(lower.make_array(kind)(lower, build, array).data, [at])

            c = start(signature.args[0], c, c_at)
            a = start(signature.args[3], a, a_at)
            b = start(signature.args[7], b, b_at)
            multiply_add = cgutils.get_or_insert_function(
                build.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{lanes}{name}"
            )
            places = [
                build.gep(c, [build.add(build.mul(c_row, _INT(i)), _INT(j * lanes))])
                for i in range(rows)
                for j in range(registers)
            ]

            def load(place: Any) -> Any:
                value = build.load(build.bitcast(place, vector.as_pointer()))
                value.align = size
                return value

            zero = ir.Constant(vector, [0.0] * lanes)
            with build.if_else(add) as (more, fresh):
                with more:
                    loaded = [load(place) for place in places]
                    end_of_more = build.block
                with fresh:
                    end_of_fresh = build.block
            first = []
            for value in loaded:
                phi = build.phi(vector)
                phi.add_incoming(value, end_of_more)
                phi.add_incoming(zero, end_of_fresh)
                first.append(phi)
            before = build.block
            loop, after = build.append_basic_block("sum"), build.append_basic_block("summed")
            build.cbranch(build.icmp_signed(">", length, _INT(0)), loop, after)

            build.position_at_end(loop)
            k = build.phi(_INT)
            k.add_incoming(_INT(0), before)
            sums = []
            for value in first:
                phi = build.phi(vector)
                phi.add_incoming(value, before)
                sums.append(phi)
            at_b = build.mul(k, b_next)
            factors = [load(build.gep(b, [build.add(at_b, _INT(j * lanes))])) for j in range(registers)]
            at_a = build.mul(k, a_next)
            undefined = ir.Constant(vector, ir.Undefined)
            everywhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
            grown = []
            for i in range(rows):
                one = build.load(build.gep(a, [build.add(at_a, build.mul(a_row, _INT(i)))]))
                same = build.shuffle_vector(
                    build.insert_element(undefined, one, ir.Constant(ir.IntType(32), 0)), undefined, everywhere
                )
                grown += [build.call(multiply_add, [same, factors[j], sums[i * registers + j]]) for j in range(registers)]
            following = build.add(k, _INT(1))
            k.add_incoming(following, build.block)
            for phi, value in zip(sums, grown, strict=True):
                phi.add_incoming(value, build.block)
            end_of_loop = build.block
            build.cbranch(build.icmp_signed("<", following, length), loop, after)

            build.position_at_end(after)
            last = []
            for value, summed in zip(first, grown, strict=True):
                phi = build.phi(vector)
                phi.add_incoming(value, before)
                phi.add_incoming(summed, end_of_loop)
                last.append(phi)
            for place, value in zip(places, last, strict=True):
                build.store(value, build.bitcast(place, vector.as_pointer())).align = size
            return lower.get_dummy_value()

        return signature, generate

    return product
