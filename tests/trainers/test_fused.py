"""Fused kernels: the same numbers as PyTorch's operations, in every design and every tiling, and rows that stay apart."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, Precision, ValueLearning
from recipe_sweep.trainers import fused
from recipe_sweep.trainers.kernels import EAGER, FUSED_FROM, FUSED_THREADS, Kernels
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.networks import LAYER_NORM_EPS, Mlp
from recipe_sweep.trainers.parameters import Adam, Layout, Stack
from tests.trainers.builders import DESIGNS, family, point, trained

CPU = torch.device("cpu")
ROWS, SAMPLES, WIDTH = 3, 40, 33
FUSED = Kernels(fused_from=0)
TILINGS = {
    "all rows at once": FUSED,
    "two rows at a time": Kernels(fused_from=0, tile=2 * SAMPLES * WIDTH),
    "parts of a row": Kernels(fused_from=0, tile=7 * WIDTH),
}
NORMS = pytest.mark.parametrize("norm", [False, True], ids=["gelu", "gelu and norm"])
STEPS = 20


def network(norm: bool, kernels: Kernels) -> Mlp:
    return Mlp(5, (WIDTH, 21), 2, norm=norm, kernels=kernels)


def inputs(norm: bool, dtype: torch.dtype, spread: float) -> tuple[Tensor, Tensor, Tensor]:
    """x, the network's parameters in one buffer, and what the outputs are weighed with."""
    drawn = torch.Generator().manual_seed(0)
    flat = torch.randn(ROWS, network(norm, EAGER).layout.size, dtype=dtype, generator=drawn)
    x = spread * torch.randn(ROWS, SAMPLES, 5, dtype=dtype, generator=drawn)
    return x, flat, torch.randn(ROWS, SAMPLES, 2, dtype=dtype, generator=drawn)


def value_and_gradients(norm: bool, kernels: Kernels, x: Tensor, flat: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """y, and the gradients of x and of all parameters."""
    x, flat = x.clone().requires_grad_(), flat.clone().requires_grad_()
    mlp = network(norm, kernels)
    value = mlp(mlp.layout.views(flat), x)
    return value.detach(), *torch.autograd.grad((value * weight).sum(), [x, flat])


@NORMS
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("tiling", TILINGS)
def test_fused_is_eager_to_the_last_digits_of_float64(norm: bool, spread: float, tiling: str) -> None:
    given = inputs(norm, torch.float64, spread)
    found, expected = (value_and_gradients(norm, kernels, *given) for kernels in (TILINGS[tiling], EAGER))
    for mine, usual in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, usual, rtol=1e-10, atol=1e-10 * float(usual.abs().max()))


