"""Optimiser, norms and targets of compiled functions: the numbers of PyTorch's operations, row by row."""

from __future__ import annotations

import pytest
import torch

from recipe_sweep.trainers.fused import rows
from recipe_sweep.trainers.fused.unit import UNIT
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.parameters import Adam, Layout, Stack

pytestmark = pytest.mark.skipif(UNIT is None, reason="this processor has no unit for compiled functions")

CPU = torch.device("cpu")


def test_the_compiled_optimiser_leaves_a_frozen_lane_where_it_was_whatever_its_gradient() -> None:
    drawn = torch.Generator().manual_seed(0)
    results = {}
    for kernels in (EAGER, Kernels(fused=True)):
        stack = Stack(Layout({"w": (5, 7)}), 3, dtype=torch.float64, device=CPU, kernels=kernels)
        stack.flat.copy_(torch.randn(3, 35, dtype=torch.float64, generator=drawn.manual_seed(1)))
        alive = torch.tensor([[True], [False], [True]])
        for step in range(1, 6):
            stack.gradient.copy_(torch.randn(3, 35, dtype=torch.float64, generator=drawn))
            stack.gradient[1, 3] = torch.nan
            stack.descend(Adam(), torch.tensor([[1e-3], [1e-3], [3e-3]], dtype=torch.float64), alive, step)
        results[kernels] = stack.flat
    compiled = results[Kernels(fused=True)]
    torch.testing.assert_close(compiled, results[EAGER], rtol=0, atol=1e-15)
    start = torch.randn(3, 35, dtype=torch.float64, generator=drawn.manual_seed(1))
    assert torch.equal(compiled[1], start[1])
    assert not torch.equal(compiled[0], start[0])


def test_the_norm_of_a_gradient_is_not_that_of_its_row() -> None:
    gradient = torch.randn(3, 37, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    kept = torch.zeros_like(gradient)
    torch.testing.assert_close(rows.collect(gradient, kept), torch.linalg.vector_norm(gradient, dim=1))
    assert torch.equal(kept, gradient)
    gradient[1, 36] = torch.nan
    norms = rows.collect(gradient, kept)
    assert norms.isnan().tolist() == [False, True, False]


def test_a_target_does_not_move_by_its_share() -> None:
    drawn = torch.Generator().manual_seed(0)
    bar, new = (torch.randn(3, 37, dtype=torch.float64, generator=drawn) for _ in range(2))
    expected = bar.lerp(new, 0.005)
    rows.follow(bar, new, 0.005)
    torch.testing.assert_close(bar, expected, rtol=0, atol=1e-15)
