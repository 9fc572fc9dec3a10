"""What every mixer promises: shapes, gradients, lanes that cannot touch each other, monotone totals if it claims them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from recipe_sweep.search_spaces.vocabulary import Decomposition, ValueLearning
from recipe_sweep.trainers import checkpoint
from recipe_sweep.trainers.checkpoint import History
from recipe_sweep.trainers.decomposition.mix import Mix
from recipe_sweep.trainers.decomposition.registry import DECOMPOSITIONS
from recipe_sweep.trainers.kernels import Kernels
from recipe_sweep.trainers.mixers.base import Extra, MakeMixer, Mixer, MixerSizes, Mixing, Prepared, align
from recipe_sweep.trainers.mixers.registry import MIXERS
from recipe_sweep.trainers.mixers.stacked import stacked
from recipe_sweep.trainers.networks import Arrays, stack_arrays
from recipe_sweep.trainers.parameters import Copies, Layout, Leaves
from recipe_sweep.trainers.values import learned_values
from tests.trainers.builders import SPEC, actor_row, batch, family, learner, trained

LANES, HEADS, BATCH = 3, 2, 5
SIZES = MixerSizes(agents=4, inputs=6, actions=2, state=7, embed=8, hidden=16)
EVERY = pytest.mark.parametrize("make", MIXERS.values(), ids=list(MIXERS))


class Inputs(NamedTuple):
    """What a mixer is asked with."""

    leaves: Leaves
    state: Tensor
    x: Tensor
    q: Tensor
    extra: Extra


def inputs(mixer: Mixer, scale: float = 1.0) -> Inputs:
    """Random numbers for lanes whose parameters are drawn, each from a seed of its own, and moved a little from there."""
    rng = np.random.default_rng(3)

    def drawn(*shape: int) -> Tensor:
        return torch.from_numpy(scale * rng.normal(size=shape))

    flat = torch.zeros(LANES, mixer.layout.size, dtype=torch.float64)
    stack_arrays(mixer.layout, [mixer.initial(np.random.default_rng(lane)) for lane in range(LANES)], out=flat)
    return Inputs(
        leaves=mixer.layout.views(flat + 0.1 * drawn(LANES, mixer.layout.size)),
        state=drawn(LANES, BATCH, SIZES.state),
        x=drawn(LANES, BATCH, SIZES.agents, SIZES.inputs),
        q=drawn(LANES, HEADS, BATCH, SIZES.agents),
        extra=Extra(drawn(LANES, 1, BATCH, SIZES.agents, SIZES.actions), drawn(LANES, HEADS, BATCH, SIZES.agents)),
    )


def total(mixer: Mixer, given: Inputs) -> Tensor:
    return mixer.mix(given.q, mixer.prepare(given.leaves, given.state, given.x), given.extra)


@EVERY
def test_totals_and_weights_have_the_shapes_that_learners_read(make: MakeMixer) -> None:
    mixer = make(SIZES)
    given = inputs(mixer)
    prepared = mixer.prepare(given.leaves, given.state, given.x)
    assert all(part.shape[0] == LANES for part in prepared), "parts of lanes are taken by their first dimension"
    assert given.extra.actions is not None
    values = (given.q, given.extra), (given.q[:, 0], Extra(given.extra.actions[:, 0])), (given.q[:, 0], Extra())
    sets = given.q.unsqueeze(2).expand(-1, -1, 6, -1, -1), Extra(given.extra.actions.unsqueeze(2))
    for q, extra in (*values, sets):
        assert mixer.mix(q, prepared, extra).shape == q.shape[:-1]
        assert mixer.local_weight(q, prepared, extra).shape == q.shape


@EVERY
def test_kept_weights_hold_the_leaves_of_the_layout_and_no_other(make: MakeMixer) -> None:
    mixer = make(SIZES)
    drawn = mixer.initial(np.random.default_rng(0))
    assert {name: array.shape for name, array in drawn.items()} == dict(mixer.layout.shapes)
    assert all(np.isfinite(array).all() for array in drawn.values())


@EVERY
def test_the_same_seed_and_inputs_give_the_same_bits_and_other_seeds_others(make: MakeMixer) -> None:
    first, second, other = (make(SIZES).initial(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)
    given, again = inputs(make(SIZES)), inputs(make(SIZES))
    assert torch.equal(total(make(SIZES), given), total(make(SIZES), again))
    assert torch.equal(given.q, again.q), "a mixer must not change its inputs"


@EVERY
def test_a_loss_of_the_total_trains_every_leaf_of_the_mixer(make: MakeMixer) -> None:
    mixer = make(SIZES)
    given = inputs(mixer)
    leaves = {name: leaf.detach().requires_grad_() for name, leaf in given.leaves.items()}
    loss = total(mixer, given._replace(leaves=leaves)).square().sum()
    for name, gradient in zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True):
        for lane in range(LANES):
            assert gradient[lane].abs().max() > 0, f"lane {lane}: the loss does not reach {name}"


@EVERY
def test_a_lane_that_is_not_finite_changes_no_other(make: MakeMixer) -> None:
    mixer = make(SIZES)
    given = inputs(mixer)
    broken = inputs(mixer)
    for tensor in (*broken.leaves.values(), broken.state, broken.x, broken.q):
        tensor[1] = torch.nan
    others = [0, 2]
    assert torch.equal(total(mixer, broken)[others], total(mixer, given)[others])
    prepared, spoilt = (mixer.prepare(each.leaves, each.state, each.x) for each in (given, broken))
    weights = mixer.local_weight(broken.q, spoilt, broken.extra), mixer.local_weight(given.q, prepared, given.extra)
    assert torch.equal(weights[0][others], weights[1][others])


@EVERY
def test_a_lane_has_other_bits_beside_others_than_alone(make: MakeMixer) -> None:
    mixer = make(SIZES)
    how, given = stacked(mixer, Kernels(fused=True)), inputs(mixer)
    flat = torch.cat([leaf.reshape(LANES, -1) for leaf in given.leaves.values()], dim=1)

    def computed(lanes: slice) -> list[Tensor]:
        own = flat[lanes].clone().requires_grad_()
        extra = Extra(*(None if part is None else part[lanes] for part in given.extra))
        prepared = how.prepare(Copies(own, mixer.layout), given.state[lanes], given.x[lanes])
        total = how.mix(given.q[lanes], prepared, extra)
        weight = how.local_weight(given.q[lanes], tuple(part.detach() for part in prepared), extra)
        return [total.detach(), weight, *torch.autograd.grad(total.square().sum(), own)]

    together = computed(slice(0, LANES))
    for lane in range(LANES):
        alone = computed(slice(lane, lane + 1))
        assert all(torch.equal(part[lane], own[0]) for part, own in zip(together, alone, strict=True))


@EVERY
def test_transitions_and_heads_are_mixed_each_for_itself(make: MakeMixer) -> None:
    """Else a head would learn from another, or a transition from its neighbours in the batch."""
    mixer = make(SIZES)
    given = inputs(mixer)
    q = given.q.clone().requires_grad_()
    mixed = total(mixer, given._replace(q=q))
    (gradient,) = torch.autograd.grad(mixed[:, 0, 2].sum(), q)
    gradient[:, 0, 2] = 0.0
    assert gradient.abs().max() == 0.0


@EVERY
@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_the_local_weight_of_a_monotone_mixer_is_its_derivative_and_not_negative(make: MakeMixer, scale: float) -> None:
    mixer = make(SIZES)
    if not mixer.monotone:
        pytest.skip("claims no monotone total")
    given = inputs(mixer, scale)
    q = given.q.clone().requires_grad_()
    prepared = mixer.prepare(given.leaves, given.state, given.x)
    (derivative,) = torch.autograd.grad(mixer.mix(q, prepared, given.extra).sum(), q)
    weight = mixer.local_weight(given.q, prepared, given.extra)
    torch.testing.assert_close(weight, derivative, rtol=1e-9, atol=1e-12)
    assert weight.min() >= 0.0
    for agent in range(SIZES.agents):
        raised = given.q.clone()
        raised[..., agent] += 2.0
        assert (mixer.mix(raised, prepared, given.extra) - mixer.mix(given.q, prepared, given.extra)).min() >= -1e-9


@EVERY
def test_lanes_and_copies_without_graph_have_the_same_numbers(make: MakeMixer) -> None:
    mixer = make(SIZES)
    given = inputs(mixer)
    leaves = {name: leaf.detach().requires_grad_() for name, leaf in given.leaves.items()}
    mixing = Mixing(mixer, mixer.prepare(leaves, given.state, given.x))
    whole = mixing.total(given.q, given.extra)
    plain = mixing.detach().total(given.q, given.extra)
    assert whole.requires_grad
    assert not plain.requires_grad
    assert torch.equal(whole, plain)
    extra = Extra(*(None if part is None else part[1:3] for part in given.extra))
    part = mixing.detach().lanes(slice(1, 3)).total(given.q[1:3], extra)
    assert torch.equal(part, plain[1:3])


class Attentive:
    """A mixer unlike QMIX: attention of the state over the agents' inputs, and a part that reads their actions."""

    monotone = False

    def __init__(self, sizes: MixerSizes) -> None:
        self._sizes = sizes

    @property
    def layout(self) -> Layout:
        sizes = self._sizes
        return Layout({"key/weight": (sizes.inputs, sizes.state), "action/weight": (sizes.actions, 1)})

    def initial(self, rng: np.random.Generator) -> Arrays:
        return {name: rng.normal(size=shape) for name, shape in self.layout.shapes.items()}

    def prepare(self, leaves: Leaves, state: Tensor, x: Tensor) -> Prepared:
        keys = torch.einsum("lbnx,lxs->lbns", x, leaves["key/weight"])
        return torch.einsum("lbns,lbs->lbn", keys, state).softmax(-1), leaves["action/weight"]

    def mix(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        mixed = (q * align(prepared[0], q)).sum(-1)
        if extra.actions is None:
            return mixed
        assert torch.broadcast_shapes(extra.actions.shape[:-1], q.shape) == q.shape
        weight = prepared[1].view(-1, *([1] * (q.ndim - 1)), self._sizes.actions)
        return mixed + (extra.actions * weight).sum((-1, -2))

    def local_weight(self, q: Tensor, prepared: Prepared, extra: Extra) -> Tensor:
        return align(prepared[0], q).expand(q.shape)


@pytest.mark.parametrize("learning", ValueLearning.members())
def test_a_new_mixer_needs_no_change_elsewhere(
    learning: ValueLearning, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It trains alone as in a pack, goes on from a checkpoint, and its kept weights tell its totals."""
    monkeypatch.setitem(DECOMPOSITIONS, Decomposition.MIX, Mix(Attentive))
    runs = family(Decomposition.MIX, learning)
    built = trained(runs, 4)
    assert built.diverged_step.eq(-1).all()
    packed = {lane.key: actor_row(built, i) for i, lane in enumerate(built.lanes.actors)}
    for run in (runs[0], runs[-1]):
        torch.testing.assert_close(actor_row(trained([run], 4), 0), packed[run.run_id], rtol=0, atol=1e-10)

    checkpoint.save(tmp_path, built, History(), pack_key="pack", data_hash="data")
    found, resumed = checkpoint.load_latest(tmp_path), learner(runs)
    assert found is not None
    assert checkpoint.restore(resumed, found) is not None
    for each in (built, resumed):
        each.step(batch(each.lanes.seeds, 4), record=True)
    assert torch.equal(built.models.actor.flat, resumed.models.actor.flat)
    assert built.models.mixer is not None
    assert built.models.mixer.gradient.abs().amin(1).max() > 0.0, "the critic's loss trains all of it"

    kept = {
        name: torch.from_numpy(leaf) for name, leaf in checkpoint.final_weights(built, critics=True)[runs[0].run_id].items()
    }
    assert {name for name in kept if name.startswith("mixer/")} == {"mixer/key/weight", "mixer/action/weight"}
    drawn = batch((0,), 9)
    assert drawn.state is not None
    told = learned_values(runs[0], kept, SPEC, drawn.obs[0], drawn.state[0], drawn.actions[0])
    assert np.isfinite(told.total).all()
