"""QMIX in compiled functions: the numbers and gradients of its operations in PyTorch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from recipe_sweep.trainers.fused.unit import UNIT
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.mixers.base import Extra, MixerSizes
from recipe_sweep.trainers.mixers.compiled_qmix import CompiledQmix
from recipe_sweep.trainers.mixers.qmix import Qmix
from recipe_sweep.trainers.mixers.stacked import stacked
from recipe_sweep.trainers.parameters import Copies

pytestmark = pytest.mark.skipif(UNIT is None, reason="this processor has no unit for compiled functions")

LANES, HEADS, BATCH = 3, 2, 29
SIZES = pytest.mark.parametrize(
    "sizes",
    [MixerSizes(3, 9, 2, 7, 32, 64), MixerSizes(2, 9, 2, 54, 5, 19), MixerSizes(6, 9, 2, 7, 20, 128)],
    ids=["whole registers", "odd widths", "between"],
)


def found(mixer: Qmix, kernels: Kernels, dtype: torch.dtype) -> list[Tensor]:
    """Totals, local weights, and the gradients of values and parameters."""
    drawn = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=drawn).to(dtype)

    sizes = mixer.sizes
    flat = (0.5 * normal(LANES, mixer.layout.size)).requires_grad_()
    q = normal(LANES, HEADS, BATCH, sizes.agents).requires_grad_()
    state, x, weight = normal(LANES, BATCH, sizes.state), normal(LANES, BATCH, sizes.agents, 9), normal(LANES, HEADS, BATCH)
    how = stacked(mixer, kernels)
    prepared = how.prepare(Copies(flat, mixer.layout), state, x)
    total = how.mix(q, prepared, Extra())
    gradients = torch.autograd.grad(total, [q, flat], weight)
    return [total.detach(), how.local_weight(q.detach(), tuple(part.detach() for part in prepared), Extra()), *gradients]


@SIZES
def test_compiled_is_eager_to_the_last_digits_of_float64(sizes: MixerSizes) -> None:
    mixer = Qmix(sizes)
    assert isinstance(stacked(mixer, Kernels(fused=True)), CompiledQmix)
    mine, usual = (found(mixer, kernels, torch.float64) for kernels in (Kernels(fused=True), EAGER))
    for compiled, eager in zip(mine, usual, strict=True):
        torch.testing.assert_close(compiled, eager, rtol=1e-10, atol=1e-10 * float(eager.abs().max()))


@SIZES
def test_in_float32_compiled_is_as_near_to_the_truth_as_eager(sizes: MixerSizes) -> None:
    mixer = Qmix(sizes)
    truth = found(mixer, EAGER, torch.float64)
    mine, usual = (found(mixer, kernels, torch.float32) for kernels in (Kernels(fused=True), EAGER))
    for exact, compiled, eager in zip(truth, mine, usual, strict=True):
        scale = exact.abs().max()
        assert (compiled - exact).abs().max() <= 3.0 * (eager - exact).abs().max() + 2e-6 * scale


def test_a_weight_of_exactly_zero_gets_a_gradient() -> None:
    mixer = Qmix(MixerSizes(2, 9, 2, 7, 16, 16))
    flat = torch.zeros(1, mixer.layout.size, requires_grad=True)
    how = stacked(mixer, Kernels(fused=True))
    prepared = how.prepare(Copies(flat, mixer.layout), torch.ones(1, 3, 7), torch.ones(1, 3, 2, 9))
    total = how.mix(torch.ones(1, 1, 3, 2), prepared, Extra())
    (gradient,) = torch.autograd.grad(total.sum(), flat)
    leaves = mixer.layout.views(gradient)
    assert not leaves["w1/out/bias"].any()
    assert not leaves["w2/out/bias"].any()
    assert leaves["b2/out/bias"].item() == 3.0