def between_layers(norm: bool, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """GELU, and LayerNorm behind it, by PyTorch; and the gradient of x."""
    x = x.clone().requires_grad_()
    value = functional.gelu(x, approximate="tanh")
    value = functional.layer_norm(value, value.shape[-1:], eps=LAYER_NORM_EPS) if norm else value
    return value.detach(), *torch.autograd.grad((value * weight).sum(), x)


def between_layers_fused(norm: bool, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    slope, out, inverse, gradient = x.clone(), torch.empty_like(x), x.new_empty(x.shape[:-1]), weight.clone()
    bias = x.new_zeros(x.shape[0], x.shape[2])
    fused.gelu_and_slope(slope.numpy(), bias.numpy(), out.numpy())
    if norm:
        fused.normalise(out.numpy(), inverse.numpy(), LAYER_NORM_EPS)
        fused.normalise_backward(out.numpy(), inverse.numpy(), gradient.numpy())
    fused.gelu_backward(slope.numpy(), gradient.numpy(), bias.numpy())
    return out, gradient


@NORMS
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_in_float32_fused_is_as_near_to_the_truth_as_eager(norm: bool, spread: float) -> None:
    drawn = torch.Generator().manual_seed(0)
    x = spread * torch.randn(ROWS, SAMPLES, WIDTH, generator=drawn)
    weight = torch.randn(x.shape, generator=drawn)
    truth = between_layers(norm, x.double(), weight.double())
    for exact, mine, usual in zip(truth, between_layers_fused(norm, x, weight), between_layers(norm, x, weight), strict=True):
        scale = exact.abs().max()
        assert (mine - exact).abs().max() <= 3.0 * (usual - exact).abs().max() + 2e-6 * scale


@NORMS
@pytest.mark.parametrize("tiling", TILINGS)
def test_a_sample_that_is_not_finite_stays_so_and_leaves_other_samples_and_rows_alone(norm: bool, tiling: str) -> None:
    x, flat, weight = inputs(norm, torch.float32, 1.0)
    kernels = TILINGS[tiling]
    healthy = value_and_gradients(norm, kernels, x, flat, weight)
    x[1, 7, 3], x[1, 30, 1] = torch.nan, torch.inf
    value, of_x, of_parameters = value_and_gradients(norm, kernels, x, flat, weight)
    sick = torch.zeros(ROWS, SAMPLES, dtype=torch.bool)
    sick[1, 7] = sick[1, 30] = True
    assert torch.equal(value[~sick], healthy[0][~sick])
    assert torch.equal(of_x[~sick], healthy[1][~sick])
    assert torch.equal(of_parameters[[0, 2]], healthy[2][[0, 2]])
    assert not value[1, 7].isfinite().all()
    assert not of_x[1, 7].isfinite().all()
    assert not of_parameters[1].isfinite().all()


@NORMS
def test_a_gradient_that_is_not_contiguous_is_read_in_its_own_order(norm: bool) -> None:
    x, flat, weight = inputs(norm, torch.float64, 1.0)
    turned = weight.transpose(0, 1).contiguous().transpose(0, 1)
    assert not turned.is_contiguous()
    mlp, x = network(norm, FUSED), x.requires_grad_()
    (found,) = torch.autograd.grad(mlp(mlp.layout.views(flat), x), x, turned)
    (expected,) = torch.autograd.grad(mlp(mlp.layout.views(flat), x), x, weight)
    assert torch.equal(found, expected)


@NORMS
def test_without_a_graph_the_values_are_the_same(norm: bool) -> None:
    x, flat, weight = inputs(norm, torch.float64, 1.0)
    mlp = network(norm, FUSED)
    expected = value_and_gradients(norm, FUSED, x, flat, weight)[0]
    torch.testing.assert_close(mlp(mlp.layout.views(flat), x), expected, rtol=1e-12, atol=1e-12)
    with torch.no_grad():
        tracked = mlp(mlp.layout.views(flat.clone().requires_grad_()), x)
    torch.testing.assert_close(tracked, expected, rtol=1e-12, atol=1e-12)
    assert not tracked.requires_grad


def test_the_choice_depends_on_device_precision_and_threads_alone() -> None:
    chosen = Kernels.choose(CPU, Precision.FLOAT32, 1)
    assert chosen.fuse(FUSED_FROM)
    assert not chosen.fuse(FUSED_FROM - 1)
    for device, precision, threads in (
        (torch.device("cuda"), Precision.FLOAT32, 1),
        (CPU, Precision.FLOAT64, 1),
        (CPU, Precision.BF16, 1),
        (CPU, Precision.FLOAT32, FUSED_THREADS + 1),
    ):
        assert not Kernels.choose(device, precision, threads).fuse(10**9)


def parameters(built: Learner) -> Tensor:
    models = built.models
    stacks = [models.critic, models.actor, *(stack for stack in (models.mixer, models.value) if stack is not None)]
    return torch.cat([stack.flat.flatten() for stack in stacks])


@pytest.mark.parametrize(("decomposition", "learning", "extraction"), DESIGNS)
def test_every_design_learns_the_same_fused_and_eager(
    decomposition: Decomposition, learning: ValueLearning, extraction: Extraction
) -> None:
    runs = [point(decomposition, learning, extraction, seed=seed) for seed in (0, 1)]
    expected, found = (parameters(trained(runs, STEPS, kernels)) for kernels in (EAGER, FUSED))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("decomposition", "learning"), list(itertools.product(Decomposition.members(), ValueLearning.members()))
)
def test_a_fused_pack_learns_as_each_of_its_runs_alone(decomposition: Decomposition, learning: ValueLearning) -> None:
    runs = family(decomposition, learning)
    tiled = dataclasses.replace(FUSED, tile=300)
    packed = trained(runs, STEPS, tiled).models.actor.flat
    alone = trained(runs[3:4], STEPS, tiled).models.actor.flat
    torch.testing.assert_close(alone[0], packed[3], rtol=0, atol=1e-10)


def test_the_fused_optimiser_leaves_a_frozen_lane_where_it_was_whatever_its_gradient() -> None:
    drawn = torch.Generator().manual_seed(0)
    results = {}
    for kernels in (EAGER, FUSED):
        stack = Stack(Layout({"w": (5, 7)}), 3, dtype=torch.float64, device=CPU, kernels=kernels)
        stack.flat.copy_(torch.randn(3, 35, dtype=torch.float64, generator=drawn.manual_seed(1)))
        alive = torch.tensor([[True], [False], [True]])
        for step in range(1, 6):
            stack.gradient.copy_(torch.randn(3, 35, dtype=torch.float64, generator=drawn))
            stack.gradient[1, 3] = torch.nan
            stack.descend(Adam(), torch.tensor([[1e-3], [1e-3], [3e-3]], dtype=torch.float64), alive, step)
        results[kernels] = stack.flat
    torch.testing.assert_close(results[FUSED], results[EAGER], rtol=0, atol=1e-15)
    start = torch.randn(3, 35, dtype=torch.float64, generator=drawn.manual_seed(1))
    assert torch.equal(results[FUSED][1], start[1])
    assert not torch.equal(results[FUSED][0], start[0])
