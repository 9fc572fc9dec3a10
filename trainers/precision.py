"""Precisions: number types of parameters, matrix products and kernels."""

from __future__ import annotations

from typing import NamedTuple

import torch

from recipe_sweep.search_spaces.vocabulary import Precision


class Arithmetic(NamedTuple):
    """How numbers are stored and multiplied."""

    dtype: torch.dtype = torch.float32
    """Type of parameters, losses and the optimiser"""
    products: str = "ieee"
    """PyTorch's name of how a GPU rounds the factors of float32 matrix products"""
    autocast: torch.dtype | None = None
    """Type in which the networks are evaluated; None is the parameters' type"""
    fused: bool = False
    """Whether the fused kernels support this arithmetic (recipe_sweep.trainers.fused)"""


ARITHMETIC: dict[Precision, Arithmetic] = {
    Precision.FLOAT32: Arithmetic(fused=True),
    Precision.FLOAT64: Arithmetic(dtype=torch.float64, fused=True),
    Precision.TF32: Arithmetic(products="tf32", fused=True),
    Precision.BF16: Arithmetic(autocast=torch.bfloat16),
}
