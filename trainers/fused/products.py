"""Matrix products of compiled functions, from tiles. Matrices are places in arrays of one dimension.

Rows that tiles write are padded to a multiple of LANES columns. So only whole registers are written.
"""

from __future__ import annotations

from collections.abc import Callable

from recipe_sweep.trainers.fused.compiling import inner
from recipe_sweep.trainers.fused.tiles import ROWS, panel_width, register_width, stays_whole, tile
from recipe_sweep.trainers.fused.vectors import LANES, all_of, load, load_first, store, turn


@inner
def padded(width: int) -> int:
    """Round a width up to whole registers."""
    return (width + LANES - 1) // LANES * LANES


def _panel(registers: int) -> Callable[..., None]:
    """Make the product of all rows of a with one panel of b, whose columns fill so many registers."""
    one, two, three, four, five, six = (tile(rows, registers) for rows in range(1, ROWS + 1))

    @inner
    def panel(c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, rows, length, add):
        for m in range(0, rows - 5, 6):
            six(c, c_at + m * c_row, c_row, a, a_at + m * a_row, a_row, a_next, b, b_at, b_next, length, add)
        left = rows % 6
        m = rows - left
        c_at += m * c_row
        a_at += m * a_row
        if left == 1:
            one(c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, length, add)
        elif left == 2:
            two(c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, length, add)
        elif left == 3:
            three(c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, length, add)
        elif left == 4:
            four(c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, length, add)
        elif left == 5:
            five(c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, length, add)

    return panel


_one, _two, _three, _four = (_panel(registers) for registers in range(1, 5))


@inner
def multiply(c, c_at, c_row, a, a_at, a_row, a_next, b, b_at, b_next, rows, length, columns, add):
    """Compute c[m, n] = sum over k of a[m, k] b[k, n], on top of c if `add`. `columns` are padded.

    a[m, k] lies at a_at + m a_row + k a_next. With b_next = 0 b is packed in panels, else b[k, n] lies at b_at + k b_next + n.
    """
    stays_whole()
    widest, unit = panel_width(b), register_width(b)
    for n in range(0, columns, widest):
        width = min(widest, columns - n)
        panel_at, step = (b_at + n * length, width) if b_next == 0 else (b_at + n, b_next)
        registers = width // unit
        if registers == 4:
            _four(c, c_at + n, c_row, a, a_at, a_row, a_next, b, panel_at, step, rows, length, add)
        elif registers == 2:
            _two(c, c_at + n, c_row, a, a_at, a_row, a_next, b, panel_at, step, rows, length, add)
        elif registers == 1:
            _one(c, c_at + n, c_row, a, a_at, a_row, a_next, b, panel_at, step, rows, length, add)
        else:
            _three(c, c_at + n, c_row, a, a_at, a_row, a_next, b, panel_at, step, rows, length, add)


@inner
def pack(to, to_at, b, b_at, b_next, rows, columns, scales, scales_at, scaled):
    """Copy b (rows, columns) into panels, each row times its scale if `scaled`. Padding is zero."""
    widest, wide = panel_width(b), padded(columns)
    scale = all_of(b.dtype.type(1.0))
    for k in range(rows):
        if scaled:
            scale = all_of(scales[scales_at + k])
        for n in range(0, wide, LANES):
            panel = n // widest * widest
            place = to_at + panel * rows + k * min(widest, wide - panel) + n - panel
            read = b_at + k * b_next + n
            v = load(b, read) if n + LANES <= columns else load_first(b, read, columns - n)
            store(to, place, v * scale if scaled else v)


@inner
def pack_turned(to, to_at, b, b_at, b_next, rows, columns, scales, scales_at, scaled, room):
    """Copy the transpose of b (rows, columns) into panels, times the scale of each row of b if `scaled`. Padding is zero.

    `room` has LANES x LANES numbers.
    """
    widest, wide = panel_width(b), padded(rows)
    one = all_of(b.dtype.type(1.0))
    for k in range(0, wide, LANES):
        panel = k // widest * widest
        width = min(widest, wide - panel)
        for n in range(0, columns, LANES):
            for i in range(LANES):
                if k + i < rows:
                    scale = all_of(scales[scales_at + k + i]) if scaled else one
                    store(room, i * LANES, load_first(b, b_at + (k + i) * b_next + n, columns - n) * scale)
                else:
                    store(room, i * LANES, all_of(b.dtype.type(0.0)))
            place = to_at + panel * columns + n * width + k - panel
            if n + LANES <= columns:
                turn(to, place, width, room, 0, LANES)
            else:
                turn(room, LANES * LANES, LANES, room, 0, LANES)
                for j in range(columns - n):
                    store(to, place + j * width, load(room, (LANES + j) * LANES))
