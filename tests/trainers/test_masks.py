"""Illegal actions are neither executed nor bootstrapped from, and rewards reach the steps before them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from recipe_sweep.search_spaces.vocabulary import (
    CriticNorm,
    Decomposition,
    Discretisation,
    Evaluate,
    Extraction,
    Keep,
    Precision,
    ValueLearning,
)
from recipe_sweep.trainers import checkpoint, train
from recipe_sweep.trainers.batch import agent_inputs
from recipe_sweep.trainers.data.catalogue import ensure_dataset, open_dataset
from recipe_sweep.trainers.data.stored.columns import Columns
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.data.stored.episodes import Episode, columns_from_episodes
from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.evaluation import evaluate
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.sampler import Reads, Sampler
from recipe_sweep.trainers.task import TaskSpec
from recipe_sweep.trainers.train import PackTrainer, train_pack
from recipe_sweep.trainers.value_learning.base import StepData
from tests.trainers.builders import MASKED, family, learner, masked_batch, point
from tests.trainers.masked import corridor_point, example, in_memory

CPU = torch.device("cpu")


@pytest.fixture
def corridor(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The example's module."""
    with example(monkeypatch) as module:
        yield module


def data_of(corridor: ModuleType) -> Dataset:
    return in_memory(corridor.SPEC, corridor.load_wanderers())


def sampler(data: Dataset, reads: Reads) -> Sampler:
    return Sampler(data, (0, 3), 16, reads, dtype=torch.float32, device=CPU)


def test_a_batch_of_numbers_holds_one_hot_actions_and_the_legal_ones_of_the_same_rows(corridor: ModuleType) -> None:
    data = data_of(corridor)
    assert data.legals is not None
    data = dataclasses.replace(data, observations=torch.arange(len(data.rows)).float().view(-1, 1, 1).expand(-1, 2, 2))
    batch = sampler(data, Reads(next_actions=True, states=False, legals=True, next_legals=True)).at(5)
    assert batch.next_actions is not None
    assert batch.legals is not None
    assert batch.next_legals is not None
    for row, actions, legals in (
        (batch.obs[..., 0, 0].long(), batch.actions, batch.legals),
        (batch.next_obs[..., 0, 0].long(), batch.next_actions, batch.next_legals),
    ):
        assert actions.dtype is torch.float32
        assert torch.equal(actions.argmax(-1), data.actions[row].long())
        assert torch.equal(actions.sum(-1), torch.ones(2, 16, 2))
        assert torch.equal(legals, data.legals[row])
        assert bool(((actions * legals).sum(-1) == 1).all())


def test_legal_actions_are_gathered_only_for_who_reads_them(corridor: ModuleType) -> None:
    data = data_of(corridor)
    plain = sampler(data, Reads(next_actions=False, states=False))
    assert plain.at(0).legals is None
    assert plain.at(0).next_legals is None
    assert plain.at(0, measured=True).legals is not None
    for learning in ValueLearning.members():
        for discretisation in Discretisation:
            run = point(value_learning=learning, discretisation=discretisation)
            reads = learner([run], spec=MASKED).models.reads
            assert reads.next_legals is learning.follows_actor
            assert reads.legals is (discretisation is not Discretisation.RAW)
            unmasked = learner([point(value_learning=learning)]).models.reads
            assert not unmasked.legals
            assert not unmasked.next_legals


def target_of(legal: bool) -> torch.Tensor:
    """What a td target bootstraps from on one random batch, with and without the legal actions."""
    built = learner([point(value_learning=ValueLearning.TD, precision=Precision.FLOAT64)], spec=MASKED)
    batch = masked_batch(built.lanes.seeds, 0)
    data = built._value_data(batch if legal else batch._replace(next_legals=None), agent_inputs(batch.obs))
    with torch.no_grad():
        return built.models.learning.next_total(built.models, data)


def test_a_target_of_illegal_next_actions_is_another_number() -> None:
    assert not torch.equal(target_of(legal=True), target_of(legal=False))


