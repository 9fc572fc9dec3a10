"""The vector unit of this machine's processor, on which the compiled functions run."""

from __future__ import annotations

from typing import NamedTuple

import llvmlite.binding


class Unit(NamedTuple):
    """Numbers of float32 in a register, and registers in a row of a tile."""

    numbers: int
    registers: int

    @classmethod
    def of_host(cls) -> Unit | None:
        """Find this processor's unit. None: it has none that multiplies and adds with one rounding."""
        has = llvmlite.binding.get_host_cpu_features()
        if has.get("avx512f"):
            return cls(16, 4)
        if has.get("avx2") and has.get("fma"):
            return cls(8, 2)
        return cls(4, 4) if has.get("neon") else None


UNIT = Unit.of_host()
