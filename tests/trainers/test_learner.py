"""The learner's promises: right numbers, sharing that changes nothing, lanes that cannot touch each other."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.vocabulary import (
    ActorNorm,
    CriticNorm,
    Decomposition,
    Extraction,
    MixerTraining,
    Precision,
    ValueLearning,
)
from recipe_sweep.trainers.batch import Batch, agent_inputs
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.metrics import names
from tests import reference_check
from tests.trainers.builders import DESIGNS, actor_row, batch, family, learner, point, trained

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.npz"))
TIGHT = 1e-10
"""float64: what lanes, sharing and grouping may change is the order of sums, a few units in the last place a step."""


def actor_rows(built: Learner) -> dict[str, torch.Tensor]:
    return {lane.key: actor_row(built, i).clone() for i, lane in enumerate(built.lanes.actors)}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_losses_gradients_and_parameters_are_those_of_the_reference(path: Path) -> None:
    case = reference_check.load(path)
    verdict = reference_check.compare(case, reference_check.reproduce([case])[0])
    assert verdict.passed, verdict


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_run_packed_with_others_still_gives_the_reference_numbers(path: Path) -> None:
    case = reference_check.load(path)
    verdict = reference_check.compare(case, reference_check.between_others(case))
    assert verdict.passed, verdict


def test_the_check_notices_a_wrong_number_a_missing_and_an_extra_leaf(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with np.load(GOLDEN[0]) as archive:
        arrays = dict(archive)
    arrays["grad/actor/layer0/bias"] = arrays["grad/actor/layer0/bias"] * (1 + 1e-6)
    np.savez(tmp_path / "wrong.npz", **arrays)
    removed = arrays.pop("params5/actor/layer0/bias")
    arrays["grad/nothing/of/ours"] = removed
    np.savez(tmp_path / "sides.npz", **arrays)
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04")
    for name in ("wrong", "sides", "torn"):
        assert reference_check.main([str(tmp_path / f"{name}.npz")]) == 1
    assert reference_check.main([str(GOLDEN[0])]) == 0
    printed = capsys.readouterr().out
    assert "missing: grad/nothing/of/ours" in printed
    assert "extra: params5/actor/layer0/bias" in printed
    assert "torn: cannot be mapped" in printed


def test_a_reference_of_a_design_that_is_not_ours_is_skipped_with_its_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with np.load(GOLDEN[0]) as archive:
        arrays = dict(archive)
    config = json.loads(str(arrays["config_json"])) | {"extraction": "other"}
    np.savez(tmp_path / "other.npz", **(arrays | {"config_json": np.array(json.dumps(config))}))
    assert reference_check.main([str(tmp_path / "other.npz")]) == 0
    assert "other: skipped: this trainer has no extraction 'other'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("decomposition", "learning"), list(itertools.product(Decomposition.members(), ValueLearning.members()))
)
def test_a_run_learns_the_same_alone_as_inside_any_pack(decomposition: Decomposition, learning: ValueLearning) -> None:
    runs = family(decomposition, learning)
    packed = actor_rows(trained(runs, 12))
    ragged = [run for i, run in enumerate(runs) if i % 3 != 1]  # value lanes that serve unequal numbers, in another order
    for subset in (list(reversed(ragged)), [runs[0]], [runs[-1]]):
        for run, parameters in actor_rows(trained(subset, 12)).items():
            torch.testing.assert_close(parameters, packed[run], rtol=0, atol=TIGHT)


@pytest.mark.parametrize("learning", [ValueLearning.SARSA, ValueLearning.IQL])
def test_one_critic_serves_all_extractions_of_a_seed(learning: ValueLearning) -> None:
    built = learner(family(Decomposition.MIX, learning))
    assert len(built.lanes.values) == (2 if learning is ValueLearning.SARSA else 4)
    assert len(built.lanes.actors) == len(family(Decomposition.MIX, learning))
    assert len(learner(family(Decomposition.MIX, ValueLearning.TD)).lanes.values) == 18


@pytest.mark.parametrize(("decomposition", "learning", "extraction"), DESIGNS)
def test_a_lane_that_goes_wrong_is_frozen_and_harms_no_other(
    decomposition: Decomposition, learning: ValueLearning, extraction: Extraction
) -> None:
    runs = [point(decomposition, learning, extraction, seed=seed) for seed in range(3)]
    healthy = trained(runs, 6)
    built = learner(runs)
    for step in range(6):
        drawn = batch(built.lanes.seeds, step)
        if step == 3:
            drawn.rewards[1, 0] = torch.nan  # only seed 1 reads this
            before = actor_row(built, 1).clone()
        built.step(drawn)
    assert built.diverged_step.tolist() == [-1, 3, -1]
    torch.testing.assert_close(actor_row(built, 1), before, rtol=0, atol=0)
    for lane in (0, 2):
        torch.testing.assert_close(actor_row(built, lane), actor_row(healthy, lane), rtol=0, atol=0)


@pytest.mark.parametrize("learning", ValueLearning.members())
def test_a_diverged_actor_takes_only_its_own_run_and_a_diverged_critic_all_it_serves(learning: ValueLearning) -> None:
    runs = family(Decomposition.VDN, learning, seeds=(0, 1))
    of_seed = [run.seed == 1 for run in runs]

    built = learner(runs)
    actor_row(built, 0).fill_(torch.nan)
    built.step(batch(built.lanes.seeds, 0))
    built.step(batch(built.lanes.seeds, 1))
    assert [i for i, step in enumerate(built.diverged_step.tolist()) if step >= 0] == [0]
    assert bool(built.value_alive.all()) == (learning is not ValueLearning.TD)

    built = learner(runs)
    for lane, value in enumerate(built.lanes.values):
        if value.seed == 1:
            built.models.critic.flat[lane * 2] = torch.inf
    built.step(batch(built.lanes.seeds, 0))
    assert [step >= 0 for step in built.diverged_step.tolist()] == of_seed


def test_a_run_whose_q_passes_the_bound_is_stopped_and_without_a_bound_goes_on() -> None:
    for bound, expected in ((1e-6, [0]), (None, [-1])):
        built = learner([point(divergence_bound=bound)])
        built.step(batch(built.lanes.seeds, 0))
        assert built.diverged_step.tolist() == expected


def moved(built: Learner, steps: int = 3) -> bool:
    assert built.models.mixer is not None
    before = built.models.mixer.flat.clone()
    for step in range(steps):
        built.step(batch(built.lanes.seeds, step))
    changed: torch.Tensor = (built.models.mixer.flat - before).abs() > 0
    return bool(changed.any())


@pytest.mark.parametrize("learning", ValueLearning.members())
def test_the_mixer_is_trained_unless_frozen_is_asked_for(learning: ValueLearning) -> None:
    assert moved(learner([point(Decomposition.MIX, learning)]))
    frozen = point(Decomposition.MIX, learning, mixer_training=MixerTraining.FROZEN)
    assert not moved(learner([frozen]))


def test_the_value_loss_does_not_train_the_mixer() -> None:
    """With a critic that has nothing left to learn (y = q everywhere) only the value loss is left, and the mixer rests."""
    case = reference_check.load(next(path for path in GOLDEN if path.stem.startswith("mix-iql")))
    made = reference_check.reproduce([case])[0]
    leaf = "mixer/w1/out/weight"
    alternative = case.arrays[f"alt/value_loss_grad/{leaf}"]
    assert np.abs(alternative).max() > 1e-6  # the value loss would move it
    np.testing.assert_allclose(made[f"grad/{leaf}"], case.arrays[f"grad/{leaf}"], rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("norm", CriticNorm.members())
def test_every_critic_norm_trains_and_reports_its_scale(norm: CriticNorm) -> None:
    built = learner([point(critic_norm=norm)])
    report = built.step(batch(built.lanes.seeds, 0), record=True)
    assert report.diagnostics is not None

    sigma = float(report.diagnostics[names(3).index("sigma")])
    assert (sigma == 1.0) == (norm in (CriticNorm.NONE, CriticNorm.MIN))


def test_recording_diagnostics_changes_no_number() -> None:
    runs = family(Decomposition.MIX, ValueLearning.IQL)
    plain, recorded = learner(runs), learner(runs)
    for step in range(5):
        plain.step(batch(plain.lanes.seeds, step))
        recorded.step(batch(recorded.lanes.seeds, step), record=True)
    assert torch.equal(plain.models.actor.flat, recorded.models.actor.flat)
    assert torch.equal(plain.models.critic.flat, recorded.models.critic.flat)


def test_training_twice_gives_the_same_bits() -> None:
    runs = family(Decomposition.MIX, ValueLearning.TD)
    assert torch.equal(trained(runs, 8).models.actor.flat, trained(runs, 8).models.actor.flat)


def test_runs_that_cannot_share_a_process_are_refused() -> None:
    with pytest.raises(ValueError, match="must agree"):
        learner([point(), point(batch=16)])
    with pytest.raises(ValueError, match="twice"):
        learner([point(), point()])


def test_brac_with_a_large_alpha_is_behaviour_cloning() -> None:
    """On one repeated batch cloning can fit exactly; the value term alone does not come near."""
    fixed = {"lr": 3e-3, "actor_norm": ActorNorm.ABSMEAN}
    runs = [point(alpha=alpha, **fixed) for alpha in (100.0, 1e-3)]
    gaps = []
    for run in runs:
        built = learner([run])
        drawn = batch((0,), 0)
        for _ in range(400):
            built.step(drawn)

        gaps.append(float((built.act(agent_inputs(drawn.obs)) - drawn.actions).square().mean()))
    assert gaps[0] < 0.01 < gaps[1]


def test_in_bf16_the_networks_are_rounded_and_the_parameters_are_not() -> None:
    runs = family(Decomposition.MIX, ValueLearning.IQL)
    built = {}
    for precision in (Precision.FLOAT32, Precision.BF16):
        built[precision] = learner([dataclasses.replace(run, precision=precision) for run in runs])
        for step in range(10):
            built[precision].step(
                Batch(*(None if part is None else part.float() for part in batch(built[precision].lanes.seeds, step)))
            )
    exact, rounded = built.values()
    before = learner([dataclasses.replace(run, precision=Precision.FLOAT32) for run in runs]).models.actor.flat
    moved = exact.models.actor.flat - before
    apart = rounded.models.actor.flat - exact.models.actor.flat
    assert rounded.models.actor.flat.dtype is torch.float32
    assert 0.0 < apart.norm() < 0.3 * moved.norm()
    assert rounded.diverged_step.eq(-1).all()


def test_tf32_is_asked_for_by_its_runs_alone() -> None:
    for precision, asked in ((Precision.TF32, "tf32"), (Precision.FLOAT32, "ieee")):
        learner([point(precision=precision)])
        assert torch.backends.cuda.matmul.fp32_precision == asked