def test_the_next_action_of_a_target_is_legal_and_the_best_of_those(monkeypatch: pytest.MonkeyPatch) -> None:
    built = learner([point(value_learning=ValueLearning.TD, precision=Precision.FLOAT64)], spec=MASKED)
    batch = masked_batch(built.lanes.seeds, 0)
    read: list[torch.Tensor] = []
    models = built.models
    monkeypatch.setattr(models, "target_total", lambda views, actions, compared: read.append(actions) or actions.sum())
    data: StepData = built._value_data(batch, agent_inputs(batch.obs))
    models.learning.next_total(models, data)
    assert batch.next_legals is not None
    mu = models.means(models.actor.frozen, data.next.x).masked_fill(batch.next_legals == 0, -torch.inf)
    assert torch.equal(read[0].squeeze(1).argmax(-1), mu.argmax(-1))
    assert bool((read[0].squeeze(1) * batch.next_legals).sum(-1).eq(1).all())


def test_the_best_action_is_not_executed_where_it_is_illegal(corridor: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    executed: list[np.ndarray] = []
    step = corridor.Corridor.step

    def watched(self: object, actions: np.ndarray) -> object:
        assert (actions * self.legal()).sum() == 2.0, "an illegal action"  # type: ignore[attr-defined]
        executed.append(actions.argmax(axis=1))
        return step(self, actions)

    monkeypatch.setattr(corridor.Corridor, "step", watched)

    def wish(*best: float) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda seen: torch.tensor(best, dtype=seen.dtype).expand(*seen.shape[:-1], 3)

    right = evaluate(wish(0.0, 1.0, 2.0), "corridor", [0], step=1, episodes=10)
    assert right.return_mean == [12.0]
    assert set(np.concatenate(executed)) == {corridor.STAY, corridor.RIGHT}, "who has arrived stays"
    executed.clear()
    left = evaluate(wish(2.0, 1.0, 0.0), "corridor", [0], step=1, episodes=10)
    assert left.return_mean == [0.0]
    assert set(np.concatenate(executed)) == {corridor.LEFT, corridor.STAY}, "there is a wall"


def trained(runs: list, directory: Path, *, stopped: bool) -> tuple[object, int]:
    request = TrainRequest(
        runs, directory, data_hash=None, checkpoint_dir=directory, keep=Keep.ALL, should_stop=lambda: stopped
    )
    outcomes = [train_pack(request)]
    while not outcomes[-1].complete:
        outcomes.append(train_pack(request))
    weights = {run: {name: array.tobytes() for name, array in kept.items()} for run, kept in outcomes[-1].weights.items()}
    return (outcomes[-1].results, weights), len(outcomes)


@pytest.mark.parametrize("discretisation", Discretisation)
def test_a_stopped_pack_of_a_masked_task_goes_on_as_if_it_were_not(
    corridor: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, discretisation: Discretisation
) -> None:
    monkeypatch.setattr(train, "open_dataset", lambda *_: data_of(corridor))
    runs = [
        corridor_point(run, discretisation=discretisation) for run in family(Decomposition.MIX, ValueLearning.TD, seeds=(0, 1))
    ]
    straight, _ = trained(runs, tmp_path / "straight", stopped=False)
    interrupted, attempts = trained(runs, tmp_path / "stopped", stopped=True)
    assert attempts > 1
    assert interrupted == straight


def test_a_masked_task_records_how_often_the_best_action_is_illegal(corridor: ModuleType) -> None:
    trainer = PackTrainer([corridor_point(diagnostics_every=1)], data_of(corridor))
    trainer.learner.models.actor.flat.zero_()  # Of equal outputs the first is the largest: left, which is illegal at the wall.
    batch = trainer._sampler.at(0, measured=True)
    trainer.advance()
    assert batch.legals is not None
    expected = float((batch.legals[..., corridor.LEFT] == 0).float().mean())
    diagnostics = trainer.results()[0].diagnostics
    assert 0.0 < expected < 1.0
    assert diagnostics["argmax_illegal"] == pytest.approx([expected])
    assert "mu_outside" not in diagnostics


def test_a_masked_dataset_opens_with_numbers_and_legal_bytes(corridor: ModuleType, tmp_path: Path) -> None:
    run = corridor_point()
    ensure_dataset(run, tmp_path)
    data, made = open_dataset(run, tmp_path, verify=True), corridor.load_wanderers()
    assert (data.actions.dtype, tuple(data.actions.shape)) == (torch.uint8, made.actions.shape)
    assert data.legals is not None
    assert_array_equal(data.legals, made.legals)


CHAIN = TaskSpec("chain", 1, 4, 2, 4, 4, discrete=True, action_low=0.0, masked=True)
BONUS, GAMMA = 10.0, 0.9


def chain() -> Columns:
    """Four steps to a victory, whose bonus the last one pays. Only one action is legal."""
    one = Episode(
        observations=np.eye(4)[:, None],
        actions=np.zeros((4, 1), int),
        rewards=np.array([0.0, 0.0, 0.0, BONUS]),
        legals=np.tile([1, 0], (4, 1, 1)),
    )
    return columns_from_episodes(CHAIN, [one] * 8)


def learned_values(data: Dataset, learning: ValueLearning) -> torch.Tensor:
    """Q of the only legal action in each state of the chain."""
    run = point(
        Decomposition.VDN,
        learning,
        Extraction.AWR,
        critic_norm=CriticNorm.NONE,
        batch=32,
        hidden=(32,),
        lr=1e-2,
        gamma=GAMMA,
        polyak=0.1,
        steps=10**6,
        eval_every=10**6,
        diagnostics_every=10**6,
        precision=Precision.FLOAT64,
    )
    trainer = PackTrainer([run], data)
    for _ in range(600):
        trainer.advance()
    models, seen = trainer.learner.models, torch.eye(4, dtype=torch.float64).view(1, 4, 1, 4)
    views = Views(agent_inputs(seen), None)
    actions = torch.tensor([1.0, 0.0], dtype=torch.float64).expand(1, 1, 4, 1, 2)
    with torch.no_grad():
        q = models.q(models.critic.frozen, models.decomposition.context(views), actions)
    return q.amin(1).flatten()


@pytest.mark.parametrize("learning", [ValueLearning.TD, ValueLearning.SARSA])
def test_the_bonus_of_a_victory_reaches_the_first_step_only_if_the_last_row_itself_ends_the_episode(
    learning: ValueLearning,
) -> None:
    """As the released agent masks: a step whose next row ends the episode bootstraps from nothing."""
    own = in_memory(CHAIN, chain())
    expected = torch.tensor([BONUS * GAMMA**left for left in (3, 2, 1, 0)], dtype=torch.float64)
    torch.testing.assert_close(learned_values(own, learning), expected, rtol=0.02, atol=0.02)
    of_next_row = own.mask[own.next_rows] * own.mask
    found = learned_values(dataclasses.replace(own, mask=of_next_row), learning)
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, 0.0, BONUS], dtype=torch.float64), rtol=0.02, atol=0.05)


