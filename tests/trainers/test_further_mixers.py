"""Weighted sums, attention, duelling weights and pairs: shared, packed, alone, resumed and kept as Mix is."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from recipe_sweep.trainers import checkpoint
from recipe_sweep.trainers.batch import Batch
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.learner import Learner
from recipe_sweep.trainers.metrics import FURTHER_METRICS, names
from recipe_sweep.trainers.networks import Arrays
from recipe_sweep.trainers.values import learned_values
from tests.trainers.builders import SPEC, actor_row, batch, family, learner, trained
from tests.trainers.test_checkpoint import advance, assert_same, fresh, resume, save

FURTHER = tuple(map(Decomposition.of, ("wvdn", "qatten", "qplex", "dcg")))
EVERY = pytest.mark.parametrize(("word", "learning"), list(itertools.product(FURTHER, ValueLearning.members())))
COMPILED = Kernels(fused=True)


@EVERY
def test_a_run_learns_otherwise_shared_compiled_or_alone(word: Decomposition, learning: ValueLearning) -> None:
    """20 steps in float64. What paths may change is the order of sums."""
    runs = family(word, learning)
    pack, eager = trained(runs, 20, COMPILED), trained(runs, 20, EAGER)
    for lane in range(len(pack.lanes.actors)):
        torch.testing.assert_close(actor_row(pack, lane), actor_row(eager, lane), rtol=0, atol=1e-9)
    torch.testing.assert_close(pack.models.critic.flat, eager.models.critic.flat, rtol=0, atol=1e-9)
    for run in (runs[0], runs[-1]):
        alone = trained([run], 20, COMPILED)
        at = next(i for i, lane in enumerate(pack.lanes.actors) if lane.key == run.run_id)
        value = pack.lanes.actors[at].value
        assert torch.equal(actor_row(alone, 0), actor_row(pack, at))
        assert torch.equal(alone.models.critic.flat, pack.models.critic.flat[2 * value : 2 * value + 2])


@EVERY
def test_a_killed_and_resumed_pack_gives_other_bits(word: Decomposition, learning: ValueLearning, tmp_path: Path) -> None:
    points = family(word, learning)[::3]
    straight = advance(fresh(points), 10)
    interrupted = advance(fresh(points), 4)
    save(interrupted, tmp_path)
    advance(interrupted, 6)
    assert_same(straight, advance(resume(points, tmp_path), 10))


def test_runs_share_a_critic_whose_total_reads_their_own_actions() -> None:
    """QPLEX compares with V under IQL and GVR, and with the policy's actions otherwise."""
    lanes = {
        (word, learning): learner(family(word, learning)).lanes for word in FURTHER for learning in ValueLearning.members()
    }
    for (word, learning), found in lanes.items():
        alone = learning.follows_actor or (word is Decomposition.QPLEX and not learning.has_value_network)
        assert (len(found.values) == len(found.actors)) == alone, (word, learning)
    assert len(lanes[Decomposition.QPLEX, ValueLearning.IQL].values) == 4


@EVERY
def test_kept_weights_lack_a_network_or_tell_other_totals(word: Decomposition, learning: ValueLearning) -> None:
    runs = family(word, learning)[:1]
    built = trained(runs, 3)
    kept = {
        name: torch.from_numpy(leaf) for name, leaf in checkpoint.final_weights(built, critics=True)[runs[0].run_id].items()
    }
    networks = {name.split("/")[0] for name in kept}
    assert networks == {"actor", "critic"} | ({"mixer"} if word.mixes else {"pair"}) | (
        {"value"} if learning.has_value_network else set()
    )
    drawn = batch((0,), 9)
    assert drawn.state is not None
    told = learned_values(runs[0], kept, SPEC, drawn.obs[0], drawn.state[0], drawn.actions[0])
    totals = measured(built, drawn)
    np.testing.assert_allclose(told.total.mean(), totals, rtol=1e-9)


@EVERY
def test_records_lack_the_range_of_an_agents_weight(word: Decomposition, learning: ValueLearning) -> None:
    runs = family(word, learning)[:2]
    built = learner(runs, COMPILED)
    report = built.step(batch(built.lanes.seeds, 0), record=True)
    assert report.diagnostics is not None
    recorded = dict(zip(names(SPEC.n_agents, False, word.metrics), report.diagnostics.tolist(), strict=True))
    assert set(word.metrics) <= set(FURTHER_METRICS)
    assert all(np.isfinite(recorded[name]).all() for name in word.metrics)
    if word.mixes:
        assert 0.0 <= min(recorded["weight_min"]) <= max(recorded["weight_max"])
    if word.compares:
        assert min(recorded["importance_min"]) > 0.0
        assert 0.0 < min(recorded["advantage_positive"]) <= max(recorded["advantage_positive"]) < 1.0


def measured(built: Learner, drawn: Batch) -> float:
    """The mean total that the learner itself reports at a batch, before the step."""
    report = built.step(drawn, record=True)
    assert report.diagnostics is not None
    return float(report.diagnostics[names(SPEC.n_agents).index("q_mean")])


def test_a_graph_of_one_agent_has_pairs() -> None:
    """One agent has no pair, so its value is the total."""
    lonely = dataclasses.replace(SPEC, n_agents=1)
    built = learner(family(Decomposition.DCG, ValueLearning.TD)[:2], spec=lonely)
    before = built.models.critic.flat.clone()
    built.step(batch(built.lanes.seeds, 0, spec=lonely))
    assert built.diverged_step.eq(-1).all()
    moved = (built.models.critic.flat != before)[0]
    assert moved[: built.models.critic.layout.size // 3].any()


def test_an_agents_and_a_pairs_network_begin_with_the_same_stream() -> None:
    """Each network draws from a generator of its own. So DCG's critic begins as VDN's does."""
    dcg, vdn = (learner(family(Decomposition.of(name), ValueLearning.TD)[:1]).models.critic for name in ("dcg", "vdn"))
    assert torch.equal(dcg.flat[:, : vdn.layout.size], vdn.flat)
    leaves: Arrays = {name: view[0].numpy() for name, view in dcg.layout.views(dcg.flat).items()}
    assert not np.array_equal(leaves["layer1/weight"], leaves["pair/layer1/weight"])
