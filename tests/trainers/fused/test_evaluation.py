"""Compiled networks: the same numbers as PyTorch's operations, in every shape and design, and rows that stay apart."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, Precision, ValueLearning
from recipe_sweep.trainers import kernels
from recipe_sweep.trainers.fused import evaluation
from recipe_sweep.trainers.fused.unit import UNIT
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.networks import Mlp
from recipe_sweep.trainers.parameters import Copies
from tests.trainers.builders import DESIGNS, point, trained

pytestmark = pytest.mark.skipif(UNIT is None, reason="this processor has no unit for compiled functions")

CPU = torch.device("cpu")
LANES, HEADS, SETS, UNITS, CONTEXT, ACTIONS = 3, 2, 2, 40, 5, 3
FUSED = Kernels(fused=True)
NORMS = pytest.mark.parametrize("norm", [False, True], ids=["gelu", "gelu and norm"])
SHAPES = pytest.mark.parametrize(
    ("hidden", "outputs"),
    [((33, 21), 2), ((64, 64), 1), ((16,), 9), ((130, 70, 5), 17), ((), 3)],
    ids=["odd widths", "whole registers", "one layer, many outputs", "several panels", "no hidden layer"],
)
STEPS = 20


def network(hidden: tuple[int, ...], outputs: int, norm: bool, how: Kernels) -> Mlp:
    return Mlp(CONTEXT + ACTIONS, hidden, outputs, norm=norm, kernels=how)


def inputs(mlp: Mlp, dtype: torch.dtype, spread: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Parameters in one buffer, contexts, actions, and what the outputs are weighed with."""
    drawn = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=dtype, generator=drawn)

    rows = LANES * HEADS
    flat = normal(rows, mlp.layout.size) / max(mlp.hidden, default=1) ** 0.5
    acted = spread * normal(LANES, SETS, UNITS, ACTIONS)
    return flat, spread * normal(LANES, UNITS, CONTEXT), acted, normal(rows, SETS, UNITS, mlp.outputs)


def value_and_gradients(mlp: Mlp, flat: Tensor, x: Tensor, acted: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """y, and the gradients of all parameters and of the actions."""
    flat, acted = flat.clone().requires_grad_(), acted.clone().requires_grad_()
    value = mlp(Copies(flat, mlp.layout), x, acted)
    return value.detach(), *torch.autograd.grad(value, [flat, acted], weight)


@NORMS
@SHAPES
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_compiled_is_eager_to_the_last_digits_of_float64(
    hidden: tuple[int, ...], outputs: int, norm: bool, spread: float
) -> None:
    given = inputs(network(hidden, outputs, norm, EAGER), torch.float64, spread)
    found, expected = (value_and_gradients(network(hidden, outputs, norm, how), *given) for how in (FUSED, EAGER))
    for mine, usual in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, usual, rtol=1e-10, atol=1e-10 * float(usual.abs().max()))


def test_gradients_of_actions_wider_than_every_layer_are_written_into_other_memory() -> None:
    width, kind = 80, torch.float64
    drawn = torch.Generator().manual_seed(0)
    eager, fused = (Mlp(CONTEXT + width, (5,), 1, norm=True, kernels=how) for how in (EAGER, FUSED))
    flat, x, acted, weight = (
        torch.randn(*shape, dtype=kind, generator=drawn)
        for shape in ((6, eager.layout.size), (3, 40, CONTEXT), (3, 2, 40, width), (6, 2, 40, 1))
    )
    for mine, usual in zip(*(value_and_gradients(mlp, flat, x, acted, weight) for mlp in (fused, eager)), strict=True):
        torch.testing.assert_close(mine, usual, rtol=1e-10, atol=1e-12)


@NORMS
@pytest.mark.parametrize("spread", [0.01, 1.0, 30.0])
def test_in_float32_compiled_is_as_near_to_the_truth_as_eager(norm: bool, spread: float) -> None:
    hidden, outputs = (130, 70), 2
    single = inputs(network(hidden, outputs, norm, EAGER), torch.float32, spread)
    truth = value_and_gradients(network(hidden, outputs, norm, EAGER), *(each.double() for each in single))
    found, usual = (value_and_gradients(network(hidden, outputs, norm, how), *single) for how in (FUSED, EAGER))
    for exact, mine, theirs in zip(truth, found, usual, strict=True):
        scale = exact.abs().max()
        assert (mine - exact).abs().max() <= 3.0 * (theirs - exact).abs().max() + 2e-6 * scale


def test_gelu_is_not_exactly_its_limits_far_from_zero() -> None:
    far = torch.tensor([[-1e6, -50.0, -12.0, 12.0, 50.0, 1e6]]).reshape(1, 6, 1)
    mlp = Mlp(1, (1,), 1, norm=False, kernels=FUSED)
    flat = torch.tensor([[1.0, 0.0, 1.0, 0.0]]).requires_grad_()
    value = mlp(Copies(flat, mlp.layout), far)
    assert value.flatten().tolist() == far.flatten().clamp(min=0).tolist()
    (of_weight,) = torch.autograd.grad(value[0, 0, :3].sum(), flat)
    assert of_weight.tolist() == [[0.0] * 3 + [3.0]]


