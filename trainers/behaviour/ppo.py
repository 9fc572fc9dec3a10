"""Proximal policy optimisation of one robot's policy, in torch."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recipe_sweep.trainers.behaviour.policy import FEATURE_BOUND, Policy
from recipe_sweep.trainers.behaviour.rollout import Rollout
from recipe_sweep.trainers.behaviour.running import RunningMoments
from recipe_sweep.trainers.behaviour.settings import Settings
from recipe_sweep.trainers.environments.mujoco_robots import Array
from recipe_sweep.trainers.randomness import generator


class _Sample(NamedTuple):
    """M rows of training data."""

    inputs: Tensor
    actions: Tensor
    log_probabilities: Tensor
    advantages: Tensor
    returns: Tensor


class Learner:
    """Actor, critic and the moments that standardise their input. All randomness comes from the seed."""

    def __init__(self, features: int, actuators: int, seed: int, settings: Settings) -> None:
        self._settings, self._seed = settings, seed
        self._moments = RunningMoments(features)
        drawn = generator(seed, "behaviour", "initial weights")
        self._actor = _mlp((features, settings.hidden, settings.hidden, actuators), 0.01, drawn)
        self._critic = _mlp((features, settings.hidden, settings.hidden, 1), 1.0, drawn)
        self._log_std = nn.Parameter(torch.full((actuators,), settings.log_std))
        self._parameters = [*self._actor.parameters(), *self._critic.parameters(), self._log_std]
        self._optimiser = torch.optim.Adam(self._parameters, lr=settings.learning_rate, eps=1e-5, fused=True)
        self._iterations = 0

    def policy(self) -> Policy:
        """Copy the policy as it is now."""
        linear = [layer for layer in self._actor if isinstance(layer, nn.Linear)]
        layers = [array for layer in linear for array in (layer.weight.T, layer.bias)]
        centre, spread = self._moments.mean.astype(np.float32), self._moments.std.astype(np.float32)
        return Policy(centre, spread, *(array.detach().numpy().copy() for array in (*layers, self._log_std)))

    def learn(self, rollout: Rollout, remaining: float) -> None:
        """Improve the policy with a rollout of it. `remaining` is the share of training that is left, 1 at first."""
        settings = self._settings
        for group in self._optimiser.param_groups:
            group["lr"] = settings.learning_rate * remaining
        sample = self._sample(rollout)
        rows = len(sample.inputs)
        for epoch in range(settings.epochs):
            order = generator(self._seed, "behaviour", "order", self._iterations, epoch).permutation(rows)
            for first in range(0, rows, settings.minibatch):
                chosen = torch.from_numpy(order[first : first + settings.minibatch])
                self._step(_Sample(*(column[chosen] for column in sample)))
        self._iterations += 1
        self._moments.update(rollout.features.reshape(rows, -1))  # last, because the rollout was played with the old moments

    def _sample(self, rollout: Rollout) -> _Sample:
        with torch.no_grad():
            inputs = self._inputs(rollout.features)
            actions = torch.from_numpy(rollout.actions).float()
            log_probabilities = self._log_probabilities(inputs, actions)
            values = self._critic(inputs).squeeze(-1).double().numpy()
            following = self._critic(self._inputs(rollout.following)).squeeze(-1).double().numpy()
        advantages = self._advantages(rollout, values, following)
        columns = (
            inputs,
            actions,
            log_probabilities,
            *(torch.from_numpy(c).float() for c in (advantages, advantages + values)),
        )
        return _Sample(*(column.flatten(0, 1) for column in columns))

    def _inputs(self, features: Array) -> Tensor:
        standardised = (features - self._moments.mean) / self._moments.std
        return torch.from_numpy(np.clip(standardised, -FEATURE_BOUND, FEATURE_BOUND)).float()

    def _advantages(self, rollout: Rollout, values: Array, following: Array) -> Array:
        """Compute generalised advantages (H, E). The value of the following state counts at a time limit, but not at a fall."""
        gamma, gae = self._settings.gamma, self._settings.gae
        surprises = rollout.rewards + gamma * following * ~rollout.fallen - values
        advantages = np.empty_like(surprises)
        later = np.zeros(surprises.shape[1])
        for step in reversed(range(len(surprises))):
            later = surprises[step] + gamma * gae * ~rollout.over[step] * later
            advantages[step] = later
        return advantages

    def _log_probabilities(self, inputs: Tensor, actions: Tensor) -> Tensor:
        """Compute log-probabilities of normal actions without their constant, which cancels in ratios."""
        distances = (actions - self._actor(inputs)) / self._log_std.exp()
        log_probabilities: Tensor = -(0.5 * distances.square() + self._log_std).sum(-1)
        return log_probabilities

    def _step(self, sample: _Sample) -> None:
        clip = self._settings.clip
        advantages = (sample.advantages - sample.advantages.mean()) / (sample.advantages.std(correction=0) + 1e-8)
        ratio = (self._log_probabilities(sample.inputs, sample.actions) - sample.log_probabilities).exp()
        gain = torch.minimum(ratio * advantages, ratio.clamp(1.0 - clip, 1.0 + clip) * advantages).mean()
        error = (self._critic(sample.inputs).squeeze(-1) - sample.returns).square().mean()
        self._optimiser.zero_grad()
        (0.5 * self._settings.value_weight * error - gain).backward()
        nn.utils.clip_grad_norm_(self._parameters, self._settings.largest_gradient)
        self._optimiser.step()


def _mlp(sizes: tuple[int, ...], last_gain: float, drawn: np.random.Generator) -> nn.Sequential:
    """Build linear layers with tanh between them, orthogonal weights and zero biases."""
    layers: list[nn.Module] = []
    for number, (incoming, outgoing) in enumerate(pairwise(sizes)):
        last = number == len(sizes) - 2
        layer: nn.Linear = nn.utils.skip_init(nn.Linear, incoming, outgoing)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(_orthogonal(outgoing, incoming, last_gain if last else np.sqrt(2.0), drawn)))
            layer.bias.zero_()
        layers += [layer] if last else [layer, nn.Tanh()]
    return nn.Sequential(*layers)


def _orthogonal(rows: int, columns: int, gain: float, drawn: np.random.Generator) -> Array:
    """Draw a matrix (rows, columns) whose shorter side is orthonormal, times `gain`."""
    tall = drawn.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diagonal(r))  # so that the distribution is uniform
    matrix: Array = gain * (q if rows >= columns else q.T)
    return matrix
