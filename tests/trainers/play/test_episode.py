"""An episode that is played again is the one that the evaluation played."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.errors import UserInputError
from recipe_sweep.search_spaces.vocabulary import Decomposition, Keep, ValueLearning
from recipe_sweep.trainers import train
from recipe_sweep.trainers.play.episode import Trained, play_evaluation
from recipe_sweep.trainers.request import TrainRequest
from recipe_sweep.trainers.train import train_pack
from tests.trainers.builders import dataset, family, point


def drawn_weights(width: int, outputs: int, hidden: int = 16) -> dict[str, torch.Tensor]:
    """Weights of an actor that nobody trained."""
    rng = np.random.default_rng(0)
    sizes = [width, hidden, hidden, outputs]
    named = {}
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        named[f"actor/layer{layer}/weight"] = torch.from_numpy(rng.normal(size=(fan_in, fan_out)) / fan_in**0.5)
        named[f"actor/layer{layer}/bias"] = torch.zeros(fan_out, dtype=torch.float64)
    return named


def spread_run(**changes: object) -> Trained:
    return Trained(point(**changes), drawn_weights(18 + 3, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize("final", [None, 9])
def test_the_returns_are_those_that_were_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, final: int | None) -> None:
    """Else a picture would show another episode than the one that was scored."""
    monkeypatch.setattr(train, "open_dataset", lambda *_: dataset())
    points = [
        dataclasses.replace(one, final_episodes=final, hidden=(32, 32))
        for one in family(Decomposition.VDN, ValueLearning.SARSA, seeds=(0, 1))
    ]
    outcome = train_pack(TrainRequest(points, tmp_path, data_hash=None, checkpoint_dir=tmp_path, keep=Keep.ACTOR))
    recorded = {result.run_id: result.curve[-1] for result in outcome.results}
    for one in points:
        weights = {name: torch.from_numpy(array) for name, array in outcome.weights[one.run_id].items()}
        played = play_evaluation(Trained(one, weights), 1)
        assert len(played.returns) == one.episodes_at_the_end
        last = recorded[one.run_id]
        assert (played.returns.mean(), played.returns.std()) == (last.return_mean, last.return_std)
        assert played.episode.totals[-1] == played.returns[1]


def test_an_episode_holds_what_was_seen_and_done_at_each_step() -> None:
    episode = play_evaluation(spread_run(), 0).episode
    assert (len(episode), episode.observations.shape, episode.actions.shape) == (25, (26, 3, 18), (25, 3, 2))
    assert np.abs(episode.actions).max() <= 1.0
    places = episode.observations[..., 2:4]
    assert np.allclose(places[1:] - places[:-1], 0.1 * episode.observations[1:, :, 0:2]), "one after the other"
    assert episode.totals.tolist()[:2] == [0.0, episode.rewards[0]]


def test_another_episode_begins_elsewhere() -> None:
    first, second = (play_evaluation(spread_run(), number).episode for number in (0, 1))
    assert not np.array_equal(first.observations[0], second.observations[0])


def test_an_episode_that_the_evaluation_has_not_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(UserInputError, match="0 to 3") as refused:
        play_evaluation(spread_run(eval_episodes=4), 4)
    assert refused.value.problems[0].file == "--episode"
