"""What stands between two Linear layers: GELU, and a LayerNorm without its affine part; eagerly or fused.

The choice depends on nothing but the machine's kind, the number of threads, the precision and the shape, so that a run that
is killed and resumed, or trained a second time, meets the same kernels. Measured by `make bench`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import torch
from torch import Tensor
from torch.nn import functional

LAYER_NORM_EPS = 1e-6
FUSED_FROM = 16_384
"""Elements from which the fused kernel is faster: below, calling it costs more than it saves."""
FUSED_THREADS = 4
"""At most. The fused kernel runs on one thread, four times as fast as the eager operations do on one."""


class Kernel(StrEnum):
    """How it is computed."""

    EAGER = "eager"
    FUSED = "fused"


_forced: Kernel | None = None


@contextmanager
def forcing(kernel: Kernel) -> Iterator[None]:
    """Use one kernel whatever the shape, to test and to measure it."""
    global _forced
    before, _forced = _forced, kernel
    try:
        yield
    finally:
        _forced = before


def kernel_for(x: Tensor) -> Kernel:
    """The kernel that activations of this shape, precision and place are computed with."""
    if _forced is not None:
        return _forced
    pays = x.dtype is torch.float32 and x.numel() >= FUSED_FROM
    return Kernel.FUSED if pays and x.device.type == "cpu" and torch.get_num_threads() <= FUSED_THREADS else Kernel.EAGER


def gelu(x: Tensor) -> Tensor:
    """GELU in its tanh form."""
    if kernel_for(x) is Kernel.EAGER:
        return functional.gelu(x, approximate="tanh")
    from trainers.fused import FusedGelu

    return FusedGelu.apply(x)  # type: ignore[no-untyped-call,no-any-return]


def gelu_norm(x: Tensor) -> Tensor:
    """LayerNorm over the last dimension, without its affine part, of GELU."""
    if kernel_for(x) is Kernel.EAGER:
        return functional.layer_norm(functional.gelu(x, approximate="tanh"), x.shape[-1:], eps=LAYER_NORM_EPS)
    from trainers.fused import FusedGeluNorm

    return FusedGeluNorm.apply(x, LAYER_NORM_EPS)  # type: ignore[no-untyped-call,no-any-return]
