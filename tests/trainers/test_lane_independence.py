"""Whatever runs share a pack, in any order: a run has bitwise the numbers that it has alone, also beside one that breaks."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Discretisation, Precision, ValueLearning
from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.task import TaskSpec
from tests.trainers.builders import MASKED, SPEC, actor_row, batch, family, learner, masked_batch

STEPS = 4
COMPILED = Kernels(fused=True)
FAMILIES = {(d, v): family(d, v, seeds=(0, 1, 2)) for d in Decomposition.members() for v in ValueLearning.members()}
"""Up to 36 runs each"""


@st.composite
def packs(draw: st.DrawFn) -> list[DesignPoint]:
    """Runs that may share a process, in any order."""
    runs = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))]
    chosen = draw(
        st.lists(
            st.sampled_from(runs), min_size=2, max_size=draw(st.sampled_from((3, 7, 33))), unique_by=lambda run: run.run_id
        )
    )
    precision, hidden = (
        draw(st.sampled_from((Precision.FLOAT32, Precision.FLOAT64))),
        draw(st.sampled_from(((16, 16), (61,), (64, 64, 64)))),
    )
    return [dataclasses.replace(run, precision=precision, hidden=hidden) for run in chosen]


def train(
    runs: list[DesignPoint],
    kernels: Kernels = COMPILED,
    poisoned: str | None = None,
    at: int = -1,
    size: int = 8,
    spec: TaskSpec = SPEC,
) -> tuple[Learner, list[torch.Tensor]]:
    """Train the runs for some steps, and record what every step measured, (metrics, runs)."""
    built, measured = learner(runs, kernels, spec), []
    for step in range(STEPS):
        if step == at:
            for i, lane in enumerate(built.lanes.actors):
                if lane.key == poisoned:
                    actor_row(built, i).fill_(torch.nan)
        drawn = (masked_batch if spec.masked else batch)(built.lanes.seeds, step, size, spec)
        given = Batch(
            *(part.to(built.config.dtype) if part is not None and part.is_floating_point() else part for part in drawn)
        )
        report = built.step(given, record=True)
        assert report.diagnostics is not None
        measured.append(report.diagnostics)
    return built, measured


def state_of(built: Learner, run: int) -> list[torch.Tensor]:
    """Every number of a run: parameters, moments and targets of its actor and of the value lane that serves it."""
    models, value = built.models, built.lanes.actors[run].value
    heads = slice(value * built.config.heads, (value + 1) * built.config.heads)
    own, flow = models.actors.of(run), built.lanes.actors[run].flow
    rows = [(own.stack, slice(own.row, own.row + 1)), (models.critic, heads)]
    rows += [(models.flow, slice(flow, flow + 1))] if models.flow is not None and flow is not None else []
    rows += [(stack, slice(value, value + 1)) for stack in (models.mixer, models.value) if stack is not None]
    found = [part[own] for stack, own in rows for part in (stack.flat, stack.exp_avg, stack.exp_avg_sq, stack.gradient)]
    found.append(models.target_critic.flat[heads])
    targets = [target for target in (models.target_mixer, models.target_value) if target is not None]
    return [*found, *(target.flat[value : value + 1] for target in targets)]


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether all bits agree but those of NaN."""
    return torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())


def differs(runs: list[DesignPoint], run: int, size: int, threads: int = 1, spec: TaskSpec = SPEC) -> bool:
    packed, of_pack = train(runs, Kernels(fused=True, threads=threads), size=size, spec=spec)
    alone, of_one = train([runs[run]], size=size, spec=spec)
    equal = all(map(same, state_of(packed, run), state_of(alone, 0)))
    return not (equal and all(same(there[:, run], here[:, 0]) for there, here in zip(of_pack, of_one, strict=True)))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(runs=packs(), size=st.sampled_from((1, 8, 61, 64)), data=st.data())
def test_a_run_has_other_bits_in_a_pack_than_alone(runs: list[DesignPoint], size: int, data: st.DataObject) -> None:
    threads = data.draw(st.sampled_from((1, 2, 3)))
    assert not differs(runs, data.draw(st.integers(0, len(runs) - 1)), size, threads)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(runs=packs(), discretisation=st.sampled_from(Discretisation), size=st.sampled_from((1, 8, 61, 64)), data=st.data())
def test_a_run_with_illegal_actions_has_other_bits_in_a_pack_than_alone(
    runs: list[DesignPoint], discretisation: Discretisation, size: int, data: st.DataObject
) -> None:
    spec = dataclasses.replace(MASKED, action_dim=data.draw(st.sampled_from((2, 3, 9, 11, 17))))
    same = [dataclasses.replace(run, discretisation=discretisation) for run in runs]
    assert not differs(same, data.draw(st.integers(0, len(runs) - 1)), size, data.draw(st.sampled_from((1, 2, 3))), spec)


def test_this_suite_would_not_see_one_loop_that_is_flat_over_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    def flat_mean(x: torch.Tensor) -> torch.Tensor:
        ends = x.flatten().cumsum(0)[x[0].numel() - 1 :: x[0].numel()]
        return torch.diff(ends, prepend=ends.new_zeros(1)) / x[0].numel()

    runs = [dataclasses.replace(run, precision=Precision.FLOAT32) for run in FAMILIES[Decomposition.MIX, ValueLearning.TD]]
    last = len(runs) - 1
    assert not differs(runs, last, 8)
    monkeypatch.setattr("recipe_sweep.trainers.normalisation.lane_mean", flat_mean)
    assert differs(runs, last, 8)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(runs=packs(), kernels=st.sampled_from((COMPILED, EAGER)), data=st.data())
def test_a_run_that_breaks_changes_no_other(runs: list[DesignPoint], kernels: Kernels, data: st.DataObject) -> None:
    broken = data.draw(st.sampled_from(runs)).run_id
    at = data.draw(st.integers(0, STEPS - 1))
    (healthy, _), (poisoned, _) = train(runs, kernels), train(runs, kernels, broken, at)
    for i, run in enumerate(runs):
        diverged = int(poisoned.diverged_step[i])
        assert diverged == (at if run.run_id == broken else -1)
        if run.run_id != broken:
            assert torch.equal(actor_row(poisoned, i), actor_row(healthy, i))
