"""`divergence_bound: auto`: by hand, in every decomposition, in training, and in the pack's log."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from recipe_sweep.search_spaces.vocabulary import Decomposition, DivergenceBound, Keep, TeamReward
from recipe_sweep.trainers import train
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.divergence import CEILING, FLOOR, bound_of
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.results import RunStatus
from recipe_sweep.trainers.train import PackTrainer, train_pack
from tests.trainers.builders import dataset, point

AUTO = DivergenceBound.AUTO


def paying(rewards: list[list[float]], ends: list[int]) -> Dataset:
    """Data of these rewards (T, 3), whose episodes end after these rows."""
    rows = len(rewards)
    mask = torch.ones(rows)
    mask[ends] = 0.0
    return dataclasses.replace(dataset(rows), rewards=torch.tensor(rewards), mask=mask)


def test_the_bound_is_a_thousand_times_the_largest_discounted_return() -> None:
    data = paying([[0.0] * 3, [0.0] * 3, [900.0] * 3, [500.0] * 3], [2, 3])
    assert bound_of(point(divergence_bound=AUTO, gamma=0.99), data) == 9e5
    longer = paying([[800.0] * 3, [800.0] * 3, [0.0] * 3], [1, 2])
    assert bound_of(point(divergence_bound=AUTO, gamma=0.5), longer) == 1.2e6, "800 and half of 800"
    assert bound_of(point(divergence_bound=AUTO, gamma=0.999), data) == 9e6


def test_losses_count_as_gains_do() -> None:
    assert bound_of(point(divergence_bound=AUTO), paying([[-700.0] * 3, [1.0] * 3], [0, 1])) == 7e5


def test_the_rewards_are_those_that_the_critic_learns_from() -> None:
    data = paying([[3000.0, -1500.0, 0.0], [0.0, 0.0, 0.0]], [0, 1])
    assert bound_of(point(Decomposition.VDN, divergence_bound=AUTO), data) == 5e5
    assert bound_of(point(Decomposition.VDN, divergence_bound=AUTO, team_reward=TeamReward.SUM), data) == 1.5e6
    assert bound_of(point(Decomposition.DEC, divergence_bound=AUTO), data) == 3e6


@pytest.mark.parametrize("decomposition", Decomposition.members())
def test_every_decomposition_has_a_bound_that_scales_with_the_rewards(decomposition: Decomposition) -> None:
    data = dataset()
    tenfold = dataclasses.replace(data, rewards=data.rewards * 10_000)
    small, large = (bound_of(point(decomposition, divergence_bound=AUTO), each) for each in (data, tenfold))
    assert small is not None
    assert large is not None
    assert small == FLOOR
    assert large > 1e7


def test_rewards_of_nothing_and_of_too_much_have_a_bound_that_float32_can_compare() -> None:
    assert bound_of(point(divergence_bound=AUTO), paying([[0.0] * 3], [0])) == FLOOR
    assert bound_of(point(divergence_bound=AUTO), paying([[3e38] * 3], [0])) == CEILING


@pytest.mark.parametrize("declared", [None, 7.0])
def test_a_declared_bound_stays_as_it_is(declared: float | None) -> None:
    assert bound_of(point(divergence_bound=declared), dataset()) == declared


def test_a_run_beyond_the_bound_of_its_data_diverges_and_one_below_it_does_not() -> None:
    data = dataset()
    for values, expected in ((FLOOR * 10, RunStatus.DIVERGED), (FLOOR / 10, RunStatus.FINISHED)):
        trainer = PackTrainer([point(Decomposition.VDN, divergence_bound=AUTO, steps=10)], data)
        critic = trainer.learner.models.critic
        critic.layout.views(critic.flat)["layer2/bias"].fill_(values / 3)
        while not trainer.finished:
            trainer.advance()
        assert trainer.results()[0].status is expected


def test_the_log_of_a_pack_says_which_bound_its_data_gave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "open_dataset", lambda *_: dataset())
    for bound, expected in ((AUTO, "exceeds 100000 "), (1e8, "")):
        place = tmp_path / str(bound)
        train_pack(TrainRequest([point(divergence_bound=bound)], place, data_hash=None, checkpoint_dir=place, keep=Keep.NONE))
        said = capsys.readouterr().out
        assert expected in said
        assert bool(said) == bool(expected)
