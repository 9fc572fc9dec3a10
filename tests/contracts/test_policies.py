"""What every policy promises: likelihoods that are densities, greedy actions that are the likeliest, legal actions alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from recipe_sweep.trainers.policies.base import Policy
from recipe_sweep.trainers.policies.gaussian import Gaussian
from recipe_sweep.trainers.policies.one_hot import OneHot
from recipe_sweep.trainers.policies.registry import POLICIES
from recipe_sweep.trainers.policies.softmax import Softmax
from recipe_sweep.trainers.policies.straight_through import StraightThrough
from recipe_sweep.trainers.task import TaskSpec

Make = Callable[[TaskSpec], Policy]
LANES, BATCH, AGENTS, ACTIONS = 3, 50, 4, 5
EVERY = pytest.mark.parametrize(
    ("discrete", "make"),
    [(discretisation is not None, make) for discretisation, make in POLICIES.items()],
    ids=[make.__name__ for make in POLICIES.values()],
)


def normal(mu: Tensor, actions: Tensor) -> Tensor:
    """Log-density of a Gaussian of unit variance, (*, N)."""
    return torch.distributions.Normal(mu, 1.0).log_prob(actions).sum(-1)


def categorical(mu: Tensor, actions: Tensor) -> Tensor:
    """Log-probability of one-hot actions whose logits are mu, (*, N)."""
    return torch.distributions.Categorical(logits=mu).log_prob(actions.argmax(-1))


CATEGORICAL = (Softmax, StraightThrough)
CLOSED_FORMS: dict[Make, tuple[Callable[[Tensor, Tensor], Tensor], float]] = {
    Gaussian: (normal, 0.5 * math.log(2.0 * math.pi)),
    OneHot: (normal, 0.5 * math.log(2.0 * math.pi)),
    **dict.fromkeys(CATEGORICAL, (categorical, 0.0)),
}
"""Log-likelihoods by another road, and the constant for each component that the losses leave out."""


def spec(discrete: bool, actions: int = ACTIONS) -> TaskSpec:
    low, high = (0.0, 1.0) if discrete else (-0.5, 2.0)
    return TaskSpec("task", AGENTS, 6, actions, 7, 10, discrete=discrete, action_low=low, action_high=high)


def drawn(seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(LANES, BATCH, AGENTS, ACTIONS)))


def legal_actions() -> Tensor:
    """Random sets, among them empty ones."""
    return torch.from_numpy((np.random.default_rng(5).random((LANES, BATCH, AGENTS, ACTIONS)) < 0.3).astype(float))


def data_actions(discrete: bool) -> Tensor:
    actions = drawn(1)
    return torch.nn.functional.one_hot(actions.argmax(-1), ACTIONS).double() if discrete else actions


@EVERY
def test_actions_and_likelihoods_have_the_shapes_that_losses_read(discrete: bool, make: Make) -> None:
    policy, mu, actions = make(spec(discrete)), drawn(), data_actions(discrete)
    for legal in (None, legal_actions()):
        assert policy.critic_action(mu, legal).shape == mu.shape
        assert policy.nll(mu, actions, legal).shape == mu.shape[:-1]
        assert policy.greedy(mu, legal).shape == mu.shape
        assert policy.greedy(mu.float(), legal).dtype is torch.float32
        assert policy.executable(mu.numpy(), None if legal is None else legal.numpy()).shape == mu.shape


@EVERY
def test_a_likelihood_is_its_closed_form(discrete: bool, make: Make) -> None:
    density, constant = CLOSED_FORMS[make]
    mu, actions = drawn(), data_actions(discrete)
    expected = -density(mu, actions) - constant * ACTIONS
    torch.testing.assert_close(make(spec(discrete)).nll(mu, actions, None), expected, rtol=1e-12, atol=1e-12)


@EVERY
def test_a_likelihood_sums_to_one_over_all_actions(discrete: bool, make: Make) -> None:
    """Of a density one component; its grid reaches so far that nothing is left beyond it."""
    if make in CATEGORICAL:
        for legal in (torch.ones(LANES, BATCH, AGENTS, ACTIONS), legal_actions()):
            allowed = torch.where(legal.any(-1, keepdim=True), legal, torch.ones_like(legal))
            taken = torch.eye(ACTIONS, dtype=torch.float64)
            nll = [make(spec(discrete)).nll(drawn(), one.expand(legal.shape), legal) for one in taken]
            total = (torch.stack(nll, -1).neg().exp() * allowed).sum(-1)
            torch.testing.assert_close(total, torch.ones_like(total), rtol=1e-12, atol=0)
        return
    constant = CLOSED_FORMS[make][1]
    grid = torch.linspace(-12.0, 12.0, 4801, dtype=torch.float64)
    nll = make(spec(discrete, 1)).nll(torch.full((len(grid), 1), 0.7, dtype=torch.float64), grid.unsqueeze(-1), None)
    torch.testing.assert_close(torch.trapezoid((-nll - constant).exp(), grid).item(), 1.0, rtol=1e-9, atol=0)


@EVERY
def test_losses_reach_every_component_of_the_actor(discrete: bool, make: Make) -> None:
    policy, mu = make(spec(discrete)), drawn().requires_grad_()
    for loss in (policy.nll(mu, data_actions(discrete), None), policy.critic_action(mu, None) * drawn(2)):
        (gradient,) = torch.autograd.grad(loss.sum(), mu)
        assert gradient.abs().min() > 0.0


@EVERY
def test_no_action_is_likelier_than_the_greedy_one(discrete: bool, make: Make) -> None:
    policy, mu = make(spec(discrete)), drawn()
    best = policy.nll(mu, policy.greedy(mu, None), None)
    others = (
        [torch.eye(ACTIONS, dtype=mu.dtype)[a].expand(mu.shape) for a in range(ACTIONS)]
        if discrete
        else [policy.greedy(mu, None) + 0.1 * drawn(seed) for seed in range(2, 8)]
    )
    for actions in others:
        assert (policy.nll(mu, actions, None) - best).min() >= -1e-12


@EVERY
def test_what_is_executed_is_the_greedy_action_within_the_bounds(discrete: bool, make: Make) -> None:
    task = spec(discrete)
    policy, mu = make(task), 2.0 * drawn()
    executed = policy.executable(mu.numpy(), None)
    np.testing.assert_array_equal(executed, policy.greedy(mu, None).clamp(task.action_low, task.action_high).numpy())
    assert (executed >= task.action_low).all()
    assert (executed <= task.action_high).all()
    assert not discrete or (executed.sum(-1) == 1.0).all()


@EVERY
def test_undefined_numbers_are_executed_as_zero(discrete: bool, make: Make) -> None:
    mu = drawn().numpy()
    zero, broken = mu.copy(), mu.copy()
    zero[..., 1], broken[..., 1] = 0.0, np.nan
    policy = make(spec(discrete))
    np.testing.assert_array_equal(policy.executable(broken, None), policy.executable(zero, None))


@EVERY
def test_no_illegal_action_is_ever_taken(discrete: bool, make: Make) -> None:
    policy, mu, legal = make(spec(discrete)), drawn(), legal_actions()
    taken = policy.greedy(mu, legal), torch.from_numpy(policy.executable(mu.numpy(), legal.numpy()))
    some = legal.any(-1)
    assert not some.all(), "the case of no legal action is among them"
    if not discrete:
        assert torch.equal(taken[0], policy.greedy(mu, None))
        return
    for actions in taken:
        assert ((actions * legal).sum(-1) == 1.0)[some].all()
        best = mu.masked_fill(legal == 0, -torch.inf).amax(-1)
        assert torch.equal((actions * mu).sum(-1)[some], best[some])
        assert torch.equal(actions[~some], policy.greedy(mu, None)[~some]), "no legal action counts as all"


@EVERY
def test_an_agent_never_depends_on_its_neighbours_and_equal_inputs_give_equal_bits(discrete: bool, make: Make) -> None:
    policy, mu, actions = make(spec(discrete)), drawn(), data_actions(discrete)
    broken = mu.clone()
    broken[1] = torch.inf
    for ask in (
        lambda mu, actions: policy.critic_action(mu, None),
        lambda mu, actions: policy.nll(mu, actions, None),
        lambda mu, actions: policy.greedy(mu, None),
        lambda mu, actions: torch.from_numpy(policy.executable(mu.numpy(), None)),
    ):
        whole = ask(mu, actions)
        assert torch.equal(ask(mu.clone(), actions), whole)
        assert torch.equal(ask(broken, actions)[[0, 2]], whole[[0, 2]])
        assert torch.equal(ask(mu[:, :, 2:3], actions[:, :, 2:3]), whole[:, :, 2:3])


def test_of_equal_discrete_actions_the_first_is_taken() -> None:
    policy, level = OneHot(spec(True)), torch.zeros(2, ACTIONS, dtype=torch.float64)
    legal = torch.tensor([[0.0, 0.0, 1.0, 1.0, 0.0], [0.0] * 5], dtype=torch.float64)
    for taken in (policy.greedy(level, legal), torch.from_numpy(policy.executable(level.numpy(), legal.numpy()))):
        assert taken.argmax(-1).tolist() == [2, 0]


def gradient(policy: Policy, mu: Tensor, legal: Tensor | None) -> Tensor:
    leaf = mu.clone().requires_grad_()
    (found,) = torch.autograd.grad((policy.critic_action(leaf, legal) * drawn(2)).sum(), leaf)
    return found


@pytest.mark.parametrize("make", CATEGORICAL)
def test_no_gradient_and_no_value_of_an_illegal_action_reaches_a_critic(make: Make) -> None:
    policy, mu, legal = make(spec(True)), drawn(), legal_actions()
    some = legal.any(-1, keepdim=True) & (legal == 0)
    assert not policy.critic_action(mu, legal)[some].any()
    assert not gradient(policy, mu, legal)[some].any()
    higher = torch.where(legal > 0, mu, mu + 50.0)
    same = legal.any(-1)
    assert torch.equal(policy.critic_action(higher, legal)[same], policy.critic_action(mu, legal)[same])
    actions = policy.greedy(mu, legal)
    assert torch.equal(policy.nll(higher, actions, legal)[same], policy.nll(mu, actions, legal)[same])


def test_probabilities_are_those_of_the_legal_actions_alone() -> None:
    read = Softmax(spec(True)).critic_action(drawn(), legal_actions())
    logits = drawn().masked_fill((legal_actions() == 0) & legal_actions().any(-1, keepdim=True), -torch.inf)
    torch.testing.assert_close(read, torch.softmax(logits, -1), rtol=1e-12, atol=1e-15)


def test_a_straight_through_critic_reads_exactly_what_is_executed_with_the_gradient_of_probabilities() -> None:
    task, mu = spec(True), drawn()
    for legal in (None, legal_actions()):
        policy = StraightThrough(task)
        assert torch.equal(policy.critic_action(mu, legal), policy.greedy(mu, legal))
        assert torch.equal(gradient(policy, mu, legal), gradient(Softmax(task), mu, legal))


def test_an_infinite_output_makes_no_illegal_action_of_a_broken_run() -> None:
    mu, legal = np.array([[3.0, -np.inf, -np.inf], [np.inf, 1.0, np.nan]]), np.array([[0, 1, 1], [0, 0, 1]])
    assert OneHot(spec(True, 3)).executable(mu, legal).argmax(-1).tolist() == [1, 2]


def test_only_policies_that_read_legal_actions_say_so() -> None:
    mu, actions, legal = drawn(), data_actions(True), legal_actions()
    for discretisation, make in POLICIES.items():
        policy = make(spec(discretisation is not None))
        same = torch.equal(policy.critic_action(mu, legal), policy.critic_action(mu, None))
        assert policy.reads_legal != (same and torch.equal(policy.nll(mu, actions, legal), policy.nll(mu, actions, None)))
