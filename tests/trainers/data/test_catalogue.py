"""Making datasets, finding them, opening them: whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Source
from recipe_sweep.sweep.worker.workload import prepare_data
from recipe_sweep.trainers.data.catalogue import dataset_directory, default_data_root, ensure_dataset, open_dataset
from recipe_sweep.trainers.data.errors import ChangedDataError, DataError, MissingDataError
from recipe_sweep.trainers.data.stored import store
from recipe_sweep.trainers.data.stored.card import read_card
from recipe_sweep.trainers.environments.registry import task_spec
from tests.checkout import ROOT
from tests.trainers.data.points import spread_point, two_step_point

MAPPED_FILES = Path("/proc/self/maps")


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_dataset_opens_with_the_shapes_of_its_task(tmp_path):
    point = spread_point(dataset="medium")
    directory = ensure_dataset(point, tmp_path)
    assert directory == tmp_path / "homegrown" / "simple_spread" / "medium" / point.dataset_id
    data = open_dataset(point, tmp_path, verify=True)
    assert data.spec == task_spec("simple_spread")
    assert (data.observations.shape, data.actions.shape, data.rewards.shape) == ((100, 3, 18), (100, 3, 2), (100, 3))
    assert {data.observations.dtype, data.actions.dtype, data.rewards.dtype, data.mask.dtype} == {torch.float32}
    assert data.states is None
    assert data.rows.tolist() == list(range(100))
    ends = [24, 49, 74, 99]
    assert [row for row in range(100) if data.mask[row] == 0.0] == ends
    assert data.next_rows.tolist() == [row if row in ends else row + 1 for row in range(100)]
    assert data.content_hash == read_card(directory).content_hash


def test_the_state_of_the_two_step_game_is_kept(tmp_path):
    point = two_step_point()
    ensure_dataset(point, tmp_path)
    data = open_dataset(point, tmp_path)
    assert data.states is not None
    assert data.states.shape == (48, 3)
    assert (data.scale.minimum, data.scale.maximum) == (0.0, 8.0)


def test_a_size_in_the_middle_of_an_episode_is_met_exactly(tmp_path):
    point = spread_point(dataset_size=60)
    ensure_dataset(point, tmp_path)
    data = open_dataset(point, tmp_path)
    assert (len(data.rows), len(data.observations)) == (60, 75)
    assert (data.next_rows[-1], data.mask[-1]) == (60, 1.0)


def test_the_card_says_what_the_columns_hold(tmp_path):
    point = spread_point(dataset="random")
    card = read_card(ensure_dataset(point, tmp_path))
    data = open_dataset(point, tmp_path)
    returns = data.rewards.double().mean(dim=1).reshape(4, 25).sum(dim=1).numpy()
    found = (card.returns.mean, card.returns.std, card.returns.min, card.returns.max)
    np.testing.assert_allclose(found, (returns.mean(), returns.std(), returns.min(), returns.max()))
    assert (card.returns.episodes, card.rows, card.transitions) == (4, 100, 100)
    assert (data.scale.minimum, data.scale.maximum) == (card.scale.minimum, card.scale.maximum)


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(tmp_path):
    here, there = (ensure_dataset(spread_point(), tmp_path / place) for place in ("here", "there"))
    assert content(here) == content(there)
    other = ensure_dataset(spread_point(dataset_seed=1), tmp_path / "here")
    assert read_card(other).content_hash != read_card(here).content_hash


def test_a_dataset_is_made_once(tmp_path):
    told: list[tuple[int, int]] = []
    point = spread_point()
    for _ in range(2):
        ensure_dataset(point, tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(100, 100)]


def test_processes_that_make_one_dataset_at_once_leave_one_whole_dataset(tmp_path):
    program = (
        "import sys; from pathlib import Path; from tests.trainers.data.points import spread_point;"
        "from recipe_sweep.trainers.data.catalogue import ensure_dataset;"
        "print('ready', flush=True); input();"
        "ensure_dataset(spread_point(dataset_size=20_000), Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipe = subprocess.PIPE
    makers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) for _ in range(3)]
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("go\n")
        maker.stdin.flush()
    for maker in makers:
        _, complaints = maker.communicate(timeout=60)
        assert maker.returncode == 0, complaints
    point = spread_point(dataset_size=20_000)
    directory = dataset_directory(point, tmp_path)
    assert [path.name for path in directory.parent.iterdir()] == [point.dataset_id]
    open_dataset(point, tmp_path, verify=True)


def test_the_loser_of_a_race_takes_the_winners_dataset(tmp_path, monkeypatch):
    point = spread_point()
    winner = content(ensure_dataset(point, tmp_path / "winner"))
    write_card = store.write_card

    def overtaken(directory, card):
        write_card(directory, card)
        monkeypatch.setattr(store, "write_card", write_card)
        ensure_dataset(point, tmp_path / "race")

    monkeypatch.setattr(store, "write_card", overtaken)
    directory = ensure_dataset(point, tmp_path / "race")
    assert content(directory) == winner
    assert [path.name for path in directory.parent.iterdir()] == [point.dataset_id]


def test_a_dataset_that_was_not_finished_is_never_taken_for_one(tmp_path, monkeypatch):
    point = spread_point()

    def full_disk(directory, card):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_card", full_disk)
        with pytest.raises(DataError, match="No space left"):
            ensure_dataset(point, tmp_path)
    directory = dataset_directory(point, tmp_path)
    assert list(directory.parent.iterdir()) == []
    # A process that is killed cannot even clean up: what it leaves lies under another name.
    abandoned = directory.with_name(f".{directory.name}.0123")
    abandoned.mkdir()
    (abandoned / "observations.npy").write_bytes(b"half")
    ensure_dataset(point, tmp_path)
    open_dataset(point, tmp_path, verify=True)


@pytest.mark.skipif(not MAPPED_FILES.exists(), reason="asks Linux what is mapped where")
def test_rows_are_mapped_from_the_file_and_not_copied(tmp_path):
    point = two_step_point()
    directory = ensure_dataset(point, tmp_path)
    data = open_dataset(point, tmp_path)
    for name in ("observations", "actions", "rewards", "states"):
        address = getattr(data, name).data_ptr()
        maps = [line for line in MAPPED_FILES.read_text().splitlines() if line.endswith(str(directory / f"{name}.npy"))]
        ranges = [tuple(int(end, 16) for end in line.split()[0].split("-")) for line in maps]
        assert any(first <= address < last for first, last in ranges), name


def test_no_write_to_a_tensor_reaches_the_file(tmp_path):
    point = spread_point()
    before = content(ensure_dataset(point, tmp_path))
    open_dataset(point, tmp_path).observations.zero_()
    assert content(dataset_directory(point, tmp_path)) == before
    assert open_dataset(point, tmp_path, verify=True).observations.any()


def test_a_changed_dataset_stops_with_both_hashes(tmp_path):
    point = spread_point()
    ensure_dataset(point, tmp_path)
    found = open_dataset(point, tmp_path).content_hash
    open_dataset(point, tmp_path, expected_hash=found)
    with pytest.raises(ChangedDataError) as caught:
        open_dataset(point, tmp_path, expected_hash="0" * 64)
    assert found in str(caught.value)
    assert "0" * 64 in str(caught.value)


def test_published_files_are_asked_for_by_name_where_they_are_missing(tmp_path):
    point = spread_point(
        source=Source.OG_MARL, dataset_version="omar/mpe/simple_spread@main", dataset_seed=None, dataset_size=None
    )
    with pytest.raises(MissingDataError, match="recipe-sweep data fetch simple_spread") as caught:
        ensure_dataset(point, tmp_path)
    assert "og_marl/simple_spread" in str(caught.value)
    assert "no expert" in str(caught.value)
    assert "omar/mpe/simple_spread@main" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_all_published_files_that_are_missing_are_named_task_by_task(tmp_path):
    def published(task: str, dataset: str, scenario: str) -> DesignPoint:
        version = f"{scenario}@main"
        named = {"task": task, "dataset": dataset, "dataset_version": version, "dataset_seed": None, "dataset_size": None}
        return spread_point(source=Source.OG_MARL, **named)

    wanted = [published("2ant", name, "omiga/mamujoco/2ant") for name in ("expert", "medium")]
    wanted.append(published("simple_spread", "random", "omar/mpe/simple_spread"))
    with pytest.raises(MissingDataError) as caught:
        prepare_data([*wanted, spread_point()], tmp_path, {}, lambda text: None)
    assert [problem.found for problem in caught.value.problems] == ["no expert, medium", "no random"]
    assert "recipe-sweep data fetch 2ant" in str(caught.value)
    assert list(tmp_path.iterdir()) == []  # nor was anything made that nobody can use yet


def test_every_reason_why_data_cannot_be_made_is_named_at_once(tmp_path):
    point = spread_point(dataset="good", dataset_version="0", dataset_seed=None, dataset_size=0)
    with pytest.raises(MissingDataError) as caught:
        ensure_dataset(point, tmp_path)
    assert [problem.key for problem in caught.value.problems] == ["dataset", "dataset_version", "dataset_seed", "dataset_size"]
    with pytest.raises(MissingDataError, match="two_step"):
        ensure_dataset(spread_point(task="3m"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_opening_what_was_never_made_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(MissingDataError) as caught:
        open_dataset(spread_point(), tmp_path)
    assert str(dataset_directory(spread_point(), tmp_path)) in str(caught.value)


def test_a_data_directory_that_cannot_be_written_is_a_clear_error(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(DataError, match="RECIPE_SWEEP_DATA"):
        ensure_dataset(spread_point(), in_the_way)


def test_the_data_directory_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("RECIPE_SWEEP_DATA", str(tmp_path))
    assert default_data_root() == tmp_path
    monkeypatch.delenv("RECIPE_SWEEP_DATA")
    assert default_data_root() == Path.home() / ".cache" / "recipe-sweep" / "data"
