"""Stored transitions are what the simulator answers, or `verify` says how many are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.trainers.data.catalogue import ensure_dataset
from recipe_sweep.trainers.data.errors import BrokenDataError
from recipe_sweep.trainers.data.published.import_vault import VaultPlace, import_vault
from recipe_sweep.trainers.data.published.tasks import PUBLISHED
from recipe_sweep.trainers.data.stored.card import Card, Identity, column_card, content_hash, read_card, write_card
from recipe_sweep.trainers.data.stored.replay import Replay
from recipe_sweep.trainers.data.verify import verify
from recipe_sweep.trainers.environments.mujoco_tasks import MUJOCO_TASKS
from recipe_sweep.trainers.environments.omiga_view import OmigaView
from recipe_sweep.trainers.environments.registry import make_environment, task_spec
from recipe_sweep.trainers.environments.spread import Spread
from recipe_sweep.trainers.randomness import generator
from recipe_sweep.trainers.task import RecoverableEnvironment
from tests.trainers.data.points import spread_point, two_step_point
from tests.trainers.data.vaults import own_row_leaves, spread_episodes, write_vault


def rewrite(directory: Path, name: str, values: np.ndarray) -> None:
    """Change a column and the hashes on the card with it: what no fingerprint can see."""
    np.save(directory / f"{name}.npy", values)
    card = read_card(directory)
    columns = tuple(column_card(name, values) if column.name == name else column for column in card.columns)
    write_card(directory, Card.model_validate(card.model_dump() | {"columns": columns, "content_hash": content_hash(columns)}))


@pytest.mark.parametrize("quality", ["expert", "medium-replay", "random"])
def test_homegrown_spread_is_sound_and_can_be_made_again_to_the_byte(tmp_path, quality: str):
    point = spread_point(dataset=quality, dataset_size=6000)
    ensure_dataset(point, tmp_path)
    found = verify(Identity.of(point), tmp_path, transitions=2000)
    assert found.sound
    assert found.replay is not None
    assert (found.replay.transitions, found.replay.rewards.compared) == (2000, 2000)
    assert 1850 < found.replay.observations.compared < 2000  # one in 25 has no stored successor
    assert found.replay.observations.largest < 1e-4
    assert found.remade == (5000, 0)


def test_the_two_step_game_is_replayed_exactly(tmp_path):
    point = two_step_point()
    ensure_dataset(point, tmp_path)
    found = verify(Identity.of(point), tmp_path, transitions=1000)
    assert found.sound
    assert found.replay is not None
    assert (found.replay.transitions, found.replay.observations.largest, found.replay.rewards.largest) == (48, 0.0, 0.0)


def test_one_wrong_byte_is_found(tmp_path):
    point = spread_point()
    path = ensure_dataset(point, tmp_path) / "actions.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BrokenDataError, match="sha256"):
        verify(Identity.of(point), tmp_path, transitions=10)


def test_wrong_numbers_with_the_right_hashes_are_found_by_replay(tmp_path):
    point = spread_point()
    directory = ensure_dataset(point, tmp_path)
    actions = np.load(directory / "actions.npy")
    actions[40] = -actions[40]
    rewrite(directory, "actions", actions)
    found = verify(Identity.of(point), tmp_path, transitions=1000)
    assert not found.sound
    assert found.replay is not None
    assert found.replay.observations.deviating == 1
    assert found.remade == (100, 1)


def test_rewards_of_clipped_actions_are_not_held_against_the_data(tmp_path):
    """What was paid for was the action before it was clipped; 6 in 10 of expert's are at a bound anyway."""
    leaves = own_row_leaves(spread_episodes("random", batch_rows=5, episodes=2))
    leaves["actions"][0, 3] = 1.5
    place = VaultPlace(write_vault(tmp_path / "vault", leaves), PUBLISHED["simple_spread"], "Random")
    identity = read_card(import_vault(place, tmp_path)).identity
    found = verify(identity, tmp_path, transitions=1000)
    assert found.replay is not None
    assert found.replay.rewards.compared == 249
    assert found.remade is None


def test_data_of_an_older_generator_are_not_expected_to_be_made_again(tmp_path, monkeypatch):
    point = spread_point()
    ensure_dataset(point, tmp_path)
    monkeypatch.setattr(type(TASKS["simple_spread"]), "known", lambda entry, source: ("2",))
    assert verify(Identity.of(point), tmp_path, transitions=10).remade is None


def test_spread_is_recovered_from_what_is_seen():
    copies = 50
    environment, again = Spread(copies), Spread(copies)
    seen = environment.reset([generator(0, "recover", copy) for copy in range(copies)])
    for step in range(25):
        assert again.recover(seen).all()
        actions = generator(0, "actions", step).uniform(-1.0, 1.0, (copies, 3, 2))
        transition, replayed = environment.step(actions), again.step(actions)
        assert_allclose(replayed.observations, transition.observations, rtol=0, atol=1e-12)
        assert_allclose(replayed.rewards, transition.rewards, rtol=1e-12)
        seen = transition.observations


def test_hoppers_whose_speed_is_beyond_what_is_seen_are_not_compared():
    view = MUJOCO_TASKS["3hopper"].view
    assert isinstance(view, OmigaView)
    features = np.zeros((2, 11))
    features[:, 0] = 1.25
    features[1, 9] = 10.0  # as gymnasium clips it; the real speed is not known
    observations = view.normalise(features).astype(np.float32)
    environment = make_environment("3hopper", 2)
    assert isinstance(environment, RecoverableEnvironment)
    assert environment.recover(observations).tolist() == [True, False]
    replay = Replay.on(task_spec("3hopper"))
    assert replay is not None
    replay.play(observations, np.zeros((2, 3, 1), np.float32), np.zeros((2, 3), np.float32), observations, np.ones(2, np.bool_))
    assert (replay.result().transitions, replay.result().observations.compared, replay.result().rewards.compared) == (2, 1, 1)


def test_a_recovered_environment_shares_no_memory_with_what_was_seen():
    environment = make_environment("simple_spread", 1)
    seen = environment.reset([generator(0)])
    kept = seen.copy()
    environment.recover(seen)  # type: ignore[attr-defined]
    environment.step(np.ones((1, 3, 2)))
    assert (seen == kept).all()


def test_the_card_of_an_import_survives_its_file(tmp_path):
    leaves = own_row_leaves(spread_episodes("random", batch_rows=5, episodes=1))
    place = VaultPlace(write_vault(tmp_path / "vault", leaves), PUBLISHED["simple_spread"], "Random", "0" * 64)
    directory = import_vault(place, tmp_path)
    card = read_card(directory)
    assert json.loads((directory / "card.json").read_text())["origin"]["archive_sha256"] == "0" * 64
    assert Card.model_validate_json(card.model_dump_json()) == card