def test_the_share_of_victories_is_recorded_lane_by_lane(corridor: ModuleType) -> None:
    best = torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    found = evaluate(lambda seen: best[:, None, None].expand(2, *seen.shape[1:3], 3), "corridor", [0, 0], step=1, episodes=4)
    assert found.win_rate is not None
    assert_array_equal(found.win_rate, [1.0, 0.0])
    assert_array_equal(found.return_mean, [12.0, 0.0])


def test_a_task_without_winners_has_no_win_rate() -> None:
    nothing = evaluate(lambda seen: torch.zeros(*seen.shape[:-1], 2), "simple_spread", [0], step=1, episodes=2)
    assert nothing.win_rate is None


def test_win_rates_survive_a_checkpoint_and_old_checkpoints_have_none(corridor: ModuleType, tmp_path: Path) -> None:
    trainer = PackTrainer([corridor_point(steps=20, eval_every=10)], data_of(corridor))
    while not trainer.finished:
        trainer.advance()
    [curve] = trainer.history.curves.values()
    assert all(evaluation.win_rate is not None for evaluation in curve)
    curve[0] = dataclasses.replace(curve[0], win_rate=None)
    checkpoint.save(tmp_path, trainer.learner, trainer.history, pack_key="key", data_hash="hash")
    assert next(tmp_path.glob("*.json")).read_text().count("win_rate") == 1, "what is absent is not written"
    found = checkpoint.load_latest(tmp_path)
    assert found is not None
    assert list(found.history.curves.values()) == [curve]


def test_runs_that_are_not_evaluated_keep_their_losses_and_play_nothing(
    corridor: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "open_dataset", lambda *_: data_of(corridor))
    monkeypatch.setattr(train, "evaluate", lambda *_: pytest.fail("an episode was played"))
    runs = [corridor_point(run, evaluate=Evaluate.NONE) for run in family(Decomposition.VDN, ValueLearning.TD, seeds=(0,))]
    straight, _ = trained(runs, tmp_path / "straight", stopped=False)
    interrupted, attempts = trained(runs, tmp_path / "stopped", stopped=True)
    assert attempts > 1
    assert interrupted == straight
    for result in straight[0]:  # type: ignore[index]
        assert result.curve == ()
        assert len(result.diagnostics["td_loss"]) == 4