@NORMS
def test_a_sample_that_is_not_finite_stays_so_and_leaves_other_samples_and_rows_alone(norm: bool) -> None:
    mlp = network((33, 21), 2, norm, FUSED)
    flat, x, acted, weight = inputs(mlp, torch.float32, 1.0)
    healthy = value_and_gradients(mlp, flat, x, acted, weight)
    acted[1, 0, 7, 1], acted[1, 1, 30, 2] = torch.nan, torch.inf
    value, of_flat, of_actions = value_and_gradients(mlp, flat, x, acted, weight)
    sick = torch.zeros(LANES, SETS, UNITS, dtype=torch.bool)
    sick[1, 0, 7] = sick[1, 1, 30] = True
    rows = sick.repeat_interleave(HEADS, 0)
    assert torch.equal(value[~rows], healthy[0][~rows])
    assert torch.equal(of_actions[~sick], healthy[2][~sick])
    assert torch.equal(of_flat[[0, 1, 4, 5]], healthy[1][[0, 1, 4, 5]])
    assert not value[2, 0, 7].isfinite().all()
    assert not of_actions[1, 1, 30].isfinite().all()
    assert not of_flat[2].isfinite().all()


@NORMS
def test_a_gradient_that_is_not_contiguous_is_read_in_its_own_order(norm: bool) -> None:
    mlp = network((33, 21), 2, norm, FUSED)
    flat, x, acted, weight = inputs(mlp, torch.float64, 1.0)
    turned = weight.transpose(0, 1).contiguous().transpose(0, 1)
    assert not turned.is_contiguous()
    found, expected = (value_and_gradients(mlp, flat, x, acted, each) for each in (turned, weight))
    assert all(map(torch.equal, found, expected))


@NORMS
def test_without_a_graph_the_values_are_the_same(norm: bool) -> None:
    mlp = network((33, 21), 2, norm, FUSED)
    flat, x, acted, weight = inputs(mlp, torch.float32, 1.0)
    expected = value_and_gradients(mlp, flat, x, acted, weight)[0]
    assert torch.equal(mlp(Copies(flat, mlp.layout), x, acted), expected)
    with torch.no_grad():
        tracked = mlp(Copies(flat.clone().requires_grad_(), mlp.layout), x, acted)
    assert torch.equal(tracked, expected)
    assert not tracked.requires_grad


@NORMS
def test_only_what_is_asked_for_is_differentiated_and_has_the_same_bits(norm: bool) -> None:
    mlp = network((33, 21), 2, norm, FUSED)
    flat, x, acted, weight = inputs(mlp, torch.float32, 1.0)
    _, of_flat, of_actions = value_and_gradients(mlp, flat, x, acted, weight)
    trained_flat = flat.clone().requires_grad_()
    (found,) = torch.autograd.grad(mlp(Copies(trained_flat, mlp.layout), x, acted), trained_flat, weight)
    assert torch.equal(found, of_flat)
    moved = acted.clone().requires_grad_()
    (found,) = torch.autograd.grad(mlp(Copies(flat, mlp.layout), x, moved), moved, weight)
    assert torch.equal(found, of_actions)


@NORMS
def test_sums_over_samples_depend_on_the_blocks_in_which_they_are_taken(norm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    mlp = network((33, 21), 2, norm, FUSED)
    given = inputs(mlp, torch.float32, 1.0)
    expected = value_and_gradients(mlp, *given)
    for most in (6, 13, 1000):
        monkeypatch.setattr(evaluation, "MOST_SAMPLES", most)
        monkeypatch.setattr(evaluation, "FEWEST_SAMPLES", min(most, 6))
        assert all(map(torch.equal, value_and_gradients(mlp, *given), expected))


def test_the_choice_depends_on_device_and_precision_alone() -> None:
    assert Kernels.choose(CPU, Precision.FLOAT32).fused
    assert Kernels.choose(CPU, Precision.FLOAT64).fused
    assert not Kernels.choose(CPU, Precision.BF16).fused
    assert not Kernels.choose(torch.device("cuda"), Precision.FLOAT32).fused


def test_a_processor_without_the_unit_uses_what_it_has_not_or_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for unit, said in ((UNIT, ""), (None, kernels.NO_UNIT)):
        monkeypatch.setattr(kernels, "UNIT", unit)
        chosen = Kernels.choose(CPU, Precision.FLOAT32)
        chosen.tell("cpu", Precision.FLOAT32)
        assert chosen.fused == (unit is not None)
        assert said in capsys.readouterr().out
    Kernels.choose(CPU, Precision.BF16).tell("cpu", Precision.BF16)
    assert capsys.readouterr().out == ""


def parameters(built: Learner) -> Tensor:
    models = built.models
    stacks = [models.critic, models.actor, *(stack for stack in (models.mixer, models.value) if stack is not None)]
    return torch.cat([stack.flat.flatten() for stack in stacks])


@pytest.mark.parametrize(("decomposition", "learning", "extraction"), DESIGNS)
def test_every_design_learns_the_same_compiled_and_eager(
    decomposition: Decomposition, learning: ValueLearning, extraction: Extraction
) -> None:
    runs = [point(decomposition, learning, extraction, seed=seed, precision=Precision.FLOAT64) for seed in (0, 1)]
    expected, found = (parameters(trained(runs, STEPS, how)) for how in (EAGER, FUSED))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


def test_products_of_every_size_are_those_of_whole_tiles() -> None:
    drawn = torch.Generator().manual_seed(0)
    for units, width in itertools.product((1, 2, 3, 4, 5, 6, 7, 13), (1, 15, 16, 17, 64, 65, 80, 113)):
        mlp = Mlp(4, (width,), 1, norm=False, kernels=FUSED)
        flat = torch.randn(1, mlp.layout.size, dtype=torch.float64, generator=drawn)
        x = torch.randn(1, units, 4, dtype=torch.float64, generator=drawn)
        leaves = mlp.layout.views(flat)
        h = functional.gelu(x @ leaves["layer0/weight"] + leaves["layer0/bias"].unsqueeze(1), approximate="tanh")
        expected = h @ leaves["layer1/weight"] + leaves["layer1/bias"].unsqueeze(1)
        torch.testing.assert_close(mlp(Copies(flat, mlp.layout), x).squeeze(1), expected, rtol=1e-12, atol=1e-12)
