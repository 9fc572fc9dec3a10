"""Actions and values of a finished run, computed from its kept weights (figures 1, 2 and 8)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from recipe_sweep.search_spaces.point import DesignPoint
from recipe_sweep.trainers.batch import agent_inputs
from recipe_sweep.trainers.config import LearnerConfig
from recipe_sweep.trainers.data.stored.dataset import Dataset
from recipe_sweep.trainers.decomposition.base import Views
from recipe_sweep.trainers.environments import two_step
from recipe_sweep.trainers.flow_noise import EvaluationNoise
from recipe_sweep.trainers.kernels import EAGER, Kernels
from recipe_sweep.trainers.lanes import LaneMap
from recipe_sweep.trainers.mixers.base import Extra
from recipe_sweep.trainers.models import Models
from recipe_sweep.trainers.networks import Arrays
from recipe_sweep.trainers.task import TaskSpec


class LearnedValues(NamedTuple):
    """Values of M joint actions, minimised over heads: min_k Q_{a,k} (M, N) (Cen: (M,)) and min_k T(Q_k; s).

    Dec has no total, so there `total` is per agent too, (M, N). In other decompositions it is (M,).
    """

    critic: NDArray[np.float64]
    total: NDArray[np.float64]


def learned_values(
    point: DesignPoint, weights: Mapping[str, Tensor], spec: TaskSpec, obs: Tensor, state: Tensor, actions: Tensor
) -> LearnedValues:
    """Compute values at observations (M, N, O), states (M, S) and actions (M, N, A).

    `weights` are the run's weights, kept with `keep: all`. Raises ValueError if they do not include the critics.
    """

    def kept(lane: int, network: str) -> Arrays | None:
        leaves = _leaves(weights, network)
        if not leaves:
            raise ValueError(f"run {point.run_id}: the weights of its {network} were not kept; `keep: all` keeps them")
        return leaves

    config = LearnerConfig.of(point)
    models = Models(spec, config, LaneMap.of([point]), torch.device("cpu"), kept)
    dtype = config.dtype
    views = Views(agent_inputs(obs.to(dtype)).unsqueeze(0), state.to(dtype).unsqueeze(0))
    played = actions.to(dtype)[None, None]
    with torch.no_grad():
        q = models.q(models.critic.frozen, models.decomposition.context(views), played).squeeze(2)
        mixing = models.mixing(models.mixer.frozen if models.mixer else None, views)
        total = models.decomposition.total(q, mixing, Extra(played, _compared(models, views)))
    return LearnedValues(q.amin(1)[0].double().numpy(), total.amin(1)[0].double().numpy())


def _compared(models: Models, views: Views) -> Tensor | None:
    """Compute what a mixer compares values with (1, 1 or K, M, N): V, or Q of the policy's actions; None if none compares."""
    context = models.decomposition.context(views)
    if models.value is not None:
        return models.v(models.value.frozen, context).unsqueeze(1)
    if not models.compares_policy:
        return None
    read = models.read_actions(models.policy_means(views), views.legal)
    return models.q(models.critic.frozen, context, read.unsqueeze(1)).squeeze(2)


def policy_actions(point: DesignPoint, weights: Mapping[str, Tensor], spec: TaskSpec, obs: Tensor) -> NDArray[np.float64]:
    """Compute the policy's means mu (M, N, A), before clipping, at observations (M, N, O)."""
    return kept_policy(point, weights, spec)(obs.unsqueeze(0))[0].double().numpy()


def kept_policy(
    point: DesignPoint, weights: Mapping[str, Tensor], spec: TaskSpec, kernels: Kernels = EAGER
) -> Callable[[Tensor], Tensor]:
    """Make the policy of a finished run: it maps observations (1, M, N, O) to means mu (1, M, N, A), before clipping.

    A policy of the extraction `flow` reads the noise of the run's last evaluation: M episodes, and each call is the next step.
    """
    config = LearnerConfig.of(point, kernels)

    def kept(lane: int, network: str) -> Arrays | None:
        return _leaves(weights, network) if network == "actor" else None

    models = Models(spec, config, LaneMap.of([point]), torch.device("cpu"), kept)
    noises: dict[int, EvaluationNoise] = {}

    def means(obs: Tensor) -> Tensor:
        x, episodes = agent_inputs(obs.to(config.dtype)), obs.shape[1]
        if not point.extraction.has_flow:
            return models.all_means(x, None)
        noise = noises.setdefault(episodes, EvaluationNoise([point.seed], point.steps, episodes, spec))
        return models.all_means(x, noise().to(x))

    return means


def _leaves(weights: Mapping[str, Tensor], network: str) -> Arrays:
    prefix = f"{network}/"
    return {
        name.removeprefix(prefix): leaf.to(torch.float64).numpy() for name, leaf in weights.items() if name.startswith(prefix)
    }


def two_step_table(point: DesignPoint, weights: Mapping[str, Tensor]) -> NDArray[np.float64]:
    """Compute joint values (3, 2, 2) of a run on the two-step game (paper C.1): state, action of A, action of B."""
    spec = two_step.SPEC
    joint = list(itertools.product(range(spec.action_dim), repeat=spec.n_agents))
    states = np.repeat(np.arange(spec.state_dim), len(joint))
    actions = np.eye(spec.action_dim)[np.array(joint * spec.state_dim)]
    values = learned_values(
        point,
        weights,
        spec,
        torch.from_numpy(two_step.observe(states)),
        torch.from_numpy(np.eye(spec.state_dim)[states]),
        torch.from_numpy(actions),
    )
    return values.total.reshape(spec.state_dim, spec.action_dim, spec.action_dim)


def executed_actions(dataset: Dataset, rows: NDArray[np.int64]) -> Tensor:
    """Gather the actions of some rows as critics read them, (rows, N, A): one-hot where numbers are stored."""
    actions, spec = dataset.actions[rows], dataset.spec
    return one_hot(actions.long(), spec.action_dim).to(dataset.observations.dtype) if spec.masked else actions
