"""What `inspect` and `list` say of datasets is what they hold."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from recipe_sweep.search_spaces.tasks import TASKS
from recipe_sweep.search_spaces.vocabulary import Chance, Source
from recipe_sweep.trainers.data.catalogue import dataset_directory, ensure_dataset, map_dataset
from recipe_sweep.trainers.data.comparison import Pin, compare_data
from recipe_sweep.trainers.data.errors import MissingDataError
from recipe_sweep.trainers.data.inspection import ComponentRanges, inspect
from recipe_sweep.trainers.data.inventory import Made, State, homegrown_identities, inventory, leftovers, present
from recipe_sweep.trainers.data.published.import_vault import VaultPlace, import_vault
from recipe_sweep.trainers.data.published.tasks import PUBLISHED, published_identities
from recipe_sweep.trainers.data.stored.card import CARD_FILE, Identity, read_card
from recipe_sweep.trainers.data.stored.scales import RETURN_SCALES
from recipe_sweep.trainers.task import RecoverableEnvironment
from tests.builders import design_point
from tests.trainers.data.points import spread_point, two_step_point
from tests.trainers.data.vaults import own_row_leaves, spread_episodes, write_vault

QUALITIES = ["expert", "medium", "medium-replay", "random"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Four qualities of home-made spread and the two-step game."""
    root = tmp_path_factory.mktemp("data")
    for quality in QUALITIES:
        ensure_dataset(spread_point(dataset=quality, dataset_size=5000), root)
    ensure_dataset(two_step_point(), root)
    return root


def test_numbers_of_a_dataset_are_those_of_its_columns(root):
    (found,) = inspect([spread_point(dataset_size=5000)], root)
    columns = map_dataset(spread_point(dataset_size=5000), root).columns
    actions = columns.actions.reshape(5000, 6).astype(np.float64)
    assert found.lengths.tolist() == [25] * 200
    np.testing.assert_allclose(found.returns, columns.rewards.astype(np.float64).mean(axis=1).reshape(200, 25).sum(axis=1))
    assert isinstance(found.actions, ComponentRanges)
    np.testing.assert_allclose(found.actions.quantiles[:, 3], np.median(actions, axis=0))
    assert found.actions.quantiles[:, 0].tolist() == actions.min(axis=0).tolist()
    assert found.actions.size == pytest.approx(np.abs(actions).mean())
    assert found.actions.at_bound == pytest.approx((np.abs(actions) >= 1.0).mean())
    assert found.covered == 1.0  # alone it visits all that anyone visits
    assert found.cell_counts.sum() == pytest.approx(5000, rel=0.01)


def test_worse_data_are_told_from_better_ones(root):
    found = {
        one.card.identity.dataset: one for one in inspect([spread_point(dataset=q, dataset_size=5000) for q in QUALITIES], root)
    }
    means = [found[quality].returns.mean() for quality in QUALITIES]
    assert means == sorted(means, reverse=True)
    assert found["random"].covered > found["expert"].covered
    assert all(0.0 < one.covered <= 1.0 for one in found.values())


def test_tasks_with_few_and_constant_features_can_be_inspected(root):
    (found,) = inspect([two_step_point()], root)
    assert found.lengths.max() == 2
    assert np.isfinite(found.cell_counts).all()


def test_everything_is_listed_and_what_is_here_is_seen(root):
    items = inventory(root)
    here = {(item.source, item.task, item.dataset): item for item in items if item.state is State.PRESENT}
    assert set(here) == {("homegrown", "simple_spread", q) for q in QUALITIES} | {("homegrown", "two_step", "uniform")}
    for item in here.values():
        assert item.card is not None
        assert item.size_bytes == sum(path.stat().st_size for path in item.directory.iterdir())  # type: ignore[union-attr]
    absent = {(item.task, item.dataset): item.remark for item in items if item.source == Source.OG_MARL}
    assert len(absent) == 25
    assert "recipe-sweep data fetch 2ant (1.31 GB)" in absent["2ant", "medium-replay"]
    assert "recipe-sweep data fetch smac_3m (about 0.5 GB)" in absent["smac_3m", "poor"]


