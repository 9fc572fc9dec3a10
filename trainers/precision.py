"""What each precision means for parameters, matrix products and kernels."""

from __future__ import annotations

from typing import NamedTuple

import torch

from recipe_sweep.search_spaces.vocabulary import Precision


class Arithmetic(NamedTuple):
    """How numbers are kept and multiplied."""

    dtype: torch.dtype = torch.float32
    """Of parameters, losses and the optimiser"""
    products: str = "ieee"
    """How a GPU rounds the factors of float32 matrix products, as PyTorch names it"""
    autocast: torch.dtype | None = None
    """Type in which the networks are evaluated; None: that of the parameters"""
    fused: bool = False
    """Whether the fused kernels compute it (recipe_sweep.trainers.fused)"""


ARITHMETIC: dict[Precision, Arithmetic] = {
    Precision.FLOAT32: Arithmetic(fused=True),
    Precision.FLOAT64: Arithmetic(dtype=torch.float64),
    Precision.TF32: Arithmetic(products="tf32", fused=True),
    Precision.BF16: Arithmetic(autocast=torch.bfloat16),
}
