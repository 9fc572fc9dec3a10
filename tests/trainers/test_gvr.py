"""The value learner GVR: where its loss is least, and what clipping does to it."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, Precision, ValueLearning
from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.value_learning.base import AdvantageTerms, StepData
from recipe_sweep.trainers.value_learning.gvr import GVR
from tests.trainers.builders import actor_row, batch, learner, point


def loss_of(value: Tensor, q: Tensor, weight: float, regularisation: float) -> tuple[Tensor, Tensor]:
    """The loss and exponents of one state-independent V (a number) at targets q (B, N)."""
    values = value.expand(1, *q.shape)
    models: Any = SimpleNamespace(
        value=SimpleNamespace(whole=SimpleNamespace(copies=None)),
        decomposition=SimpleNamespace(context=lambda views: None),
        v=lambda copies, context: values,
        credited=lambda values: values,
        target_advantage_terms=lambda views, actions: AdvantageTerms(q[None], torch.full((1, *q.shape), weight).to(q)),
    )
    nothing = torch.zeros(1).to(q)
    data = StepData(
        Views(nothing, None), Views(nothing, None), nothing, None, nothing, nothing, torch.full((1, 1), regularisation).to(q)
    )
    found = GVR.value_loss(models, data, None, nothing)
    assert found is not None
    assert found.exponents is not None
    return found.loss.sum(), found.exponents


@pytest.mark.parametrize(("weight", "regularisation"), [(1.0, 1.0), (0.5, 3.0), (2.0, 10.0)])
def test_v_does_not_settle_where_the_mathematics_says(weight: float, regularisation: float) -> None:
    """Where mean exp(w (q - V) / a) is 1: V = (a / w) log mean exp(w q / a). Nothing is clipped there."""
    q = torch.tensor([[0.0, 2.0], [1.0, -1.5], [0.5, 3.0]], dtype=torch.float64)
    settled = regularisation / weight * math.log(float((weight * q / regularisation).exp().mean()))
    for away, sign in ((0.0, 0.0), (0.3, 1.0), (-0.3, -1.0)):
        value = torch.tensor(settled + away, dtype=torch.float64, requires_grad=True)
        loss, _ = loss_of(value, q, weight, regularisation)
        (slope,) = torch.autograd.grad(loss, value)
        assert float(slope) == pytest.approx(0.0, abs=1e-12) if sign == 0.0 else float(slope) * sign > 0.0


def test_a_large_advantage_overflows() -> None:
    """Exponents are clipped, and the largest is subtracted. Where z is clipped, only the linear term moves V."""
    q = torch.tensor([[1e6, 0.0]], dtype=torch.float64)
    value = torch.zeros((), dtype=torch.float64, requires_grad=True)
    loss, exponents = loss_of(value, q, 1.0, 1.0)
    assert exponents.flatten().tolist() == [10.0, 0.0]
    (slope,) = torch.autograd.grad(loss, value)
    assert math.isfinite(float(loss.detach()))
    assert float(slope) == pytest.approx(0.5 * math.exp(-10.0)), "of the element that is not clipped, both terms cancel"


def test_small_exponents_make_the_loss_large() -> None:
    """exp(-M) is at most e, because M is at least -1."""
    q = torch.full((2, 2), -5.0, dtype=torch.float64)
    value = torch.ones((), dtype=torch.float64)
    loss, exponents = loss_of(value, q, 1.0, 1.0)
    assert exponents.max() == -6.0
    assert float(loss) == pytest.approx(math.exp(-5.0) + math.e)


@pytest.mark.parametrize("decomposition", [Decomposition.MIX, Decomposition.DEC])
def test_lanes_of_two_regularisations_learn_each_others_values(decomposition: Decomposition) -> None:
    runs = [
        point(decomposition, ValueLearning.GVR, extraction, regularisation=regularisation, precision=Precision.FLOAT64)
        for regularisation in (1.0, 30.0)
        for extraction in (Extraction.GVR, Extraction.AWR)
    ]
    built = learner(runs)
    assert len(built.lanes.values) == 2, "one V serves both extractions"
    for step in range(3):
        built.step(batch(built.lanes.seeds, step))
    for i, run in enumerate(runs):
        alone = learner([run])
        for step in range(3):
            alone.step(batch(alone.lanes.seeds, step))
        torch.testing.assert_close(actor_row(built, i), actor_row(alone, 0), rtol=0, atol=1e-10)


def test_the_polyak_copy_of_v_stands_still_or_is_not_read() -> None:
    built = learner([dataclasses.replace(point(Decomposition.VDN, ValueLearning.GVR, Extraction.GVR), polyak=0.5)])
    assert built.models.target_value is not None
    before = built.models.target_value.flat.clone()
    first = float(built.step(batch((0,), 0)).critic_loss[0])
    assert not torch.equal(built.models.target_value.flat, before)
    again = learner([dataclasses.replace(point(Decomposition.VDN, ValueLearning.GVR, Extraction.GVR), polyak=0.5)])
    assert again.models.target_value is not None
    again.models.target_value.flat.add_(0.1)
    assert float(again.step(batch((0,), 0)).critic_loss[0]) != first
