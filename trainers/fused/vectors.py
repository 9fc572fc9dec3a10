"""Sixteen numbers at once, as a type of numba's: loaded from arrays, calculated with, stored.

LLVM divides them into registers of the host's width. Nothing is reordered, and sums over the sixteen are in one fixed order.
So every processor with a fused multiply-add gives the same bits.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin

LANES = 16
_NUMBERS = {numba.float32: (ir.FloatType(), "f32", 4), numba.float64: (ir.DoubleType(), "f64", 8)}


class Vector(types.Type):
    """The type of LANES numbers."""

    def __init__(self, number: Any) -> None:
        self.number = number
        super().__init__(name=f"Vector({number})")


@register_default(Vector)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _lowered(kind.number))


def _lowered(number: Any) -> Any:
    return ir.VectorType(_NUMBERS[number][0], LANES)


def _place(lower: Any, build: Any, kind: Any, array: Any, at: Any) -> Any:
    start = build.gep(lower.make_array(kind)(lower, build, array).data, [at])
    return build.bitcast(start, _lowered(kind.dtype).as_pointer())


@intrinsic
def load(context: Any, array: Any, at: Any) -> Any:
    """Load the numbers from a place of an array on."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        value = build.load(_place(lower, build, array, *given))
        value.align = _NUMBERS[array.dtype][2]
        return value

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def store(context: Any, array: Any, at: Any, vector: Any) -> Any:
    """Store the numbers from a place of an array on."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        array_, at_, value = given
        build.store(value, _place(lower, build, array, array_, at_)).align = _NUMBERS[array.dtype][2]
        return lower.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def all_of(context: Any, number: Any) -> Any:
    """Repeat one number."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        kind = _lowered(number)
        undefined = ir.Constant(kind, ir.Undefined)
        one = build.insert_element(undefined, given[0], ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return build.shuffle_vector(one, undefined, everywhere)

    return Vector(number)(number), generate


def _operator(symbol: Callable[..., Any], instruction: str) -> None:
    """Make an operator work between two vectors."""

    @infer_global(symbol)
    class _Types(AbstractTemplate):  # type: ignore[misc]
        def generic(self, given: Any, named: Any) -> Any:
            if len(given) == 2 and isinstance(given[0], Vector) and given[0] == given[1]:
                return given[0](*given)
            return None

    @lower_builtin(symbol, Vector, Vector)
    def lowered(context: Any, build: Any, signature: Any, given: Any) -> Any:
        return getattr(build, instruction)(*given)


for _symbol, _instruction in (
    (operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv")
):  # fmt: skip
    _operator(_symbol, _instruction)


def _function(name: str, number: Any) -> Callable[..., Any]:
    """Make the call of one of LLVM's functions of vectors."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        kind = _lowered(number)
        function = ir.FunctionType(kind, [kind] * len(given))
        full = f"llvm.{name}.v{LANES}{_NUMBERS[number][1]}"
        return build.call(cgutils.get_or_insert_function(build.module, function, full), given)

    return generate


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Compute a b + c with one rounding."""

    return a(a, b, c), _function("fma", a.number)


@intrinsic
def where_less(context: Any, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """Choose `then` where a < b, else `otherwise`. NaN is not less."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        a_, b_, then_, otherwise_ = given
        return build.select(build.fcmp_ordered("<", a_, b_), then_, otherwise_)

    return a(a, b, then, otherwise), generate


@intrinsic
def magnitude(context: Any, a: Any) -> Any:
    """Drop the signs."""

    return a(a), _function("fabs", a.number)


@intrinsic
def root(context: Any, a: Any) -> Any:
    """Compute the square root."""

    return a(a), _function("sqrt", a.number)


@intrinsic
def total(context: Any, a: Any) -> Any:
    """Add the sixteen numbers: each half to the other, until one is left."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        value, lanes = given[0], LANES
        while lanes > 1:
            lanes //= 2
            index = ir.VectorType(ir.IntType(32), lanes)
            low, high = (ir.Constant(index, list(range(first, first + lanes))) for first in (0, lanes))
            value = build.fadd(build.shuffle_vector(value, value, low), build.shuffle_vector(value, value, high))
        return build.extract_element(value, ir.Constant(ir.IntType(32), 0))

    return a.number(a), generate


def _inside(build: Any, count: Any) -> Any:
    """Make the mask of the first `count` of LANES."""
    word = ir.VectorType(ir.IntType(64), LANES)
    one = build.insert_element(ir.Constant(word, ir.Undefined), count, ir.Constant(ir.IntType(32), 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    counts = build.shuffle_vector(one, ir.Constant(word, ir.Undefined), everywhere)
    return build.icmp_signed("<", ir.Constant(word, list(range(LANES))), counts)


@intrinsic
def first_of(context: Any, vector: Any, count: Any) -> Any:
    """Keep the first `count` numbers, and set the others to zero."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        return build.select(_inside(build, given[1]), given[0], ir.Constant(_lowered(vector.number), [0.0] * LANES))

    return vector(vector, types.intp), generate


@intrinsic
def load_first(context: Any, array: Any, at: Any, count: Any) -> Any:
    """Load at most `count` numbers; the others are zero, and their places are not read."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        kind, (_, name, size) = _lowered(array.dtype), _NUMBERS[array.dtype]
        place = _place(lower, build, array, given[0], given[1])
        mask = _inside(build, given[2])
        function = ir.FunctionType(kind, [place.type, ir.IntType(32), mask.type, kind])
        read = cgutils.get_or_insert_function(build.module, function, f"llvm.masked.load.v{LANES}{name}.p0")
        return build.call(read, [place, ir.Constant(ir.IntType(32), size), mask, ir.Constant(kind, [0.0] * LANES)])

    return Vector(array.dtype)(array, types.intp, types.intp), generate


@intrinsic
def store_first(context: Any, array: Any, at: Any, count: Any, vector: Any) -> Any:
    """Store at most `count` numbers; the places of the others are not written."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        kind, (_, name, size) = _lowered(array.dtype), _NUMBERS[array.dtype]
        place = _place(lower, build, array, given[0], given[1])
        mask = _inside(build, given[2])
        function = ir.FunctionType(ir.VoidType(), [kind, place.type, ir.IntType(32), mask.type])
        write = cgutils.get_or_insert_function(build.module, function, f"llvm.masked.store.v{LANES}{name}.p0")
        build.call(write, [given[3], place, ir.Constant(ir.IntType(32), size), mask])
        return lower.get_dummy_value()

    return types.void(array, types.intp, types.intp, vector), generate


@intrinsic
def turn(context: Any, to: Any, to_at: Any, to_row: Any, array: Any, at: Any, row: Any) -> Any:
    """Store the transpose of LANES rows of LANES numbers: to[j, i] = array[i, j]."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        to_, to_at_, to_row_, array_, at_, row_ = given
        word = ir.IntType(64)

        def places(kind: Any, array: Any, at: Any, row: Any) -> list[Any]:
            return [_place(lower, build, kind, array, build.add(at, build.mul(row, word(i)))) for i in range(LANES)]

        size = _NUMBERS[array.dtype][2]
        rows = []
        for place in places(array, array_, at_, row_):
            value = build.load(place)
            value.align = size
            rows.append(value)
        index = ir.VectorType(ir.IntType(32), LANES)
        # In each round neighbours at a distance exchange halves: the transpose of blocks of 2, 4, 8 and 16.
        distance = 1
        while distance < LANES:
            low = ir.Constant(index, [j if not j & distance else LANES + j - distance for j in range(LANES)])
            high = ir.Constant(index, [j + distance if not j & distance else LANES + j for j in range(LANES)])
            for i in range(LANES):
                if not i & distance:
                    a, b = rows[i], rows[i + distance]
                    rows[i], rows[i + distance] = build.shuffle_vector(a, b, low), build.shuffle_vector(a, b, high)
            distance *= 2
        for place, value in zip(places(to, to_, to_at_, to_row_), rows, strict=True):
            build.store(value, place).align = size
        return lower.get_dummy_value()

    word = types.intp
    return types.void(to, word, word, array, word, word), generate