def test_broken_and_half_made_datasets_are_told_apart_from_whole_ones(root, tmp_path):
    shutil.copytree(root, tmp_path / "data")
    (broken,) = (tmp_path / "data" / "homegrown" / "simple_spread" / "expert").iterdir()
    (broken / "card.json").write_text("{")
    abandoned = broken.with_name(".0123.4567")
    abandoned.mkdir()
    items = [item for item in inventory(tmp_path / "data") if item.state is State.BROKEN]
    assert [(item.dataset, item.directory) for item in items] == [("expert", broken)]
    assert "card.json" in items[0].remark
    assert list(leftovers(tmp_path / "data")) == [abandoned]


def test_an_import_whose_numbers_differ_is_marked(tmp_path):
    leaves = own_row_leaves(spread_episodes("random", batch_rows=5, episodes=1))
    import_vault(VaultPlace(write_vault(tmp_path / "vault", leaves), PUBLISHED["simple_spread"], "Random"), tmp_path)
    (item,) = (item for item in inventory(tmp_path) if item.state is State.PRESENT)
    assert item.remark == "6 numbers differ from the published ones"


def test_nothing_here_is_no_error(tmp_path):
    assert all(item.state is State.ABSENT for item in inventory(tmp_path / "nowhere"))


def test_datasets_are_named_as_they_are_meant(root):
    assert [one.dataset for one in present(root, "simple_spread")] == QUALITIES
    assert [one.dataset for one in present(root, "simple_spread", ["random", "expert"])] == ["expert", "random"]
    (identity,) = present(root, "two_step")
    assert identity == Identity.of(two_step_point())
    assert identity.dataset_id == two_step_point().dataset_id


@pytest.mark.parametrize(
    ("task", "datasets", "source", "message"),
    [
        ("simple_spred", [], None, "did you mean simple_spread"),
        ("simple_spread", ["best"], None, "no best of any source/simple_spread"),
        ("simple_spread", [], Source.OG_MARL, "no dataset of og_marl/simple_spread"),
        ("2ant", [], None, "recipe-sweep data list"),
    ],
)
def test_what_is_not_here_is_said(root, task: str, datasets: list[str], source, message: str):
    with pytest.raises(MissingDataError, match=message):
        present(root, task, datasets, source)


def test_of_several_copies_or_sources_one_must_be_chosen(root, tmp_path):
    shutil.copytree(root, tmp_path / "data")
    ensure_dataset(spread_point(dataset_size=50, dataset_seed=3), tmp_path / "data")
    with pytest.raises(MissingDataError, match=r"2 copies\s+expected\s+one of --size 50 --seed 3, --size 5000 --seed 0"):
        present(tmp_path / "data", "simple_spread", ["expert"])
    (chosen,) = present(tmp_path / "data", "simple_spread", ["expert"], made=Made(size=50, seed=3))
    assert (chosen.dataset_size, chosen.dataset_seed) == (50, 3)
    leaves = own_row_leaves(spread_episodes("random", batch_rows=5, episodes=1))
    import_vault(VaultPlace(write_vault(tmp_path / "vault", leaves), PUBLISHED["simple_spread"], "Random"), tmp_path / "data")
    with pytest.raises(MissingDataError, match=r"homegrown and og_marl\s+expected\s+one source: --source"):
        present(tmp_path / "data", "simple_spread", ["random"])
    (chosen,) = present(tmp_path / "data", "simple_spread", ["random"], Source.OG_MARL)
    assert chosen.source is Source.OG_MARL


def test_home_made_datasets_are_named_or_refused_together():
    named = homegrown_identities("simple_spread", ["random", "expert", "random"], 100, 2)
    assert [one.dataset for one in named] == ["random", "expert"]
    assert named[1].dataset_id == spread_point(dataset_seed=2).dataset_id
    assert len(homegrown_identities("simple_spread", [], 100, 0)) == 4
    with pytest.raises(MissingDataError, match=r"2 problems[\s\S]*did you mean expert"):
        homegrown_identities("simple_spread", ["expart", "best"], 100, 0)
    with pytest.raises(MissingDataError, match="a task with home-made data"):
        homegrown_identities("5walker", [], 100, 0)


def test_every_published_dataset_has_its_numbers_and_its_scale():
    identities = list(published_identities())
    assert len({identity.dataset_id for identity in identities}) == 25
    assert {(one.task, one.dataset) for one in identities} == {
        (task, dataset) for task, entry in TASKS.items() for dataset in entry.datasets.get(Source.OG_MARL, ())
    }
    assert all((one.source, one.task, one.dataset_version) in RETURN_SCALES for one in identities)
    for entry in PUBLISHED.values():
        for uid, facts in entry.datasets.items():
            assert facts.minimum <= facts.mean <= facts.maximum, uid
            assert facts.rows >= facts.episodes


