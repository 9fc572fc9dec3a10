"""Fused pointwise work: the same numbers as the eager operations, in every design, and rows that stay apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from search_spaces.vocabulary import Decomposition, Extraction, ValueLearning
from tests.trainers.builders import DESIGNS, family, point, trained
from trainers import activations
from trainers.activations import FUSED_FROM, Kernel, forcing, gelu, gelu_norm, kernel_for
from trainers.learner import Learner
from trainers.parameters import Adam, Layout, Stack

FUNCTIONS = [gelu, gelu_norm]
STEPS = 20


def value_and_gradient(function: object, kernel: Kernel, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    assert callable(function)
    x = x.clone().requires_grad_()
    with forcing(kernel):
        value = function(x)
        (gradient,) = torch.autograd.grad((value * weight).sum(), x)
    return value.detach(), gradient


def inputs(dtype: torch.dtype, spread: float) -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(0)
    x = spread * torch.randn(3, 40, 33, dtype=dtype, generator=drawn)
    return x, torch.randn(x.shape, dtype=dtype, generator=drawn)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_fused_is_eager_to_the_last_digits_of_float64(function: object, spread: float) -> None:
    given = inputs(torch.float64, spread)
    for fused, eager in zip(
        value_and_gradient(function, Kernel.FUSED, *given), value_and_gradient(function, Kernel.EAGER, *given), strict=True
    ):
        torch.testing.assert_close(fused, eager, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_in_float32_fused_is_as_near_to_the_truth_as_eager(function: object, spread: float) -> None:
    given = inputs(torch.float32, spread)
    truth = value_and_gradient(function, Kernel.EAGER, *(each.double() for each in given))
    fused, eager = (value_and_gradient(function, kernel, *given) for kernel in (Kernel.FUSED, Kernel.EAGER))
    for exact, mine, usual in zip(truth, fused, eager, strict=True):
        scale = exact.abs().max()
        assert (mine - exact).abs().max() <= 3.0 * (usual - exact).abs().max() + 2e-6 * scale


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_row_that_is_not_finite_stays_so_and_leaves_the_others_alone(function: object) -> None:
    x, weight = inputs(torch.float32, 1.0)
    healthy = value_and_gradient(function, Kernel.FUSED, x, weight)
    x[1, 7, 5], x[2, 3, 1] = torch.nan, torch.inf
    value, gradient = value_and_gradient(function, Kernel.FUSED, x, weight)
    sick = torch.zeros(3, 40, dtype=torch.bool)
    sick[1, 7] = sick[2, 3] = True
    assert torch.equal(value[~sick], healthy[0][~sick])
    assert torch.equal(gradient[~sick], healthy[1][~sick])
    assert not value[1, 7].isfinite().all()
    assert not gradient[1, 7].isfinite().all()


def test_a_gradient_that_is_not_contiguous_is_read_in_its_own_order() -> None:
    x, weight = inputs(torch.float64, 1.0)
    turned = weight.transpose(0, 1).contiguous().transpose(0, 1)
    assert not turned.is_contiguous()
    x = x.requires_grad_()
    with forcing(Kernel.FUSED):
        (found,) = torch.autograd.grad(gelu_norm(x), x, turned)
        (expected,) = torch.autograd.grad(gelu_norm(x), x, weight)
    assert torch.equal(found, expected)


def test_the_choice_depends_on_the_shape_the_precision_and_the_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    large = torch.zeros(FUSED_FROM // 64, 64)
    monkeypatch.setattr(activations.torch, "get_num_threads", lambda: 1)
    assert kernel_for(large) is Kernel.FUSED
    assert kernel_for(large[:-1]) is Kernel.EAGER
    assert kernel_for(large.double()) is Kernel.EAGER
    monkeypatch.setattr(activations.torch, "get_num_threads", lambda: 64)
    assert kernel_for(large) is Kernel.EAGER


def parameters(built: Learner) -> Tensor:
    models = built.models
    stacks = [models.critic, models.actor, *(stack for stack in (models.mixer, models.value) if stack is not None)]
    return torch.cat([stack.flat.flatten() for stack in stacks])


@pytest.mark.parametrize(("decomposition", "learning", "extraction"), DESIGNS)
def test_every_design_learns_the_same_fused_and_eager(
    decomposition: Decomposition, learning: ValueLearning, extraction: Extraction
) -> None:
    runs = [point(decomposition, learning, extraction, seed=seed) for seed in (0, 1)]
    with forcing(Kernel.EAGER):
        eager = parameters(trained(runs, STEPS))
    with forcing(Kernel.FUSED):
        fused = parameters(trained(runs, STEPS))
    torch.testing.assert_close(fused, eager, rtol=0, atol=1e-10)


def test_a_fused_pack_learns_as_each_of_its_runs_alone() -> None:
    runs = family(Decomposition.MIX, ValueLearning.IQL)
    with forcing(Kernel.FUSED):
        packed = trained(runs, STEPS).models.actor.flat
        alone = trained(runs[3:4], STEPS).models.actor.flat
    torch.testing.assert_close(alone[0], packed[3], rtol=0, atol=1e-10)


def test_the_fused_optimiser_leaves_a_frozen_lane_where_it_was_whatever_its_gradient() -> None:
    drawn = torch.Generator().manual_seed(0)
    results = {}
    for kernel in Kernel:
        stack = Stack(Layout({"w": (5, 7)}), 3, dtype=torch.float64, device=torch.device("cpu"))
        stack.flat.copy_(torch.randn(3, 35, dtype=torch.float64, generator=drawn.manual_seed(1)))
        alive = torch.tensor([[True], [False], [True]])
        with forcing(kernel):
            for step in range(1, 6):
                stack.gradient.copy_(torch.randn(3, 35, dtype=torch.float64, generator=drawn))
                stack.gradient[1, 3] = torch.nan
                stack.descend(Adam(), torch.tensor([[1e-3], [1e-3], [3e-3]], dtype=torch.float64), alive, step)
        results[kernel] = stack.flat
    torch.testing.assert_close(results[Kernel.FUSED], results[Kernel.EAGER], rtol=0, atol=1e-15)
    start = torch.randn(3, 35, dtype=torch.float64, generator=drawn.manual_seed(1))
    assert torch.equal(results[Kernel.FUSED][1], start[1])
    assert not torch.equal(results[Kernel.FUSED][0], start[0])
