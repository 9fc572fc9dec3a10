"""Training a policy and keeping it, by the commands of the records."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from recipe_sweep.trainers.behaviour import choose, library, training
from recipe_sweep.trainers.behaviour.__main__ import main as train_command
from recipe_sweep.trainers.behaviour.library import kept_policy, record_of
from recipe_sweep.trainers.behaviour.settings import Training
from recipe_sweep.trainers.environments.mujoco_robots import HOPPER

SMALL = "--steps 3000 --copies 8 --horizon 25 --epochs 2 --minibatch 50 --hidden 8"


@pytest.fixture
def _few_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "CHECKPOINTS", 5)
    monkeypatch.setattr(training, "EVALUATION_EPISODES", 2)
    monkeypatch.setattr(choose, "EPISODES", 3)
    monkeypatch.setattr(choose, "STAGES", 2)


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("*.safetensors")}


@pytest.mark.usefixtures("_few_episodes")
def test_a_training_is_repeated_by_the_command_on_its_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first, again = tmp_path / "first", tmp_path / "again"
    train_command(shlex.split(f"3hopper --seed 3 {SMALL} --out {first}"))
    assert "exploration" in capsys.readouterr().out
    record = Training.model_validate_json((first / training.RECORD_FILE).read_text())
    assert (record.task, record.seed, record.steps) == ("3hopper", 3, 3000)
    assert [point.steps for point in record.curve] == [0, 200, 400, 1000, 2000, 3000]
    assert sorted(content(first)) == [point.file for point in record.curve]
    words = shlex.split(record.command)
    assert words[:3] == ["python", "-m", "recipe_sweep.trainers.behaviour"]
    train_command([str(again) if word == str(first) else word for word in words[3:]])
    assert content(again) == content(first)


@pytest.mark.usefixtures("_few_episodes")
def test_the_best_policy_is_kept_with_its_predecessors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    runs = [tmp_path / "0", tmp_path / "1"]
    for seed, run in enumerate(runs):
        train_command(shlex.split(f"3hopper --seed {seed} {SMALL} --out {run}"))
    for module in (choose, library):
        monkeypatch.setattr(module, "POLICIES", tmp_path / "policies")
    record_of.cache_clear()
    kept_policy.cache_clear()
    choose.main([str(run) for run in runs])
    record = record_of(HOPPER)
    record_of.cache_clear()
    best = max((point.mean, point.steps) for run in (record.training, *record.others) for point in run.curve)
    assert (record.robot, record.expert.steps) == ("hopper", best[1])
    for kept in (record.expert, record.medium):
        assert kept.mean >= 0.8 * kept.mean_without_noise, "its noise costs at most a fifth"
    assert record.medium.steps < record.expert.steps
    assert record.replay[0].steps == 0
    assert record.replay[-1].steps == record.medium.steps
    for kept in (record.expert, record.medium, *record.replay):
        assert kept.exploration == tuple(kept.noise_scale * kept_policy(HOPPER, kept).std)
    kept_policy.cache_clear()


def test_trainings_of_different_robots_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    settings = "--steps 1 --copies 1 --horizon 1 --epochs 1 --minibatch 1 --hidden 2"
    for task in ("3hopper", "6halfcheetah"):
        train_command(shlex.split(f"{task} {settings} --out {tmp_path / task}"))
    with pytest.raises(SystemExit) as stopped:
        choose.main([str(tmp_path / "3hopper"), str(tmp_path / "6halfcheetah")])
    assert stopped.value.code == 2
    assert "3hopper, 6halfcheetah" in capsys.readouterr().err
