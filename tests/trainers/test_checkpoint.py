"""A pack that was killed, sliced or torn goes on exactly where its last whole checkpoint left it."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import Decomposition, Precision, ValueLearning
from recipe_sweep.trainers import checkpoint
from recipe_sweep.trainers.kernels import EAGER
from recipe_sweep.trainers.train import PackTrainer, resumed
from tests.trainers.builders import dataset, family, point


def packs() -> list[list[DesignPoint]]:
    return [family(Decomposition.MIX, learning, seeds=(0, 1)) for learning in ValueLearning.members()]


def fresh(points: Sequence[DesignPoint]) -> PackTrainer:
    return PackTrainer(points, dataset())


def save(trainer: PackTrainer, directory: Path) -> None:
    trainer.fetch()
    checkpoint.save(directory, trainer.learner, trainer.history, pack_key=trainer.points[0].pack_key, data_hash="d")


def resume(points: Sequence[DesignPoint], directory: Path) -> PackTrainer:
    trainer = fresh(points)
    found = checkpoint.load_latest(directory)
    assert found is not None
    history = checkpoint.restore(trainer.learner, found)
    assert history is not None
    trainer.history = history
    return trainer


def advance(trainer: PackTrainer, to: int) -> PackTrainer:
    while trainer.step < to:
        trainer.advance()
    return trainer


def assert_same(one: PackTrainer, other: PackTrainer) -> None:
    assert one.results() == other.results()
    for key in ("critic", "actor", "mixer", "value"):
        a, b = getattr(one.learner.models, key), getattr(other.learner.models, key)
        if a is not None:
            assert torch.equal(a.flat, b.flat)
            assert torch.equal(a.exp_avg_sq, b.exp_avg_sq)


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("learning", ValueLearning.members())
def test_a_killed_and_resumed_pack_gives_bitwise_the_same_results(
    tmp_path: Path, learning: ValueLearning, precision: Precision
) -> None:
    points = [
        point(Decomposition.MIX, learning, run.extraction, alpha=run.alpha, seed=run.seed, precision=precision)
        for run in family(Decomposition.MIX, learning)
        if run.actor_norm.value == "absmean" and run.tau in (None, 0.7) and run.regularisation in (None, 1.0)
    ]
    straight = advance(fresh(points), 20)
    interrupted = advance(fresh(points), 7)
    save(interrupted, tmp_path)
    advance(interrupted, 9)  # work after the last checkpoint is lost
    resumed = advance(resume(points, tmp_path), 13)
    save(resumed, tmp_path)
    assert_same(straight, advance(resume(points, tmp_path), 20))


def test_a_resumed_pack_meets_the_kernels_it_began_with_whatever_would_be_chosen_now(tmp_path: Path) -> None:
    points, data = [point(seed=seed, precision=Precision.FLOAT32) for seed in (0, 1)], dataset()
    begun_with = EAGER
    straight = advance(PackTrainer(points, data, kernels=begun_with), 12)
    assert straight.learner.config.kernels != fresh(points).learner.config.kernels
    interrupted = advance(PackTrainer(points, data, kernels=begun_with), 5)
    save(interrupted, tmp_path)
    with_data = dataclasses.replace(data, content_hash="d")
    again = resumed(points, with_data, [tmp_path])
    assert again is not None
    assert (again.step, again.learner.config.kernels) == (5, begun_with)
    assert_same(straight, advance(again, 12))

    sidecar = next(tmp_path.glob("*.json"))  # as an earlier version wrote it
    later = ("kernels", "own_sha256")
    sidecar.write_text(
        json.dumps({name: value for name, value in json.loads(sidecar.read_text()).items() if name not in later})
    )
    for recorded in ({}, {"kernels": {"fused_from": 16384, "tile": 262144, "graph": False}}):
        sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | recorded))
        older = resumed(points, with_data, [tmp_path])
        assert older is not None
        assert older.learner.config.kernels == fresh(points).learner.config.kernels


def test_lanes_sliced_out_of_a_checkpoint_go_on_as_they_would_have(tmp_path: Path) -> None:
    for number, points in enumerate(packs()):
        directory = tmp_path / str(number)
        whole = advance(fresh(points), 8)
        save(whole, directory)
        wanted = [p for i, p in enumerate(points) if i % 3 == 0]
        sliced = {r.run_id: r for r in advance(resume(wanted, directory), 20).results()}
        for expected in advance(whole, 20).results():
            if expected.run_id in sliced:
                found = [p.return_mean for p in sliced[expected.run_id].curve]
                np.testing.assert_allclose(found, [p.return_mean for p in expected.curve], rtol=1e-9)


def test_a_lane_that_was_never_saved_is_not_invented(tmp_path: Path) -> None:
    save(advance(fresh([point(seed=0)]), 2), tmp_path)
    trainer = fresh([point(seed=0), point(seed=1)])
    before = trainer.learner.models.actor.flat.clone()
    found = checkpoint.load_latest(tmp_path)
    assert found is not None
    assert checkpoint.restore(trainer.learner, found) is None
    assert torch.equal(trainer.learner.models.actor.flat, before)


def test_a_torn_or_altered_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    trainer = fresh([point()])
    for step in (2, 4):
        save(advance(trainer, step), tmp_path)
    newest = sorted(tmp_path.glob("*.safetensors"))[-1]
    whole = newest.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        newest.write_bytes(damaged)
        found = checkpoint.load_latest(tmp_path)
        assert found is not None
        assert found.step == 2
    newest.write_bytes(whole)
    for text in ('{"format": 1, "st', "[" * 100_000, "[]", "{}"):
        newest.with_suffix(".json").write_text(text)
        found = checkpoint.load_latest(tmp_path)
        assert found is not None
        assert found.step == 2


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_fifo_in_place_of_a_checkpoint_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    trainer = fresh([point()])
    for step in (2, 4):
        save(advance(trainer, step), tmp_path)
    newest = sorted(tmp_path.glob(f"*{suffix}"))[-1]
    newest.unlink()
    os.mkfifo(newest)
    found = checkpoint.load_latest(tmp_path)
    assert found is not None
    assert found.step == 2


def test_no_flipped_bit_of_a_curve_on_disk_reaches_the_results(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    trainer = fresh([point()])
    for step in (2, 4):
        save(advance(trainer, step), tmp_path)
    newest = sorted(tmp_path.glob("*.json"))[-1]
    written = newest.read_bytes()
    expected = checkpoint.load_latest(tmp_path)
    assert expected is not None
    assert not capfd.readouterr().out
    passed_over = 0
    for place in range(0, len(written), 7):
        newest.write_bytes(written[:place] + bytes([written[place] ^ 1]) + written[place + 1 :])
        found = checkpoint.load_latest(tmp_path)
        assert found is not None
        assert found.step == 2 or (found.history.curves, found.kernels) == (expected.history.curves, expected.kernels)
        passed_over += found.step == 2
    assert passed_over > len(written) / 7 / 2
    said = capfd.readouterr().out.splitlines()
    assert len(said) == passed_over
    assert "step-000000000004" in said[0]
    assert said[0].endswith("taking that of step 2")


def test_a_checkpoint_of_a_format_to_come_is_left_alone(tmp_path: Path) -> None:
    save(advance(fresh([point()]), 2), tmp_path)
    sidecar = next(tmp_path.glob("*.json"))
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"format": checkpoint.FORMAT_VERSION + 1}))
    assert checkpoint.load_latest(tmp_path) is None


def test_only_two_checkpoints_and_no_leftovers_stay_on_disk(tmp_path: Path) -> None:
    trainer = fresh([point()])
    (tmp_path / "step-000000000001.safetensors.99.tmp").write_bytes(b"left by a writer that died")
    for step in (2, 4, 6):
        save(advance(trainer, step), tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"step-{step:012d}.{kind}" for step in (4, 6) for kind in ("json", "safetensors")]


def test_a_run_gives_the_same_curve_alone_and_packed_up_to_reassociation() -> None:
    """float32: sums in another order differ in the seventh digit, and 20 steps of Adam at 3e-4 carry that on."""
    points = [
        point(
            Decomposition.MIX, ValueLearning.SARSA, run.extraction, alpha=run.alpha, seed=run.seed, precision=Precision.FLOAT32
        )
        for run in family(Decomposition.MIX, ValueLearning.SARSA)
        if run.actor_norm.value == "absmean"
    ]
    packed = advance(fresh(points), 20).results()
    for alone_point, inside in zip(points, packed, strict=True):
        alone = advance(fresh([alone_point]), 20).results()[0]
        np.testing.assert_allclose(
            [p.return_mean for p in alone.curve], [p.return_mean for p in inside.curve], rtol=1e-4, err_msg=alone.run_id
        )


def test_a_full_disk_counts_as_a_failure_of_the_pack_and_stays_full(tmp_path: Path) -> None:
    trainer = advance(fresh(packs()[0]), 1)
    save(trainer, tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    advance(trainer, 2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save(trainer, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
