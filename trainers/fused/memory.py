"""Memory of tensors as compiled functions get it: an address, and a number of the type that lies there.

Python hands over an integer ten times faster than an array. A step of one small run hands over a hundred and fifty. The caller
keeps each tensor for the time of the call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from torch import Tensor

_ANY_LENGTH = 2**48
"""Length of the arrays. Compiled functions know from sizes how far they may read."""

_NUMBERS = {torch.float32: np.float32(0.0), torch.float64: np.float64(0.0)}


def number_of(tensor: Tensor) -> Any:
    """Return a number of the tensor's type, which tells compiled functions what lies at its address."""
    return _NUMBERS[tensor.dtype]


@intrinsic
def memory(context: Any, address: Any, number: Any) -> Any:
    """Show the memory from an address on as an array of one dimension, whose numbers have the type of `number`."""
    array = types.Array(number, 1, "C")

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        kind = lower.get_data_type(number)
        size = lower.get_constant(types.intp, lower.get_abi_sizeof(kind))
        made = lower.make_array(array)(lower, build)
        start = build.inttoptr(given[0], kind.as_pointer())
        length = lower.get_constant(types.intp, _ANY_LENGTH)
        populate_array(made, data=start, shape=[length], strides=[size], itemsize=size, meminfo=None)
        return made._getvalue()

    return array(types.intp, number), generate


@intrinsic
def size_of(context: Any, number: Any) -> Any:
    """Count the bytes of a number."""

    def generate(lower: Any, build: Any, signature: Any, given: Any) -> Any:
        return lower.get_constant(types.intp, lower.get_abi_sizeof(lower.get_data_type(number)))

    return types.intp(number), generate
