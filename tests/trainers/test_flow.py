"""The extraction `flow`: its noise, its one-step policy, and what its flow draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import ActorNorm, Decomposition, Discretisation, Extraction, Precision, ValueLearning
from recipe_sweep.trainers import checkpoint
from recipe_sweep.trainers.acting import Policy
from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.evaluation import evaluate
from recipe_sweep.trainers.flow import time_features
from recipe_sweep.trainers.flow_noise import EvaluationNoise, step_noise
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.train import PackTrainer, resumed
from recipe_sweep.trainers.values import kept_policy
from tests.trainers.builders import MASKED, SPEC, actor_row, batch, dataset, family, learner, masked_batch, point

LEARNERS = ValueLearning.members()


def flow(learning: ValueLearning = ValueLearning.TD, **changes: object) -> DesignPoint:
    return point(Decomposition.VDN, learning, Extraction.FLOW, **changes)


def test_time_features_have_another_order_than_the_mathematics() -> None:
    t = 0.3
    expected = [np.sin(2.0**k * np.pi * t) for k in range(8)] + [np.cos(2.0**k * np.pi * t) for k in range(8)]
    torch.testing.assert_close(time_features(torch.tensor([t], dtype=torch.float64))[0], torch.tensor(expected).double())


def test_noise_depends_on_the_pack() -> None:
    one, other = step_noise(3, 5, 8, SPEC), step_noise(3, 6, 8, SPEC)
    assert all(np.array_equal(a, b) for a, b in zip(one, step_noise(3, 5, 8, SPEC), strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert one.time.min() >= 0.0
    assert one.time.max() < 1.0
    assert len({one.start.tobytes(), one.now.tobytes(), one.next.tobytes()}) == 3
    packed, alone = EvaluationNoise([3, None, 4], 10, 2, SPEC), EvaluationNoise([4], 10, 2, SPEC)
    for _ in range(3):
        drawn = packed()
        assert torch.equal(drawn[2], alone()[0])
        assert drawn[1].eq(0.0).all()
    discrete = dataclasses.replace(MASKED, horizon=2)
    assert EvaluationNoise([3], 10, 2, discrete)().eq(0.0).all()


def test_a_flow_is_trained_once_for_each_run_of_a_seed() -> None:
    built = learner(family(Decomposition.VDN, ValueLearning.TD, seeds=(0, 1)))
    assert len(built.lanes.flows) == 2
    rates = [flow(alpha=alpha, lr=lr) for alpha in (0.1, 1.0) for lr in (1e-3, 3e-3)]
    assert len(learner(rates).lanes.flows) == 2, "another learning rate is another flow"
    assert not learner(family(Decomposition.VDN, ValueLearning.TD)[:2]).models.reads.flow_noise


def losses_at(built: Learner, given: Batch, moved: int, by: float) -> float:
    """The actor's loss where one of its parameters is moved."""
    actor_row(built, 0)[moved] += by
    loss = _actor_loss(built, given)
    actor_row(built, 0)[moved] -= by
    return loss


def _actor_loss(built: Learner, given: Batch) -> float:
    report = built._take(given, 0)
    return float(report.actor_loss[0])


