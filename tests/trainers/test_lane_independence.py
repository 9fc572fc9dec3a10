"""Whatever runs share a pack, in any order and tiling: a run is not changed by its neighbours, and not by one that breaks."""

from __future__ import annotations

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.learner import Learner
from tests.trainers.builders import batch, family, learner

STEPS = 4
FAMILIES = {(d, v): family(d, v, seeds=(0, 1, 2)) for d in Decomposition.members() for v in ValueLearning.members()}


@st.composite
def packs(draw: st.DrawFn) -> list[DesignPoint]:
    """Two to ten runs that may share a process, in any order."""
    runs = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))]
    return draw(st.lists(st.sampled_from(runs), min_size=2, max_size=10, unique_by=lambda run: run.run_id))


tilings = st.one_of(st.just(EAGER), st.builds(Kernels, fused_from=st.just(0), tile=st.integers(50, 5_000)))


def train(runs: list[DesignPoint], kernels: Kernels, poisoned: str | None = None, at: int = -1) -> Learner:
    built = learner(runs, kernels)
    for step in range(STEPS):
        if step == at:
            for i, lane in enumerate(built.lanes.actors):
                if lane.key == poisoned:
                    built.models.actor.flat[i].fill_(torch.nan)
        built.step(batch(built.lanes.seeds, step))
    return built


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(runs=packs(), kernels=tilings, data=st.data())
def test_a_run_that_breaks_changes_no_other_and_none_is_changed_by_its_neighbours(
    runs: list[DesignPoint], kernels: Kernels, data: st.DataObject
) -> None:
    broken = data.draw(st.sampled_from(runs)).run_id
    at = data.draw(st.integers(0, STEPS - 1))
    healthy, poisoned = train(runs, kernels), train(runs, kernels, broken, at)
    for i, run in enumerate(runs):
        diverged = int(poisoned.diverged_step[i])
        if run.run_id == broken:
            assert diverged == at
            continue
        assert diverged == -1
        assert torch.equal(poisoned.models.actor.flat[i], healthy.models.actor.flat[i])
    shown = data.draw(st.integers(0, len(runs) - 1))
    alone = train([runs[shown]], kernels)
    torch.testing.assert_close(alone.models.actor.flat[0], healthy.models.actor.flat[shown], rtol=0, atol=1e-10)
