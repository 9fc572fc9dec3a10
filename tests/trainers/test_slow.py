"""Losses and gradients of every mixer are those of a slow path: one lane, loops, finite differences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.search_spaces.vocabulary import CriticNorm, Decomposition, Discretisation, Extraction, ValueLearning
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.learner import Learner
from tests.reference_check import _networks
from tests.trainers.builders import DESIGNS, MASKED, SPEC, batch, learner, masked_batch, point
from tests.trainers.slow import Slow

WORDS = tuple(map(Decomposition.of, ("vdn", "wvdn", "qatten", "qplex", "dcg")))
STEP = 1e-6
TRAINED = {"critic": ("critic/", "pair/", "mixer/"), "value": ("value/",), "actor": ("actor/",), "flow": ("flow/",)}
"""Networks that each loss trains"""


def compare(run: DesignPoint, *, masked: bool = False) -> None:
    """Compare losses and directional derivatives of a run beside another with those of the slow path, away from any start."""
    other = dataclasses.replace(run, seed=run.seed + 1)
    spec = MASKED if masked else SPEC
    built = learner([other, run], Kernels(fused=True), spec)
    rng = np.random.default_rng(5)
    models = built.models
    for stack in (models.critic, models.actor, models.actors.noisy, models.flow, models.mixer, models.value):
        if stack is not None:
            stack.flat += torch.from_numpy(0.1 * rng.normal(size=tuple(stack.flat.shape)))
    for target in (models.target_critic, models.target_mixer, models.target_value):
        if target is not None:
            target.flat += torch.from_numpy(0.1 * rng.normal(size=tuple(target.flat.shape)))
    drawn = (masked_batch if masked else batch)(built.lanes.seeds, 0, 8, spec)
    still = leaves(built, gradients=False)
    report = built.step(drawn)
    gradients = leaves(built, gradients=True)
    own = type(drawn)(*(None if part is None else part[1:] for part in drawn))
    slow = Slow(run, own, run.gamma)
    found = {"critic": report.critic_loss, "value": report.value_loss, "actor": report.actor_loss, "flow": report.flow_loss}
    for name, loss in slow.losses(still, still)._asdict().items():
        if loss is None:
            continue
        measured = found[name]
        assert measured is not None
        assert float(measured[1]) == pytest.approx(float(loss), rel=1e-10)
        trained = {leaf: g for leaf, g in gradients.items() if leaf.startswith(TRAINED[name])}
        direction = {leaf: torch.from_numpy(rng.normal(size=tuple(g.shape))) for leaf, g in trained.items()}
        moved = [
            getattr(slow, f"{name}_loss")(still | {leaf: still[leaf] + sign * STEP * d for leaf, d in direction.items()}, still)
            for sign in (1.0, -1.0)
        ]
        slope = sum(float((gradients[leaf] * d).sum()) for leaf, d in direction.items())
        assert float(moved[0] - moved[1]) / (2 * STEP) == pytest.approx(slope, rel=2e-6, abs=1e-7), name


def leaves(built: Learner, *, gradients: bool) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(each)) for name, each in _networks(built, 1, gradients=gradients).items()}


@pytest.mark.parametrize(("word", "learning", "extraction"), [design for design in DESIGNS if design[0] in WORDS])
def test_a_loss_or_gradient_is_not_that_of_the_page(
    word: Decomposition, learning: ValueLearning, extraction: Extraction
) -> None:
    compare(point(word, learning, extraction))
    compare(point(word, learning, extraction, critic_norm=CriticNorm.NONE, seed=4))


@pytest.mark.parametrize("kind", list(Discretisation))
@pytest.mark.parametrize(("word", "learning", "extraction"), [design for design in DESIGNS if design[0] in WORDS[1:]])
def test_with_illegal_actions_a_loss_or_gradient_is_not_that_of_the_page(
    word: Decomposition, learning: ValueLearning, extraction: Extraction, kind: Discretisation
) -> None:
    compare(point(word, learning, extraction, discretisation=kind), masked=True)