@pytest.mark.parametrize("learning", LEARNERS)
@pytest.mark.parametrize("decomposition", [Decomposition.MIX, Decomposition.DEC])
def test_the_gradient_of_a_combination_without_a_reference_is_not_that_of_its_loss(
    decomposition: Decomposition, learning: ValueLearning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Central differences in float64, without a norm, whose statistics have no gradient. No parameter is updated."""
    built = learner([point(decomposition, learning, Extraction.FLOW, actor_norm=ActorNorm.NONE, precision=Precision.FLOAT64)])
    monkeypatch.setattr(built, "_update", lambda step: None)
    given = batch(built.lanes.seeds, 0)
    built._take(given, 0)
    own = built.models.actors.of(0)
    gradient = own.stack.gradient[own.row].clone()
    for parameter in np.random.default_rng(0).integers(0, len(gradient), 12).tolist():
        step = 1e-6
        found = (losses_at(built, given, parameter, step) - losses_at(built, given, parameter, -step)) / (2 * step)
        assert found == pytest.approx(float(gradient[parameter]), rel=2e-4, abs=1e-7)


@pytest.mark.parametrize("discretisation", Discretisation)
def test_the_discretisation_changes_a_policy_that_does_not_depend_on_it(discretisation: Discretisation) -> None:
    ends = []
    for each in (Discretisation.RAW, discretisation):
        run = point(Decomposition.VDN, ValueLearning.TD, Extraction.FLOW, discretisation=each)
        built = learner([run], spec=MASKED)
        for step in range(3):
            built.step(masked_batch(built.lanes.seeds, step))
        ends.append(actor_row(built, 0).clone())
    assert torch.equal(*ends)


def test_a_critic_of_a_discrete_task_cannot_change_the_policy() -> None:
    """The released code passes no gradient of Q, so that every decomposition would give the same policy."""
    ends = []
    for decomposition in (Decomposition.VDN, Decomposition.MIX):
        built = learner([point(decomposition, ValueLearning.TD, Extraction.FLOW)], spec=MASKED)
        for step in range(3):
            built.step(masked_batch(built.lanes.seeds, step))
        ends.append(actor_row(built, 0).clone())
    assert not torch.equal(*ends)


def fresh(points: Sequence[DesignPoint]) -> PackTrainer:
    return PackTrainer(points, dataset())


def test_a_killed_and_resumed_run_differs_from_an_undisturbed_one(tmp_path: Path) -> None:
    runs = family(Decomposition.MIX, ValueLearning.TD, seeds=(0, 1))
    whole = fresh(runs)
    while not whole.finished:
        whole.advance()
    struck = fresh(runs)
    for _ in range(7):
        struck.advance()
    struck.fetch()
    checkpoint.save(tmp_path, struck.learner, struck.history, pack_key=runs[0].pack_key, data_hash="0" * 64)
    again = resumed(runs[::2], dataset(), [tmp_path])
    assert again is not None, "a part of the pack goes on from the whole pack's checkpoint"
    while not again.finished:
        again.advance()
    undisturbed = {result.run_id: result for result in whole.results()}
    for result in again.results():
        assert repr(result) == repr(undisturbed[result.run_id])


def test_the_kept_policy_acts_otherwise_than_the_evaluated_one() -> None:
    trainer = fresh([flow(), flow(alpha=1.0), point(Decomposition.VDN, ValueLearning.TD, Extraction.AWR)])
    while not trainer.finished:
        trainer.advance()
    weights = checkpoint.final_weights(trainer.learner, critics=True)
    for run in trainer.points:
        kept = {name: torch.from_numpy(leaf) for name, leaf in weights[run.run_id].items()}
        assert any(name.startswith("flow/") for name in kept) == run.extraction.has_flow
        act = kept_policy(run, kept, SPEC, trainer.learner.config.kernels)
        score = evaluate(act, run.environment, [run.seed], run.steps, run.episodes_at_the_end)
        assert score.return_mean[0] == pytest.approx(trainer.history.curves[run.run_id][-1].return_mean, rel=1e-6)


def test_a_policy_outside_a_sweep_ignores_its_noise() -> None:
    run = flow()
    trainer = fresh([run])
    weights = {
        name: torch.from_numpy(leaf)
        for name, leaf in checkpoint.final_weights(trainer.learner, critics=False)[run.run_id].items()
    }
    policy, observations = Policy(run, weights), torch.zeros(4, SPEC.n_agents, SPEC.obs_dim)
    noise = torch.randn(4, SPEC.n_agents, SPEC.action_dim)
    assert not torch.equal(policy(observations), policy(observations, noise))
    assert torch.equal(policy(observations), policy(observations, torch.zeros_like(noise)))
