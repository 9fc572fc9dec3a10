"""The cost of a pack by its shapes: what the learner really computes, and what sharing saves."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from recipe_sweep.search_spaces.vocabulary import Decomposition, Extraction, Precision, ValueLearning
from recipe_sweep.trainers import checkpoint
from recipe_sweep.trainers.cost import Lanes, checkpoint_bytes, pack_memory, shapes_of, step_flops, weights_bytes
from recipe_sweep.trainers.parameters import Stack
from recipe_sweep.trainers.train import PackTrainer
from tests.trainers.builders import DESIGNS, batch, dataset, learner, point
from tests.words import EXTRACTIONS

WIDE = {"hidden": (96, 96, 96), "batch": 24}


def family(decomposition: Decomposition, learning: ValueLearning) -> list[object]:
    return [
        point(decomposition, learning, extraction, alpha=alpha, **WIDE)
        for extraction in EXTRACTIONS
        for alpha in (0.1, 0.3, 1.0, 3.0)
    ]


@pytest.mark.parametrize(("decomposition", "learning", "extraction"), DESIGNS)
def test_the_learner_computes_little_more_than_the_least(
    decomposition: Decomposition, learning: ValueLearning, extraction: Extraction
) -> None:
    """A step that computed what no loss asks for would cost a multiple of it."""
    points = [point(decomposition, learning, extraction, seed=seed, **WIDE) for seed in (0, 1)]
    built = learner(points)
    drawn = batch(built.lanes.seeds, 0, size=WIDE["batch"])
    with FlopCounterMode(display=False) as counted:
        built.step(drawn)
    least = step_flops(points)
    assert least <= counted.get_total_flops() * (1.0 + 1e-9)
    assert counted.get_total_flops() <= 1.12 * least


@pytest.mark.parametrize("word", [word for word in Decomposition.members() if word.mixes or word.pairs])
@pytest.mark.parametrize("learning", list(ValueLearning.members()))
def test_a_pack_of_both_extractions_and_several_seeds_computes_little_more_than_the_least(
    learning: ValueLearning, word: Decomposition
) -> None:
    points = [
        point(word, learning, extraction, alpha=alpha, seed=seed, **WIDE)
        for seed in (0, 1, 2)
        for extraction in EXTRACTIONS
        for alpha in (0.1, 1.0)
    ]
    trainer = PackTrainer(points, dataset())
    with FlopCounterMode(display=False) as counted:
        trainer.advance()
    assert counted.get_total_flops() <= 1.12 * step_flops(points)


@pytest.mark.parametrize("decomposition", [Decomposition.VDN, Decomposition.DEC])
def test_what_sharing_saves_is_what_the_mathematics_says(decomposition: Decomposition) -> None:
    """In units of one pass of a net over its rows, where all nets are alike: SARSA 56 of 112, IQL 52 of 136, TD all."""
    wide = {"hidden": (4096, 4096, 4096), "batch": 8}
    for learning, expected in ((ValueLearning.SARSA, 56 / 112), (ValueLearning.IQL, 52 / 136), (ValueLearning.TD, 1.0)):
        runs = [
            point(decomposition, learning, extraction, alpha=alpha, **wide)
            for extraction in EXTRACTIONS
            for alpha in (0.1, 0.3, 1.0, 3.0)
        ]
        alone = sum(step_flops([run]) for run in runs)
        assert step_flops(runs) / alone == pytest.approx(expected, abs=0.01)


def test_shapes_and_parameters_are_those_of_the_learner() -> None:
    for decomposition in Decomposition.members():
        points = [point(decomposition, ValueLearning.IQL, **WIDE)]
        models, shapes = learner(points).models, shapes_of(points[0])
        assert models.critic.layout.size == sum(net.parameters for net, _ in shapes.critics)
        assert models.actor.layout.size == shapes.actor.parameters
        assert models.value is not None
        assert models.value.layout.size == shapes.value.parameters
        mixer = 0 if models.mixer is None else models.mixer.layout.size
        assert mixer == sum(net.parameters for net in shapes.whole_mixer)


def test_parameters_in_memory_are_counted_with_all_that_stands_beside_them() -> None:
    points = [point(seed=seed, **WIDE) for seed in range(3)]
    models = learner(points).models

    def held(stack: Stack) -> int:
        arrays = [stack.flat, stack.exp_avg, stack.exp_avg_sq, stack.gradient]
        return sum(array.numel() * array.element_size() for array in arrays)

    assert models.mixer is not None
    stacks = [models.critic, models.actor, models.mixer]
    resting = sum(map(held, stacks)) + sum(8 * models_target.flat.numel() for models_target in (models.target_critic,))
    assert resting <= pack_memory(points).parameters <= 1.3 * resting


def test_lanes_are_counted_by_what_they_share() -> None:
    assert Lanes.of(family(Decomposition.MIX, ValueLearning.SARSA)) == Lanes(values=1, climbing=4, reading=4)  # type: ignore[arg-type]
    assert Lanes.of(family(Decomposition.MIX, ValueLearning.TD)) == Lanes(values=8, climbing=4, reading=4)  # type: ignore[arg-type]


def test_more_of_anything_costs_more() -> None:
    small = [point(**WIDE)]
    for change in ({"batch": 48}, {"hidden": (96, 96, 128)}):
        larger = [point(**(WIDE | change))]
        assert step_flops(larger) > step_flops(small)
        assert pack_memory(larger).total > pack_memory(small).total
    assert torch.get_default_dtype() is torch.float32
    assert pack_memory(small).parameters > pack_memory([point(**WIDE, precision=Precision.FLOAT32)]).parameters


def test_results_come_in_the_order_of_the_runs_however_these_lie_in_the_process() -> None:
    points = [
        point(Decomposition.MIX, ValueLearning.TD, extraction, seed=seed, **WIDE)
        for seed in (0, 1)
        for extraction in EXTRACTIONS
    ]
    trainer = PackTrainer(points, dataset())
    assert [each.run_id for each in trainer.points] != [each.run_id for each in points]
    trainer.advance()
    assert [result.run_id for result in trainer.results()] == [each.run_id for each in points]


@pytest.mark.parametrize("learning", list(ValueLearning.members()))
@pytest.mark.parametrize("decomposition", list(Decomposition.members()))
def test_the_disk_of_checkpoints_and_weights_is_that_of_the_files(
    decomposition: Decomposition, learning: ValueLearning, tmp_path: Path
) -> None:
    points = [point(d, v, e, **WIDE) for d, v, e in DESIGNS if (d, v) == (decomposition, learning)]
    trainer = PackTrainer(points, dataset())
    trainer.advance()
    checkpoint.save(tmp_path, trainer.learner, trainer.history, pack_key=points[0].pack_key, data_hash="d")
    [file] = tmp_path.glob("*.safetensors")
    assert file.stat().st_size == pytest.approx(checkpoint_bytes(points), rel=0.05)
    for critics in (False, True):
        weights = checkpoint.final_weights(trainer.learner, critics=critics)
        written = {run_id: sum(array.nbytes for array in named.values()) for run_id, named in weights.items()}
        assert written == {each.run_id: weights_bytes(each, critics=critics) for each in points}