def test_every_task_of_published_data_that_can_be_played_can_be_replayed():
    from recipe_sweep.trainers.environments.registry import is_playable, make_environment

    assert all(isinstance(make_environment(task, 1), RecoverableEnvironment) for task in PUBLISHED if is_playable(task))


def test_the_id_of_an_import_is_that_of_the_points_that_want_it(tmp_path):
    leaves = own_row_leaves(spread_episodes("random", batch_rows=5, episodes=1))
    directory = import_vault(
        VaultPlace(write_vault(tmp_path / "vault", leaves), PUBLISHED["simple_spread"], "Random"), tmp_path
    )
    version = "omar/mpe/simple_spread@main"
    point = spread_point(source=Source.OG_MARL, dataset="random", dataset_version=version, dataset_seed=None, dataset_size=None)
    assert ensure_dataset(point, tmp_path) == directory
    assert read_card(directory).identity == Identity.of(point)


def test_of_two_versions_with_the_same_bytes_the_newest_is_shown_and_the_older_is_named(tmp_path):
    named = {"task": "3hopper", "dataset": "medium-replay", "dataset_size": 300}
    older, newer = (spread_point(**named, dataset_version=version) for version in ("1", "2"))
    cards = [read_card(ensure_dataset(point, tmp_path)) for point in (newer, older)]
    assert cards[0].content_hash == cards[1].content_hash
    assert cards[0].scale != cards[1].scale
    assert present(tmp_path, "3hopper") == [Identity.of(newer)]
    remarks = [item.remark for item in inventory(tmp_path) if item.state is State.PRESENT]
    assert sorted(remarks) == ["", f"{older.dataset_id} has version 1, for sweeps that began with it"]


def test_data_of_version_1_alone_are_shown_and_verified(tmp_path):
    older = spread_point(task="3hopper", dataset="expert", dataset_size=300, dataset_version="1")
    ensure_dataset(older, tmp_path)
    assert present(tmp_path, "3hopper") == [Identity.of(older)]
    assert compare_data(older, tmp_path, Pin())
    assert homegrown_identities("3hopper", ["expert"], 300, 0)[0].dataset_version == "2"


def test_data_of_fixed_chance_lie_beside_the_usual_ones_and_are_chosen_by_name(tmp_path):
    for chance in Chance:
        for identity in homegrown_identities("skirmish_3m", ["good"], 200, 0, chance):
            ensure_dataset(identity, tmp_path)
    with pytest.raises(MissingDataError, match=r"one of --size 200 --seed 0 --chance fixed, --size 200 --seed 0 --chance full"):
        present(tmp_path, "skirmish_3m")
    (fixed,), (full,) = (present(tmp_path, "skirmish_3m", made=Made(chance=chance)) for chance in (Chance.FIXED, Chance.FULL))
    point = design_point(task="skirmish_3m", dataset="good", dataset_size=200)
    assert full == Identity.of(point)
    assert fixed == Identity.of(replace(point, chance=Chance.FIXED))
    assert (full.dataset_id, fixed.dataset_id) == (point.dataset_id, replace(point, chance=Chance.FIXED).dataset_id)
    cards = [read_card(dataset_directory(one, tmp_path)) for one in (full, fixed)]
    assert cards[0].content_hash != cards[1].content_hash
    texts = [(dataset_directory(one, tmp_path) / CARD_FILE).read_text() for one in (full, fixed)]
    assert ["chance" in text for text in texts] == [False, True], "cards of older data stay as they are"
    assert str(fixed) == "homegrown/skirmish_3m (fixed chance)/good"


def test_a_task_without_a_choice_has_no_data_of_fixed_chance():
    with pytest.raises(MissingDataError, match="only skirmish_3m, skirmish_2s3z, skirmish_5v5 have a choice"):
        homegrown_identities("simple_spread", ["expert"], 200, 0, Chance.FIXED)


@pytest.mark.parametrize("task", ["skirmish_3m", "skirmish_2s3z"])
def test_good_data_of_fixed_chance_are_better_than_poor_ones(task: str, tmp_path):
    identities = homegrown_identities(task, ["good", "medium", "poor"], 1000, 0, Chance.FIXED)
    good, medium, poor = (read_card(ensure_dataset(one, tmp_path)).returns.mean for one in identities)
    assert good > medium > poor
