"""The workspace of compiled networks: parts that do not overlap, that come back, and that nobody reads twice."""

from __future__ import annotations

import gc
import mmap

import pytest
import torch

from recipe_sweep.trainers.fused import workspace
from recipe_sweep.trainers.fused.unit import UNIT
from recipe_sweep.trainers.fused.workspace import Workspace
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.networks import Mlp
from recipe_sweep.trainers.parameters import Copies

needs_unit = pytest.mark.skipif(UNIT is None, reason="this processor has no unit for compiled functions")
MLP = Mlp(3, (16,), 1, norm=True, kernels=Kernels(fused=True))


def test_parts_that_are_out_together_do_not_overlap_and_the_block_is_used_again() -> None:
    shared = Workspace(torch.float64)
    first, second = shared.take(5), shared.take(33)
    assert second.address >= first.address + 5 * 8
    assert second.address % (16 * 8) == 0
    start = first.address
    first.give_back()
    assert shared.take(1).address != start, "the second part is still out"
    second.give_back()
    gc.collect()
    assert shared.take(7).address == start


def test_a_part_that_nobody_holds_does_not_keep_the_block_occupied() -> None:
    shared = Workspace(torch.float32)
    start = shared.take(100).address
    assert shared.take(100).address == start


def test_a_part_that_went_back_is_not_read_by_another_loss() -> None:
    part = Workspace(torch.float32).take(4)
    part.give_back()
    part.give_back()
    with pytest.raises(RuntimeError, match="computed once"):
        _ = part.address


def test_a_system_that_reserves_nothing_does_not_stop_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object, **more: object) -> object:
        raise OSError("out of addresses")

    monkeypatch.setattr(mmap, "mmap", refuse)
    shared = Workspace(torch.float32)
    parts = [shared.take(64) for _ in range(3)]
    assert len({part.address for part in parts}) == 3


@needs_unit
def test_two_graphs_that_live_together_do_not_read_each_others_numbers() -> None:
    drawn = torch.Generator().manual_seed(0)
    flats = [torch.randn(2, MLP.layout.size, generator=drawn).requires_grad_() for _ in range(2)]
    x = torch.randn(2, 9, 3, generator=drawn)
    alone = [torch.autograd.grad(MLP(Copies(flat, MLP.layout), x).sum(), flat)[0] for flat in flats]
    values = [MLP(Copies(flat, MLP.layout), x) for flat in flats]
    together = [torch.autograd.grad(value.sum(), flat)[0] for value, flat in zip(values, flats, strict=True)]
    assert all(map(torch.equal, alone, together))


@needs_unit
def test_gradients_asked_for_twice_are_refused_and_not_those_of_another_loss() -> None:
    flat = torch.ones(1, MLP.layout.size, requires_grad=True)
    value = MLP(Copies(flat, MLP.layout), torch.ones(1, 4, 3)).sum()
    torch.autograd.grad(value, flat, retain_graph=True)
    with pytest.raises(RuntimeError, match="computed once"):
        torch.autograd.grad(value, flat)


@needs_unit
def test_a_graph_that_is_never_used_does_not_fill_the_workspace() -> None:
    flat = torch.ones(1, MLP.layout.size, requires_grad=True)
    for _ in range(3):
        MLP(Copies(flat, MLP.layout), torch.ones(1, 4, 3))
    gc.collect()
    mine = workspace.workspace(torch.float32)
    start = mine.take(1).address
    MLP(Copies(flat, MLP.layout), torch.ones(1, 4, 3))
    assert mine.take(1).address == start
