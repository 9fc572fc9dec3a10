from __future__ import annotations

import pytest

from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from recipe_sweep.trainers.cost import step_flops
from recipe_sweep.trainers.probe import LEAST_STEPS, Probe, fewer
from tests.trainers.builders import point
from tests.words import EXTRACTIONS, VALUE_LEARNERS


def test_a_large_pack_is_represented_by_fewer_runs_of_both_extractions() -> None:
    points = [
        point(Decomposition.MIX, ValueLearning.SARSA, extraction, seed=seed, alpha=alpha)
        for seed in range(4)
        for extraction in EXTRACTIONS
        for alpha in (0.1, 1.0)
    ]
    assert fewer(points, most=step_flops(points)) is points
    few = fewer(points, most=step_flops(points) / 4)
    assert few == points[:4], "one seed of four is a quarter of the work, and shares its critic as before"
    assert {each.extraction for each in fewer(points, most=step_flops(few) * 0.9)} == set(EXTRACTIONS)
    assert len(fewer(points, most=0.0)) == 1, "one run at least"


@pytest.mark.parametrize("learning", VALUE_LEARNERS)
def test_a_probe_takes_real_steps_of_the_pack_and_evaluates_it(learning: ValueLearning) -> None:
    points = [point(Decomposition.MIX, learning, seed=seed) for seed in range(2)]
    probe = Probe(points, "cpu", 1)
    steps, evaluation = probe.steps(seconds=0.0), probe.evaluation()
    assert (steps.lanes, steps.steps, steps.flops) == (2, LEAST_STEPS, step_flops(points))
    assert min(steps.step_s, steps.cpu_s, steps.first_s, evaluation.seconds) > 0
    assert (evaluation.lanes, evaluation.episodes) == (2, points[0].eval_episodes)
