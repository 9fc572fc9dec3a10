"""Noise of evaluations: a reader would take luck of few episodes for differences in training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recipe_sweep.analysis.findings.evaluation_noise import evaluation_noise, noise_notes
from recipe_sweep.sweep.worker.worlds import EVALUATING, world_named
from scripts.world_sweeps import arrays_of, paper_shape


def test_the_share_of_evaluation_noise_is_another_than_the_worlds() -> None:
    tasks = arrays_of(paper_shape(8)).filled(world_named("few-episodes"))
    found = evaluation_noise(tasks)
    assert len(found) == 4
    # Half of the runs are BRAC's: 1 unit of training, 2 of evaluation, and luck of 0.5 that all runs of a seed share.
    expected = (0.5 * 4.0 + EVALUATING**2) / (0.5 * 5.0 + 0.5 * 1.0 + 0.25)
    assert np.mean([one.share for one in found]) == pytest.approx(expected, rel=0.1)
    (sentence,) = noise_notes(tasks)
    assert sentence.count(" % on ") == 4
    # By chance the noise may be larger than all of the variance.
    assert found[0]._replace(evaluation=9.0).percent == "100 %"


def test_noise_that_no_run_states_is_said_to_be_none() -> None:
    (task, *_) = arrays_of(paper_shape(4)).filled(world_named("null"))
    for variance in (np.nan, 0.0):
        assert noise_notes([replace(task, evaluation_variance=np.full_like(task.scores, variance))]) == ()
